"""Contradictions that only who holds the log's key can make: the log is right, the story is not."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest

from mutants import Lab
from packages import Made, World, rebagged, secret, uuid, with_note
from takeback_verify.core import canonical
from takeback_verify.core.exhibit import format_salts
from takeback_verify.core.findings import Verdict
from takeback_verify.core.note import format_verifier_key
from takeback_verify.core.tlog_proof import parse_tlog_proof
from takeback_verify.narration.report import Report, format_report
from tampering import with_signatures
from verifying import Files, Then, by_program


def _nothing(_world: World, _files: Files, _opened: list[int]) -> None:
    pass


def _capture_without_an_exhibit(world: World, _: Files, opened: list[int]) -> None:
    body = {"capture": uuid(60), "sighting": 60, "reason": "match", "exhibit": "0" * 64}
    opened.append(world.record("captured", 900, **body))


def _two_captures_of_one_exhibit(world: World, _: Files, opened: list[int]) -> None:
    opened.append(world.record("captured", 900, **dict(world.openings[opened[0]].opening.body)))


def _another_case(world: World, _: Files, opened: list[int]) -> None:
    opened.append(world.record("looked", 900, case=uuid(61), what="picture", staff=uuid(7), reason="x"))


def _missing_field(world: World, _: Files, opened: list[int]) -> None:
    opened.append(world.record("deletion_observed", 900, capture=uuid(10)))


def _number_for_text(world: World, _: Files, opened: list[int]) -> None:
    opened.append(world.record("decision_undone", 900, decision=7))


def _unknown_timestamp(world: World, _: Files, opened: list[int]) -> None:
    opened.append(world.record("timestamped", 900, size=7, authority="Authority 1", token="0" * 64))


def _erased_but_there(world: World, _: Files, opened: list[int]) -> None:
    opened.append(world.record("evidence_erased", 900, case=uuid(1), capture=uuid(10)))


def _looks_that_are_not_json(world: World, files: Files, opened: list[int]) -> None:
    digest = hashlib.sha256(b"{ }").hexdigest()
    files[f"data/rounds/{digest}.json"] = b"{ }"
    opened.append(
        world.record("rechecked", 900, target=uuid(200), case=uuid(1), round=1, finding="gone", series=digest)
    )


def _edited_exhibit(field: str, value: str) -> Then:
    """The exhibit and its entry's hash agree; the exhibit contradicts its entry otherwise."""

    def then(world: World, files: Files, opened: list[int]) -> None:
        name = f"data/exhibits/{uuid(10)}/exhibit.json"
        files[name] = canonical.write(json.loads(files[name]) | {field: value})
        body = dict(world.openings[opened[0]].opening.body)
        body["exhibit"] = hashlib.sha256(files[name]).hexdigest()
        del opened[0]
        opened.append(world.record("captured", 900, **body))

    return then


