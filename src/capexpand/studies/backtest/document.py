"""A backtest as one JSON object, and as long tables: numbers only, nothing rounded."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from capexpand.forecasting.quarters import label
from capexpand.studies.backtest.backtest import Backtest
from capexpand.studies.backtest.forecast import MODEL, REVENUE
from capexpand.studies.backtest.scoring import Scored, Skill, skills
from capexpand.studies.backtest.wording import answers

if TYPE_CHECKING:
    import polars as pl


def backtest_document(found: Backtest) -> dict[str, Any]:
    """Return the result as one JSON object.

    Args:
        found: the backtest.
    """
    return {
        "capexpand": version("capexpand"),
        "title": found.case.title,
        "company": found.frozen[0].company,
        "currency": found.case.currency,
        "as_of": str(found.case.as_of),
        "variant": found.variant,
        "case_hash": found.case.provenance.content_hash,
        "catalogue_digest": found.catalogue_digest,
        "settings": asdict(found.settings),
        "answers": [asdict(answer) for answer in answers(found)],
        "days": [
            {
                "as_of": str(frozen.as_of),
                "forecast_digest": frozen.digest,
                "objective": frozen.objective,
                "regimes": dict(frozen.regimes),
                "floor": frozen.floor,
                "capital_expenditure_beside": frozen.beside,
                "bridge": frozen.bridge,
                "payments": list(frozen.payments),
            }
            for frozen in found.frozen
        ],
        "scored": [scored_row(one) for one in found.scored],
        "skill": [asdict(one) for one in all_skills(found)],
        "calibration": [
            {
                "part": each.part,
                "metric": each.metric,
                "method": each.method,
                "group": each.group,
                "covered": each.coverage.covered,
                "cases": each.coverage.count,
                "low": each.coverage.low,
                "high": each.coverage.high,
                "reads": each.coverage.verdict,
            }
            for each in found.calibration
        ],
        "supply": [
            {
                **asdict(one),
                "quarter": label(one.quarter),
                "brier": one.brier,
                "brier_unchanged": one.brier_unchanged,
            }
            for one in found.supply
        ],
        "regret": [asdict(one) for one in found.hindsight.regrets],
        "inputs_known_on": str(found.hindsight.known_on),
        "waterfalls": [
            {**asdict(each), "quarters": [label(quarter) for quarter in each.quarters]}
            for each in found.hindsight.waterfalls
        ],
        "not_compared": [asdict(each) for each in found.left_out],
        "not_guidance": [
            {**asdict(each), "announced_on": str(each.announced_on)} for each in found.frozen[-1].left_out
        ],
    }


def all_skills(found: Backtest) -> tuple[Skill, ...]:
    """Return every skill that the tables show.

    Args:
        found: the backtest.
    """
    planned = skills(found.scored, "planned", MODEL, metric=REVENUE)
    return (*skills(found.scored, "spending", MODEL), *planned, *skills(found.scored, "price", "case"))


def scored_row(one: Scored) -> dict[str, str | int | float | bool]:
    """Return a forecast and what came as one flat row.

    Args:
        one: the forecast.
    """
    return {
        "part": one.part,
        "subject": one.subject,
        "metric": one.metric,
        "unit": one.unit,
        "method": one.method,
        "as_of": _text(one.as_of),
        "quarter": label(one.quarter),
        "quarters": one.quarters,
        "horizon": one.horizon,
        "last": one.last,
        "low": one.forecast.low,
        "median": one.forecast.middle,
        "high": one.forecast.high,
        "actual": one.actual,
        "error": one.error,
        "covered": one.covered,
        "loss": one.loss,
        "absolute_error": one.absolute_error,
        "known_on": _text(one.known_on),
        "derived": one.derived,
        "from_memory": one.from_memory,
    }


def _text(day: date) -> str:
    return day.isoformat()


def frames(found: Backtest) -> dict[str, pl.DataFrame]:
    """Return the long tables of a run folder.

    Args:
        found: the backtest.
    """
    import polars as pl

    steps = [
        {"metric": each.metric, "step": step.name, "amount": step.amount, "sum": step.total, "how": step.why}
        for each in found.hindsight.waterfalls
        for step in each.steps
    ]
    document = backtest_document(found)
    tables: dict[str, list[dict[str, Any]]] = {
        "scored": document["scored"],
        "skill": document["skill"],
        "calibration": document["calibration"],
        "regret": document["regret"],
        "waterfall": steps,
    }
    if found.supply:
        tables["supply"] = document["supply"]
    return {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in tables.items() if rows}
