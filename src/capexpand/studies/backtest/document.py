"""A backtest as one JSON object, and as long tables: numbers only, nothing rounded."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from capexpand.forecasting.quarters import label
from capexpand.reporting.serial import Document, plain
from capexpand.studies.backtest.backtest import Backtest
from capexpand.studies.backtest.forecast import MODEL, REVENUE
from capexpand.studies.backtest.scoring import Scored, Skill, skills
from capexpand.studies.backtest.wording import answers

if TYPE_CHECKING:
    import polars as pl


def backtest_document(found: Backtest) -> Document:
    """Return the result as one JSON object."""
    document: Document = {
        "capexpand": version("capexpand"),
        "title": found.case.title,
        "company": found.frozen[0].company,
        "currency": found.case.currency,
        "as_of": found.case.as_of,
        "variant": found.variant,
        "case_hash": found.case.provenance.content_hash,
        "catalogue_digest": found.catalogue_digest,
        "settings": plain(found.settings),
        "answers": [{"question": each.question, "text": each.text} for each in answers(found)],
        "days": [
            {
                "as_of": frozen.as_of,
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
        "skill": [plain(one) for one in all_skills(found)],
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
                **plain(one),
                "quarter": label(one.quarter),
                "brier": one.brier,
                "brier_unchanged": one.brier_unchanged,
            }
            for one in found.supply
        ],
        "regret": [plain(one) for one in found.hindsight.regrets],
        "inputs_known_on": found.hindsight.known_on,
        "waterfalls": [
            {**plain(each), "quarters": [label(quarter) for quarter in each.quarters]}
            for each in found.hindsight.waterfalls
        ],
        "not_compared": [plain(each) for each in found.left_out],
        "not_guidance": [plain(each) for each in found.frozen[-1].left_out],
    }
    return plain(document)


def all_skills(found: Backtest) -> tuple[Skill, ...]:
    """Return every skill that the tables show."""
    planned = skills(found.scored, "planned", MODEL, metric=REVENUE)
    return (*skills(found.scored, "spending", MODEL), *planned, *skills(found.scored, "price", "case"))


def scored_row(one: Scored) -> dict[str, str | int | float | bool]:
    """Return a forecast and what was reported as one flat row."""
    return {
        "part": one.part,
        "subject": one.subject,
        "metric": one.metric,
        "unit": one.unit,
        "method": one.method,
        "as_of": plain(one.as_of),
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
        "known_on": plain(one.known_on),
        "derived": one.derived,
        "from_memory": one.from_memory,
    }


def frames(found: Backtest, document: Document) -> dict[str, pl.DataFrame]:
    """Return the long tables of a run folder."""
    import polars as pl

    steps = [
        {"metric": each.metric, "step": step.name, "amount": step.amount, "sum": step.total, "how": step.why}
        for each in found.hindsight.waterfalls
        for step in each.steps
    ]
    tables: dict[str, list[Document]] = {
        "scored": document["scored"],
        "skill": document["skill"],
        "calibration": document["calibration"],
        "regret": document["regret"],
        "waterfall": steps,
    }
    if found.supply:
        tables["supply"] = document["supply"]
    return {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in tables.items() if rows}