CONTRADICTIONS: dict[str, tuple[Then, str]] = {
    "a capture without an exhibit": (_capture_without_an_exhibit, "which the log knows, is missing"),
    "two captures of one exhibit": (_two_captures_of_one_exhibit, "two entries claim the exhibit"),
    "an entry of another case": (_another_case, "is of another case"),
    "an entry without a field": (_missing_field, "has no by"),
    "an entry with a number for text": (_number_for_text, "has no decision"),
    "a timestamp that is not there": (_unknown_timestamp, "speaks of is missing"),
    "erased parts that are there": (_erased_but_there, "were destroyed, and they are here"),
    "looks that are not canonical": (_looks_that_are_not_json, "not in canonical form"),
    "an exhibit of another reason": (_edited_exhibit("reason", "other"), "contradicts its entry"),
    "an exhibit from the future": (
        _edited_exhibit("captured_at", "2030-01-01T00:00:00.000000Z"),
        "captured after that was recorded",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_contradictions_are_invalid(made_with: Callable[..., Made], name: str) -> None:
    then, said = CONTRADICTIONS[name]
    made = made_with(then)

    report = by_program(made.zip, made.trust)

    assert report.verdict is Verdict.INVALID
    assert said in format_report(report).replace("Two", "two"), format_report(report)


def test_an_entry_younger_than_its_timestamp_is_invalid(made_with: Callable[..., Made]) -> None:
    def then(world: World, _: Files, opened: list[int]) -> None:
        body = {"case": uuid(1), "what": "picture", "staff": uuid(7), "reason": "review"}
        opened.append(world.record("looked", 10 * 365 * 86_400, **body))

    made = made_with(then)

    assert "but was signed before that" in format_report(by_program(made.zip, made.trust))


def test_an_entry_behind_the_packages_own_is_invalid(lab: Lab) -> None:
    files = lab.copy()
    files["data/proof/dossier.tlog-proof"] = files["data/proof/dossier.tlog-proof"].replace(
        b"index 53", b"index 1"
    )

    assert by_program(_zip(lab, files), lab.made.trust).verdict is Verdict.INVALID


def test_erased_parts_that_are_not_there_are_valid(made_with: Callable[..., Made]) -> None:
    def then(world: World, files: Files, opened: list[int]) -> None:
        for name in [name for name in files if f"{uuid(10)}/sealed/" in name or f"{uuid(11)}/" in name]:
            del files[name]
        opened += [world.record("evidence_erased", 900, case=uuid(1), capture=uuid(n)) for n in (10, 11)]

    made = made_with(then)
    report = by_program(made.zip, made.trust, made.key)

    said = format_report(report)
    assert report.verdict is Verdict.CANNOT_CHECK, said
    assert f"The sealed parts of exhibit {uuid(10)} were destroyed." in said
    assert "The key opens none of the sealed parts." in said
    assert by_program(made.zip, made.trust).verdict is Verdict.VALID


def test_a_package_without_timestamps_says_so(lab: Lab) -> None:
    trust = lab.bare.world.trust(timestamps=0)

    said = format_report(by_program(lab.bare.zip, trust))

    assert said.startswith("VALID")
    assert "No checkpoint is timestamped" in said
    assert "no timestamp covers this record" in said
    assert by_program(lab.bare.zip, lab.bare.trust).verdict is Verdict.INVALID


def test_entries_behind_the_last_anchor_are_said_to_be(made_with: Callable[..., Made]) -> None:
    made = made_with(_nothing, promised=0)
    last = max(int(n.split("/")[-1].split(".")[0]) for n in made.files if n.endswith(".note"))
    made.files = {name: data for name, data in made.files.items() if f"/{last}." not in name}
    rebagged(made.files)

    said = format_report(by_program(made.zip, made.world.trust(timestamps=0)))

    assert said.startswith("VALID")
    assert "For entries behind the last timestamp" in said
    promised = format_report(by_program(made.zip, made.trust))
    assert "The package's own entry is timestamped by 0 authorities; the trust file asks for 2." in promised


@pytest.mark.parametrize("promised", [0, 1, 3])
def test_a_list_that_promises_other_timestamps_is_invalid(
    made_with: Callable[..., Made], promised: int
) -> None:
    made = made_with(_nothing, promised=promised)

    report = by_program(made.zip, made.world.trust(timestamps=0))

    assert report.verdict is Verdict.INVALID
    assert "own entry is not timestamped once by each of" in format_report(report)


# --- opening -----------------------------------------------------------------------------------------------


def _opened(made: Made, key: str | None = None) -> Report:
    return by_program(made.zip, made.trust, key or made.key)


@pytest.mark.parametrize("own_key", [True, False])
def test_sealed_parts_are_opened_in_memory(lab: Lab, tmp_path: Path, own_key: bool) -> None:
    world = World(tmp_path, name="opening", authorities=lab.made.world.authorities)
    report = _opened(world.package(own_key=own_key))

    assert report.verdict is Verdict.VALID
    assert f"{8 if own_key else 6} sealed parts opened" in report.steps[9].said[0]


def test_a_key_that_opens_nothing_cannot_check(lab: Lab) -> None:
    report = _opened(lab.made, str(pyrage.x25519.Identity.generate()))

    assert report.verdict is Verdict.CANNOT_CHECK
    assert report.steps[9].said == ("The key opens none of the sealed parts.",)


@pytest.mark.parametrize("key", ["", "# nothing\n", "AGE-SECRET-KEY-1QQ", "hello"])
def test_a_key_file_that_is_none_cannot_check(lab: Lab, key: str) -> None:
    report = by_program(lab.made.zip, lab.made.trust, key)

    assert report.verdict is Verdict.CANNOT_CHECK
    assert "key file" in report.steps[0].said[0]


def _resealed(part: str, plaintext: bytes, *, direct: bool = False) -> Then:
    """An exhibit whose own documents agree, and whose sealed part holds something else."""

    def then(world: World, files: Files, opened: list[int]) -> None:
        folder = f"data/exhibits/{uuid(10)}/"
        inner = pyrage.decrypt(files[folder + "sealed/key.age"], [world.lawyer]).decode().splitlines()[1]
        to = world.lawyer if direct else pyrage.x25519.Identity.from_str(inner)
        files[folder + part] = pyrage.encrypt(plaintext, [to.to_public()]) if plaintext else b"no age"
        _mend(world, files, opened, part)

    return then


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (_resealed("sealed/media.age", b"another picture"), "holds something else than what was recorded"),
        (_resealed("sealed/media.age", b""), "cannot be opened"),
        (_resealed("sealed/key.age", b"no key", direct=True), "holds no key"),
        (_resealed("sealed/opening.json.age", b"{}"), "does not have exactly the fields"),
        (_resealed("sealed/opening.json.age", b'{"salts":[],"v":1}'), "salts is not an object"),
        (
            _resealed("sealed/opening.json.age", format_salts({"sealed/media.age": secret("x")})),
            "does not hold exactly the salts",
        ),
    ],
)
def test_what_is_inside_must_be_what_was_committed_to(
    made_with: Callable[..., Made], then: Then, said: str
) -> None:
    made = made_with(then)

    assert by_program(made.zip, made.trust).verdict is Verdict.VALID  # nobody without a key can see it
    report = _opened(made)
    assert report.verdict is Verdict.INVALID
    assert said in report.steps[9].said[0]


