"""The smallest case that earns something, written as a user would, and a way to change it."""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path
from typing import Any

from capexpand.case.loading import load_case
from capexpand.case.schema import Case
from capexpand.model.compile import compile_case
from capexpand.model.data import ModelData
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.plan import Plan

# Four quarters, no discount, no tax. 1 MW stands: room for ten servers of 100 kW. A server costs 1 mn CNY,
# comes at once and earns 1 mn CNY a quarter (1 tn tokens at 1 CNY/Mtoken), so ten ordered in quarter 1 earn 4
# each: the objective is 10 · (4 − 1) = 30.
SMALL: dict[str, Any] = {
    "title": "Small",
    "as_of": "2025-03-31",
    "currency": "CNY",
    "reason": "invented",
    "calendar": {"start": "2025-04-01", "quarters": 4},
    "finance": {
        "discount_rate": "0 %/year",
        "tax_rate": "0 %",
        "server_life": "5 years",
        "building_life": "20 years",
        "server_end_value": "0 %",
        "building_end_value": "0 %",
    },
    "programme": {
        "buyer": "Cloud",
        "headquarters": "CN",
        "window_start": "2025-04-01",
        "window_quarters": 4,
        "renewal_budget": "0 CNY/quarter",
    },
    "opening": {"sites": {"east": {"power": "1 MW"}}},
    "sites": {
        "east": {
            "title": "East",
            "destination": "CN",
            "grid": "10 MW",
            "power_usage_effectiveness": 1.0,
            "energy_price": "0 CNY/kWh",
        }
    },
    "offers": {
        "server": {
            "title": "Server",
            "power": "100 kW",
            "lead_time": "0 months",
            "attrition": "0 %/year",
            "maintenance": "0 %/year",
            "life": "50 years",
            "buy": {"price": "1 mn CNY", "deposit": "0 %"},
            "supply": {"CN": {}},
        }
    },
    "workloads": {
        "chat": {
            "title": "Chat",
            "role": "external",
            "unit": "token",
            "demand": "100 tn token/quarter",
            "price": "1 CNY/Mtoken",
            "usable_share": "100 %",
            "throughput": {"server": "1 tn token/quarter"},
        }
    },
}
OBJECTIVE = 30.0

ABSENT = object()
"""Stands for a field to be taken out."""


def compiled(changes: dict[str, object] | None = None) -> ModelData:
    """Return the small case, compiled, with changes by dotted place."""
    return compile_case(loaded(changes))


def loaded(changes: dict[str, object] | None = None) -> Case:
    """Return the small case with changes by dotted place."""
    case = copy.deepcopy(SMALL)
    for place, value in (changes or {}).items():
        *path, last = place.split(".")
        inner = case
        for key in path:
            inner = inner.setdefault(key, {})
        if value is ABSENT:
            del inner[last]
        else:
            inner[last] = value
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "case.yaml"
        file.write_text(json.dumps(case), encoding="utf-8")  # JSON is YAML
        return load_case(file)


def planned(changes: dict[str, object] | None = None) -> Plan:
    """Return the best plan of the small case with changes."""
    return optimise_plan(compiled(changes))


def objective(changes: dict[str, object] | None = None) -> float:
    """Return the objective of the best plan of the small case with changes."""
    return planned(changes).solver.objective


def offer(price: str = "1 mn CNY", **fields: object) -> dict[str, object]:
    """Return another server, as the small one but for a price and other fields."""
    bought = {"price": price, "deposit": "0 %"}
    return {**copy.deepcopy(SMALL["offers"]["server"]), "buy": bought, **fields}


def site(**fields: object) -> dict[str, object]:
    """Return another site, as the small one but for some fields."""
    return {**copy.deepcopy(SMALL["sites"]["east"]), **fields}


def workload(**fields: object) -> dict[str, object]:
    """Return another workload, as the small one but for some fields."""
    return {**copy.deepcopy(SMALL["workloads"]["chat"]), **fields}
