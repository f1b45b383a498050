"""The package's documents: one canonical form each, what they refuse, and that they come back."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorities import Authority
from every import every
from packages import BEGAN, World, secret, uuid
from takeback_verify.core import canonical, entries, exhibit, listing, trust
from takeback_verify.core.bag import format_bag_info, format_manifest
from takeback_verify.core.errors import CannotCheck, Malformed, NotProven
from takeback_verify.core.leaf import Opening, format_leaf, seal

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=12,
)
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- bounds
lines = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
hashes = st.binary(min_size=32, max_size=32)
uuids = st.uuids().map(str)


# --- canonical JSON ----------------------------------------------------------------------------------------


@given(values)
def test_a_value_comes_back(value: canonical.Value) -> None:
    assert canonical.read(canonical.write(value), "it") == value


@every(
    "data",
    [
        b"", b"{", b"\xff", b"1.0", b"1e3", b"NaN", b"Infinity", b" 1", b"1 ", b"1\n", b"-0", b"01",
        b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'"\\u0061"', b'"\\u00e9"', b'"\\ud800"', b"9007199254740993",
        b"\xef\xbb\xbf1", b"[" * 100_000, b"1" * 5000,
    ],
)  # fmt: skip
def test_other_spellings_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed, match="it"):
        canonical.read(data, "it")


def test_what_has_no_canonical_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("\ud800", 2**60):
        with pytest.raises(Malformed):
            canonical.write(value)
    monkeypatch.setattr(canonical, "MAX_DOCUMENT", 3)
    with pytest.raises(Malformed, match="longer than 3"):
        canonical.read(b"12345", "it")


@every(
    ("method", "value"),
    [
        ("text", 1), ("text", ""), ("text", "a\nb"), ("count", "1"), ("count", True), ("count", -1),
        ("flag", 1), ("digest", "ab"), ("digest", "A" * 64), ("digest", "g" * 64), ("uuid", uuid(1).upper()),
        ("uuid", "1"), ("time", "2026-03-03"), ("time", "2026-02-30T00:00:00.000000Z"), ("rows", {}),
        ("first_version", 2),
    ],
)  # fmt: skip
def test_a_field_of_another_type_is_refused(method: str, value: canonical.Value) -> None:
    name = "v" if method == "first_version" else "it"
    found = canonical.record({name: value}, "the thing", frozenset({name}))

    with pytest.raises(Malformed):
        getattr(found, method)(*([] if name == "v" else [name]))


@every("value", [[], "it", {}, {"a": 1, "b": 2}])
def test_a_record_has_exactly_its_fields(value: canonical.Value) -> None:
    with pytest.raises(Malformed, match="exactly the fields"):
        canonical.record(value, "it", frozenset({"a"}))


# --- the closed list ---------------------------------------------------------------------------------------


def _listing(*more: str) -> listing.Listing:
    names = sorted([*listing.REQUIRED, "data/certificate.en-US.pdf", *more])
    files = tuple(listing.ListedFile(name, len(name), secret(name)) for name in names)
    return listing.Listing(uuid(1), files, uuid(2), "example.org/log", BEGAN, "Service", "software 1", 2)


@given(uuids, uuids, lines, times, lines, lines, st.integers(0, 99))
def test_a_list_comes_back(
    case: str, dossier: str, log: str, made: datetime, who: str, what: str, stamps: int
) -> None:
    value = listing.Listing(case, _listing().files, dossier, log, made, who, what, stamps)
    assert listing.parse_listing(listing.format_listing(value)) == value


@every(
    "name",
    [
        "data/x", "data/certificate.pdf", "data/certificate.../pdf", "data/proof/x.json", "data/dossier.json",
        "bagit.txt",
        f"data/exhibits/{uuid(1)}/x.json", f"data/exhibits/{uuid(1)}/sealed/a/b.age", "data/rounds/1.json",
        f"data/exhibits/{uuid(1)}/sealed/x", "data/exhibits/1/exhibit.json", "data/METHOD.md\n",
    ],
)  # fmt: skip
def test_a_list_holds_only_what_a_rule_covers(name: str) -> None:
    with pytest.raises(Malformed):
        listing.format_listing(_listing(name))


def test_a_list_lacks_nothing_and_rises() -> None:
    whole = json.loads(listing.format_listing(_listing()))
    for rows in (whole["files"][1:], whole["files"][:-1], whole["files"][::-1], whole["files"] * 2):
        with pytest.raises(Malformed):
            listing.parse_listing(canonical.write({**whole, "files": rows}))
    rows = [row for row in whole["files"] if "certificate" not in row["name"]]
    with pytest.raises(Malformed, match="no certificate"):
        listing.parse_listing(canonical.write({**whole, "files": rows}))


@every(
    ("name", "unlisted"),
    [
        ("bagit.txt", True), ("data/dossier.json", True), ("data/proof/entries.json", True),
        ("data/proof/anchors/12.note", True), ("data/proof/anchors/12.99.tsr", True),
        ("data/proof/anchors/012.note", False), ("data/proof/anchors/12.0.tsr", False),
        ("data/proof/anchors/12.100.tsr", False), ("data/proof/x", False), ("VERIFY.html", False),
    ],
)  # fmt: skip
def test_what_the_list_leaves_out_is_known(name: str, unlisted: bool) -> None:
    assert listing.is_unlisted(name) is unlisted


def test_a_bag_is_computed() -> None:
    info = format_bag_info(BEGAN, uuid(1), 10, 2, "Service")
    expected = f"Bagging-Date: 2026-03-03\nExternal-Identifier: {uuid(1)}\nPayload-Oxum: 10.2\n"
    assert info.decode() == expected + "Source-Organization: Service\n"
    assert format_manifest([("b", b"\x01"), ("a", b"\x02")]) == b"02  a\n01  b\n"


# --- entries -----------------------------------------------------------------------------------------------

bodies = st.dictionaries(lines, st.none() | lines | st.integers(-(2**53) + 1, 2**53 - 1), max_size=4)


def _entry(number: int, at: datetime, body: dict[str, Any]) -> entries.OpenedEntry:
    opening = Opening(number, at, "looked", body)
    return entries.OpenedEntry(format_leaf(seal(secret("salt"), opening)), secret("salt"), opening)


@given(st.lists(st.tuples(st.integers(0, 2**40), times, bodies), max_size=4, unique_by=lambda row: row[0]))
def test_entries_come_back(rows: list[tuple[int, datetime, dict[str, Any]]]) -> None:
    placed = tuple(
        entries.PlacedEntry(n, _entry(n, at, body)) for n, at, body in sorted(rows, key=lambda r: r[0])
    )

    assert entries.parse_entries(entries.format_entries(placed)) == placed
    for each in placed:
        assert entries.parse_own_entry(entries.format_own_entry(each.entry)) == each.entry


@given(st.lists(st.lists(hashes, max_size=3).map(tuple), max_size=3).map(tuple), st.integers(0, 2**50))
def test_paths_come_back(paths: tuple[tuple[bytes, ...], ...], size: int) -> None:
    assert entries.parse_paths(entries.format_paths(entries.Paths(paths, size))) == entries.Paths(paths, size)
    for path in paths:
        assert entries.parse_consistency(entries.format_consistency(path), "it") == path


@every("body", [[], "x", {"a": True}, {"a": []}, {"a": {}}])
def test_a_body_is_flat(body: canonical.Value) -> None:
    value = json.loads(entries.format_own_entry(_entry(1, BEGAN, {})))
    value["opening"]["body"] = body

    with pytest.raises(Malformed):
        entries.parse_own_entry(canonical.write(value))


def test_an_entry_must_open_its_leaf() -> None:
    value = json.loads(entries.format_own_entry(_entry(1, BEGAN, {})))
    value["opening"]["body"] = {"a": 1}

    with pytest.raises(NotProven, match="not what the log committed to"):
        entries.parse_own_entry(canonical.write(value))


@every(
    "paths",
    [1, [1], [["x"]], [["AA=="]], [[1]], [["é"]], [[base64.b64encode(bytes(33)).decode()]], [[""] * 64]],
)
def test_paths_are_lists_of_hashes(paths: canonical.Value) -> None:
    with pytest.raises(Malformed):
        entries.parse_paths(canonical.write({"paths": paths, "size": 1}))


@every("data", [b"x", b"x\n", b"\xff\n", base64.b64encode(bytes(32)), b"\n"])
def test_a_consistency_proof_is_hashes_by_line(data: bytes) -> None:
    with pytest.raises(Malformed):
        entries.parse_consistency(data, "it")


def test_a_consistency_proof_is_short() -> None:
    with pytest.raises(Malformed, match="too long"):
        entries.parse_consistency(entries.format_consistency([bytes(32)] * 200), "it")


# --- exhibits ----------------------------------------------------------------------------------------------


def _part(name: str, commitment: bytes | None) -> exhibit.ExhibitPart:
    return exhibit.ExhibitPart(name, 5, secret(name), commitment, "image/png", "a picture")


def _exhibit(*parts: exhibit.ExhibitPart) -> exhibit.ExhibitDocument:
    return exhibit.ExhibitDocument(
        uuid(1), BEGAN, "matrix", BEGAN, parts, BEGAN, "match", "software", suspected_minor=False
    )


@given(uuids, times, lines, st.booleans(), hashes)
def test_an_exhibit_comes_back(capture: str, at: datetime, reason: str, minor: bool, digest: bytes) -> None:
    parts = (_part("open/a", None), _part("sealed/a.age", digest), _part("sealed/key.age", None))
    value = exhibit.ExhibitDocument(
        capture, at, "matrix", at, parts, at, reason, "software", suspected_minor=minor
    )
    assert exhibit.parse_exhibit(exhibit.format_exhibit(value)) == value


@every(
    "parts",
    [
        (_part("open/b", None), _part("open/a", None)),
        (_part("open/a", None), _part("open/a", None)),
        (_part("sealed/a.age", None),),
        (_part("open/a", bytes(32)),),
        (_part("sealed/key.age", bytes(32)),),
        (_part("sealed/opening.json.age", bytes(32)),),
        (_part("sealed/a", bytes(32)),),
        (_part("elsewhere/a", None),),
        (_part("open/../a", None),),
    ],
)
def test_parts_are_named_and_committed_to(parts: tuple[exhibit.ExhibitPart, ...]) -> None:
    with pytest.raises(Malformed):
        exhibit.format_exhibit(_exhibit(*parts))


@given(st.dictionaries(lines, hashes, max_size=3))
def test_salts_come_back(salts: dict[str, bytes]) -> None:
    assert exhibit.parse_salts(exhibit.format_salts(salts)) == salts


# --- the trust file ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return json.loads(World(tmp_path_factory.mktemp("trust")).trust())


def test_a_trust_file_comes_back(whole: dict[str, Any]) -> None:
    value = trust.parse_trust(canonical.write(whole))

    assert trust.format_trust(value) == canonical.write(whole)
    assert [authority.name for authority in value.authorities] == ["Authority 1", "Authority 2"]


def _set(**fields: canonical.Value) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda whole: {**whole, **fields}


def _authorities(change: Callable[[list[Any]], object]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def changed(whole: dict[str, Any]) -> dict[str, Any]:
        copy = json.loads(json.dumps(whole))
        change(copy["authorities"])
        return copy

    return changed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set(v=2), "version 2"),
        (_set(policy=5), "not text"),
        (_set(policy="log x\nquorum none\n"), "line 1"),
        (_set(policy="quorum none\n"), "names no log"),
        (_set(timestamps=3), "asks for 3"),
        (_set(timestamps=-1), "not a number"),
        (_set(more=1), "exactly the fields"),
        (_set(authorities={}), "not a list"),
        (_authorities(lambda a: a[0].update(name="Authority 2")), "twice"),
        (_authorities(lambda a: a[0].update(roots=a[1]["roots"])), "two authorities"),
        (_authorities(lambda a: a[0].update(roots=[])), "no root"),
        (_authorities(lambda a: a[0].update(roots=["AAAA"])), "not a certificate"),
        (_authorities(lambda a: a[0].update(roots=["*"])), "not a certificate"),
        (_authorities(lambda a: a[0].update(roots=[7])), "not a certificate"),
    ],
)
def test_a_trust_file_that_cannot_be_used(
    whole: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]], said: str
) -> None:
    with pytest.raises(CannotCheck, match=said):
        trust.parse_trust(canonical.write(change(whole)))


def test_a_root_is_kept_as_it_is(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "one", "One", until=datetime.now(UTC) + timedelta(days=1))
    value = trust.Authority("One", authority.roots)
    policy = World(tmp_path, authorities=[authority]).trust()

    assert trust.parse_trust(policy).authorities[0].roots == value.roots
