"""Evidence packages for tests, made without the service: real keys, real witnesses, real `openssl ts`.

    world = World(tmp_path)              # a log, two witnesses, two authorities, one lawyer's key
    made = world.package()               # a whole package: made.zip, made.trust, made.key
    made.files["data/METHOD.md"] = b""   # tampered with
    rehashed(made.files)                 # ... by somebody who knows the format
    zipped(made.id, made.files)

All that the packages tell is made up, and the only picture in them is a line of text.
"""

import hashlib
import io
import struct
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pyrage

from authorities import Authority
from rounds_of_looks import gone_round
from takeback.infra.signing import CosignerSecret, SignerKey
from takeback_verify.core import bag, canonical, trust
from takeback_verify.core.checkpoint import Checkpoint, format_checkpoint
from takeback_verify.core.cosignature import CosignerKind
from takeback_verify.core.entries import (
    OpenedEntry,
    Paths,
    PlacedEntry,
    format_consistency,
    format_entries,
    format_own_entry,
    format_paths,
)
from takeback_verify.core.exhibit import (
    ExhibitDocument,
    ExhibitPart,
    commit_plaintext,
    format_exhibit,
    format_salts,
)
from takeback_verify.core.leaf import Json, Opening, format_leaf, seal
from takeback_verify.core.listing import LISTING, ListedFile, Listing, format_listing, is_unlisted
from takeback_verify.core.merkle import leaf_hash, root_of
from takeback_verify.core.note import Note, format_note
from takeback_verify.core.package import FOLDER
from takeback_verify.core.policy import Log, Policy, Quorum, Witness
from takeback_verify.core.policy_text import format_policy
from takeback_verify.core.rounds import format_round
from takeback_verify.core.tlog_proof import TlogProof, format_tlog_proof
from takeback_verify.core.zip_form import write_zip_form
from takeback_verify.narration.page import verify_page
from trees import Tree, prove_consistency

ORIGIN = "example.org/takeback-test"
BEGAN = datetime(2026, 3, 3, 12, 0, 0, tzinfo=UTC)
SERVICE = "Takeback for tests"
SOFTWARE = "takeback 0.1.0 test"


def uuid(n: int) -> str:
    """The n-th made-up id."""
    return str(UUID(bytes=hashlib.sha256(struct.pack(">Q", n)).digest()[:16], version=4))


def secret(name: str) -> bytes:
    """A made-up seed of 32 bytes; always the same for a name."""
    return hashlib.sha256(name.encode()).digest()


@dataclass
class Made:
    """A package, and what belongs to it but does not lie in it."""

    id: str
    files: dict[str, bytes]
    trust: bytes
    key: str
    """The lawyer's age identity, as a key file."""
    world: "World"
    captures: list[str] = field(default_factory=list)

    @property
    def zip(self) -> bytes:
        """The files as they are now, zipped."""
        return zipped(self.id, self.files)


