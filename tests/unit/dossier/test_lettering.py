"""E3: whatever a name is written in, each letter that a certificate prints is in an embedded font."""

import re
import subprocess
from dataclasses import replace
from importlib import resources

import pytest
from fontTools.ttLib import TTFont
from hypothesis import example, given
from hypothesis import strategies as st

from case_summaries import a_case_summary
from takeback.dossier.certificate import certificate
from takeback.dossier.pdf_fonts import FONTS, marked_up, printable, runs, width_of
from takeback.dossier.tables import TABLES
from takeback.dossier.wording import LANGUAGES, wording
from takeback_verify.core.leaf import Opening

NAMES = {
    "simplified Chinese": "护航热线·反私密影像传播服务",
    "traditional Chinese": "護航熱線・反對散布私密影像",
    "Japanese": "リベンジポルノ相談室・削除のお手伝い",
    "Korean": "디지털성범죄피해자지원센터",
    "Arabic": "خدمة الحماية",
    "Devanagari": "सुरक्षा सेवा",
    "Thai": "บริการช่วยเหลือ",
    "Hebrew": "שירות הסרה",
    "Cyrillic and Greek": "Служба помощи Υπηρεσία",
    "Vietnamese": "Dịch vụ gỡ bỏ ảnh",
    "emoji": "Shield 🛡\ufe0f😀👩‍👩‍👧",
    "an override of direction": "user\u202egpj.exe",
    "what cannot be seen": "a\u200bb\u00adc\u2028d\x00e\nf\ttab",
    "marks that combine": "e\u0301 한",
    "rare characters": "龘 𠮷 뷁 쀍",
    "our own brackets": "⟨U+0041⟩ <b>&amp;",
}
CODE = re.compile("⟨U\\+([0-9A-F]{4,6})⟩")
_FONTS = {
    f"Takeback-{name}": frozenset(
        TTFont(resources.files("takeback.dossier").joinpath("fonts", f"{name}.ttf").open("rb")).getBestCmap()
    )
    for name in FONTS
}


@given(st.text(), st.sampled_from(LANGUAGES))
@example("".join(NAMES.values()), "ko")
def test_each_code_point_that_is_printed_is_in_the_font_that_it_is_printed_in(text: str, language: str):
    """E3: also in the cmap of the file itself, which another program reads."""
    shown = printable(text)
    for font, run in runs(language, shown):
        assert {ord(letter) for letter in run} <= _FONTS[font]
    assert all(width_of(language, letter) > 0 for letter in shown)
    assert "<font" not in re.sub(r'<font name="Takeback-[a-z0-9-]+">|</font>', "", marked_up(language, text))


@given(st.text())
@example("".join(NAMES.values()))
def test_nothing_is_lost_and_nothing_reads_as_something_else(text: str):
    """E3: the shown text says which code points it was made of, and no other text is shown the same."""
    assert CODE.sub(lambda found: chr(int(found[1], 16)), printable(text)) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_texts_themselves_need_no_code_points(language: str):
    """If not: tools/make_fonts.py."""
    text = resources.files("takeback.dossier").joinpath("texts", f"{language}.toml").read_text("utf-8")
    assert printable(text.replace("\n", "")) == text.replace("\n", "")


@pytest.mark.agrees("pdftotext", "pdffonts")
@pytest.mark.parametrize("language", LANGUAGES)
def test_other_programs_read_every_name_back_and_miss_no_font(language: str, tmp_path):
    """E3: service, place, account, message, and what entries say, in whatever script."""
    summary = a_case_summary(tmp_path)
    everything = " / ".join(NAMES.values())
    [copy, *_] = summary.copies
    first, *others = summary.entries
    said = Opening(first.opening.id, first.opening.at, "looked", {"reason": everything})
    summary = replace(
        summary,
        head=replace(summary.head, service=f"Service {everything}"),
        copies=tuple(replace(copy, place=name, message=name, poster=f"@{name}") for name in NAMES.values()),
        entries=(replace(first, opening=said), *others),
        witnesses=(everything,),
    )
    path = tmp_path / "it.pdf"
    path.write_bytes(certificate(language, summary))
    fonts = subprocess.run(["pdffonts", path], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in fonts.splitlines()[2:]]
    assert rows
    assert all(row[-5] == "yes" for row in rows), fonts
    read = subprocess.run(["pdftotext", "-raw", path, "-"], check=True, capture_output=True).stdout.decode()
    squeezed = re.sub(r"\s", "", read)
    for name in NAMES.values():
        assert re.sub(r"\s", "", printable(name)) in squeezed, name
    for missing in ("\ufffd", "\u25a1", "\u25a0"):
        assert missing not in read


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_is_set_in_every_language(language: str, tmp_path):
    summary = a_case_summary(tmp_path)
    for table in TABLES.values():
        assert list(table(summary, wording(language)))
