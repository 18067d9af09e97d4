"""Several backtests as a sheet, and their shards as folders that are joined into the run."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from capexpand.errors import RunError
from capexpand.files.json_text import JsonObject
from capexpand.files.parquet import parquet_bytes
from capexpand.reporting.blocks import Answer, Cell, Column, Fact, Paragraph, Row, Section, Table, columns
from capexpand.reporting.sheet import Sheet
from capexpand.runs.folder import Manifest
from capexpand.studies import shards
from capexpand.studies.backtest.forecast import MODEL
from capexpand.studies.backtest.many import Asked, scored_table
from capexpand.studies.shards import Described, Shard
from capexpand.wording import count, listing, of_each, percent, sentence

if TYPE_CHECKING:
    from polars import DataFrame

ROWS = "rows.parquet"
_NONE = "–"


def write_shard(folder: Path, asked: Asked, shard: Shard, rows: DataFrame) -> None:
    """Write the folder of a shard; an older run there is replaced.

    Args:
        folder: where it is to stand.
        asked: all backtests.
        shard: which part of them.
        rows: of its cases.

    Raises:
        RunError: the folder cannot be written.
    """
    about: JsonObject = {"cases": [item.label for item in asked.items], "held": rows.height}
    shards.write_shard(folder, WHOLE, shard, asked.name, files={ROWS: parquet_bytes(rows)}, about=about)


def _described(manifest: Manifest) -> Described:
    cases = len(list(manifest["cases"]))
    return Described("", (Fact("Cases", count(cases)),), int(manifest["held"]), cases)


WHOLE = shards.Whole(
    "backtest",
    "backtests",
    ("case", "cases"),
    ROWS,
    "is of other backtests than {}; the cases, their numbers or settings differ",
    _described,
)


def joined(folders: Sequence[Path]) -> tuple[str, DataFrame]:
    """Read all shards of several backtests.

    Args:
        folders: one for each shard, in any order.

    Returns:
        The fingerprint of the whole, and the rows of all cases.

    Raises:
        RunError: a folder is no shard or was changed, shards are missing or doubled, or are of different
            backtests or versions; with everything that is wrong.
    """
    found = shards.read_together(folders, WHOLE)
    rows = shards.joined_rows(found).rechunk()
    if rows["case"].to_list() != found[0].about["cases"]:
        raise RunError("the shards do not hold each case once; make them again")
    return found[0].name, rows


def many_sheet(name: str, rows: DataFrame) -> Sheet:
    """Return the sheet of several backtests.

    Args:
        name: fingerprint of all.
        rows: of each case, see ``many.COLUMNS``.
    """
    every = rows.to_dicts()
    documents = {row["case"]: json.loads(row["document"]) for row in every if row["document"]}
    lines = [_line(label, document) for label, document in documents.items()]
    lost = [row for row in every if not row["document"]]
    return Sheet(
        kind="backtests",
        title=f"Backtests of {of_each(len(every), 'case', 'cases')}",
        description="What was planned and forecast for each with what was known on its day, and on each "
        "later day, beside what was then reported.",
        facts=(
            Fact("Cases", count(len(every))),
            Fact("Companies", count(len({line["company"] for line in lines}))),
        ),
        answers=_answers(lines, lost),
        sections=(
            Section("cases", "By case", (_table(lines), *_left_out(lost))),
            Section("made", "How it was made", _made(name, documents)),
        ),
        summary=(_table(lines), *_left_out(lost)),
        document={
            "cases": lines,
            "left_out": [{name: row[name] for name in ("case", "status", "reason")} for row in lost],
        },
        document_name="backtests.json",
        about={
            "capexpand": version("capexpand"),
            "python": platform.python_version(),
            "kind": "backtests",
            "backtest": name,
        },
        tables={"scored": scored_table(rows)} if documents else {},
        files={
            f"backtests/{quote(row['case'], safe='')}.json": row["document"].encode()
            for row in every
            if row["document"]
        },
    )


def _line(label: str, document: JsonObject) -> JsonObject:
    """What a backtest found, in one row."""
    best, first = document["regret"][:2]
    planned = [one for one in document["scored"] if one["part"] == "planned" and one["method"] == MODEL]
    return {
        "case": label,
        "company": document["company"],
        "as_of": document["as_of"],
        "days": len(document["days"]),
        "forecasts": len(planned),
        "covered": sum(bool(one["covered"]) for one in planned),
        "regret": first["regret"],
        "regret_share": first["regret"] / abs(best["objective"]) if best["objective"] else None,
        "currency": document["currency"],
    }


def _answers(lines: list[JsonObject], lost: list[dict[str, str]]) -> tuple[Answer, ...]:
    forecasts, covered = (sum(line[name] for line in lines) for name in ("forecasts", "covered"))
    shares = sorted(line["regret_share"] for line in lines if line["regret_share"] is not None)
    held = (
        f"80 % intervals of what was reported held {covered} times of {forecasts}; those of one company "
        "overlap"
        if forecasts
        else "no forecast of the companies' own figures could be scored"
    )
    middle = ""
    if shares:
        middle = f"{percent(shares[len(shares) // 2])} in the middle, at most {percent(shares[-1])}"
    found = [
        Answer("How often did the forecasts hold?", sentence(held)),
        Answer(
            "What did it cost the plans not to know?",
            sentence(f"of the best value with hindsight {middle}" if middle else "no plan was backtested"),
        ),
    ]
    if lost:
        more = [f"{len(lost) - 5} more"] if len(lost) > 5 else []
        named = listing([row["case"] for row in lost[:5]] + more)
        found.append(Answer("What is left out?", sentence(f"{named}: see the reasons below")))
    return tuple(found)


def _table(lines: list[JsonObject]) -> Table:
    rows = tuple(
        Row(
            line["case"],
            (
                line["company"],
                str(line["as_of"]),
                str(line["days"]),
                f"{line['covered']} of {line['forecasts']}" if line["forecasts"] else _NONE,
                _NONE if line["regret_share"] is None else percent(line["regret_share"]),
            ),
        )
        for line in lines
    )
    head = columns("Case", Column("Company", align="text"), "As of", "Days", "80 % intervals held", "Regret")
    note = "Regret: of the best value under the inputs that came true. Each case's whole result: backtests/."
    return Table("What each backtest found", head, rows, note)


def _left_out(lost: list[dict[str, str]]) -> tuple[Table, ...]:
    if not lost:
        return ()
    rows = tuple(Row(row["case"], (row["status"], row["reason"])) for row in lost)
    return (
        Table("Left out", columns("Case", Column("", align="text"), Column("Reason", align="text")), rows),
    )


def _made(name: str, documents: dict[str, JsonObject]) -> tuple[Paragraph | Table, ...]:
    rows = [
        Row("capexpand", (f"{version('capexpand')}, on Python {platform.python_version()}",)),
        Row("Backtests", (Cell(name, code=True),)),
        *(Row(label, (Cell(document["case_hash"], code=True),)) for label, document in documents.items()),
    ]
    text = "The table scored holds every forecast of all cases with what was reported."
    head = columns("", Column("", align="text"))
    return Paragraph(text), Table("How it was made", head, tuple(rows), kind="made")
