"""`python -m takeback.entrypoints.worker`: jobs, clocks, incoming reports, the ledger's sequencer."""

from takeback.entrypoints.worker import work
from takeback.infra import process
from takeback.infra.config import Settings

if __name__ == "__main__":
    stop = process.begin()  # first: it has settings that are wrong said in one line
    work.run(Settings(), stop)
