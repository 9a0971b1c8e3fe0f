"""Makes the fonts of the PDF from those of BIZ UDPGothic 1.05: fewer characters, mended, another name.

    pip install fonttools
    python tests/write_fonts.py FOLDER-WITH-BIZUDPGothic-Regular.ttf-AND-Bold.ttf
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

OUT = Path(__file__).resolve().parent.parent / "carddata_retention" / "report" / "fonts"
NAME = "Retention Gothic"
SIGNS = "†‡…—–−·•→←↑↓⇄Σ≤≥≠±×✓●○■□▲△〓№€"
LATIN = {chr(c) for c in (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2010, 0x2040), *range(0xFF01, 0xFFA0))}


def jis(rows: range) -> set[str]:
    """The characters of JIS X 0208 in these rows."""
    cells = (bytes([0xA0 + row, 0xA0 + cell]).decode("euc_jp", "ignore") for row in rows for cell in range(1, 95))
    return {text for text in cells if len(text) == 1}


def vendor_extensions() -> set[str]:
    """What Windows has beside JIS X 0208: 髙 and 﨑 of family names among them."""
    pairs = (bytes([lead, trail]) for lead in (0x87, 0xED, 0xEE, 0xFA, 0xFB, 0xFC) for trail in range(0x40, 0xFD))
    return {text for pair in pairs if len(text := pair.decode("cp932", "ignore")) == 1}


# Bold is for our own words and for numbers: level 1 of the kanji is enough.
CHARACTERS = {
    "Regular": LATIN | set(SIGNS) | jis(range(1, 85)) | vendor_extensions(),
    "Bold": LATIN | set(SIGNS) | jis(range(1, 48)),
}


def of_one_width(font: TTFont) -> None:
    """Give the digit 1 the width of the others, so that columns of numbers align."""
    one, zero = (font.getBestCmap()[ord(digit)] for digit in "10")
    (width, bearing), (wanted, _) = font["hmtx"][one], font["hmtx"][zero]
    shift = (wanted - width) // 2
    outline = font["glyf"][one]
    outline.coordinates.translate((shift, 0))
    outline.recalcBounds(font["glyf"])
    font["hmtx"][one] = (wanted, bearing + shift)


def mended(font: TTFont, weight: str) -> None:
    """1.05 Regular (not Bold) draws ≤ where ≥ is meant and the other way round; its underscores are lost on paper."""
    for table in font["cmap"].tables:
        if weight == "Regular" and table.isUnicode():
            table.cmap[ord("≤")], table.cmap[ord("≥")] = "greaterequal", "lessequal"
    line = font["glyf"][font.getBestCmap()[ord("_")]]
    low, high = line.yMin, line.yMax
    line.coordinates = type(line.coordinates)([(x, low + 120 if y == high else y) for x, y in line.coordinates])
    line.recalcBounds(font["glyf"])


def named(font: TTFont, weight: str) -> None:
    """What is changed does not go by the name of the original; its copyright and licence stay."""
    names = {1: NAME, 2: weight, 3: f"1.0;{NAME} {weight}", 4: f"{NAME} {weight}", 5: "Version 1.0",
             6: f"{NAME.replace(' ', '')}-{weight}"}
    font["name"].names = [n for n in font["name"].names if n.nameID in {*names, 0, 13, 14} and n.langID in (0, 0x409)]
    for record in font["name"].names:
        record.string = names.get(record.nameID, str(record))


def write(source: Path, weight: str) -> None:
    font = TTFont(source / f"BIZUDPGothic-{weight}.ttf", recalcTimestamp=False)
    options = Options(hinting=False, layout_features=[], name_IDs=["*"], name_legacy=True, notdef_outline=True)
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "vhea", "vmtx", "VORG", "DSIG", "gasp", "meta"]
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(CHARACTERS[weight])))
    subsetter.subset(font)
    of_one_width(font)
    mended(font, weight)
    named(font, weight)
    font.save(OUT / f"RetentionGothic-{weight}.ttf")


if __name__ == "__main__":
    for each in CHARACTERS:
        write(Path(sys.argv[1]), each)
