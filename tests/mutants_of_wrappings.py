"""A package that somebody packed again: its files are what they were, so it stays VALID (E1)."""

import handmade
from handmade import Piece, built
from tampering import Lab, benign


def _folder(lab: Lab) -> str:
    return f"takeback-dossier-{lab.made.id}"


@benign
def finder_packed_it_again(lab: Lab) -> bytes:
    return built(handmade.finder(_folder(lab), lab.made.files))


@benign
def explorer_packed_it_again(lab: Lab) -> bytes:
    return built(handmade.explorer(_folder(lab), lab.made.files))


@benign
def seven_zip_packed_it_again(lab: Lab) -> bytes:
    return built(handmade.seven_zip(_folder(lab), lab.made.files))


@benign
def a_program_in_java_packed_it_again(lab: Lab) -> bytes:
    return built(handmade.java(_folder(lab), lab.made.files))


@benign
def the_folder_was_renamed(lab: Lab) -> bytes:
    return built(handmade.finder("Beweise f\u00fcr die Anw\u00e4ltin (2)", lab.made.files))


@benign
def the_folder_was_renamed_in_chinese(lab: Lab) -> bytes:
    return built(handmade.explorer("\u8bc1\u636e\uff1a\u539f\u4ef6", lab.made.files))


@benign
def the_folder_lies_in_others(lab: Lab) -> bytes:
    return built(handmade.seven_zip(f"Desktop/Cases/{_folder(lab)}", lab.made.files))


@benign
def there_is_no_folder(lab: Lab) -> bytes:
    return built([Piece(name.encode(), data) for name, data in lab.made.files.items()])


@benign
def a_letter_lies_beside_it(lab: Lab) -> bytes:
    letter = [
        Piece(b"letter to the court.pdf", b"%PDF"),
        Piece("\u00fcbersicht.txt".encode(), b"text", flags=0x800),
    ]
    return built([*letter, *handmade.plain(_folder(lab), lab.made.files)])


@benign
def the_files_lie_in_another_order(lab: Lab) -> bytes:
    return built(handmade.plain(_folder(lab), lab.made.files)[::-1])


@benign
def names_are_said_twice_and_the_same(lab: Lab) -> bytes:
    pieces = handmade.plain(_folder(lab), lab.made.files)
    for piece in pieces:
        piece.local_extra = piece.central_extra = handmade.unicode_path(piece.name, piece.name)
    return built(pieces)


@benign
def sizes_are_said_twice_and_the_same(lab: Lab) -> bytes:
    pieces = handmade.plain(_folder(lab), lab.made.files)
    for piece in pieces:
        piece.local_extra = handmade.zip64(len(piece.data), len(piece.data))
    return built(pieces)
