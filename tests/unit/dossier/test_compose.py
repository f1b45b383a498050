"""A package is closed: what is in it is listed, and the same values give the same bytes."""

import hashlib
import io
import zipfile
from datetime import UTC, datetime
from uuid import UUID

import pytest

from packages import World, uuid
from rounds_of_looks import gone_round
from takeback.dossier.compose import (
    AnchorProof,
    Proof,
    bag_texts,
    compose,
    manifest,
    proof_texts,
    write_zip,
)
from takeback.dossier.model import Head
from takeback.evidence.model import Exhibit, Part
from takeback.ids import CaptureId, CaseId, DossierId, SightingId
from takeback.infra.ledger.proofs import Anchor, ProvenEntry
from takeback_verify.core.errors import Malformed
from takeback_verify.core.exhibit import parse_exhibit
from takeback_verify.core.findings import Verdict
from takeback_verify.core.package import FOLDER
from takeback_verify.core.rounds import format_round
from takeback_verify.core.trust import parse_trust
from takeback_verify.core.verdict import verify
from trees import prove_inclusion

MADE = datetime(2026, 3, 3, 13, tzinfo=UTC)
TEXTS = {
    "VERIFY.html": b"<!doctype html>",
    "VERIFY.txt": b"How to check it.\n",
    "data/METHOD.md": b"# Method\n",
    "data/case.jsonld": b"{}",
    "data/certificate.en-US.pdf": b"%PDF-1.7\n",
}
SERIES = format_round(gone_round(uuid(3), MADE))


class Story:
    """A small log with one exhibit and one round, as values."""

    def __init__(self, folder) -> None:
        self.world = World(folder, authorities=[])
        self.world.fill(3)
        self.files = self.world.exhibit(0)
        digest = hashlib.sha256(self.files["exhibit.json"]).hexdigest()
        series = hashlib.sha256(SERIES).hexdigest()
        places = [
            self.world.record("captured", 6, capture=uuid(10), sighting=100, reason="match", exhibit=digest),
            self.world.record("removal_planned", 7, target=uuid(3), case=uuid(1), sighting=100),
            self.world.record(
                "rechecked", 3601, target=uuid(3), case=uuid(1), round=0, finding="gone", series=series
            ),
        ]
        self.entries = [self.placed(place) for place in places]
        parts = tuple(
            Part(row.name, f"blob/{row.name}") for row in parse_exhibit(self.files["exhibit.json"]).parts
        )
        self.exhibit = Exhibit(
            CaptureId(UUID(uuid(10))), SightingId(100), self.files["exhibit.json"], parts, MADE, erased=False
        )
        self.head = Head(
            DossierId(UUID(uuid(2))), CaseId(UUID(uuid(1))), MADE, "Takeback", "takeback 0", self.world.origin
        )

    def placed(self, place):
        opened = self.world.openings[place]
        return ProvenEntry(place, opened.leaf, opened.salt, opened.opening)

    def draft(self, texts=TEXTS):
        return compose(self.head, self.entries, [self.exhibit], [SERIES], texts, stamps=0)

    def proof(self, draft):
        body = {"dossier": uuid(2), "case": uuid(1), "manifest": manifest(draft)}
        own = self.placed(self.world.record("dossier_written", 3601, **body))
        self.world.fill(1)
        hashes = self.world.hashes
        paths = tuple(prove_inclusion(entry.index, hashes) for entry in self.entries)
        own_path = prove_inclusion(own.index, hashes)
        return Proof(own, own_path, self.world.checkpoint(), len(hashes), paths, ())

    def zipped(self, draft, proof):
        out = io.BytesIO()
        write_zip(draft, proof, lambda part: self.files[part.blob.removeprefix("blob/")], out)
        return out.getvalue()


@pytest.fixture
def story(tmp_path):
    return Story(tmp_path)


def test_the_verifier_finds_it_valid(story):
    draft = story.draft()
    data = story.zipped(draft, story.proof(draft))
    report = verify(io.BytesIO(data), parse_trust(story.world.trust(timestamps=0)))
    assert report.verdict is Verdict.VALID, report.steps


def test_the_same_values_give_the_same_bytes(story):
    draft = story.draft()
    proof = story.proof(draft)
    assert story.zipped(draft, proof) == story.zipped(story.draft(), proof)


def test_every_file_is_listed_or_proves_or_is_computed(story):
    draft = story.draft()
    proof = story.proof(draft)
    with zipfile.ZipFile(io.BytesIO(story.zipped(draft, proof))) as packed:
        names = {name.removeprefix(f"{FOLDER}{uuid(2)}/") for name in packed.namelist()}
    covered = {text.name for text in draft.texts} | {part.name for part in draft.parts}
    proofs = {text.name for text in proof_texts(proof)}
    bag = {text.name for text in bag_texts(draft, proof_texts(proof))}
    assert names == covered | proofs | bag | {"data/dossier.json"}
    assert not covered & (proofs | bag)


def test_one_changed_byte_anywhere_is_noticed(story):
    draft = story.draft()
    data = story.zipped(draft, story.proof(draft))
    trust = parse_trust(story.world.trust(timestamps=0))
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        files = {info.filename: packed.read(info) for info in packed.infolist()}
    for name, content in files.items():
        changed = bytearray(content)
        changed[len(changed) // 2] ^= 1
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as packed:
            for each, whole in files.items():
                packed.writestr(each, bytes(changed) if each == name else whole)
        assert verify(out, trust).verdict is not Verdict.VALID, name


def test_a_name_that_no_package_has_is_refused(story):
    with pytest.raises(Malformed):
        story.draft({**TEXTS, "data/notes.txt": b"more"})
    with pytest.raises(Malformed):
        story.draft({name: data for name, data in TEXTS.items() if name != "data/METHOD.md"})


def test_the_proof_of_an_anchor_has_its_note_its_path_and_its_stamps(story):
    draft = story.draft()
    proof = story.proof(draft)
    stamped = AnchorProof(Anchor(4, story.world.checkpoint(4), (("a", b"one"), ("b", b"two"))), (bytes(32),))
    texts = proof_texts(Proof(proof.own, proof.own_path, proof.final, proof.size, proof.paths, (stamped,)))
    names = [text.name.removeprefix("data/proof/anchors/") for text in texts if "anchors" in text.name]
    assert names == ["4.1.tsr", "4.2.tsr", "4.consistency", "4.note"]
