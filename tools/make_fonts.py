"""Make the fonts of the certificates: Noto Sans and Noto Sans CJK, cut down to what people write names in.

    .venv/bin/python tools/make_fonts.py NotoSans-Regular.ttf NotoSansCJK-Regular.ttc

Both are in Debian's packages fonts-noto-core and fonts-noto-cjk (SIL Open Font License 1.1). They have 20 MB.
What is kept: Latin, Greek and Cyrillic; the national standards' letters of Chinese (GB 2312, and
the common level of Big5), Japanese (the common level of JIS X 0208) and Korean (KS X 1001). ReportLab sets
one letter after the other, so scripts that join or reorder letters are not kept, nor marks that combine: a
certificate shows their code points. ReportLab embeds outlines of TrueType only, so curves are converted.
"""

import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph

FOLDER = Path(__file__).parents[1] / "src" / "takeback" / "dossier" / "fonts"
LATIN = ((0x20, 0x2FF), (0x370, 0x52F), (0x1E00, 0x1FFF), (0x2010, 0x205E), (0x2070, 0x218F))
"""Blocks of Latin, Greek and Cyrillic letters, and of signs between them."""
PARTS = {
    "han-1": (("gb2312", 0xA1, 0xA6), ("gb2312", 0xB0, 0xD6)),
    "han-2": (("gb2312", 0xD6, 0xF8), ("gb2312", 0xA6, 0xB0)),
    "han-3": (("big5", 0xA1, 0xC7), ("shift_jis", 0x81, 0x99)),
    "hangul": (("euc_kr", 0xA1, 0xC9),),
}
"""Each font's standards, with the first bytes of the rows that are kept; a letter is in the first font.

The files are cut so that none has a megabyte."""
BEGINNING = {*range(0x20, 0x7F), 0xA0}
"""ASCII, which the first font of a language has, too: its letters go well with the others."""
SIMPLIFIED = 2
"""Which face of the collection: that of simplified Chinese."""
LONGEST_ERROR = 2.5
"""Of a converted curve, in thousandths of a letter's height: a fiftieth of a millimetre in a heading."""
BRACKETS = {0x27E8: (260, 80), 0x27E9: (80, 260)}
"""Where the outer and the inner corner are of the brackets around a code point, which Noto Sans lacks."""


def main() -> None:
    """Write the fonts."""
    latin, cjk = sys.argv[1:]
    blocks = {code for first, last in LATIN for code in range(first, last + 1)}
    write(TTFont(latin), blocks, "latin", brackets=True)
    known: set[int] = set()
    for name, rows in PARTS.items():
        letters = {code for row in rows for code in standard(*row)} - known
        known |= letters
        first = name in {"han-1", "hangul"}
        write(
            TTFont(cjk, fontNumber=SIMPLIFIED),
            letters | BEGINNING if first else letters,
            name,
            brackets=first,
        )


def standard(codec: str, first: int, last: int) -> set[int]:
    """The code points of a national standard whose first byte is between these."""
    found = set()
    for high in range(first, last):
        for low in range(0x40, 0xFF):
            text = bytes([high, low]).decode(codec, "ignore")
            if len(text) == 1:
                found.add(ord(text))
    return found


def stands_alone(code: int) -> bool:
    """Whether a letter can be set by itself and be seen: no control, no mark that combines, no odd blank."""
    kind = unicodedata.category(chr(code))
    return code in {0x20, 0xA0, 0x3000} or kind[0] in "LNPS"


def write(font: TTFont, wanted: Iterable[int], name: str, *, brackets: bool) -> None:
    """Write what a font has of these."""
    cut = subset.Subsetter(subset.Options(layout_features=[], hinting=False, notdef_outline=True))
    cut.populate(unicodes=filter(stands_alone, wanted))
    cut.subset(font)
    target = FOLDER / f"{name}.ttf"
    converted(font, f"Takeback {name}", BRACKETS if brackets else {}).save(target)
    print(f"{target.name}: {len(font.getBestCmap())} letters, {target.stat().st_size:,} bytes")


def converted(font: TTFont, name: str, drawn: dict[int, tuple[int, int]]) -> FontBuilder:
    """The font with outlines of TrueType, under a name of its own, as its licence asks of a changed one."""
    glyphs, order, letters = font.getGlyphSet(), font.getGlyphOrder(), dict(font.getBestCmap())
    curved = "glyf" not in font
    outlines, widths = {}, {glyph: font["hmtx"][glyph] for glyph in order}
    for glyph in order:
        pen = TTGlyphPen(glyphs)
        glyphs[glyph].draw(Cu2QuPen(pen, LONGEST_ERROR, reverse_direction=True) if curved else pen)
        outlines[glyph] = pen.glyph()
    for code, corners in drawn.items():
        if code not in letters:
            added = f"uni{code:04X}"
            letters[code], outlines[added], widths[added] = added, bracket(*corners), (340, min(corners))
            order = [*order, added]
    built = FontBuilder(font["head"].unitsPerEm, isTTF=True)
    built.setupGlyphOrder(order)
    built.setupCharacterMap(letters)
    built.setupGlyf(outlines)
    built.setupHorizontalMetrics(widths)
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
    built.setupPost(keepGlyphNames=False)
    # The same letters give the same bytes.
    built.font["head"].created = built.font["head"].modified = font["head"].created
    built.font.recalcTimestamp = False
    return built


def bracket(ends: int, corner: int) -> Glyph:
    """An angle with its corner at half height, 70 units thick; both fonts have 1000 units."""
    pen, thick = TTGlyphPen(None), 70 if ends > corner else -70
    outline = [(ends, 760), (corner, 300), (ends, -160), (ends + thick, -160), (corner + thick, 300)]
    outline.append((ends + thick, 760))
    for number, point in enumerate(outline if thick > 0 else outline[::-1]):
        (pen.lineTo if number else pen.moveTo)(point)
    pen.closePath()
    return pen.glyph()


if __name__ == "__main__":
    main()
