"""Tampering with what proves a package: entries, paths, checkpoints, witnesses."""

import base64
import json
import struct
from dataclasses import replace

from packages import with_note
from takeback.infra.signing import SignerKey
from takeback_verify.core import canonical
from takeback_verify.core.note import Note
from takeback_verify.core.tlog_proof import format_tlog_proof, parse_tlog_proof
from tampering import (
    ENTRIES,
    OWN,
    PATHS,
    TLOG,
    Files,
    Json,
    Lab,
    change,
    change_entry,
    edit,
    entry_lines,
    flip,
    path_rows,
    with_signatures,
)

# --- entries -----------------------------------------------------------------------------------------------


@edit
def an_entry_is_removed_with_its_path(files: Files, _: Lab) -> None:
    files[ENTRIES] = b"".join(entry_lines(files)[:3] + entry_lines(files)[4:])
    rows = path_rows(files)
    del rows["paths"][3]
    files[PATHS] = canonical.write(rows)


@edit
def a_verdict_is_changed(files: Files, _: Lab) -> None:
    change(files, ENTRIES, b'"verdict":"shared_without_consent"', b'"verdict":"not_shared_without_consent"')


@edit
def a_time_is_changed_in_the_opening(files: Files, _: Lab) -> None:
    def change(value: Json) -> None:
        value["opening"]["at"] = "2026-01-01T00:00:00.000000Z"

    change_entry(files, 0, change)


@edit
def a_time_is_changed_in_leaf_and_opening(files: Files, _: Lab) -> None:
    def change(value: Json) -> None:
        leaf = json.loads(value["leaf"])
        leaf["t"] = value["opening"]["at"] = "2026-01-01T00:00:00.000000Z"
        value["leaf"] = canonical.write(leaf).decode()

    change_entry(files, 0, change)


@edit
def an_entry_is_forged_whole(files: Files, lab: Lab) -> None:
    lines = entry_lines(files)
    forged = lab.forged.files[ENTRIES].splitlines(keepends=True)
    lines[0] = forged[0]
    files[ENTRIES] = b"".join(lines)


@edit
def a_salt_is_wrong(files: Files, _: Lab) -> None:
    def change(value: Json) -> None:
        value["salt"] = "ab" * 32

    change_entry(files, 1, change)


@edit
def an_index_is_changed(files: Files, _: Lab) -> None:
    def change(value: Json) -> None:
        value["index"] -= 1

    change_entry(files, 0, change)


@edit
def entries_are_reordered(files: Files, _: Lab) -> None:
    lines = entry_lines(files)
    lines[1], lines[2] = lines[2], lines[1]
    files[ENTRIES] = b"".join(lines)
    rows = path_rows(files)
    rows["paths"][1], rows["paths"][2] = rows["paths"][2], rows["paths"][1]
    files[PATHS] = canonical.write(rows)


@edit
def an_entry_is_repeated(files: Files, _: Lab) -> None:
    lines = entry_lines(files)
    files[ENTRIES] = b"".join([lines[0], *lines])
    rows = path_rows(files)
    files[PATHS] = canonical.write(rows | {"paths": [rows["paths"][0], *rows["paths"]]})


@edit
def an_entry_of_another_case_is_added(files: Files, lab: Lab) -> None:
    files[ENTRIES] += lab.other.files[ENTRIES].splitlines(keepends=True)[-1]
    rows, more = path_rows(files), json.loads(lab.other.files[PATHS])
    files[PATHS] = canonical.write(rows | {"paths": [*rows["paths"], more["paths"][-1]]})


@edit
def an_entry_is_spelt_otherwise(files: Files, _: Lab) -> None:
    change(files, ENTRIES, b'{"index":', b'{ "index":')


@edit
def an_entry_repeats_a_key(files: Files, _: Lab) -> None:
    change(files, ENTRIES, b'"kind":"captured"', b'"kind":"captured","kind":"captured"')


@edit
def the_last_entry_does_not_end(files: Files, _: Lab) -> None:
    files[ENTRIES] = files[ENTRIES][:-1]