class World:
    """A log with its keys, its witnesses, authorities and a lawyer.

    Args:
        folder: where the authorities keep their keys.
        name: different worlds have different keys; the origin stays.
        ml_dsa: whether the log has an ML-DSA-44 key too.
        authorities: who timestamps; default: two of its own.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "one",
        origin: str = ORIGIN,
        ml_dsa: bool = True,
        authorities: Sequence[Authority] | None = None,
    ) -> None:
        self.name, self.origin = name, origin
        self.log = SignerKey(origin, secret(f"log {name}"))
        self.log_ml_dsa = (
            CosignerSecret(origin, CosignerKind.ML_DSA_44, secret(f"ml-dsa {name}")) if ml_dsa else None
        )
        self.witnesses = [
            CosignerSecret(f"witness.example/{n}", CosignerKind.ED25519, secret(f"witness {n} {name}"))
            for n in ("alpha", "beta")
        ]
        self.authorities = (
            list(authorities)
            if authorities is not None
            else [Authority(folder / f"{name}-{n}", f"Test authority {n}") for n in ("one", "two")]
        )
        self.lawyer = pyrage.x25519.Identity.generate()
        self.leaves: list[bytes] = []
        self.openings: list[OpenedEntry] = []

    @property
    def hashes(self) -> list[bytes]:
        """The leaf hashes of the log."""
        return [leaf_hash(leaf) for leaf in self.leaves]

    def record(self, kind: str, seconds: float, **body: Json) -> int:
        """Log an event that happened so long after the beginning; its place."""
        number = len(self.leaves)
        opening = Opening(number + 1, BEGAN + timedelta(seconds=seconds), kind, body)
        salt = secret(f"salt {self.name} {number}")
        leaf = format_leaf(seal(salt, opening))
        self.leaves.append(leaf)
        self.openings.append(OpenedEntry(leaf, salt, opening))
        return number

    def fill(self, count: int, seconds: float = 0) -> None:
        """Entries that are nobody's business here."""
        for _ in range(count):
            self.record("looked", seconds, case=uuid(999), what="picture", staff=uuid(998), reason="other")

    def checkpoint(
        self, size: int | None = None, *, witnesses: Sequence[CosignerSecret] | None = None
    ) -> Note:
        """The signed checkpoint of so many entries."""
        size = len(self.leaves) if size is None else size
        text = format_checkpoint(Checkpoint(self.origin, size, root_of(self.hashes[:size])))
        return self.sign(text, witnesses=self.witnesses if witnesses is None else witnesses)

    def sign(self, text: str, *, witnesses: Sequence[CosignerSecret] = (), at: int = 1772539260) -> Note:
        """A text signed by the log, and by these witnesses."""
        signatures = list(self.log.sign(text).signatures)
        if self.log_ml_dsa is not None:
            signatures.append(self.log_ml_dsa.cosign(text, 0))
        signatures += [witness.cosign(text, at + n) for n, witness in enumerate(witnesses)]
        return Note(text, tuple(signatures))

    def trust(self, timestamps: int | None = None) -> bytes:
        """The trust file for this world."""
        logs = [Log(self.log.verifier)]
        if self.log_ml_dsa is not None:
            logs.append(Log(self.log_ml_dsa.public))
        names = ("alpha", "beta")[: len(self.witnesses)]
        witnesses = [Witness(n, w.public) for n, w in zip(names, self.witnesses, strict=True)]
        policy = Policy(tuple(logs), tuple(witnesses), Quorum("both", len(witnesses), tuple(witnesses)))
        return trust.format_trust(
            trust.Trust(
                tuple(
                    trust.Authority(f"Authority {n}", authority.roots)
                    for n, authority in enumerate(self.authorities, start=1)
                ),
                format_policy(policy),
                len(self.authorities) if timestamps is None else timestamps,
            )
        )

    def exhibit(self, n: int, *, own_key: bool = True) -> dict[str, bytes]:
        """The files of the n-th exhibit, by name below its folder."""
        key = pyrage.x25519.Identity.generate() if own_key else self.lawyer
        plain = {
            "sealed/media.age": f"picture {n}: a line of text in place of a picture".encode(),
            "sealed/record.warc.gz.age": f"WARC/1.1 number {n}".encode() * 50,
        }
        salts = {name: secret(f"part {n} {name}") for name in plain}
        files = {name: pyrage.encrypt(data, [key.to_public()]) for name, data in plain.items()}
        files["sealed/opening.json.age"] = pyrage.encrypt(format_salts(salts), [key.to_public()])
        files["open/headers.json"] = canonical.write({"content-type": "image/png", "number": n})
        if own_key:
            text = f"# key of exhibit {n}\n{key}\n".encode()
            files["sealed/key.age"] = pyrage.encrypt(text, [self.lawyer.to_public()])
        parts = [
            ExhibitPart(
                name,
                len(data),
                hashlib.sha256(data).digest(),
                commit_plaintext(salts[name], hashlib.sha256(plain[name]).digest())
                if name in salts
                else None,
                "application/json" if "json" in name else "image/png",
                f"part {name}",
            )
            for name, data in sorted(files.items())
        ]
        at = BEGAN + timedelta(seconds=5 + n)
        files["exhibit.json"] = format_exhibit(
            ExhibitDocument(
                uuid(10 + n), at, "matrix", at - timedelta(seconds=1), tuple(parts),
                at - timedelta(seconds=2), "match", SOFTWARE, suspected_minor=False,
            )
        )  # fmt: skip
        return files

    def package(  # the whole story, in its order
        self,
        *,
        exhibits: int = 2,
        case: str = uuid(1),
        dossier: str = uuid(2),
        stamped: bool = True,
        promised: int | None = None,
        own_key: bool = True,
        then: Callable[[dict[str, bytes], list[int]], None] | None = None,
        page: bytes | None = None,
    ) -> Made:
        """A whole package of one case: captured, seen deleted, decided, removed, absent.

        Args:
            exhibits: how many.
            case: its id.
            dossier: the package's id.
            stamped: whether checkpoints are timestamped.
            promised: how many authorities timestamp its own entry, by its list; default: as many as do.
            own_key: whether exhibits are sealed to a key of their own, as the service does.
            then: what an insider does before the closed list is made: to the files, and to the places of
                the entries that are opened.
            page: another VERIFY.html.
        """
        files: dict[str, bytes] = {}
        opened: list[int] = []
        captures = [uuid(10 + n) for n in range(exhibits)]
        self.fill(3)
        # 1. Captured, seen deleted by others.
        for n, capture in enumerate(captures):
            parts = self.exhibit(n, own_key=own_key)
            files |= {f"data/exhibits/{capture}/{name}": data for name, data in parts.items()}
            digest = hashlib.sha256(parts["exhibit.json"]).hexdigest()
            opened.append(
                self.record(
                    "captured", 5.5 + n, capture=capture, sighting=100 + n, reason="match", exhibit=digest
                )
            )
            self.fill(1)
        opened += self._happened(captures, case, files)
        # 2. An anchor, whose timestamps are logged.
        if stamped:
            size = len(self.leaves)
            for n, response in enumerate(self.anchor(size, files), start=1):
                token = hashlib.sha256(response).hexdigest()
                opened.append(
                    self.record("timestamped", 700, size=size, authority=f"Authority {n}", token=token)
                )
        opened.append(self.record("looked", 800, case=case, what="picture", staff=uuid(7), reason="review"))
        if then is not None:
            then(files, opened)
        # 3. What is for people, and the closed list.
        placed = [PlacedEntry(n, self.openings[n]) for n in opened]
        files |= {
            "VERIFY.html": page or verify_page(),
            "VERIFY.txt": b"See docs/spec/dossier.md.\n",
            "data/METHOD.md": b"# How this was made\n\nBy a test.\n",
            "data/certificate.en-US.pdf": b"%PDF-1.7 not a certificate\n",
            "data/case.jsonld": b"{}",
            "data/entries.jsonl": format_entries(placed),
        }
        stamps = len(self.authorities) if stamped else 0
        listing = Listing(
            case, listed(files), dossier, self.origin, BEGAN + timedelta(hours=1), SERVICE, SOFTWARE,
            stamps if promised is None else promised,
        )  # fmt: skip
        files[LISTING] = format_listing(listing)
        manifest = hashlib.sha256(files[LISTING]).hexdigest()
        own = self.record("dossier_written", 3601, dossier=dossier, case=case, manifest=manifest)
        self.fill(2)
        # 4. What proves it.
        self.prove(files, own, placed)
        if stamped:
            self.anchor(len(self.leaves), files)
            self.consistent(files)
        rebagged(files)
        return Made(dossier, files, self.trust(), f"# a lawyer's key\n{self.lawyer}\n", self, captures)

    def prove(self, files: dict[str, bytes], own: int, placed: Iterable[PlacedEntry]) -> None:
        """data/proof but for anchors, in the checkpoint of the log as it is now."""
        hashes = self.hashes
        tree = Tree(hashes)
        files["data/proof/dossier.json"] = format_own_entry(self.openings[own])
        files["data/proof/dossier.tlog-proof"] = format_tlog_proof(
            TlogProof(own, tree.path(own), self.checkpoint())
        )
        paths = tuple(tree.path(entry.index) for entry in placed)
        files["data/proof/entries.json"] = format_paths(Paths(paths, len(hashes)))

    def anchor(self, size: int, files: dict[str, bytes]) -> list[bytes]:
        """The files of an anchor but for its consistency proof; the responses."""
        note = self.checkpoint(size, witnesses=())
        files[f"data/proof/anchors/{size}.note"] = format_note(note)
        responses = [authority.stamp(note.text.encode()) for authority in self.authorities]
        for n, response in enumerate(responses, start=1):
            files[f"data/proof/anchors/{size}.{n}.tsr"] = response
        return responses

    def consistent(self, files: dict[str, bytes]) -> None:
        """The consistency proofs of all anchors, to the log as it is now."""
        for name in [name for name in files if name.endswith(".note")]:
            size = int(name.rsplit("/", 1)[1].removesuffix(".note"))
            proof = prove_consistency(size, self.hashes) if size < len(self.leaves) else ()
            files[name.removesuffix("note") + "consistency"] = format_consistency(proof)

    def _happened(self, captures: Sequence[str], case: str, files: dict[str, bytes]) -> list[int]:
        """Entries from the first deletion to the last look."""
        verdict = "shared_without_consent"
        opened = [
            self.record("deletion_observed", 20, capture=captures[0], sighting=100, by="event"),
            self.record("watched", 60, **_WATCHED),
            self.record("decided", 300, case=case, verdict=verdict, **_DECIDED),
            self.record("decision_effective", 310, case=case, decision=uuid(5), verdict=verdict),
        ]
        for n in range(len(captures)):
            target, sighting = uuid(200 + n), 100 + n
            series = format_round(gone_round(target, BEGAN + timedelta(seconds=319)))
            digest = hashlib.sha256(series).hexdigest()
            files[f"data/rounds/{digest}.json"] = series
            opened += [
                self.record("removal_planned", 311, target=target, case=case, sighting=sighting),
                self.record("removal_step_done", 312, target=target, action="redact"),
                self.record("found_gone", 320, target=target, case=case, round=0),
                self.record(
                    "rechecked", 320, target=target, case=case, round=0, finding="gone", series=digest
                ),
            ]
        return opened


