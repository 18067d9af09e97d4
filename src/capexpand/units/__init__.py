"""The door for quantities: what a user writes with its unit comes in here and becomes a canonical number."""

from capexpand.units.algebra import Unit, UnitError, convert, parse_unit
from capexpand.units.quantities import (
    LARGEST_NUMBER,
    VOLUME_UNITS,
    Quantity,
    QuantityError,
    QuantityKind,
    format_number,
    read_quantity,
)

__all__ = [
    "LARGEST_NUMBER",
    "VOLUME_UNITS",
    "Quantity",
    "QuantityError",
    "QuantityKind",
    "Unit",
    "UnitError",
    "convert",
    "format_number",
    "parse_unit",
    "read_quantity",
]
