"""The descriptions of this study's sheets."""

from __future__ import annotations

import platform
from importlib.metadata import version

from capexpand.case.schema import Case
from capexpand.model.data import ModelData
from capexpand.studies.why.asked import VOLUMES, Topic


def made_by(case: Case, solver: str) -> dict[str, object]:
    """Return how an answer was made, for the manifest of its run.

    Args:
        case: that was asked about.
        solver: that solved it, with its version.
    """
    origin = case.provenance
    return {
        "capexpand": version("capexpand"),
        "python": platform.python_version(),
        "solver": solver,
        "variant": origin.variant,
        "case_hash": origin.content_hash,
    }


def things(asked: Topic, m: ModelData) -> str:
    """Return the unit in which the amounts of what is asked about are counted."""
    if asked.kind in ("orders", "supply"):
        return "units"
    if asked.kind in ("power", "grid"):
        return "MW"
    return m.currency if asked.kind == "budget" else VOLUMES[m.workloads.units[asked.position]][0]