def test_parts_for_somebody_else_are_named(made_with: Callable[..., Made]) -> None:
    def then(world: World, files: Files, opened: list[int]) -> None:
        _seal_key_to(pyrage.x25519.Identity.generate(), world, files, opened)

    report = _opened(made_with(then))

    assert report.verdict is Verdict.VALID
    assert any("is not sealed to this key" in sentence for sentence in report.steps[9].said)


def _seal_key_to(reader: pyrage.x25519.Identity, world: World, files: Files, opened: list[int]) -> None:
    name = f"data/exhibits/{uuid(10)}/sealed/key.age"
    inner = pyrage.decrypt(files[name], [world.lawyer])
    files[name] = pyrage.encrypt(inner, [reader.to_public()])
    _mend(world, files, opened, "sealed/key.age")


def _mend(world: World, files: Files, opened: list[int], part: str) -> None:
    """Make the exhibit and its entry in the log agree with a part that was replaced."""
    folder = f"data/exhibits/{uuid(10)}/"
    name, data = folder + "exhibit.json", files[folder + part]
    value = json.loads(files[name])
    for row in value["parts"]:
        if row["name"] == part:
            row |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    files[name] = canonical.write(value)
    body = dict(world.openings[opened[0]].opening.body)
    body["exhibit"] = hashlib.sha256(files[name]).hexdigest()
    del opened[0]
    opened.append(world.record("captured", 900, **body))


def _zip(lab: Lab, files: Files) -> bytes:
    made = Made(lab.made.id, files, lab.made.trust, lab.made.key, lab.made.world)
    rebagged(made.files)
    return made.zip


# --- other logs, no witnesses ------------------------------------------------------------------------------


def _policy(made: Made, change: Callable[[str], str]) -> bytes:
    value = json.loads(made.trust)
    return canonical.write(value | {"policy": change(value["policy"])})


def test_a_checkpoint_of_another_log_is_invalid(lab: Lab, tmp_path: Path) -> None:
    stranger = World(tmp_path, name="x", origin="example.org/x", ml_dsa=False, authorities=[])
    stranger.witnesses = lab.made.world.witnesses
    stranger.fill(60)
    files = lab.copy()
    proof = parse_tlog_proof(files["data/proof/dossier.tlog-proof"])
    files["data/proof/dossier.tlog-proof"] = with_note(proof, stranger.checkpoint())
    package = _zip(lab, files)
    known = _policy(lab.made, lambda text: f"log {format_verifier_key(stranger.log.verifier)}\n{text}")

    for trust in (lab.made.trust, known):
        report = by_program(package, trust)
        assert report.verdict is Verdict.INVALID
        assert report.steps[3].said[0].startswith("The final checkpoint is of ")


def test_no_witness_is_said_to_be_none(lab: Lab) -> None:
    def without(text: str) -> str:
        kept = [line for line in text.splitlines(keepends=True) if line.startswith("log ")]
        return "".join([*kept, "quorum none\n"])

    trust, files = _policy(lab.made, without), lab.copy()
    strangers = by_program(lab.made.zip, trust)
    with_signatures(files, lambda lines: lines[:2])
    report = by_program(_zip(lab, files), trust)

    assert strangers.verdict is Verdict.INVALID
    assert "whom the trust file does not name" in strangers.steps[3].said[0]
    assert report.verdict is Verdict.VALID
    assert report.steps[3].said[1] == "The trust file asks for no witness, and none confirmed it."


def test_a_part_for_somebody_else_is_named(made_with: Callable[..., Made]) -> None:
    def then(world: World, files: Files, opened: list[int]) -> None:
        stranger = pyrage.x25519.Identity.generate().to_public()
        files[f"data/exhibits/{uuid(10)}/sealed/media.age"] = pyrage.encrypt(b"x", [stranger])
        _mend(world, files, opened, "sealed/media.age")

    report = _opened(made_with(then))

    assert report.verdict is Verdict.VALID
    assert report.steps[9].said[1] == f"data/exhibits/{uuid(10)}/sealed/media.age is not sealed to this key."


def test_a_timestamp_that_is_too_long_is_invalid(lab: Lab) -> None:
    files = lab.copy()
    name = max(name for name in files if name.endswith(".1.tsr"))
    files[name] = bytes(70_000)

    said = format_report(by_program(_zip(lab, files), lab.made.trust))

    assert f"{name} is too long to be a timestamp." in said
