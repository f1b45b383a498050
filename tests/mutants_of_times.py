"""Tampering with what proves a package: anchors and timestamps."""

import base64
from collections.abc import Callable
from dataclasses import replace

from takeback.infra.signing import SignerKey
from takeback_verify.core.entries import format_consistency
from takeback_verify.core.listing import LISTING
from takeback_verify.core.note import Note, Signature, format_note, parse_note
from tampering import (
    Files,
    Lab,
    anchor_file,
    anchor_sizes,
    change,
    edit,
    final_size,
    flip,
    swap,
)
from trees import prove_consistency


def _remove_anchor(files: Files, size: int) -> None:
    for name in [name for name in files if name.startswith(anchor_file(size, ""))]:
        del files[name]


def _add_anchor(files: Files, lab: Lab, size: int) -> None:
    lab.made.world.anchor(size, files)
    _prove_anchor(files, lab, size)


def _prove_anchor(files: Files, lab: Lab, size: int) -> None:
    proof = prove_consistency(size, lab.made.world.hashes[: final_size(files)])
    files[anchor_file(size, "consistency")] = format_consistency(proof)


# --- anchors and timestamps --------------------------------------------------------------------------------


@edit
def an_anchor_has_another_root(files: Files, _: Lab) -> None:
    name = anchor_file(anchor_sizes(files)[0], "note")
    note = parse_note(files[name])
    origin, size, _, rest = note.text.split("\n", 3)
    root = base64.b64encode(bytes(32)).decode()
    files[name] = format_note(Note(f"{origin}\n{size}\n{root}\n{rest}", note.signatures))


@edit
def an_anchor_is_signed_over_another_root(files: Files, lab: Lab) -> None:
    """As the log's owner could."""
    size = anchor_sizes(files)[0]
    text = f"{lab.made.world.origin}\n{size}\n{base64.b64encode(bytes(32)).decode()}\n"
    files[anchor_file(size, "note")] = format_note(lab.made.world.sign(text))
    for n, authority in enumerate(lab.made.world.authorities, start=1):
        files[anchor_file(size, f"{n}.tsr")] = authority.stamp(text.encode())


@edit
def an_anchor_is_of_a_forged_log(files: Files, lab: Lab) -> None:
    size = anchor_sizes(files)[0]
    for name in [name for name in lab.forged.files if name.startswith(anchor_file(size, ""))]:
        files[name] = lab.forged.files[name]


@edit
def an_anchor_is_not_signed(files: Files, _: Lab) -> None:
    name = anchor_file(anchor_sizes(files)[0], "note")
    note = parse_note(files[name])
    other = SignerKey("example.org/other", bytes(32)).sign(note.text).signatures
    files[name] = format_note(Note(note.text, other))


@edit
def two_anchors_are_swapped(files: Files, _: Lab) -> None:
    first, last = anchor_sizes(files)
    for rest in ("note", "consistency", "1.tsr", "2.tsr"):
        swap(files, anchor_file(first, rest), anchor_file(last, rest))


@edit
def timestamps_are_over_another_text(files: Files, _: Lab) -> None:
    first, last = anchor_sizes(files)
    for rest in ("1.tsr", "2.tsr"):
        swap(files, anchor_file(first, rest), anchor_file(last, rest))


@edit
def a_consistency_proof_is_cut_short(files: Files, _: Lab) -> None:
    name = anchor_file(anchor_sizes(files)[0], "consistency")
    files[name] = b"".join(files[name].splitlines(keepends=True)[:-1])


@edit
def a_consistency_proof_leads_elsewhere(files: Files, _: Lab) -> None:
    name = anchor_file(anchor_sizes(files)[0], "consistency")
    lines = files[name].splitlines(keepends=True)
    files[name] = b"".join([base64.b64encode(bytes(32)) + b"\n", *lines[1:]])


@edit
def a_consistency_proof_is_too_long(files: Files, _: Lab) -> None:
    name = anchor_file(anchor_sizes(files)[-1], "consistency")
    files[name] = base64.b64encode(bytes(32)) + b"\n"


@edit
def a_consistency_proof_is_removed(files: Files, _: Lab) -> None:
    del files[anchor_file(anchor_sizes(files)[0], "consistency")]


@edit
def an_anchor_without_a_checkpoint(files: Files, _: Lab) -> None:
    del files[anchor_file(anchor_sizes(files)[0], "note")]


@edit
def a_rogue_authority_brings_its_own_chain(files: Files, lab: Lab) -> None:
    size = anchor_sizes(files)[0]
    files[anchor_file(size, "1.tsr")] = lab.rogue.stamp(
        parse_note(files[anchor_file(size, "note")]).text.encode()
    )


@edit
def a_rogue_authority_is_added(files: Files, lab: Lab) -> None:
    size = anchor_sizes(files)[-1]
    files[anchor_file(size, "3.tsr")] = lab.rogue.stamp(
        parse_note(files[anchor_file(size, "note")]).text.encode()
    )


@edit
def a_timestamp_is_damaged(files: Files, _: Lab) -> None:
    name = anchor_file(anchor_sizes(files)[-1], "1.tsr")
    files[name] = flip(files[name], -3)


@edit
def a_timestamp_tells_another_time(files: Files, _: Lab) -> None:
    name = anchor_file(anchor_sizes(files)[-1], "1.tsr")
    at = files[name].index(b"\x18\x0f20") + 2
    files[name] = files[name][:at] + b"20200101000000Z" + files[name][at + 15 :]


@edit
def a_byte_that_the_authority_did_not_sign_is_changed(files: Files, _: Lab) -> None:
    """The version of the signed data: no signature covers it, but the log knows the whole response."""
    change(files, anchor_file(anchor_sizes(files)[0], "1.tsr"), b"\x02\x01\x03\x31", b"\x02\x01\x04\x31")