@edit
def the_entries_are_emptied(files: Files, _: Lab) -> None:
    files[ENTRIES] = b""
    files[PATHS] = canonical.write(path_rows(files) | {"paths": []})


@edit
def a_path_is_cut_short(files: Files, _: Lab) -> None:
    rows = path_rows(files)
    rows["paths"][0].pop()
    files[PATHS] = canonical.write(rows)


@edit
def a_path_leads_elsewhere(files: Files, _: Lab) -> None:
    rows = path_rows(files)
    rows["paths"][0][0] = base64.b64encode(bytes(32)).decode()
    files[PATHS] = canonical.write(rows)


@edit
def two_paths_are_swapped(files: Files, _: Lab) -> None:
    rows = path_rows(files)
    rows["paths"][0], rows["paths"][5] = rows["paths"][5], rows["paths"][0]
    files[PATHS] = canonical.write(rows)


@edit
def a_path_is_missing(files: Files, _: Lab) -> None:
    rows = path_rows(files)
    rows["paths"].pop()
    files[PATHS] = canonical.write(rows)


@edit
def the_paths_are_of_another_size(files: Files, _: Lab) -> None:
    rows = path_rows(files)
    files[PATHS] = canonical.write(rows | {"size": rows["size"] - 1})


@edit
def the_paths_are_removed(files: Files, _: Lab) -> None:
    del files[PATHS]


# --- the package's own entry, and the final checkpoint -----------------------------------------------------


@edit
def the_own_entry_of_another_package_is_replayed(files: Files, lab: Lab) -> None:
    files[OWN] = lab.other.files[OWN]


@edit
def the_proof_of_another_package_is_replayed(files: Files, lab: Lab) -> None:
    files[OWN], files[TLOG] = lab.other.files[OWN], lab.other.files[TLOG]


@edit
def the_own_entry_has_a_wrong_salt(files: Files, _: Lab) -> None:
    value = json.loads(files[OWN])
    files[OWN] = canonical.write(value | {"salt": "cd" * 32})


@edit
def the_own_entry_is_forged(files: Files, lab: Lab) -> None:
    files[OWN] = lab.forged.files[OWN]


@edit
def the_own_entry_is_removed(files: Files, _: Lab) -> None:
    del files[OWN]


@edit
def the_proof_is_of_another_index(files: Files, _: Lab) -> None:
    proof = parse_tlog_proof(files[TLOG])
    files[TLOG] = format_tlog_proof(replace(proof, index=proof.index - 1))


@edit
def the_proof_is_cut_short(files: Files, _: Lab) -> None:
    proof = parse_tlog_proof(files[TLOG])
    files[TLOG] = format_tlog_proof(replace(proof, path=proof.path[:-1]))


@edit
def the_proof_carries_more(files: Files, _: Lab) -> None:
    proof = parse_tlog_proof(files[TLOG])
    files[TLOG] = format_tlog_proof(replace(proof, extra=b"more"))


@edit
def the_proof_is_removed(files: Files, _: Lab) -> None:
    del files[TLOG]


@edit
def an_older_checkpoint_is_replayed(files: Files, lab: Lab) -> None:
    proof = parse_tlog_proof(files[TLOG])
    files[TLOG] = with_note(proof, lab.made.world.checkpoint(5))


@edit
def the_checkpoint_is_of_a_forged_log(files: Files, lab: Lab) -> None:
    files[TLOG] = lab.forged.files[TLOG]


@edit
def all_proofs_are_of_a_forged_log(files: Files, lab: Lab) -> None:
    for name in [name for name in files if name.startswith("data/proof/")]:
        del files[name]
    files |= {name: data for name, data in lab.forged.files.items() if name.startswith("data/proof/")}
    files[ENTRIES] = lab.forged.files[ENTRIES]


@edit
def the_checkpoint_claims_another_size(files: Files, _: Lab) -> None:
    proof = parse_tlog_proof(files[TLOG])
    origin, size, *rest = proof.note.text.split("\n")
    text = "\n".join([origin, str(int(size) + 1), *rest])
    files[TLOG] = with_note(proof, Note(text, proof.note.signatures))


