"""E1: of each zip that is accepted, every reader finds the same files; program and page accept the same.

Zips are generated: as five packers write them, with changes to their fields and to their bytes.
"""

import hashlib
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import handmade
import readers
from handmade import FULL32, PACKERS, Piece, built
from packages import uuid, zipped
from readers import Found
from takeback_verify.core.errors import VerifyError
from takeback_verify.core.package import Package, Wrapping, check_contents, open_package

FILES = {
    "VERIFY.html": b"<!doctype html>" * 9,
    "data/dossier.json": b"{}",
    "data/METHOD.md": b"# Method\n" * 20,
    "data/exhibits/one/sealed/media.age": bytes(range(256)),
    "data/empty.txt": b"",
}
FOLDER = f"takeback-dossier-{uuid(2)}"
MANY = 600
"""Zips with changed fields; and as many with changed bytes."""
ACCEPTED_AT_LEAST = 150

Change = Callable[[list[Piece], random.Random], object]


def _set(**choices: list[Any]) -> Change:
    def change(pieces: list[Piece], chance: random.Random) -> None:
        piece = chance.choice(pieces)
        for name, values in choices.items():
            setattr(piece, name, chance.choice(values))

    return change


def _say(pieces: list[Piece], chance: random.Random) -> None:
    where, what = (
        chance.choice(["local", "central"]),
        chance.choice(["crc", "size", "packed", "flags", "method"]),
    )
    chance.choice(pieces).said[f"{where}_{what}"] = chance.choice(
        [0, 1, 8, 2 if what in ("flags", "method") else FULL32]
    )


def _extra(pieces: list[Piece], chance: random.Random) -> None:
    piece, size = chance.choice(pieces), len(chance.choice(pieces).data)
    pool = [
        handmade.extra(0x5455, b"\x03" + bytes(8)),
        handmade.extra(0x7875, b"\x01\x04" + bytes(4) + b"\x04" + bytes(4)),
        handmade.extra(0x5855, bytes(8)),
        handmade.extra(0x7855, bytes(4)),
        handmade.extra(0x000A, bytes(4) + b"\x01\0\x18\0" + bytes(24)),
        handmade.extra(0x7075, b"\x01" + bytes(4) + b"evil"),
        handmade.extra(0x4321, b"anything"),
        handmade.unicode_path(piece.name, piece.name),
        handmade.unicode_path(piece.name, chance.choice(pieces).name),
        handmade.zip64(len(piece.data), len(piece.packed)),
        handmade.zip64(size, size),
        b"\0",
    ]
    name = chance.choice(["local_extra", "central_extra"])
    setattr(piece, name, getattr(piece, name) + chance.choice(pool))


def _zip64(pieces: list[Piece], chance: random.Random) -> None:
    piece = chance.choice(pieces)
    piece.said |= {"central_size": FULL32, "central_packed": FULL32}
    piece.central_extra += handmade.zip64(len(piece.data) + chance.choice([0, 0, 1]), len(piece.packed))


def _rename(pieces: list[Piece], chance: random.Random) -> None:
    piece = chance.choice(pieces)
    old, new = chance.choice(
        [(b"data", b"DATA"), (b"/", b"\\"), (b".", b"\0"), (b"e", b"\xc3\xa9"), (b"V", b"v"), (b"/", b"/../")]
    )
    piece.name = piece.name.replace(old, new, 1)


def _beside(pieces: list[Piece], chance: random.Random) -> None:
    names = ["letter.txt", "letter.age", f"{FOLDER}/._x", f"{FOLDER}/data/x.txt", "a/b/c", "\u00e9.txt", "a/"]
    data, method, flags = (
        chance.choice([b"", b"PK\x03\x04" * 20]),
        chance.choice([0, 8]),
        chance.choice([0, 8, 0x800]),
    )
    piece = Piece(chance.choice(names).encode(), data, method, flags)
    pieces.insert(chance.randrange(len(pieces) + 1), piece)


def _twice(pieces: list[Piece], chance: random.Random) -> None:
    piece = chance.choice(pieces)
    pieces.append(Piece(piece.name, b"evil"))


CHANGES: list[Change] = [
    _set(flags=[0, 2, 4, 8, 0x800, 0x808, 1, 0x20, 0x2000], method=[0, 8]),
    _set(attributes=[0, 0x20, 0x10, 0x8, 0o100600 << 16, 0o104755 << 16, 0o120777 << 16, 0o040755 << 16]),
    _set(made_by=[0x14, 0x31E, 0x315, 0x3F, 0xB14]),
    _set(large_descriptor=[True, False], flags=[8], method=[8]),
    _set(descriptor=[b"", b"PK\x07\x08" + bytes(12)], flags=[8]),
    _set(tail=[b"", b"hidden"], method=[0, 8]),
    _set(comment=[b"", b"hidden"]),
    _set(gap=[b"", b"hidden"]),
    _say,
    _extra,
    _extra,
    _extra,
    _zip64,
    _rename,
    _beside,
    _beside,
    _twice,
    lambda pieces, chance: chance.shuffle(pieces),
]


