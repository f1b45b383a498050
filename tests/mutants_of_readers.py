"""Zips of which two readers find different files: none is VALID, whoever packed it (E1)."""

import struct
import zlib
from collections.abc import Callable

import handmade
from handmade import DEFLATED, FULL32, Piece, built
from tampering import Lab, container

METHOD = "data/METHOD.md"


def _pieces(lab: Lab) -> list[Piece]:
    return handmade.plain(f"takeback-dossier-{lab.made.id}", lab.made.files)


def _one(lab: Lab, change: Callable[[Piece], object], name: str = METHOD) -> bytes:
    pieces = _pieces(lab)
    [piece] = [piece for piece in pieces if piece.name.endswith(b"/" + name.encode())]
    change(piece)
    return built(pieces)


def _beside(lab: Lab, *more: Piece, first: bool = False) -> bytes:
    return built([*more, *_pieces(lab)] if first else [*_pieces(lab), *more])


def _set(**fields: object) -> Callable[[Piece], None]:
    def change(piece: Piece) -> None:
        for name, value in fields.items():
            setattr(piece, name, value)

    return change


# --- names --------------------------------------------------------------------------------------------------


@container
def two_exhibits_are_swapped_by_unicode_paths(lab: Lab) -> bytes:
    """`unzip` wrote each under the other's name."""
    pieces = _pieces(lab)
    one, other = [piece for piece in pieces if piece.name.endswith(b"sealed/media.age")]
    for piece, said in ((one, other.name), (other, one.name)):
        piece.local_extra = piece.central_extra = handmade.unicode_path(piece.name, said)
    return built(pieces)


@container
def a_unicode_path_leads_out(lab: Lab) -> bytes:
    def change(piece: Piece) -> None:
        piece.central_extra = handmade.unicode_path(piece.name, b"../../evil.txt")

    return _one(lab, change)


@container
def a_unicode_path_in_the_local_header_alone(lab: Lab) -> bytes:
    def change(piece: Piece) -> None:
        piece.local_extra = handmade.unicode_path(piece.name, piece.name[:-1])

    return _one(lab, change)


@container
def a_unicode_path_with_a_wrong_checksum(lab: Lab) -> bytes:
    def change(piece: Piece) -> None:
        piece.central_extra = handmade.unicode_path(b"other", piece.name)

    return _one(lab, change)


@container
def the_local_header_has_another_name(lab: Lab) -> bytes:
    return _one(lab, lambda piece: setattr(piece, "local_name", piece.name[:-1] + b"X"))


def _named(*names: str) -> None:
    """A file beside the package whose name a system would take for another."""
    for name in names:

        def made(lab: Lab, name: str = name) -> bytes:
            folder = f"takeback-dossier-{lab.made.id}"
            return _beside(lab, Piece(name.replace("FOLDER", folder).encode(), b"evil", flags=0x800))

        made.__name__ = f"beside it lies {ascii(name)[1:-1]}"
        container(made)


_named(
    "FOLDER/data\\METHOD.md",
    "FOLDER\\data\\METHOD.md",
    "FOLDER/../evil",
    "../evil",
    "/etc/evil",
    "C:/evil",
    "C:evil",
    "FOLDER/data/METHOD.md:stream",
    "FOLDER/data/METHOD.md::$DATA",
    "FOLDER/data/METHOD.md.",
    "FOLDER/data/METHOD.md ",
    "FOLDER/data./METHOD.md",
    "FOLDER/data /x",
    "FOLDER /data/METHOD.md",
    "FOLDER./data/METHOD.md",
    "FOLDER/data/METHOD.md\0.txt",
    "FOLDER/data/METHOD.md\n",
    "FOLDER/data/./METHOD.md",
    "FOLDER//data/METHOD.md",
    "FOLDER/DATA/METHOD.md",
    "FOLDER/data/method.md",
    "FOLDER/data/METHOD.m\uff44",
    "FOLDER/data/M\u200cETHOD.md",
    "FOLDER/data/METHOD.md/x",
    "FOLDER/data",
    "FOLDER/data/exhibits/evil.txt",
    "FOLDER/evil.txt",
    "FOLDER/d\u00e9j\u00e0 vu.txt",
    "TAKEBA~1/data/METHOD.md",
    "Takeback-Dossier-X/../FOLDER/data/METHOD.md",
    "ta\u212aeback-dossier-x/data/dossier.json",
    "other/data/dossier.json",
    "x\u2028y",
    "x\u202ey",
    "a?b",
    "a/b|c",
    "\uff0fdata",
)


@container
def a_folder_of_nearly_the_same_name(lab: Lab) -> bytes:
    folder = f"takeback-dossier-{lab.made.id}"
    return _beside(
        lab, Piece(folder.replace("k", "\u212a").encode() + b"/data/METHOD.md", b"evil", flags=0x800)
    )