def listed(files: Mapping[str, bytes]) -> tuple[ListedFile, ...]:
    """The rows of the closed list for these files."""
    return tuple(
        ListedFile(name, len(data), hashlib.sha256(data).digest())
        for name, data in sorted(files.items())
        if not is_unlisted(name)
    )


def rebagged(files: dict[str, bytes], about: canonical.Value = None) -> None:
    """Compute the bag's four files anew, by dossier.json or by what is said in its place."""
    about = about or canonical.read(files[LISTING], LISTING)
    assert isinstance(about, dict)
    payload = {name: data for name, data in files.items() if name.startswith("data/")}
    files["bagit.txt"] = bag.BAGIT
    files["bag-info.txt"] = bag.format_bag_info(
        datetime.fromisoformat(str(about["made"])), str(about["id"]), sum(map(len, payload.values())),
        len(payload), str(about["service"]),
    )  # fmt: skip
    files["manifest-sha256.txt"] = bag.format_manifest(_digests(payload))
    tags = {name: files[name] for name in bag.TAG_FILES if name in files}
    files["tagmanifest-sha256.txt"] = bag.format_manifest(_digests(tags))


def rehashed(files: dict[str, bytes], **changed: canonical.Value) -> None:
    """What somebody does who knows the format: the closed list and the bag are made anew.

    Args:
        files: changed in place.
        changed: fields of dossier.json to set.
    """
    about = canonical.read(files[LISTING], LISTING)
    assert isinstance(about, dict)
    rows: list[canonical.Value] = [
        {"bytes": row.size, "name": row.name, "sha256": row.sha256.hex()} for row in listed(files)
    ]
    files[LISTING] = canonical.write({**about, "files": rows, **changed})
    rebagged(files)


