"""The templates of the pages, on top of the report's own."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse

from capexpand.reporting.blocks import WORDY
from capexpand.reporting.charts.drawing import shared_legend
from capexpand.reporting.sheet import DENSE
from capexpand.reporting.templating import keep_together
from capexpand.web.assets import address
from capexpand.wording import printable

if TYPE_CHECKING:
    from jinja2 import Environment

    from capexpand.web.access import Visitor

STATES = {
    "queued": "waiting",
    "running": "running",
    "done": "done",
    "failed": "failed",
    "infeasible": "no plan",
    "cancelled": "cancelled",
}


def _readable(value: object) -> object:
    """Foreign text on its way into a page: a control character has no place in one."""
    return printable(value) if type(value) is str else value


@lru_cache(maxsize=1)
def templates() -> Environment:
    """Return the environment with the pages' and the report's templates; every value is escaped."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=ChoiceLoader([PackageLoader("capexpand.web"), PackageLoader("capexpand.reporting")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_readable,
    )
    filters: dict[str, Any] = {
        "together": keep_together,
        "when": when,
        "query": urlencode,
        "span": span,
        "figure": figure,
    }
    made.filters.update(filters)
    known: dict[str, Any] = {
        "static": address,
        "dense": DENSE,
        "wordy": WORDY,
        "shared_legend": shared_legend,
        "states": STATES,
    }
    made.globals.update(known)
    return made


def page(template: str, who: Visitor | None, status: int = 200, /, **values: Any) -> HTMLResponse:
    """Return a page.

    Args:
        template: its file.
        who: sees it; None before the sign-in.
        status: of the answer.
        values: for the template.
    """
    text = templates().get_template(template).render(who=who, **values)
    return HTMLResponse(text, status)


def when(seconds: float | None) -> str:
    """Write a time, in UTC."""
    if not seconds:
        return "–"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def figure(value: float) -> str:
    """Write a number of a table as it was stated, with its thousands apart."""
    return f"{value:,.10g}"


def span(first: float | None, last: float | None) -> str:
    """Write how long something took, or has taken by now."""
    if not first:
        return "–"
    seconds = max(0.0, (last or time.time()) - first)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
