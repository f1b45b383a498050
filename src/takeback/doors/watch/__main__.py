"""`python -m takeback.doors.watch`: read what passes on the connected platforms."""

from takeback.doors.watch import watch
from takeback.ground import process
from takeback.ground.config import Settings

if __name__ == "__main__":
    stop = process.begin()  # first: it has settings that are wrong said in one line
    watch.run(Settings(), stop)
