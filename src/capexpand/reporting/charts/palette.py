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

HEAT = ("#f1f4f7", "#8fc1e3", "#0b5fa5", "#0a2f57")
"""Of a field of numbers, from the least to the most."""
AGES = ("#b9d3ea", "#8fc1e3", "#5d9fd0", "#2f7fb8", "#0b5fa5", "#083f70", "#0a2f57")
"""Of lines that follow each other in time, the oldest lightest."""
KINDS_OF_EVIDENCE = (GOOD, "#88ccee", "#e69f00", "#cc6677", "#7b3f98")
"""Of the kinds of evidence, the firmest first."""
SUITES = ("#1b6ca8", "#7fb3d5", "#2e8b57", "#c0702a", "#7b4fa3", "#c2569b", "#9a9a9a")
"""Of families of measurements."""

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
