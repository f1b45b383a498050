"""`python -m takeback.doors.worker`: jobs, clocks, incoming reports, the ledger's sequencer."""

from takeback.doors.worker import work
from takeback.ground import process
from takeback.ground.config import Settings

if __name__ == "__main__":
    stop = process.begin()  # first: it has settings that are wrong said in one line
    work.run(Settings(), stop)
