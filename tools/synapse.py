"""Install the chat server that the tests talk to, in its own environment under .cache, once."""

from pathlib import Path

from takeback_dev.demo.synapse import ensure_installed

ROOT = Path(__file__).parents[1]

if __name__ == "__main__":
    ensure_installed(ROOT / ".cache", ROOT / "lock" / "synapse.txt", print)
