"""How the cells of a table are read: every column has a kind, and a cell that does not fit it says why."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, get_args, get_origin

Cell = str | float | bool | date | tuple[str, ...] | None
"""What a cell of text becomes."""

SOURCE_KINDS = (
    "primary",
    "primary_via_intermediary",
    "dataset",
    "secondary",
    "analyst",
    "derived",
    "news_report",
    "general_knowledge",
)
"""How near a document is to the origin of a figure, nearest first except for the last four."""

NO_UNIT = "1"
"""The unit of a plain ratio or count, written as the units layer writes it."""

UNIT_TEXTS = {
    "CNY": "CNY",
    "CNY_million": "mn CNY",
    "CNY_per_USD": "CNY/USD",
    "CNY_per_million_tokens": "CNY/mn token",
    "FLOP": "FLOP",
    "GPU_hours": "accelerator_hour",
    "MW": "MW",
    "USD": "USD",
    "USD_2023": "USD",
    "USD_billion": "bn USD",
    "USD_million": "mn USD",
    "USD_per_GPU_hour": "USD/accelerator_hour",
    "USD_per_MW": "USD/MW",
    "USD_per_MWh": "USD/MWh",
    "USD_per_million_tokens": "USD/mn token",
    "billion": "bn",
    "days": "days",
    "fraction": NO_UNIT,
    "fraction_per_year": "1/year",
    "log_points_per_year": "1/year",
    "months": "months",
    "ratio": NO_UNIT,
    "tokens_per_day": "token/day",
    "tokens_per_minute": "token/minute",
    "tokens_per_month": "token/month",
    "tokens_per_quarter": "token/quarter",
    "tokens_per_week": "token/week",
    "words_per_day": "word/day",
    "x": NO_UNIT,
    "x_per_year": "1/year",
    "x_vs_early_April_2026": NO_UNIT,
    "years": "years",
}
"""What a unit in a table is called in a case file. The row says of which year a dollar is."""


@dataclass(frozen=True, slots=True)
class CatalogueColumn:
    """One column of a table.

    Args:
        name: its heading, also the name in the row.
        kind: what its cells are, in words for messages.
        read: turns a cell that is not empty into its value, or raises ValueError with what would be right.
        required: whether a cell may be empty.
        empty: what an empty cell becomes.
        unit: the unit of a number, or ``column:NAME`` where another column holds it.
    """

    name: str
    kind: str
    read: Callable[[str], Cell]
    required: bool = True
    empty: Cell = None
    unit: str = ""


def _read_text(cell: str) -> str:
    return cell


def _read_number(cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise ValueError(f"'{cell}' is not a number{_decimal_comma(cell)}") from None
    if not math.isfinite(value):
        raise ValueError(f"'{cell}' is not a finite number")
    return value


def _decimal_comma(cell: str) -> str:
    plain = cell.replace(".", "").replace(" ", "").replace("\u00a0", "").replace(",", ".")
    try:
        value = float(plain)
    except ValueError:
        return ""
    return f"; write {value!r}, with a point and without separators" if math.isfinite(value) else ""


def _read_amount(cell: str) -> float:
    value = _read_number(cell)
    if value < 0:
        raise ValueError(f"'{cell}' is negative")
    return value


YEARS = range(1900, 2200)
"""Days of other years are slips, and would leave the calendar where periods are reckoned."""


def _read_date(cell: str) -> date:
    try:
        found = date.fromisoformat(cell)
    except ValueError:
        raise ValueError(f"'{cell}' is not a date; write it as in 2025-02-24") from None
    if found.year not in YEARS:
        raise ValueError(f"'{cell}' is not between the years {YEARS.start} and {YEARS.stop - 1}")
    return found


def _read_year(cell: str) -> str:
    if not (len(cell) == 4 and cell.isdigit()):
        _read_date(cell)
    return cell


def _read_boolean(cell: str) -> bool:
    if cell not in ("true", "false"):
        raise ValueError(f"'{cell}' is neither true nor false")
    return cell == "true"


def _read_names(cell: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in cell.split(";"))


def text(name: str, *, required: bool = True) -> CatalogueColumn:
    """Describe a column of text; an empty cell becomes an empty text."""
    return CatalogueColumn(name, "text", _read_text, required=required, empty="")


def number(name: str, *, unit: str, required: bool = False, signed: bool = False) -> CatalogueColumn:
    """Describe a column of finite numbers [unit], not negative unless ``signed``."""
    return CatalogueColumn(
        name, "number", _read_number if signed else _read_amount, required=required, unit=unit
    )


def day(name: str, *, required: bool = True) -> CatalogueColumn:
    """Describe a column of dates, written as in 2025-02-24."""
    return CatalogueColumn(name, "date", _read_date, required=required)


def year(name: str) -> CatalogueColumn:
    """Describe a column of years or whole dates, kept as text."""
    return CatalogueColumn(name, "year or date", _read_year, empty="")


def boolean(name: str, *, required: bool = True) -> CatalogueColumn:
    """Describe a column of true and false."""
    return CatalogueColumn(name, "true or false", _read_boolean, required=required)


def names(name: str) -> CatalogueColumn:
    """Describe a column of names with semicolons between them; an empty cell holds none."""
    return CatalogueColumn(name, "names", _read_names, required=False, empty=())


def choice(name: str, options: tuple[str, ...], *, required: bool = True) -> CatalogueColumn:
    """Describe a column whose cells are one of a few words."""

    def read(cell: str) -> str:
        if cell not in options:
            raise ValueError(f"'{cell}' is not one of {', '.join(options)}")
        return cell

    return CatalogueColumn(name, "choice", read, required=required, empty="")


# --- columns as the types of a row's fields -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FigureField:
    """Marks a field as a number with a unit.

    Args:
        unit: of the number, or ``column:NAME`` where another column holds it.
        signed: whether it may be negative.
    """

    unit: str
    signed: bool = False


@dataclass(frozen=True, slots=True)
class OneOf:
    """Marks a field of text as one of a few words.

    Args:
        options: the words.
        required: whether the cell may not be empty.
    """

    options: tuple[str, ...]
    required: bool = True


Note = Annotated[str, "may be empty"]
"""A text that may be missing."""

YearOrDay = Annotated[str, "year"]
"""A year or a whole date, kept as text."""

Ratio = Annotated[float | None, FigureField(NO_UNIT)]
Tflops = Annotated[float | None, FigureField("TFLOPS")]
Tops = Annotated[float | None, FigureField("TOPS")]
Gigabytes = Annotated[float | None, FigureField("GB")]
GigabytesPerSecond = Annotated[float | None, FigureField("GB/s")]
Watts = Annotated[float | None, FigureField("W")]
Count = Annotated[float, FigureField(NO_UNIT)]


def column_of(name: str, hint: Any) -> CatalogueColumn:
    """Describe the column of a row's field from the field's type and its mark.

    Args:
        hint: its type, ``Annotated`` with the mark where it has one.
    """
    marked = get_origin(hint) is Annotated
    plain, *marks = get_args(hint) if marked else (hint,)
    mark = marks[0] if marks else None
    required = type(None) not in get_args(plain)
    if isinstance(mark, FigureField):
        return number(name, unit=mark.unit, required=required, signed=mark.signed)
    if isinstance(mark, OneOf):
        return choice(name, mark.options, required=mark.required)
    if mark == "year":
        return year(name)
    if get_origin(plain) is tuple:
        return names(name)
    kind = next(one for one in (*get_args(plain), plain) if one is not type(None))
    if kind is str:
        return text(name, required=mark is None)
    return {bool: boolean, date: day}[kind](name, required=required)