def changed_fields(seed: int) -> bytes:
    chance = random.Random(seed)
    pieces = PACKERS[chance.choice(list(PACKERS))](chance.choice([FOLDER, "other", "a/b"]), FILES)
    for _ in range(chance.randrange(4)):
        chance.choice(CHANGES)(pieces, chance)
    return built(pieces, comment=chance.choice([b""] * 9 + [b"hidden"]))


def changed_bytes(seed: int) -> bytes:
    """One or two bytes changed, put in or taken out; there are more of tables than of contents."""
    chance = random.Random(seed)
    data = bytearray(
        zipped(uuid(2), FILES)
        if chance.random() < 0.3
        else built(PACKERS[chance.choice(list(PACKERS))](FOLDER, FILES))
    )
    for _ in range(chance.randrange(1, 3)):
        at = chance.randrange(len(data))
        kind = chance.randrange(4)
        if kind == 0:
            data[at:at] = bytes([chance.randrange(256)])
        elif kind == 1:
            del data[at]
        else:
            data[at] ^= 1 << chance.randrange(8)
    return bytes(data)


def accepted(source: bytes | Path) -> Package | None:
    try:
        package = open_package(io.BytesIO(source) if isinstance(source, bytes) else source)
        check_contents(package)
    except VerifyError:
        return None
    return package


def files_of(package: Package) -> Found:
    return {name: package.digest(name).hex() for name in package.names()}


@pytest.fixture(scope="module")
def generated() -> list[tuple[bytes, Package | None]]:
    zips = [make(seed) for make in (changed_fields, changed_bytes) for seed in range(MANY)]
    return [(data, accepted(data)) for data in zips]


def test_the_program_accepts_some_and_refuses_some(generated: list[tuple[bytes, Package | None]]) -> None:
    number = sum(package is not None for _, package in generated)

    assert ACCEPTED_AT_LEAST < number < len(generated) - ACCEPTED_AT_LEAST


def test_the_page_accepts_the_same_and_finds_the_same(
    generated: list[tuple[bytes, Package | None]], record_property: Callable[[str, object], None]
) -> None:
    """E1."""
    said = readers.by_page_code(data for data, _ in generated)

    for n, (answer, (_, package)) in enumerate(zip(said, generated, strict=True)):
        if package is None:
            assert "refused" in answer, (n, answer)
        else:
            expected = {"files": files_of(package), "wrapping": package.wrapping.value}
            assert answer == expected | {"foreign": sorted(package.foreign)}, n
    record_property("counted", (len(generated), "generated zips read by the page's code as by the program"))


def test_pythons_zipfile_finds_the_same(
    generated: list[tuple[bytes, Package | None]], tmp_path: Path
) -> None:
    """E1."""
    for data, package in generated:
        if package is not None:
            assert readers.by_zipfile(data, tmp_path).items() >= files_of(package).items()


@pytest.mark.parametrize(
    "reader", [pytest.param(name, marks=pytest.mark.agrees(name.split()[0])) for name in readers.READERS]
)
def test_other_peoples_programs_find_the_same(
    generated: list[tuple[bytes, Package | None]],
    tmp_path: Path,
    reader: str,
    record_property: Callable[[str, object], None],
) -> None:
    """E1: also one that knows no directory, since it reads from a pipe."""
    number = 0
    for n, (data, package) in enumerate(generated):
        if package is not None and number < ACCEPTED_AT_LEAST:
            (folder := tmp_path / str(n)).mkdir()
            found = readers.READERS[reader](data, folder)
            if found is None:
                continue
            number += 1
            assert found.items() >= files_of(package).items(), n
            more = found.keys() - files_of(package).keys()
            assert all(any(name.endswith(f"/{one}") for name in package.foreign) for one in more), (n, more)
    record_property("counted", (number, f"generated zips unpacked by {reader} to what the program found"))


def test_only_the_one_form_is_called_original(generated: list[tuple[bytes, Package | None]]) -> None:
    """Every byte of the original follows from its files: no change of one is left unseen."""
    form = zipped(uuid(2), FILES)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    for data, package in generated:
        if package is not None and package.wrapping is Wrapping.ORIGINAL:
            assert files_of(package) != digests or data == form
    assert accepted(form) is not None


@pytest.mark.parametrize("value", [0x01, 0x80, 0xFF])
def test_one_byte_of_the_original_is_changed(value: int) -> None:
    """E1, at every byte: it is refused, or no longer the original, or other bytes are in a file."""
    form = zipped(uuid(2), FILES)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    for at in range(len(form)):
        data = bytearray(form)
        data[at] ^= value
        package = accepted(bytes(data))
        assert package is None or package.wrapping is not Wrapping.ORIGINAL or files_of(package) != digests, (
            at
        )
