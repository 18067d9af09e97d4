"""Writes a backtest: the page, the run folder, the terminal."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.reporting.bundle import javascript
from capexpand.reporting.page import embed
from capexpand.reporting.templating import environment
from capexpand.reporting.terminal import columns_of, print_answers, print_heading, print_table
from capexpand.runs.folder import Content, table_files, write_run
from capexpand.studies.backtest import tables
from capexpand.studies.backtest.backtest import Backtest
from capexpand.studies.backtest.charts import calibration, charts, fans, rolling, waterfalls
from capexpand.studies.backtest.document import backtest_document, frames
from capexpand.studies.backtest.forecast import PLAN
from capexpand.studies.backtest.wording import answers

if TYPE_CHECKING:
    from rich.console import Console


def build_page(found: Backtest) -> str:
    """Return the report as HTML that needs nothing from outside.

    Args:
        found: the backtest.
    """
    return (
        environment()
        .get_template("backtest.html")
        .render(
            case=found.case,
            found=found,
            answers=answers(found),
            fans=tuple(fans(found)),
            rolling_charts=tuple(rolling(found)),
            waterfalls=tuple(waterfalls(found)),
            calibration_charts=tuple(calibration(found)),
            result=tables.result_table(found),
            rolling=tables.rolling_table(found),
            steps=tables.waterfall_tables(found),
            skills=tables.skill_tables(found),
            calibration=tables.calibration_table(found),
            spending=tables.spending_table(found),
            market=tables.market_tables(found),
            regret=tables.regret_table(found),
            left_out=tables.left_out_table(found),
            version=version("capexpand"),
            python=platform.python_version(),
            data=embed(charts(found)),
            javascript=javascript(),
        )
    )


def write_backtest(found: Backtest, folder: Path) -> None:
    """Write a run folder: the case's copy, tables, the result, every frozen forecast, and the report.

    Args:
        found: the backtest.
        folder: where the run is to stand; an older run there is replaced.

    Raises:
        RunError: the folder cannot be written.
    """
    origin = found.case.provenance
    files = {"case/case.yaml": origin.text.encode()}
    files |= {f"case/{name}": data for name, data in origin.tables.items()}
    document = json.dumps(backtest_document(found), indent=2, ensure_ascii=False) + "\n"
    files["backtest.json"] = document.encode()
    files["report.html"] = build_page(found).encode()
    for frozen in found.frozen:
        files[f"forecasts/{frozen.as_of}.json"] = frozen.serialised()
    for day in found.spending:
        files[f"forecasts/spending-{day.as_of}.json"] = day.serialised()
    files |= table_files(frames(found))
    about = {
        "capexpand": version("capexpand"),
        "python": platform.python_version(),
        "kind": "backtest",
        "case": origin.path.absolute().parent.name,
        "variant": found.variant,
        "case_hash": origin.content_hash,
        "catalogue_digest": found.catalogue_digest,
        "seed": found.settings.seed,
    }
    write_run(folder, Content(files, about))


def print_backtest(found: Backtest, console: Console) -> None:
    """Print the answers and the tables about the plan; skill, calibration and the rest stand in the report.

    Args:
        found: the backtest.
        console: where to print.
    """
    variant = f", variant {found.variant}" if found.variant else ""
    print_heading(f"Backtest: {found.case.title}{variant}, as of {found.case.as_of}", console)
    print_answers(((each.question, each.text) for each in answers(found)), console)
    print_table(columns_of(tables.result_table(found, methods=(PLAN,)), range(6)), console)
    for table in (*tables.waterfall_tables(found), tables.regret_table(found)):
        print_table(table, console)
    console.print()
    console.print("Other forecasts, skill, calibration, prices and what is not compared: in the report.")
