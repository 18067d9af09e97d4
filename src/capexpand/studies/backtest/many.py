"""Backtests of several cases by whatever engine: a row each, and a table of all that was scored."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from capexpand.case.loading import copies_of
from capexpand.case.plain_document import file_in
from capexpand.case.shipped import case_place
from capexpand.catalogue.point_in_time import SHIPPED
from capexpand.errors import CaseError, InfeasibleError, Problem, SolverError
from capexpand.executing.carrying import Carrying
from capexpand.executing.engine import Engine, in_order
from capexpand.files import read_content
from capexpand.files.reading import is_folder
from capexpand.studies.backtest.backtest import backtest
from capexpand.studies.backtest.document import backtest_document
from capexpand.studies.backtest.forecast import Settings
from capexpand.studies.subjects import path_and_variant
from capexpand.studies.sweep.journal import Journal

if TYPE_CHECKING:
    from polars import DataFrame

LIMIT_BYTES = 50_000_000
COLUMNS = ("case", "variant", "status", "reason", "document")
"""Of the rows: which case, whether it was backtested, why not, and the whole result as a JSON text."""


@dataclass(frozen=True, slots=True)
class Item:
    """A case to be backtested.

    Args:
        label: by which tables call it.
        path: of its file or folder.
        variant: to be applied; None as ``backtest`` takes it.
    """

    label: str
    path: Path
    variant: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Several backtests.

    Args:
        items: the cases, in the order in which they were named.
        series: a file with figures of companies, in place of their reports in the catalogue.
        settings: of each backtest.
    """

    items: tuple[Item, ...]
    series: Path | None
    settings: Settings

    @property
    def name(self) -> str:
        """Fingerprint of all on which the result depends."""
        digest = hashlib.sha256(
            json.dumps([version("capexpand"), SHIPPED.digest, asdict(self.settings)]).encode()
        )
        for item in self.items:
            digest.update(f"\0{item.label}\0{item.variant}".encode())
            for _, content in sorted(copies_of(item.path, item.variant).items()):
                digest.update(b"\0" + hashlib.sha256(content).digest())
        if self.series is not None:
            digest.update(b"\0" + read_content(self.series, LIMIT_BYTES))
        return digest.hexdigest()

    def copies(self) -> Mapping[Path, bytes]:
        """The files that the backtests read, for machines that cannot see them."""
        found: dict[Path, bytes] = {}
        for item in self.items:
            found |= copies_of(item.path, item.variant)
        if self.series is not None:
            found[self.series] = read_content(self.series, LIMIT_BYTES)
        return found


def ask(
    cases: Sequence[Path | str], variant: str | None, series: Path | str | None, settings: Settings
) -> Asked:
    """Return what is asked for.

    Args:
        cases: files or folders of cases, or CASE:VARIANT.
        variant: of all that name none.
        series: a file with figures of companies.
        settings: of each backtest.

    Raises:
        CaseError: a case is named twice, or there is none.
    """
    items: list[Item] = []
    for written in cases:
        path, named = path_and_variant(str(written))
        place = case_place(path)
        file = (file_in(place) if is_folder(place) else place).absolute()
        label = file.parent.name if file.name == "case.yaml" else file.stem
        chosen = named if named is not None else variant
        items.append(Item(label if chosen is None else f"{label}:{chosen}", path, chosen))
    twice = [label for label, times in Counter(item.label for item in items).items() if times > 1]
    if twice or not items:
        said = f"two cases are called '{twice[0]}'; give them folders of different names" if twice else ""
        raise CaseError([Problem(said or "nothing to backtest; name a case")])
    return Asked(tuple(items), None if series is None else Path(series), settings)


@dataclass(frozen=True, slots=True)
class _Work:
    series: Path | None
    settings: Settings

    def __call__(self, item: Item) -> dict[str, str]:
        """Backtest a case; one that cannot be says why."""
        row = {"case": item.label, "variant": item.variant or "", "reason": "", "document": ""}
        try:
            found = backtest(item.path, item.variant, series=self.series, settings=self.settings)
        except CaseError as error:
            said = [f"{one.path}: {one.message}" if one.path else one.message for one in error.problems]
            return {**row, "status": "invalid", "reason": "; ".join(said)}
        except InfeasibleError as error:
            return {**row, "status": "infeasible", "reason": "; ".join(error.conflict)}
        except SolverError as error:
            return {**row, "status": "failed", "reason": str(error)}
        text = json.dumps(backtest_document(found), ensure_ascii=False)
        return {**row, "variant": found.variant or "", "status": "backtested", "document": text}


def backtest_items(
    asked: Asked, items: Sequence[Item], *, journal: Journal, engine: Engine, say: Callable[[str], None]
) -> DataFrame:
    """Backtest those cases that the journal does not hold yet.

    Args:
        asked: all backtests.
        items: of them, or of a shard.
        journal: keeps what was found; it is left open.
        engine: what does them; the table is the same with any.
        say: sees how far it is.

    Returns:
        A row for each case, see ``COLUMNS``.

    Raises:
        SolverError: a worker was lost, and nobody else could do its work.
        RunError: the journal cannot be written.
    """
    import polars as pl

    wanted = {item.label for item in items}
    rows = [json.loads(str(record["row"])) for record in journal.records]
    known = {row["case"]: row for row in rows if row["case"] in wanted}
    left = [item for item in items if item.label not in known]
    say(f"Backtested {len(known)} of {len(items)} cases (Ctrl-C keeps these)")
    if left:
        work = Carrying(_Work(asked.series, asked.settings), asked.copies)
        with engine.pool(work, most=len(left)) as pool:
            for item, row in in_order(pool, left):
                journal.append({"row": np.array(json.dumps(row))})
                known[item.label] = row
                say(f"Backtested {len(known)} of {len(items)} cases (Ctrl-C keeps these)")
    return pl.DataFrame([known[item.label] for item in items], dict.fromkeys(COLUMNS, pl.String))


def scored_table(rows: DataFrame) -> DataFrame:
    """Return every forecast of all cases with what was reported, the case in the first column."""
    import polars as pl

    found = [
        {"case": row["case"], **one}
        for row in rows.iter_rows(named=True)
        if row["document"]
        for one in json.loads(row["document"])["scored"]
    ]
    return pl.DataFrame(found, infer_schema_length=None)
