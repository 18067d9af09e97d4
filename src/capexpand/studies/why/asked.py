"""Reads what is asked about: orders, power, workloads, supply, grid or budget, by name and quarter.

::

    orders.ascend-910c.2025Q3      sites.zhangbei power 2026Q3     sites.zhangbei grid 2026Q3
    supply.h20-server.2025Q3       workloads.tokens-large 2026Q3   budget
    orders.h20-server.2025Q3 >= 5000
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NoReturn

import numpy as np

from capexpand.case.reading import nearest
from capexpand.errors import CaseError, Problem
from capexpand.model.blocks import ABSENT, Floats, Indices
from capexpand.model.data import ModelData
from capexpand.model.stage import Stage
from capexpand.optimiser.forms import Form
from capexpand.wording import count, money, number, power

Kind = Literal["orders", "power", "workload", "supply", "grid", "budget"]
Sense = Literal[">=", "<=", "="]

EXAMPLES = (
    "orders.OFFER.2025Q3, sites.SITE power 2026Q3, sites.SITE grid 2026Q3, supply.OFFER.2025Q3, "
    "workloads.WORKLOAD 2026Q3, or budget"
)
_QUARTER = re.compile(r"(\d{4})[ -]?q([1-4])", re.IGNORECASE)
_FORCED = re.compile(r"^(?P<what>.*?)\s*(?P<sense>>=|<=|==|=|≥|≤)\s*(?P<amount>.+)$")
_SENSES: dict[str, Sense] = {">=": ">=", "≥": ">=", "<=": "<=", "≤": "<=", "=": "=", "==": "="}
_SCALES = {"": 1.0, "k": 1e3, "thousand": 1e3, "mn": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
VOLUMES = {
    "token": ("tn tokens", 1.0),
    "accelerator_hour": ("mn accelerator-hours", 1.0),
    "vcpu_hour": ("mn vCPU-hours", 1.0),
    "FLOP": ("ZFLOP", 1.0),
}
"""By unit of volume: how the canonical volume reads."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What is asked about.

    Args:
        kind: of the thing.
        name: of the offer, site or workload; empty for the budget.
        position: of the name among those of its kind.
        quarter: position of the quarter; None for all of them.
        written: as the user wrote it.
    """

    kind: Kind
    name: str
    position: int
    quarter: int | None
    written: str

    def quarters(self, m: ModelData) -> tuple[int, ...]:
        """Return the positions of the quarters that are meant."""
        return tuple(range(m.times.count)) if self.quarter is None else (self.quarter,)

    def title(self, m: ModelData) -> str:
        """Return the thing in words, such as ``orders of H20 server in 2025Q3``."""
        when = "" if self.quarter is None else f" in {m.times.labels[self.quarter]}"
        names = {
            "orders": lambda: f"orders of {self.name}",
            "power": lambda: f"IT power at {self.name}",
            "workload": lambda: f"volume of {self.name}",
            "supply": lambda: f"supply of {self.name}",
            "grid": lambda: f"grid at {self.name}",
            "budget": lambda: "spending in the window",
        }
        return names[self.kind]() + when

    def amount(self, m: ModelData, value: float) -> str:
        """Write an amount of the thing.

        Args:
            value: in the units of ``Form``.
        """
        if self.kind in ("orders", "supply"):
            return "no units" if abs(value) < 1e-6 else f"{count(value)} units"
        if self.kind in ("power", "grid"):
            return power(value)
        if self.kind == "budget":
            return money(value, m.currency)
        return f"{number(value)} {VOLUMES[m.workloads.units[self.position]][0]}"

    def one(self, m: ModelData) -> str:
        """Write one more of the thing."""
        if self.kind in ("orders", "supply"):
            return "one more unit"
        if self.kind in ("power", "grid"):
            return "one more MW"
        if self.kind == "budget":
            return f"one more million {m.currency}"
        return f"one more {VOLUMES[m.workloads.units[self.position]][0].removesuffix('s')}"


def form_of(asked: Topic, m: ModelData, stages: list[Stage]) -> Form:
    """Return what is asked about as a sum of columns, in units, MW, canonical volume or money [million].

    Without a quarter, orders and volumes are those of all quarters and power is that of the last one. Supply
    and grid are limits; their form is what uses them: orders, and the power that runs.
    """
    parts: list[tuple[Indices, Floats]] = []
    constant = 0.0
    quarters = asked.quarters(m)
    if asked.kind == "budget":
        first, last = m.times.window
        at = stages[min(last, m.times.count) - 1].money.spent if last > first else np.zeros(0, np.int64)
        parts.append((at, np.ones(at.size)))
    elif asked.kind == "power":
        here = stages[quarters[-1]].power.energised[m.power.site == asked.position]
        parts.append((here, np.ones(here.size)))
    elif asked.kind == "grid":
        running = stages[quarters[-1]].service.running[asked.position]
        parts.append((running, m.offers.power_kw / 1000.0))
    else:
        for t in quarters:
            if asked.kind in ("orders", "supply"):
                here = stages[t].orders.ordered[m.offers.product == asked.position].ravel()
                parts.append((here, np.ones(here.size)))
            else:
                phi = float(m.workloads.productivity[asked.position, t])
                sold = stages[t].service.sold[asked.position]
                unmet = stages[t].service.unmet[[asked.position]]
                parts += [(sold, np.full(sold.size, phi)), (unmet, np.full(1, -phi))]
                if m.workloads.roles[asked.position] == "obligation":
                    constant += float(m.workloads.demand[asked.position, :, t].sum())
    columns = np.concatenate([part[0].ravel() for part in parts])
    weights = np.concatenate([np.broadcast_to(part[1], part[0].shape).ravel() for part in parts])
    there = columns != ABSENT
    return Form(columns[there], weights[there].astype(np.float64), constant)


@dataclass(frozen=True, slots=True)
class Forced:
    """What is asked about, held at an amount.

    Args:
        asked: what is asked about.
        sense: whether it is to be at least, at most or just the amount.
        amount: in the units of ``Form``.
    """

    asked: Topic
    sense: Sense
    amount: float


def read_asked(written: str, m: ModelData) -> Topic:
    """Read what is asked about.

    Args:
        written: such as ``orders.h20-server.2025Q3``.

    Raises:
        CaseError: no such thing; the message names close matches.
    """
    words = [word for word in re.split(r"[.\s]+", written.strip()) if word]
    if not words:
        _wrong(written, f"asks about nothing; ask about {EXAMPLES}")
    kind, *rest = (words[0].lower(), *words[1:])
    aspect = [word.lower() for word in rest if word.lower() in _ASPECTS]
    quarters = [word for word in rest if _quarter(word) is not None]
    names = [word for word in rest if word.lower() not in aspect and word not in quarters]
    if kind not in _KINDS:
        _wrong(written, f"there is no '{words[0]}' to ask about; {_meant_instead(words, m)}")
    quarter = _position_of_quarter(written, quarters, m)
    if kind in ("budget", "programme"):
        if names and names != ["cap"]:
            _wrong(written, f"'{names[0]}' says nothing here; ask about budget alone")
        return Topic("budget", "", 0, None, written)
    known = {
        "orders": m.offers.products,
        "offers": m.offers.products,
        "supply": m.offers.products,
        "sites": m.sites.names,
        "grid": m.sites.names,
        "power": m.sites.names,
        "workloads": m.workloads.names,
    }[kind]
    if len(names) != 1:
        having = "names none" if not names else f"has '{names[1]}' besides"
        _wrong(written, f"{having}; write {kind}.NAME.QUARTER, with one of {', '.join(known)}")
    if names[0] not in known:
        close = nearest(names[0], list(known))
        hint = f"; did you mean {close}?" if close else f"; there are {', '.join(known)}"
        _wrong(written, f"there is no '{names[0]}' in {kind}{hint}")
    meant: Kind = _KINDS[kind]
    if kind == "sites" and "grid" in aspect:
        meant = "grid"
    if kind in ("orders", "offers") and "supply" in aspect:
        meant = "supply"
    return Topic(meant, names[0], known.index(names[0]), quarter, written)


def _meant_instead(words: Sequence[str], m: ModelData) -> str:
    """Say what to write where the first word is no kind of thing: the kind spelt like it or of that name."""
    if close := nearest(words[0].lower(), list(_KINDS)):
        return f"did you mean {close}?"
    having = {"orders": m.offers.products, "sites": m.sites.names, "workloads": m.workloads.names}
    kinds = [kind for kind, names in having.items() if words[0] in names]
    if not kinds:
        return f"ask about {EXAMPLES}"
    return f"did you mean {' or '.join(' '.join((f'{kind}.{words[0]}', *words[1:])) for kind in kinds)}?"


_ASPECTS = ("power", "grid", "orders", "supply", "volume")
"""Words that say which side of a thing is meant."""
_KINDS: dict[str, Kind] = {
    "orders": "orders",
    "offers": "orders",
    "supply": "supply",
    "sites": "power",
    "power": "power",
    "grid": "grid",
    "workloads": "workload",
    "budget": "budget",
    "programme": "budget",
}


def read_forced(written: str, m: ModelData) -> Forced:
    """Read what is to be forced, such as ``orders.ascend-910c.2025Q3 >= 5000``.

    Args:
        written: by the user.

    Raises:
        CaseError: it has no comparison or no amount, or names what is not there.
    """
    found = _FORCED.match(written.strip())
    if found is None:
        _wrong(written, "has nothing to compare with; write for example orders.OFFER.2025Q3 >= 5000")
    asked = read_asked(found["what"], m)
    if asked.kind in ("supply", "grid"):
        _wrong(written, f"is a limit and no decision; force orders or power, or change the {asked.kind}")
    return Forced(asked, _SENSES[found["sense"]], _amount(found["amount"], asked, m, written))


def _amount(text: str, asked: Topic, m: ModelData, written: str) -> float:
    match = re.fullmatch(r"([-+]?[\d_,]*\.?\d+(?:e[-+]?\d+)?)\s*([a-zA-Z]*)\s*([a-zA-Z_-]*s?)", text.strip())
    if match is None:
        _wrong(written, f"'{text}' is not an amount; write for example 5000, 120 MW or 10 bn {m.currency}")
    value = float(match[1].replace(",", "").replace("_", ""))
    words = [word for word in match.groups()[1:] if word]
    scale = 1.0
    if words and words[0].lower() in _SCALES:
        scale = _SCALES[words.pop(0).lower()]
    elif words and words[0] == "tn":
        scale = 1e12
        words.pop(0)
    allowed: dict[str, dict[str, float]] = {
        "orders": {"units": 1.0, "unit": 1.0},
        "power": {"MW": 1.0, "GW": 1e3, "kW": 1e-3},
        "budget": {m.currency: 1e-6},
        "workload": {"": 1.0},
    }
    units = allowed[asked.kind]
    if asked.kind == "workload":
        unit = m.workloads.units[asked.position]
        units = {unit: 1e-6 if unit.endswith("hour") else 1e-12 if unit == "token" else 1e-21}
        units |= {f"{unit}s": units[unit]}
    if words and words[0] not in units:
        _wrong(written, f"'{' '.join(words)}' is no unit here; write {', '.join(units)}")
    if not words:
        needs = {"budget": f"money, such as 10 bn {m.currency}", "workload": "a volume with its unit"}
        if asked.kind in needs:
            _wrong(written, f"needs {needs[asked.kind]} ({', '.join(units)})")
        return value * scale
    return value * scale * units[words[0]]


def _quarter(word: str) -> tuple[int, int] | None:
    found = _QUARTER.fullmatch(word)
    if found is not None:
        return int(found[1]), int(found[2])
    try:
        day = date.fromisoformat(word)
    except ValueError:
        return None
    return day.year, (day.month + 2) // 3


def _position_of_quarter(written: str, quarters: list[str], m: ModelData) -> int | None:
    if not quarters:
        return None
    if len(quarters) > 1:
        _wrong(written, f"names {len(quarters)} quarters; name one, or none for all")
    year, number_of = _quarter(quarters[0]) or (0, 0)
    label = f"{year}Q{number_of}"
    if label not in m.times.labels:
        first, last = m.times.labels[0], m.times.labels[-1]
        _wrong(written, f"{label} is not planned; the plan goes from {first} to {last}")
    return m.times.labels.index(label)


def _wrong(written: str, message: str) -> NoReturn:
    raise CaseError([Problem(f"'{written}': {message}")])
