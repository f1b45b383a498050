"""Other processes for the tests of the log.

python program.py record URL SEED            record 60 events, roll some back, print the kept ones' numbers
python program.py sequence URL KEYS          sequence until told to end
python program.py sequence-small URL KEYS    one entry at a time and without rest, until killed
"""

import random
import signal
import sys
import threading
from pathlib import Path
from uuid import UUID

from takeback.events import CaseOpened
from takeback.ids import CaseId, ReportId
from takeback.infra.db.pool import Database
from takeback.infra.ledger.keys import Signer
from takeback.infra.ledger.record import record
from takeback.infra.ledger.sequencer import Sequencer

what, url, argument = sys.argv[1:]
with Database(url) as database:
    if what == "record":
        chance = random.Random(int(argument))
        for n in range(60):
            keep = chance.random() < 0.7
            with database.transaction() as tx:
                number = record(tx, CaseOpened(CaseId(UUID(int=n)), ReportId(UUID(int=n))))
                if not keep:
                    tx.rollback()
            if keep:
                sys.stdout.write(f"{number}\n")
    else:
        signer = Signer(Path(argument), "log.example/test")
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        sys.stdout.write("running\n")
        sys.stdout.flush()
        if what == "sequence":
            Sequencer(database, signer, batch=5).run(stop)
        else:
            sequencer = Sequencer(database, signer, batch=1)
            while True:
                sequencer.sequence_once()
