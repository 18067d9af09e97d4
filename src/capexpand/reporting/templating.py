"""The page's templates, ready to be filled."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from capexpand.reporting.charts.palette import DARK
from capexpand.wording import printable

if TYPE_CHECKING:
    from jinja2 import Environment

_NUMBER_AND_UNIT = re.compile(
    r"(?<=[\d½¼¾]) (?=(?:bn|mn|tn|million|%|[MGkT]W|MWh|[PEZ]FLOP|[A-Z]{3}\b))|(?<=\b[bmt]n) (?=[A-Z]{3}\b)"
)


def keep_together(text: str) -> str:
    """Put spaces that do not break between numbers and their units."""
    return _NUMBER_AND_UNIT.sub("\u00a0", text)


def _readable(value: object) -> object:
    """Foreign text on its way into a page: a control character has no place in one. Markup is our own."""
    return printable(value) if type(value) is str else value


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the environment with the packaged templates; every value is escaped, control characters too."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("capexpand.reporting"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_readable,
    )
    made.filters["together"] = keep_together
    # pyrefly: ignore[unsupported-operation]  its stubs know the built-in names only
    made.globals["dark_colours"] = DARK
    return made
