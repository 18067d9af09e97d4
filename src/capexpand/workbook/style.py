"""How cells look: number formats by unit, and colours for inputs, calculations and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook

INPUT_FILL, OUTPUT_FILL, HEAD_FILL, BLOCK_FILL = "#FFF7DC", "#E4F1E4", "#1F3A5F", "#DDE5EF"

NUMBERS = {
    "money": "#,##0.0;[Red]-#,##0.0;0.0",
    "share": "0.0%",
    "per year": "0.00%",
    "unit": "#,##0;[Red]-#,##0;0",
    "MW": "#,##0.00;[Red]-#,##0.00;0.00",
    "MWh": "#,##0",
    "number": "0",
    "quarters": "General",
    "months": "0",
    "flag": "0",
    "years": "0.000",
    "volume": "#,##0.00",
    "hours": "#,##0.0",
    "date": "yyyy-mm-dd",
    "text": "@",
}
PRECISE = "#,##0.0000;[Red]-#,##0.0000;0"
"""For prices and ratios."""

_LOOKS: Mapping[str, Mapping[str, Any]] = {
    "input": {"font_color": "#1F4FD8", "bg_color": INPUT_FILL, "border": 7, "border_color": "#D8CBA0"},
    "decision": {"font_color": "#5A3E8E"},
    "calculation": {},
    "output": {"bg_color": OUTPUT_FILL, "bold": True},
    "total": {"font_color": "#666666", "italic": True},
    "title": {"bold": True, "font_size": 15, "font_color": HEAD_FILL},
    "note": {"italic": True, "font_color": "#666666"},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "head": {"bold": True, "font_color": "#FFFFFF", "bg_color": HEAD_FILL, "align": "right"},
    "origin": {"font_color": "#666666", "indent": 1},
    "head_origin": {"bold": True, "font_color": "#FFFFFF", "bg_color": HEAD_FILL, "indent": 1},
    "head_left": {"bold": True, "font_color": "#FFFFFF", "bg_color": HEAD_FILL},
    "block": {"bold": True, "bg_color": BLOCK_FILL},
    "label": {},
    "unit": {"font_color": "#666666"},
    "strong": {"bold": True, "top": 1},
    "strong_label": {"bold": True},
}


@dataclass(slots=True)
class Style:
    """Makes each format once.

    Args:
        workbook: that the formats belong to.
        currency: of the case.
    """

    workbook: Workbook
    currency: str
    made: dict[tuple[str, str], Format] = field(default_factory=dict)

    def of(self, look: str, unit: str = "") -> Format:
        """Return a format.

        Args:
            look: what kind of cell it is.
            unit: of its number.
        """
        number = NUMBERS.get(unit, PRECISE if unit else "General")
        if unit.startswith("mn ") and "/" not in unit:
            number = NUMBERS["money"]
        key = (look, number)
        if key not in self.made:
            properties = {"font_name": "Calibri", "font_size": 10, **_LOOKS[look]}
            if number != "General":
                properties["num_format"] = number
            self.made[key] = self.workbook.add_format(properties)
        return self.made[key]

    def unit(self, unit: str) -> str:
        """Return a unit for a reader."""
        return f"mn {self.currency}" if unit == "money" else unit
