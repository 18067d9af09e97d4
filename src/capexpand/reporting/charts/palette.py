"""Colours of a report. Every set stays apart for readers with any common colour blindness, and in print."""

from __future__ import annotations

INK = "#1d2b3a"
QUIET = "#5b6b7b"
GRID_LINE = "#e4e9ee"
WINDOW = "#eef3f8"

PROGRAMME = "#0b5fa5"
BASE = "#a9b4c0"
TOTAL = INK
NAIVE = "#d9730d"
GOOD = "#0b7a75"
BAD = "#b3382c"
LIMIT = "#b3382c"
IDLE = "#b9d3ea"

SERVERS = "#0b5fa5"
BUILDINGS = "#7fb2dd"
PLANTS = "#e69f00"

CATEGORIES = (
    "#2f4b8f",
    "#e69f00",
    "#17877d",
    "#cc6677",
    "#88ccee",
    "#7b3f98",
    "#8a9a2b",
    "#882255",
    "#d8c46a",
    "#5a5a5a",
)
"""For sites, offers and workloads: hues and lightness both differ between neighbours."""

OTHERS = "#c3c9d0"

DARK = {
    "white": "#10171e",
    INK: "#dde6ee",
    QUIET: "#9fb0c0",
    GRID_LINE: "#2c3a48",
    WINDOW: "#1a2632",
    PROGRAMME: "#4f9fe3",
    BASE: "#6d7a88",
    GOOD: "#3fb3ab",
    BAD: "#e2705f",
    IDLE: "#3d5873",
    "#2f4b8f": "#7f9cf0",
    "#17877d": "#35b0a4",
    "#7b3f98": "#b98bd6",
    "#882255": "#d0679c",
    "#5a5a5a": "#a3a3a3",
    OTHERS: "#5c6670",
}
"""On a dark ground: of each colour that would be lost there, the one that is shown instead."""


def colours(count: int) -> tuple[str, ...]:
    """Return a colour for each of so many things; from the eleventh on they share one.

    Args:
        count: number of things.
    """
    return tuple(CATEGORIES[i] if i < len(CATEGORIES) else OTHERS for i in range(count))
