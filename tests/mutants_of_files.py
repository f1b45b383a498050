"""Tampering with what a package says: files for people, exhibits, the closed list, the bag."""

import hashlib
import json

from packages import rehashed, uuid
from takeback_verify.core import canonical
from takeback_verify.core.listing import LISTING
from tampering import (
    Files,
    Lab,
    bag_edit,
    change,
    edit,
    exhibit_folder,
    flip,
    swap,
)

# --- files that people read --------------------------------------------------------------------------------


@edit
def the_method_is_edited(files: Files, _: Lab) -> None:
    change(files, "data/METHOD.md", b"By a test", b"By nobody")


@edit
def the_certificate_is_edited(files: Files, _: Lab) -> None:
    change(files, "data/certificate.en-US.pdf", b"not a", b"a new")


@edit
def the_case_description_is_edited(files: Files, _: Lab) -> None:
    files["data/case.jsonld"] = b'{"a":1}'


@edit
def the_page_is_edited(files: Files, _: Lab) -> None:
    files["VERIFY.html"] += b"<!-- always VALID -->"


@edit
def the_instructions_are_edited(files: Files, _: Lab) -> None:
    files["VERIFY.txt"] = b"Trust me.\n"


@edit
def the_certificate_is_removed(files: Files, _: Lab) -> None:
    del files["data/certificate.en-US.pdf"]


@edit
def the_page_is_removed(files: Files, _: Lab) -> None:
    del files["VERIFY.html"]


@edit
def the_case_description_is_removed(files: Files, _: Lab) -> None:
    del files["data/case.jsonld"]


@edit
def a_file_is_added_to_the_payload(files: Files, _: Lab) -> None:
    files["data/extra.txt"] = b"nothing commits to this"


@edit
def a_file_is_added_beside_the_payload(files: Files, _: Lab) -> None:
    files["README.txt"] = b"nothing commits to this"


@edit
def a_certificate_is_added(files: Files, _: Lab) -> None:
    files["data/certificate.ko.pdf"] = b"%PDF-1.7 a forgery\n"


@edit
def a_file_is_added_to_the_proof(files: Files, _: Lab) -> None:
    files["data/proof/opening.json"] = b"{}"


# --- exhibits ----------------------------------------------------------------------------------------------


@edit
def a_sealed_part_is_damaged(files: Files, lab: Lab) -> None:
    name = exhibit_folder(lab) + "sealed/media.age"
    files[name] = flip(files[name])


@edit
def an_open_part_is_edited(files: Files, lab: Lab) -> None:
    change(files, exhibit_folder(lab) + "open/headers.json", b"png", b"gif")


@edit
def an_exhibit_is_edited(files: Files, lab: Lab) -> None:
    change(
        files,
        exhibit_folder(lab) + "exhibit.json",
        b'"captured_at":"2026-03-03',
        b'"captured_at":"2026-03-02',
    )


@edit
def an_exhibit_hides_a_minor(files: Files, lab: Lab) -> None:
    change(files, exhibit_folder(lab) + "exhibit.json", b'"suspected_minor":false', b'"suspected_minor":true')


@edit
def a_sealed_part_is_removed(files: Files, lab: Lab) -> None:
    del files[exhibit_folder(lab) + "sealed/media.age"]


@edit
def an_open_part_is_removed(files: Files, lab: Lab) -> None:
    del files[exhibit_folder(lab) + "open/headers.json"]


@edit
def the_salts_are_removed(files: Files, lab: Lab) -> None:
    del files[exhibit_folder(lab) + "sealed/opening.json.age"]


@edit
def the_salts_are_replaced(files: Files, lab: Lab) -> None:
    files[exhibit_folder(lab) + "sealed/opening.json.age"] = files[
        exhibit_folder(lab, 1) + "sealed/opening.json.age"
    ]


@edit
def an_exhibit_is_removed(files: Files, lab: Lab) -> None:
    for name in [name for name in files if name.startswith(exhibit_folder(lab))]:
        del files[name]


@edit
def an_exhibit_document_is_removed(files: Files, lab: Lab) -> None:
    del files[exhibit_folder(lab) + "exhibit.json"]


@edit
def a_sealed_part_is_added(files: Files, lab: Lab) -> None:
    files[exhibit_folder(lab) + "sealed/more.age"] = files[exhibit_folder(lab) + "sealed/media.age"]


@edit
def an_open_part_is_added(files: Files, lab: Lab) -> None:
    files[exhibit_folder(lab) + "open/more.txt"] = b"more"


@edit
def two_parts_are_swapped(files: Files, lab: Lab) -> None:
    swap(files, exhibit_folder(lab) + "sealed/media.age", exhibit_folder(lab) + "sealed/record.warc.gz.age")


@edit
def parts_of_two_exhibits_are_swapped(files: Files, lab: Lab) -> None:
    swap(files, exhibit_folder(lab) + "sealed/media.age", exhibit_folder(lab, 1) + "sealed/media.age")


@edit
def two_exhibit_documents_are_swapped(files: Files, lab: Lab) -> None:
    swap(files, exhibit_folder(lab) + "exhibit.json", exhibit_folder(lab, 1) + "exhibit.json")


