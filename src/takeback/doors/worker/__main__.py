"""`python -m takeback.doors.worker`: jobs, clocks, incoming reports, the ledger's sequencer."""

from takeback.doors.worker import work
from takeback.ground import process
from takeback.ground.config import Settings

if __name__ == "__main__":
    work.run(Settings(), process.begin())
