"""Packages written by the whole service for tests: a real log, real authorities, a real witness.

with the_log(house, tmp_path, witness=True, authorities=2) as outside:   # signs, cosigns, stamps in threads
    written = service.write(house.app, case, by=MIRA)
"""

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from authorities import Authority
from takeback.app import authorities as authorities_of
from takeback.app import keys_folder
from takeback.dossier.trusting import policy_of, trust_of
from takeback.infra.ledger.keys import Signer
from takeback.infra.ledger.sequencer import Sequencer
from takeback.infra.ledger.timestamps import Timestamper
from takeback.infra.ledger.witnesses import Witnesses
from takeback_verify.core.cosignature import format_cosigner_key
from takeback_verify.core.note import format_verifier_key
from takeback_verify.core.trust import Trust
from takeback_verify.core.verdict import verify
from takeback_verify.narration.report import narrate
from takeback_verify.unsealing import unseal_with
from witnesses import WitnessProcess


@contextmanager
def the_log(
    house, folder, *, witness: bool = False, authorities: int | Sequence[Authority] = 0
) -> Iterator[Trust]:
    """The house's log is sequenced, cosigned and stamped while the block runs; the trust file for it."""
    settings, stop = house.app.settings, threading.Event()
    signer = Signer(keys_folder(settings), settings.ledger_origin)
    with ExitStack() as stack:
        if witness:
            process = WitnessProcess(
                folder / "witness", "witness.example/w1", [format_verifier_key(signer.verifier)]
            )
            stack.enter_context(process.running())
            policy = folder / "policy.txt"
            policy.write_text(f"witness w1 {format_cosigner_key(process.keys[0])} {process.url}\nquorum w1\n")
            settings.witness_policy = policy
        urls = []
        if isinstance(authorities, int):
            authorities = [Authority(folder / f"authority-{n}", f"Test {n}") for n in range(authorities)]
        for number, authority in enumerate(authorities):
            name = f"authority-{number}"
            urls.append(f"{name}={stack.enter_context(authority.serving())}")
            roots = folder / "roots"
            roots.mkdir(exist_ok=True)
            (roots / f"{name}.pem").write_bytes(authority.root_pem.read_bytes())
            settings.timestamp_roots = roots
        settings.timestamp_authorities = ",".join(urls) or None
        settings.timestamp_every = 0.1
        witnesses = Witnesses(house.database, policy_of(settings))
        stamper = Timestamper(house.database, authorities_of(settings), timedelta(0))
        running = [
            threading.Thread(target=part.run, args=[stop])
            for part in (Sequencer(house.database, signer), witnesses, stamper)
        ]
        for thread in running:
            thread.start()
        try:
            yield trust_of(settings)
        finally:
            stop.set()
            for thread in running:
                thread.join()
            witnesses.close()
            stamper.close()


def checked(data: bytes, trust: Trust, keys=()):
    """What the verifier says of a package."""
    return narrate(verify(io.BytesIO(data), trust, unseal_with(keys) if keys else None))