@container
def two_spellings_of_one_name(lab: Lab) -> bytes:
    """As HFS+ and others compose letters."""
    return _beside(lab, Piece("\u00e9.txt".encode(), b"1", flags=0x800), Piece("e\u0301.txt".encode(), b"2"))


@container
def a_name_that_is_not_utf_8(lab: Lab) -> bytes:
    return _beside(lab, Piece(b"\xe9.txt", b"1"))


@container
def a_name_that_is_too_long(lab: Lab) -> bytes:
    return _beside(lab, Piece(b"x" * 2000, b"1"))


@container
def a_name_that_is_empty(lab: Lab) -> bytes:
    return _beside(lab, Piece(b"", b"1"))


@container
def a_name_is_there_twice_in_one_zip(lab: Lab) -> bytes:
    pieces = _pieces(lab)
    [piece] = [piece for piece in pieces if piece.name.endswith(METHOD.encode())]
    return built([*pieces, Piece(piece.name, b"evil")])


# --- sizes and places ---------------------------------------------------------------------------------------


@container
def a_large_size_contradicts_the_small_one(lab: Lab) -> bytes:
    """Some readers take the zip64 field though nothing asks for it."""
    return _one(lab, lambda piece: setattr(piece, "central_extra", handmade.zip64(5, 5)))


@container
def a_large_size_contradicts_in_the_local_header(lab: Lab) -> bytes:
    return _one(lab, lambda piece: setattr(piece, "local_extra", handmade.zip64(5, 5)))


@container
def two_large_sizes(lab: Lab) -> bytes:
    def change(piece: Piece) -> None:
        size = len(piece.data)
        piece.said = {"central_size": FULL32, "central_packed": FULL32}
        piece.central_extra = handmade.zip64(size, size) + handmade.zip64(5, 5)

    return _one(lab, change)


@container
def a_large_place_that_nobody_asked_for(lab: Lab) -> bytes:
    def change(piece: Piece) -> None:
        size = len(piece.data)
        piece.said = {"central_size": FULL32, "central_packed": FULL32}
        piece.central_extra = handmade.zip64(size, size, 0)

    return _one(lab, change)


@container
def two_members_overlap(lab: Lab) -> bytes:
    return _one(lab, lambda piece: piece.said.update(central_start=0))


@container
def the_headers_disagree_about_the_method(lab: Lab) -> bytes:
    return _one(lab, lambda piece: piece.said.update(local_method=DEFLATED))


@container
def the_headers_disagree_about_the_flags(lab: Lab) -> bytes:
    return _one(lab, lambda piece: piece.said.update(local_flags=0x800))


@container
def the_headers_disagree_about_the_checksum(lab: Lab) -> bytes:
    return _one(lab, lambda piece: piece.said.update(local_crc=1))


@container
def a_descriptor_lies(lab: Lab) -> bytes:
    wrong = struct.pack("<4s3L", b"PK\x07\x08", 1, 2, 3)
    return _one(lab, _set(flags=8, method=DEFLATED, descriptor=wrong))


@container
def a_descriptor_is_missing(lab: Lab) -> bytes:
    return _one(lab, _set(flags=8, method=DEFLATED, descriptor=b""))


@container
def a_descriptor_is_larger_than_the_header_says(lab: Lab) -> bytes:
    return _one(lab, _set(flags=8, method=DEFLATED, large_descriptor=True))


@container
def a_local_header_lies_and_a_descriptor_says_the_truth(lab: Lab) -> bytes:
    return _one(lab, _set(flags=8, method=DEFLATED, said={"local_size": 3}))


@container
def a_stored_file_that_ends_where_its_bytes_say(lab: Lab) -> bytes:
    """A reader without the directory finds a method inside the letter, and takes it for the package's."""
    inner = Piece(f"takeback-dossier-{lab.made.id}/{METHOD}".encode(), b"evil").local()
    start = b"Dear court"
    fake = start + struct.pack("<4s3L", b"PK\x07\x08", zlib.crc32(start), len(start), len(start)) + inner
    return _beside(lab, Piece(b"letter.txt", fake, flags=8), first=True)


@container
def a_sealed_file_beside_that_ends_where_its_bytes_say(lab: Lab) -> bytes:
    return _beside(lab, Piece(b"letter.age", b"text", flags=8), first=True)


@container
def packed_bytes_go_on_behind_their_end(lab: Lab) -> bytes:
    return _one(lab, _set(method=DEFLATED, tail=b"hidden"))


@container
def packed_bytes_of_a_letter_go_on_behind_their_end(lab: Lab) -> bytes:
    inner = Piece(f"takeback-dossier-{lab.made.id}/{METHOD}".encode(), b"evil").local()
    return _beside(lab, Piece(b"letter.txt", b"text", DEFLATED, tail=inner), first=True)


