"""Other processes for the tests of the database.

python program.py start FOLDER   start the embedded PostgreSQL, print its URL, wait for the end
of input python program.py migrate URL    bring the schema up to date
"""

import sys
from pathlib import Path

from takeback.infra.db import migrate
from takeback.infra.db.embedded import EmbeddedPostgres

what, where = sys.argv[1:]
if what == "start":
    sys.stdout.write(EmbeddedPostgres(Path(where)).url + "\n")
    sys.stdout.flush()
    sys.stdin.read()
else:
    migrate.upgrade(where)
