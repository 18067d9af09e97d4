"""The sheet of a backtest: forecasts beside actual figures, reasons for the gap, calibration and regret."""

from __future__ import annotations

import platform
from importlib.metadata import version

from capexpand.reporting.blocks import (
    Block,
    Cell,
    Charts,
    Column,
    Details,
    Fact,
    Heading,
    Paragraph,
    Row,
    Section,
    Table,
    columns,
)
from capexpand.reporting.sheet import Sheet
from capexpand.studies.backtest import tables
from capexpand.studies.backtest.backtest import Backtest
from capexpand.studies.backtest.charts import calibration, fans, rolling, waterfalls
from capexpand.studies.backtest.document import backtest_document, frames
from capexpand.studies.backtest.forecast import PLAN
from capexpand.studies.backtest.wording import answers


def backtest_sheet(found: Backtest) -> Sheet:
    """Return the sheet of a backtest."""
    origin, steps, document = found.case.provenance, tables.waterfall_tables(found), backtest_document(found)
    regret = tables.regret_table(found)
    forecasts = {f"forecasts/{frozen.as_of}.json": frozen.serialised() for frozen in found.frozen}
    forecasts |= {f"forecasts/spending-{day.as_of}.json": day.serialised() for day in found.spending}
    return Sheet(
        kind="backtest",
        title=f"Backtest: {found.case.title}",
        description=f"What was planned and forecast with what was known on {found.case.as_of}, and on each "
        "later day, beside what was then reported.",
        facts=(
            Fact("Case", origin.path.absolute().parent.name),
            Fact("Variant", found.variant or "as declared"),
            Fact("Company", found.frozen[0].company),
            Fact("As of", str(found.case.as_of)),
            Fact("Days", str(len(found.frozen))),
            Fact("Reports until", str(found.last_known)),
        ),
        answers=answers(found),
        opening=(
            Paragraph(
                "It says what would be best, a forecast what is likely. So three things are scored apart: "
                "models of reported revenue and of what companies spend; the case's prices and supply; and "
                "the plan's regret under the inputs that came true.",
                lead="A plan is not a forecast.",
                kind="basis",
            ),
        ),
        sections=_sections(found, steps, regret),
        summary=(
            tables.result_table(found, methods=(PLAN,)),
            *steps,
            regret,
            Paragraph("Other forecasts, skill, calibration, prices and what is not compared: in the report."),
        ),
        document=document,
        document_name="backtest.json",
        about={
            "capexpand": version("capexpand"),
            "python": platform.python_version(),
            "kind": "backtest",
            "case": origin.path.absolute().parent.name,
            "variant": found.variant,
            "case_hash": origin.content_hash,
            "catalogue_digest": found.catalogue_digest,
            "seed": found.settings.seed,
        },
        tables=frames(found, document),
        files={**origin.copies(), **forecasts},
    )


def _sections(found: Backtest, steps: tuple[Table, ...], regret: Table) -> tuple[Section, ...]:
    market = tuple(block for one in tables.market_tables(found) for block in _shown(one))
    none = Paragraph("The case follows no list of prices and no export rules.")
    skills = tuple(block for one in tables.skill_tables(found) for block in _shown(one))
    return (
        Section(
            "forecast",
            "Forecasts and reports",
            (Charts(tuple(fans(found))), *_shown(tables.result_table(found))),
        ),
        Section(
            "why",
            "Why it was off",
            (Charts(tuple(waterfalls(found))), *(block for one in steps for block in _shown(one))),
        ),
        Section(
            "rolling",
            "Planned anew",
            (
                Paragraph(
                    "Each plan knows the rules, wordings and reports of its day. Earlier orders stand as "
                    "far as they could still be had; what was really spent is taken off the budget; "
                    "revenue starts from the newest report."
                ),
                Charts(tuple(rolling(found))),
                _folded("Every figure of every day", tables.rolling_table(found)),
            ),
        ),
        Section(
            "calibration",
            "Calibration",
            (Charts(tuple(calibration(found))), _folded("", tables.calibration_table(found))),
        ),
        Section("spending", "What companies spend", (*skills, _folded("", tables.spending_table(found)))),
        Section("market", "Prices and supply", market or (none,)),
        Section("regret", "Regret", (regret,)),
        Section("left-out", "Not compared", (tables.left_out_table(found),)),
        Section("made", "How it was made", _made(found)),
    )


def _shown(table: Table) -> tuple[Block, ...]:
    return Heading(table.title), table


def _folded(summary: str, table: Table) -> Details:
    return Details(summary or table.title, (table,), remark=str(len(table.rows)))


def _made(found: Backtest) -> tuple[Block, ...]:
    rows = [
        Row("capexpand", (f"{version('capexpand')}, on Python {platform.python_version()}",)),
        Row("SHA-256 of the case and its tables", (Cell(found.case.provenance.content_hash, code=True),)),
        Row("SHA-256 of the catalogue with the later reports", (Cell(found.catalogue_digest, code=True),)),
        Row("Scenarios", (f"{found.settings.scenarios}, seed {found.settings.seed}",)),
        *(Row(f"Forecast of {each.as_of}", (Cell(each.digest, code=True),)) for each in found.frozen),
    ]
    note = (
        "Every forecast was frozen before anything later was read, in a catalogue that held only what was "
        "known on its day. The hashes do not change when later rows do."
    )
    head = columns("", Column("", align="text"))
    return (Table("How it was made", head, tuple(rows), note, kind="made"),)
