"""Small valid program files for `solve`, one of each format."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any


def bases() -> dict[str, dict[str, Any]]:
    """Return a small valid file of each format."""
    data = Path(__file__).parent.parent / "tests" / "sddp" / "data"
    news_stand = json.loads((data / "news_stand.sof.json").read_text("utf-8"))
    return {
        "sddp-case": json.loads((data / "newsvendor_careful.json").read_text("utf-8")),
        "endless": json.loads((data / "rent_forever.json").read_text("utf-8")),
        "compact": compact(),
        "sof": news_stand,
        "sof-0.1": as_version_0_1(news_stand),
    }


def compact() -> dict[str, Any]:
    """Return a system of two regions with one plant each, over three stages."""
    pair = [20.0, 10.0]
    return {
        "format": "sddp-case/compact-1",
        "stages": 3,
        "data": {
            "thermal_ub": [[15.0], [8.0]], "thermal_lb": [[1.0], [0.0]], "thermal_obj": [[30.0], [60.0]],
            "hydro_ub": pair, "storedEnergy_initial": [12.0, 4.0], "storedEnergy_ub": [30.0, 9.0],
            "exchange_ub": [[0.0, 5.0, 5.0], [5.0, 0.0, 5.0], [5.0, 5.0, 0.0]],
            "deficit_obj": [1000.0, 1200.0], "deficit_ub": [0.05, 0.95], "demand": [[22.0, 9.0]] * 12,
            "scenarios": [[[9.0, 14.0]] * 12, [[2.0, 5.0]] * 12], "inflow_initial": [10.0, 3.0],
        },
    }  # fmt: skip


def as_version_0_1(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document of StochOptFormat 1 in version 0.1: edges, and a program in each node."""
    old = copy.deepcopy(document)
    edges = [
        {"from": origin, "to": follower, "probability": chance}
        for origin, successors in (
            ("0", old["root"]["successors"]),
            *((name, node.get("successors", {})) for name, node in old["nodes"].items()),
        )
        for follower, chance in successors.items()
    ]
    states = {name: {"initial_value": value} for name, value in old["root"]["state_variables"].items()}
    nodes = {
        name: {
            "random_variables": list[str](),
            **old["subproblems"][node["subproblem"]],
            "realizations": node.get("realizations") or [{"probability": 1.0, "support": {}}],
        }
        for name, node in old["nodes"].items()
    }
    paths = [
        {"probability": 1.0 / len(old["validation_scenarios"]), "scenario": path}
        for path in old.get("validation_scenarios", [])
    ]
    return {
        "version": {"major": 0, "minor": 1},
        "root": {"name": "0", "state_variables": states},
        "nodes": nodes,
        "edges": edges,
        "test_scenarios": paths,
    }