@edit
def the_witnesses_are_missing(files: Files, _: Lab) -> None:
    with_signatures(files, lambda s: s[:2])


@edit
def one_witness_is_missing(files: Files, _: Lab) -> None:
    with_signatures(files, lambda s: s[:-1])


@edit
def a_witness_is_faked(files: Files, _: Lab) -> None:
    with_signatures(files, lambda s: [*s[:-1], replace(s[-1], blob=s[-1].blob[:8] + bytes(64))])


@edit
def a_witness_signed_something_older(files: Files, lab: Lab) -> None:
    old = lab.made.world.checkpoint(5).signatures[-1]
    with_signatures(files, lambda s: [*s[:-1], old])


@edit
def a_witness_time_is_changed(files: Files, _: Lab) -> None:
    with_signatures(
        files, lambda s: [*s[:-1], replace(s[-1], blob=struct.pack(">Q", 1700000000) + s[-1].blob[8:])]
    )


@edit
def one_witness_counts_twice(files: Files, _: Lab) -> None:
    with_signatures(files, lambda s: [*s[:-1], s[-2]])


@edit
def the_log_did_not_sign(files: Files, _: Lab) -> None:
    with_signatures(files, lambda s: s[1:])


@edit
def the_signature_of_the_log_is_wrong(files: Files, _: Lab) -> None:
    with_signatures(files, lambda s: [replace(s[0], blob=flip(s[0].blob)), *s[1:]])


@edit
def the_signature_against_quantum_computers_is_missing(files: Files, _: Lab) -> None:
    with_signatures(files, lambda s: [s[0], *s[2:]])


@edit
def the_signature_against_quantum_computers_is_wrong(files: Files, _: Lab) -> None:
    with_signatures(files, lambda s: [s[0], replace(s[1], blob=flip(s[1].blob)), *s[2:]])


# --- signature lines: each byte of a note is bound (E1, E5) -------------------------------------------------


STRANGER = SignerKey("example.org/stranger", bytes(32))


@edit
def an_unknown_key_signed_the_checkpoint_too(files: Files, _: Lab) -> None:
    text = parse_tlog_proof(files[TLOG]).note.text
    with_signatures(files, lambda s: [*s, *STRANGER.sign(text).signatures])


@edit
def an_unknown_key_of_the_logs_name_signed_too(files: Files, lab: Lab) -> None:
    text = parse_tlog_proof(files[TLOG]).note.text
    more = SignerKey(lab.made.world.origin, bytes(32)).sign(text).signatures
    with_signatures(files, lambda s: [s[0], *more, *s[1:]])


@edit
def the_lines_of_two_witnesses_are_swapped(files: Files, _: Lab) -> None:
    with_signatures(files, lambda s: [*s[:-2], s[-1], s[-2]])


@edit
def a_witness_signed_before_the_log(files: Files, _: Lab) -> None:
    with_signatures(files, lambda s: [s[-1], *s[:-1]])


@edit
def one_line_is_there_twice(files: Files, _: Lab) -> None:
    with_signatures(files, lambda s: [s[0], *s])


@edit
def the_proof_has_a_line_of_no_extra_data(files: Files, _: Lab) -> None:
    change(files, TLOG, b"index ", b"extra \nindex ")


@edit
def the_path_is_spelt_with_other_base64(files: Files, _: Lab) -> None:
    """The last two bits of 32 bytes in base64 mean nothing, and are zero."""
    line = files[TLOG].split(b"\n")[2]
    change(files, TLOG, line, line[:-2] + bytes([line[-2] + 1]) + b"=")


@edit
def a_line_of_the_proof_ends_as_on_windows(files: Files, _: Lab) -> None:
    change(files, TLOG, b"@v1\n", b"@v1\r\n")


@edit
def the_index_has_a_leading_zero(files: Files, _: Lab) -> None:
    change(files, TLOG, b"index ", b"index 0")


@edit
def the_proof_ends_with_an_empty_line(files: Files, _: Lab) -> None:
    files[TLOG] += b"\n"