@container
def a_folder_holds_bytes(lab: Lab) -> bytes:
    return _beside(lab, Piece(b"folder/", b"hidden", attributes=0o040755 << 16))


@container
def a_folder_packs_more_than_nothing(lab: Lab) -> bytes:
    return _beside(lab, Piece(b"folder/", b"", DEFLATED, tail=b"hidden", attributes=0o040755 << 16))


# --- what nobody sees ---------------------------------------------------------------------------------------


@container
def many_hidden_bytes_in_an_extra_field(lab: Lab) -> bytes:
    return _one(lab, lambda piece: setattr(piece, "central_extra", handmade.extra(0xCAFE, bytes(60_000))))


@container
def many_hidden_bytes_in_a_local_extra_field(lab: Lab) -> bytes:
    return _one(lab, lambda piece: setattr(piece, "local_extra", handmade.extra(0xCAFE, bytes(60_000))))


@container
def hidden_bytes_in_a_field_of_times(lab: Lab) -> bytes:
    return _one(
        lab, lambda piece: setattr(piece, "local_extra", handmade.extra(0x5455, b"\x01" + bytes(999)))
    )


@container
def an_extra_field_is_cut_short(lab: Lab) -> bytes:
    return _one(lab, lambda piece: setattr(piece, "local_extra", b"UT\x05\0\x01"))


@container
def an_extra_field_of_three_bytes(lab: Lab) -> bytes:
    return _one(lab, lambda piece: setattr(piece, "local_extra", b"UT\x05"))


@container
def an_extra_field_makes_a_link(lab: Lab) -> bytes:
    link = struct.pack("<LHLHH", 0, 0o120777, 11, 0, 0) + b"/etc/passwd"
    return _one(lab, lambda piece: setattr(piece, "central_extra", handmade.extra(0x756E, link)))


@container
def a_member_has_a_comment(lab: Lab) -> bytes:
    return _one(lab, lambda piece: setattr(piece, "comment", b"hidden"))


@container
def the_zip_has_a_comment(lab: Lab) -> bytes:
    return built(_pieces(lab), comment=b"hidden")


@container
def the_comment_is_another_end(lab: Lab) -> bytes:
    return built(_pieces(lab), comment=b"PK\x05\x06" + bytes(18))


@container
def a_second_end_takes_the_first_for_its_comment(lab: Lab) -> bytes:
    """It lies in a letter beside the package, which is read as a file."""
    inner = built([Piece(f"takeback-dossier-{lab.made.id}/{METHOD}".encode(), b"evil")])
    pieces = [*_pieces(lab), Piece(b"letter.txt", inner)]
    whole = built(pieces)
    at = whole.rindex(b"PK\x05\x06", 0, len(whole) - 22)
    length = struct.pack("<H", len(whole) - at - 22)
    pieces[-1].data = inner[:-2] + length
    return built(pieces)


@container
def bytes_between_the_directory_and_the_end(lab: Lab) -> bytes:
    return built(_pieces(lab), between=b"hidden")


@container
def bytes_before_the_directory(lab: Lab) -> bytes:
    return built(_pieces(lab), before=b"hidden")


@container
def bytes_between_two_files(lab: Lab) -> bytes:
    return _one(lab, _set(gap=b"hidden"))


@container
def bytes_before_the_first_file(lab: Lab) -> bytes:
    pieces = _pieces(lab)
    pieces[0].gap = b"MZ hidden"
    return built(pieces)


# --- what is no plain file ----------------------------------------------------------------------------------


def _moded(**modes: int) -> None:
    for name, attributes in modes.items():

        def made(lab: Lab, attributes: int = attributes) -> bytes:
            return _one(lab, _set(attributes=attributes))

        made.__name__ = name
        container(made)


_moded(
    a_file_runs_as_its_owner=0o104755 << 16,
    a_file_runs_as_its_group=0o102755 << 16,
    a_file_is_sticky=0o101755 << 16,
    a_file_becomes_a_link=0o120777 << 16,
    a_file_becomes_a_device=0o020666 << 16,
    a_file_becomes_a_pipe=0o010644 << 16,
    a_file_becomes_a_folder=0o040755 << 16,
    a_file_is_a_folder_of_dos=handmade.PLAIN | 0x10,
    a_file_is_a_label_of_dos=0x08,
    a_file_is_a_link_of_windows=0x400,
)


@container
def a_file_of_another_disk(lab: Lab) -> bytes:
    return _one(lab, lambda piece: piece.said.update(disk=1))


@container
def a_file_is_masked(lab: Lab) -> bytes:
    return _one(lab, _set(flags=0x2000))


@container
def a_file_is_a_patch(lab: Lab) -> bytes:
    return _one(lab, _set(flags=0x20))


@container
def a_folder_runs_as_its_owner(lab: Lab) -> bytes:
    return _beside(lab, Piece(b"folder/", attributes=0o044755 << 16))