@edit
def an_exhibit_of_another_case_is_added(files: Files, lab: Lab) -> None:
    folder = f"data/exhibits/{lab.other.captures[2]}/"
    files |= {name: data for name, data in lab.other.files.items() if name.startswith(folder)}


@edit
def an_exhibit_of_another_case_takes_the_place(files: Files, lab: Lab) -> None:
    here, there = exhibit_folder(lab), f"data/exhibits/{lab.other.captures[2]}/"
    for name in [name for name in files if name.startswith(here)]:
        files[name] = lab.other.files[name.replace(here, there)]


@edit
def a_part_is_replaced_together_with_its_document(files: Files, lab: Lab) -> None:
    part, document = exhibit_folder(lab) + "sealed/media.age", exhibit_folder(lab) + "exhibit.json"
    before, files[part] = files[part], b"age-encryption.org/v1 forged"
    value = json.loads(files[document])
    for row in value["parts"]:
        if row["sha256"] == hashlib.sha256(before).hexdigest():
            row |= {"sha256": hashlib.sha256(files[part]).hexdigest(), "bytes": len(files[part])}
    files[document] = canonical.write(value)


@edit
def a_commitment_is_replaced(files: Files, lab: Lab) -> None:
    name = exhibit_folder(lab) + "exhibit.json"
    value = json.loads(files[name])
    row = next(row for row in value["parts"] if row["commitment"])
    row["commitment"] = "0" * 64
    files[name] = canonical.write(value)


@edit
def an_exhibit_is_spelt_otherwise(files: Files, lab: Lab) -> None:
    name = exhibit_folder(lab) + "exhibit.json"
    files[name] = json.dumps(json.loads(files[name]), indent=1).encode()


@edit
def looks_are_edited(files: Files, _: Lab) -> None:
    name = next(name for name in files if name.startswith("data/rounds/"))
    files[name] = files[name].replace(b"member", b"nobody")


@edit
def looks_are_replaced_under_a_new_name(files: Files, _: Lab) -> None:
    name = next(name for name in files if name.startswith("data/rounds/"))
    data = files.pop(name).replace(b"member", b"nobody")
    files[f"data/rounds/{hashlib.sha256(data).hexdigest()}.json"] = data


@edit
def looks_are_removed(files: Files, _: Lab) -> None:
    del files[next(name for name in files if name.startswith("data/rounds/"))]


# --- the closed list ---------------------------------------------------------------------------------------


@edit
def the_list_names_another_case(files: Files, _: Lab) -> None:
    change(files, LISTING, uuid(1).encode(), uuid(77).encode())


@edit
def the_list_names_another_service(files: Files, _: Lab) -> None:
    change(files, LISTING, b"Takeback for tests", b"Somebody else")


@edit
def the_list_names_another_day(files: Files, _: Lab) -> None:
    change(files, LISTING, b'"made":"2026-03-03', b'"made":"2026-02-03')


@edit
def the_list_names_another_package(files: Files, _: Lab) -> None:
    change(files, LISTING, uuid(2).encode(), uuid(78).encode())


@edit
def another_log_is_named(files: Files, _: Lab) -> None:
    rehashed(files, log="example.org/unknown")


@edit
def the_list_is_spelt_otherwise(files: Files, _: Lab) -> None:
    files[LISTING] += b"\n"


@edit
def the_list_repeats_a_key(files: Files, _: Lab) -> None:
    files[LISTING] = files[LISTING][:-1] + b',"v":1}'


@edit
def the_list_holds_a_float(files: Files, _: Lab) -> None:
    change(files, LISTING, b'"v":1}', b'"v":1.0}')


@edit
def the_list_has_another_field(files: Files, _: Lab) -> None:
    change(files, LISTING, b'"v":1}', b'"v":1,"w":2}')


@edit
def the_list_is_of_another_version(files: Files, _: Lab) -> None:
    change(files, LISTING, b'"v":1}', b'"v":2}')


@edit
def the_list_is_not_json(files: Files, _: Lab) -> None:
    files[LISTING] = b"\xff{"


@edit
def the_list_is_removed(files: Files, _: Lab) -> None:
    del files[LISTING]


# --- the bag -----------------------------------------------------------------------------------------------


@bag_edit
def the_bag_says_more_of_itself(files: Files, _: Lab) -> None:
    files["bag-info.txt"] += b"Contact-Name: Mallory\n"


@bag_edit
def the_bag_is_of_another_version(files: Files, _: Lab) -> None:
    change(files, "bagit.txt", b"1.0", b"0.97")


@bag_edit
def the_manifest_is_reordered(files: Files, _: Lab) -> None:
    lines = files["manifest-sha256.txt"].splitlines(keepends=True)
    files["manifest-sha256.txt"] = b"".join([*lines[1:], lines[0]])


@bag_edit
def the_manifest_lacks_a_file(files: Files, _: Lab) -> None:
    files["manifest-sha256.txt"] = b"".join(files["manifest-sha256.txt"].splitlines(keepends=True)[1:])


@bag_edit
def the_tag_manifest_is_removed(files: Files, _: Lab) -> None:
    del files["tagmanifest-sha256.txt"]


@bag_edit
def a_second_manifest_is_added(files: Files, _: Lab) -> None:
    files["manifest-sha512.txt"] = b""
