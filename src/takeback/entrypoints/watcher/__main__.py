"""`python -m takeback.entrypoints.watcher`: read what passes on the connected platforms."""

from takeback.entrypoints.watcher import watch
from takeback.infra import process
from takeback.infra.config import Settings

if __name__ == "__main__":
    stop = process.begin()  # first: it has settings that are wrong said in one line
    watch.run(Settings(), stop)