@edit
def a_timestamp_is_followed_by_bytes(files: Files, _: Lab) -> None:
    files[anchor_file(anchor_sizes(files)[-1], "1.tsr")] += b"\x00"


@edit
def a_timestamp_is_removed(files: Files, _: Lab) -> None:
    del files[anchor_file(anchor_sizes(files)[-1], "2.tsr")]


@edit
def the_first_timestamp_is_removed(files: Files, _: Lab) -> None:
    del files[anchor_file(anchor_sizes(files)[-1], "1.tsr")]


@edit
def one_authority_counts_twice(files: Files, _: Lab) -> None:
    size = anchor_sizes(files)[-1]
    files[anchor_file(size, "2.tsr")] = files[anchor_file(size, "1.tsr")]


@edit
def an_anchor_that_the_log_speaks_of_is_removed(files: Files, _: Lab) -> None:
    _remove_anchor(files, anchor_sizes(files)[0])


@edit
def the_anchor_of_the_own_entry_is_removed(files: Files, _: Lab) -> None:
    _remove_anchor(files, anchor_sizes(files)[-1])


@edit
def an_anchor_that_nothing_names_is_added(files: Files, lab: Lab) -> None:
    """By the log's own key and the right authorities: it holds, and yet nobody committed to it."""
    _add_anchor(files, lab, anchor_sizes(files)[0] - 1)


@edit
def a_second_anchor_of_the_own_entry_is_added(files: Files, lab: Lab) -> None:
    _add_anchor(files, lab, anchor_sizes(files)[-1] - 1)


@edit
def the_anchor_of_another_package_is_added(files: Files, lab: Lab) -> None:
    """Of the same log: the other package's own anchor, with a proof that it has grown into this one's end."""
    size = anchor_sizes(lab.other.files)[-1]
    for rest in ("note", "1.tsr", "2.tsr"):
        files[anchor_file(size, rest)] = lab.other.files[anchor_file(size, rest)]
    _prove_anchor(files, lab, size)


@edit
def an_anchor_that_the_log_speaks_of_becomes_another(files: Files, lab: Lab) -> None:
    size = anchor_sizes(files)[0]
    _remove_anchor(files, size)
    _add_anchor(files, lab, size + 1)


@edit
def a_timestamp_that_the_log_speaks_of_is_made_anew(files: Files, lab: Lab) -> None:
    size = anchor_sizes(files)[0]
    text = parse_note(files[anchor_file(size, "note")]).text.encode()
    files[anchor_file(size, "1.tsr")] = lab.made.world.authorities[0].stamp(text)


@edit
def a_timestamp_that_nothing_names_is_added(files: Files, lab: Lab) -> None:
    size = anchor_sizes(files)[0]
    text = parse_note(files[anchor_file(size, "note")]).text.encode()
    files[anchor_file(size, "3.tsr")] = lab.made.world.authorities[0].stamp(text)


@edit
def a_timestamp_of_the_own_entry_is_added(files: Files, lab: Lab) -> None:
    size = anchor_sizes(files)[-1]
    text = parse_note(files[anchor_file(size, "note")]).text.encode()
    files[anchor_file(size, "3.tsr")] = lab.made.world.authorities[0].stamp(text)


@edit
def the_list_promises_fewer_timestamps(files: Files, _: Lab) -> None:
    change(files, LISTING, b'"stamps":2', b'"stamps":1')
    del files[anchor_file(anchor_sizes(files)[-1], "2.tsr")]


@edit
def all_anchors_are_removed(files: Files, _: Lab) -> None:
    for name in [name for name in files if name.startswith("data/proof/anchors/")]:
        del files[name]


@edit
def an_anchor_is_not_a_note(files: Files, _: Lab) -> None:
    files[anchor_file(anchor_sizes(files)[-1], "note")] = b"nothing"


def _with_note(files: Files, size: int, change: Callable[[list[Signature]], list[Signature]]) -> None:
    name = anchor_file(size, "note")
    note = parse_note(files[name])
    files[name] = format_note(Note(note.text, tuple(change(list(note.signatures)))))


@edit
def an_unknown_key_signed_an_anchor_too(files: Files, _: Lab) -> None:
    size = anchor_sizes(files)[0]
    text = parse_note(files[anchor_file(size, "note")]).text
    _with_note(
        files, size, lambda s: [*SignerKey("example.org/stranger", bytes(32)).sign(text).signatures, *s]
    )


@edit
def a_bit_of_an_old_anchors_key_id_is_flipped(files: Files, _: Lab) -> None:
    """E5: the signature was then one by nobody, and nobody looked at it."""
    _with_note(files, anchor_sizes(files)[0], lambda s: [s[0], replace(s[1], key_id=flip(s[1].key_id))])


@edit
def a_bit_of_an_old_anchors_second_signature_is_flipped(files: Files, _: Lab) -> None:
    """E5."""
    _with_note(files, anchor_sizes(files)[0], lambda s: [s[0], replace(s[1], blob=flip(s[1].blob))])


@edit
def an_old_anchor_keeps_its_second_signature_only(files: Files, _: Lab) -> None:
    """ML-DSA-44 does not cover lines behind the root."""
    _with_note(files, anchor_sizes(files)[0], lambda s: s[1:])


@edit
def a_witness_of_an_anchor_is_faked(files: Files, lab: Lab) -> None:
    witness = lab.made.world.witnesses[0].cosign(lab.made.world.checkpoint(5).text, 1772539260)
    _with_note(files, anchor_sizes(files)[0], lambda s: [*s, witness])


@edit
def the_lines_of_an_anchor_are_swapped(files: Files, _: Lab) -> None:
    _with_note(files, anchor_sizes(files)[0], lambda s: s[::-1])
