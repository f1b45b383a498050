import re
import string
from pathlib import Path

import pytest

from every import every
from takeback.entrypoints.portal import words
from takeback.entrypoints.portal.steps import Step

ROOM = Path(words.__file__).parent
SOURCES = "\n".join(
    path.read_text()
    for path in [*ROOM.rglob("*.html"), *ROOM.glob("*.py")]
    if not path.stem.startswith("words")
)
NEVER = ("revenge", "leak", "claim", "alleg", "victim", "nude", "why ", "!", "sorry", "are you sure")


@every("key", words.ENGLISH.texts)
def test_no_sentence_blames_or_shouts(key):
    assert not [word for word in NEVER if word in words.ENGLISH.texts[key].lower()]


def test_every_sentence_is_said_somewhere():
    def said(key: str) -> bool:
        # Some keys are put together: "age." ~ value, count("check.pictures", ...), texts("start.happens").
        parts = key.split(".")
        return any(
            f'"{".".join(parts[:n])}' in SOURCES or f"'{'.'.join(parts[:n])}" in SOURCES
            for n in range(len(parts), 0, -1)
        )

    assert [key for key in words.ENGLISH.texts if not said(key)] == []


def test_every_key_that_is_asked_for_exists():
    asked = set(re.findall(r'\bsay\("([a-z0-9_.]+)"[,)]', SOURCES))
    assert asked
    assert [key for key in asked if key not in words.ENGLISH.texts] == []
    for name in re.findall(r'\bcount\("([a-z0-9_.]+)"', SOURCES):
        assert {f"{name}.one", f"{name}.many"} <= words.ENGLISH.texts.keys()


def test_gaps_are_plain_names():
    for text in words.ENGLISH.texts.values():
        for _, name, form, _ in string.Formatter().parse(text):
            assert name is None or (name.isidentifier() and not form)


def test_a_missing_gap_or_key_fails_loudly():
    with pytest.raises(KeyError):
        words.ENGLISH.say("step", number=1)
    with pytest.raises(KeyError):
        words.ENGLISH.all("nothing")


def test_every_question_has_its_page():
    assert {path.stem for path in (ROOM / "templates").glob("ask_*.html")} == {
        f"ask_{step.value}" for step in Step
    }


def test_no_page_has_an_upload_or_an_address_elsewhere():
    for path in (ROOM / "templates").glob("*.html"):
        page = path.read_text()
        assert "multipart" not in page
        assert "style=" not in page
        assert not re.search(r"\son[a-z]+=", page)
        if path.stem != "younger":
            assert "://" not in page
    assert SOURCES.count('type="file"') == 1
    assert not re.search(r'type="file"[^>]*\sname=', SOURCES)


def test_the_stylesheet_knows_no_left_and_right():
    css = (ROOM / "static" / "portal.css").read_text()
    assert not re.findall(
        r"(?:margin|padding|border|inset)-(?:left|right)|[;{]\s*(?:left|right)\s*:|text-align:\s*(?:left|right)",
        css,
    )
    assert "url(" not in css
    assert "@import" not in css


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_is_seven_times_as_bright_as_its_ground_or_the_other_way_round(scheme):
    blocks = re.findall(r":root \{(.*?)\}", (ROOM / "static" / "portal.css").read_text(), re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", blocks[scheme]))
    for text in ("ink", "soft", "accent", "accent-over", "late"):
        for ground in ("ground", "raised", "wash"):
            light, dark = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 7, (text, ground)
    light, dark = sorted((_luminance(colours["on-accent"]), _luminance(colours["accent"])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 7
