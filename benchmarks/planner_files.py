"""Readers of what planners hand in, workbooks, actuals and axes, each spoilt by seeded dice."""

from __future__ import annotations

import random
import re
import zipfile
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

from kinds_of_file import ROOT
from spoiling import CHARACTERS, NUMBERS, VALUES, WORDS, spoilt_binary, spoilt_bytes, spoilt_table

import capexpand as cx
from capexpand.case.loading import load_case
from capexpand.studies.roll.actuals import read_actuals
from capexpand.studies.sweep.axes import Box

CASE = ROOT / "cases" / "two-sites"
_TEXT = re.compile(r"(<(?:v|t)(?: [^>]*)?>)([^<]*)(</(?:v|t)>)")
_PLACE = re.compile(r' r="[A-Z]+[0-9]+"')
_AXES = (
    "programme.cap=0.8x:1.2x:5",
    "finance.discount_rate=7 %:12 %:6",
    "offers.server.buy.price=1.5 mn CNY:2.5 mn CNY:3",
    "programme.cap=0.5 bn CNY, 2 bn CNY",
    "sites.coast.grid=4 MW:8 MW:5",
    "variant=as-declared, late-power",
)


def spoilt_book(content: bytes, dice: random.Random) -> bytes:
    """Return a workbook with some of its cells, places, parts or bytes spoilt."""
    way = dice.random()
    if way < 0.1:
        return spoilt_binary(content, dice)
    with zipfile.ZipFile(BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if way < 0.2:
        name = dice.choice(sorted(parts))
        parts[name] = spoilt_bytes(parts[name], dice)
    elif way < 0.25:
        del parts[dice.choice(sorted(parts))]
    else:
        sheets = [name for name in parts if "worksheets/" in name or "sharedStrings" in name]
        for _ in range(dice.choice((1, 1, 2, 4))):
            name = dice.choice(sorted(sheets))
            text = parts[name].decode("utf-8", "replace")
            pattern, new = (
                (_PLACE, f' r="{dice.choice(("A0", "ZZZZ9", "A1048577", "B2", "XFD1048576"))}"')
                if dice.random() < 0.1
                else (_TEXT, dice.choice((*NUMBERS, *VALUES, *WORDS, *CHARACTERS)))
            )
            found = list(pattern.finditer(text))
            if not found:
                continue
            one = dice.choice(found)
            cell = new if pattern is _PLACE else f"{one[1]}{escape(new)}{one[3]}"
            parts[name] = (text[: one.start()] + cell + text[one.end() :]).encode("utf-8", "surrogatepass")
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return made.getvalue()


def try_workbook(dice: random.Random, folder: Path) -> None:
    """Check an input workbook."""
    good = folder / "form"
    if not good.exists():
        cx.new(good, like=CASE, excel=True)
    place = folder / "case.xlsx"
    place.write_bytes(spoilt_book((good / "case.xlsx").read_bytes(), dice))
    cx.check(place)


def try_run_workbook(dice: random.Random, folder: Path) -> None:
    """Import the workbook of a run, of which inputs may be changed."""
    good = folder / "run"
    if not good.exists():
        cx.run(CASE, excel=True, out=good)
    book = next(good.glob("*.xlsx"))
    place = folder / "model.xlsx"
    place.write_bytes(spoilt_book(book.read_bytes(), dice))
    case = cx.import_workbook(place, folder / f"case-{dice.random()}")
    case.unlink()
    case.parent.rmdir()


def try_actuals(dice: random.Random, folder: Path) -> None:
    """Read what really happened; one in fifty is planned on."""
    good = folder / "good.csv"
    if not good.exists():
        cx.roll(CASE, template=good, as_of="2025-12-31")
    text = good.read_text("utf-8")
    place = folder / "actuals.csv"
    content = (
        spoilt_table(text, dice).encode("utf-8", "surrogatepass")
        if dice.random() < 0.7
        else spoilt_bytes(text.encode(), dice)
    )
    place.write_bytes(content)
    read_actuals(place, load_case(CASE))
    if dice.random() < 0.02:
        cx.roll(CASE, actuals=place)


def try_axes(dice: random.Random, folder: Path) -> None:
    """Read the axes of a sweep, and load the case at its ends."""
    del folder
    written = [_spoilt_axis(dice) for _ in range(dice.choice((1, 1, 2)))]
    box = Box(str(CASE), None, written)
    for share in (0.0, 1.0):
        box.load(tuple(axis.at(share) for axis in box.axes))


def _spoilt_axis(dice: random.Random) -> str:
    """Return an axis of which a number, a unit or some characters are others."""
    text = dice.choice(_AXES)
    if dice.random() < 0.3:
        return spoilt_bytes(text.encode(), dice).decode("utf-8", "replace")
    pattern, new = dice.choice(
        (
            (r"[0-9.]+", NUMBERS),
            (r"(?:x|%|MW|bn CNY|\+|:)", CHARACTERS),
            (r"[a-z]+", WORDS),
            (r":", ("::", "", ",")),
        )
    )
    found = list(re.finditer(pattern, text))
    if not found:
        return text
    one = dice.choice(found)
    return text[: one.start()] + dice.choice(new) + text[one.end() :]
