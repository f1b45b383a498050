"""Make the fonts of the certificates: Noto Sans for Chinese and Korean, cut down to the letters in use.

    .venv/bin/python tools/make_fonts.py NotoSansSC-Regular.otf NotoSansKR-Regular.otf

The whole fonts (github.com/notofonts/noto-cjk, SIL Open Font License 1.1) have 8 and 5 MB; certificates need
some hundred letters of them. Run it again when the texts have a letter that is not in there: a test says so.
ReportLab embeds outlines of TrueType only, so curves are converted, to within half a unit of a thousand.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

ROOM = Path(__file__).parents[1] / "src" / "takeback" / "dossier"
LANGUAGES = ("zh-CN", "ko")
PLAIN = {chr(code) for code in range(0x20, 0x7F)} | {chr(code) for code in range(0xA0, 0x100)}
LONGEST_ERROR = 0.5


def main() -> None:
    """Write a font for each language."""
    for language, whole in zip(LANGUAGES, sys.argv[1:], strict=True):
        letters = PLAIN | set((ROOM / "texts" / f"{language}.toml").read_text("utf-8")) - {"\n"}
        font = TTFont(whole)
        cut = subset.Subsetter(subset.Options(layout_features=[], hinting=False, notdef_outline=True))
        cut.populate(text="".join(letters))
        cut.subset(font)
        target = ROOM / "fonts" / f"{language}.ttf"
        converted(font, f"Takeback {language}").save(target)
        print(f"{target.name}: {len(letters)} letters, {target.stat().st_size:,} bytes")


def converted(font: TTFont, name: str) -> FontBuilder:
    """The font with outlines of TrueType, under a name of its own, as its licence asks of a changed one."""
    glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
    outlines = {}
    for glyph in order:
        pen = TTGlyphPen(glyphs)
        glyphs[glyph].draw(Cu2QuPen(pen, LONGEST_ERROR, reverse_direction=True))
        outlines[glyph] = pen.glyph()
    built = FontBuilder(font["head"].unitsPerEm, isTTF=True)
    built.setupGlyphOrder(order)
    built.setupCharacterMap(font.getBestCmap())
    built.setupGlyf(outlines)
    built.setupHorizontalMetrics({glyph: font["hmtx"][glyph] for glyph in order})
    built.setupHorizontalHeader(ascent=font["hhea"].ascent, descent=font["hhea"].descent)
    rights = font["name"].getDebugName(0) or ""
    plain = name.replace(" ", "")
    built.setupNameTable(
        {
            "copyright": rights,
            "familyName": name,
            "styleName": "Regular",
            "uniqueFontIdentifier": plain,
            "fullName": name,
            "psName": plain,
            "version": "Version 1.0",
            "licenseDescription": "SIL Open Font License 1.1",
            "licenseInfoURL": "https://scripts.sil.org/OFL",
        }
    )
    built.setupOS2(sTypoAscender=font["hhea"].ascent, sTypoDescender=font["hhea"].descent, fsType=0)
    built.setupPost()
    # The same letters give the same bytes.
    built.font["head"].created = built.font["head"].modified = font["head"].created
    built.font.recalcTimestamp = False
    return built


if __name__ == "__main__":
    main()