def zipped(
    dossier: str,
    files: Mapping[str, bytes],
    *,
    compression: int | None = None,
    level: int = 6,
    at: tuple[int, int, int, int, int, int] = (2026, 3, 3, 13, 0, 0),
    folder: str | None = None,
) -> bytes:
    """The zip that belongs to these files; with a compression, one that Python's own zipfile packs."""
    out = io.BytesIO()
    if compression is None:
        write_zip_form(((f"{folder or FOLDER + dossier}/{name}", files[name]) for name in sorted(files)), out)
        return out.getvalue()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in sorted(files.items()):
            info = zipfile.ZipInfo(f"{folder or FOLDER + dossier}/{name}", at)
            info.external_attr = 0o100644 << 16
            archive.writestr(info, data, compress_type=compression, compresslevel=level)
    return out.getvalue()


def with_note(proof: TlogProof, note: Note) -> bytes:
    """A tlog-proof that leads to another checkpoint."""
    return format_tlog_proof(replace(proof, note=note))


def _digests(files: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    return [(name, hashlib.sha256(data).digest()) for name, data in files.items()]


def _iso(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


_WATCHED: dict[str, Json] = {
    "connector": "matrix",
    "shard": "live",
    "since": _iso(0),
    "until": _iso(60),
    "posts": 12,
    "gap_ms": 1500,
}
_DECIDED: dict[str, Json] = {"decision": uuid(5), "staff": uuid(7), "effective_at": _iso(310)}
