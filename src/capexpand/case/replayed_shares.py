"""Reads the usable share of a workload out of a derating that ``capexpand replay`` wrote."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Annotated

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from capexpand.case.figure_reading import RATIO, FigureReader
from capexpand.case.figures import NUMBER_ERROR
from capexpand.case.reading import ORIGIN_FIELDS, NumberProblem, Reading, suggest
from capexpand.case.values import Figure
from capexpand.errors import CaseError, Problem
from capexpand.files import decode_text, parse_json, read_content

DERATING_LIMIT_BYTES = 10_000_000
EXAMPLE = "{from_replay: derating.json, workload: chat}"
_FIELDS = ("from_replay", "workload", "offer", "times", *ORIGIN_FIELDS)
_SHARES = ("usable", "usable_low", "usable_high")


@dataclass(frozen=True, slots=True)
class DeratingRow:
    """The derating of a workload on an offer, from a replay.

    Args:
        workload: name of the workload.
        offer: name of the offer, or ``all``.
        trace: what was replayed.
        usable: share of what a unit serves that can be used.
        low: lower end of its 95 % interval.
        high: upper end.
    """

    workload: str
    offer: str
    trace: str
    usable: float
    low: float
    high: float


def read_deratings(path: Path, *, tables: dict[Path, bytes]) -> tuple[DeratingRow, ...]:
    """Read a derating file, JSON or CSV.

    Args:
        tables: contents of files already read; this one is added.

    Raises:
        CaseError: no such file, or everything in it that is wrong.
    """
    if path not in tables:
        tables[path] = read_content(path, DERATING_LIMIT_BYTES)
    rows = _csv_rows(path, tables[path]) if path.suffix == ".csv" else _json_rows(path, tables[path])
    problems: list[Problem] = []
    found: list[DeratingRow] = []
    for row, problem in rows:
        shares = [_share(row.get(name)) for name in _SHARES]
        names = [row.get("workload"), row.get("offer")]
        wrong = [name for name, share in zip(_SHARES, shares, strict=True) if share is None]
        wrong += [
            n
            for n, text in zip(("workload", "offer"), names, strict=True)
            if not (text and str(text) == text)
        ]
        if wrong:
            message = f"{', '.join(wrong)}: a derating has names and shares from 0 to 1"
            problems.append(Problem(message, problem.path, problem.file, problem.line, problem.column))
            continue
        usable, low, high = (share or 0.0 for share in shares)
        trace = str(row.get("trace") or row["workload"])
        found.append(DeratingRow(str(names[0]), str(names[1]), trace, usable, low, high))
    if not rows:
        problems.append(Problem("holds no derating; capexpand replay writes one with --out", file=path))
    if problems:
        raise CaseError(problems)
    return tuple(found)


def _share(written: object) -> float | None:
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        return None
    try:
        value = float(written)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) and 0.0 <= value <= 1.0 else None


def _json_rows(path: Path, content: bytes) -> list[tuple[Mapping[str, object], Problem]]:
    """Each row, and a problem that stands where it stands."""
    document = parse_json(decode_text(path, content), path)
    rows = document.get("deratings") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        message = (
            'is no derating: it needs an object with the list "deratings", as capexpand replay writes it'
        )
        raise CaseError([Problem(message, "", path, 1, 1)])
    common = {"trace": document.get("trace")}
    return [
        (common | row, Problem("", f"deratings[{number}]", path, *_where(content, number)))
        for number, row in enumerate(rows, start=1)
    ]


def _where(content: bytes, number: int) -> tuple[int, int]:
    """Line and column of a row in a JSON text: of its ``workload``, else of the text's begin."""
    place = -1
    for _ in range(number):
        place = content.find(b'"workload"', place + 1)
        if place < 0:
            return 1, 1
    before = content[:place]
    return before.count(b"\n") + 1, place - (before.rfind(b"\n") + 1) + 1


def _csv_rows(path: Path, content: bytes) -> list[tuple[Mapping[str, object], Problem]]:
    try:
        reader = csv.DictReader(StringIO(content.decode("utf-8-sig")), strict=True)
        rows: list[tuple[Mapping[str, object], Problem]] = [
            (row, Problem("", "", path, reader.line_num, 1)) for row in reader
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise CaseError([Problem(f"is not a CSV table: {error}", file=path)]) from None
    missing = [name for name in ("workload", "offer", *_SHARES) if name not in (reader.fieldnames or ())]
    if missing:
        raise CaseError([Problem(f"lacks the columns {', '.join(missing)}", "", path, 1, 1)])
    return rows


class ReplayedShareReader(FigureReader):
    """Reads a reference to a derating and collects everything that is wrong with it."""

    def share(self, written: object) -> Figure | None:
        """Read a reference such as ``{from_replay: derating.json, workload: chat}``.

        Args:
            written: a mapping with ``from_replay``; ``workload`` where the file holds several, ``offer`` for
                one offer alone, ``times`` for headroom that a replay does not know.

        Returns:
            The usable share, or None where it cannot be read; the findings then say why.
        """
        if not isinstance(written, Mapping) or not isinstance(written.get("from_replay"), str):
            self.note(
                f"is read from a derating, as in {EXAMPLE}; a share that you state is usable_share: 80 %", ()
            )
            return None
        self.check_fields(written, _FIELDS, ())
        for name in ("workload", "offer"):
            if not isinstance(written.get(name), str | None):
                self.note("is a name", (name,))
        times = self.figure(written["times"], RATIO, within=("times",)) if "times" in written else None
        path = Path(str(written["from_replay"]))
        try:
            rows = read_deratings(path, tables=self.reading.tables)
        except CaseError as error:
            self.findings += [
                NumberProblem(problem.message, ("from_replay",), problem) for problem in error.problems
            ]
            return None
        if self.findings:
            return None
        row = self._chosen(rows, path, written)
        return None if row is None else self._figure(row, path, written, times)

    def _chosen(
        self, rows: tuple[DeratingRow, ...], path: Path, written: Mapping[str, object]
    ) -> DeratingRow | None:
        names = list(dict.fromkeys(row.workload for row in rows))
        workload = str(written.get("workload") or names[0])
        if "workload" not in written and len(names) > 1:
            self.note(f"needs workload, since {path.name} has several: {', '.join(names)}", ())
            return None
        if workload not in names:
            hint = suggest(workload, names) or f"; there are {', '.join(names)}"
            self.note(f"{path.name} has no workload '{workload}'{hint}", ("workload",))
            return None
        offer = str(written.get("offer") or "all")
        offers = [row.offer for row in rows if row.workload == workload]
        if offers.count(offer) != 1:
            how = "no row" if offer not in offers else "more than one row"
            hint = suggest(offer, offers) or f"; there are {', '.join(dict.fromkeys(offers))}"
            place = ("offer",) if "offer" in written else ()
            self.note(f"{path.name} has {how} for offer '{offer}' of workload '{workload}'{hint}", place)
            return None
        return next(row for row in rows if (row.workload, row.offer) == (workload, offer))

    def _figure(
        self, row: DeratingRow, path: Path, written: Mapping[str, object], times: Figure | None
    ) -> Figure | None:
        value = row.usable * (times.value if times else 1.0)
        if value > 1.0:
            self.note(f"makes {value:.1%} of the share; more than all of a unit cannot be used", ("times",))
            return None
        origin = self.origin(written, ())
        suffix = f" × {times.written}" if times else ""
        return Figure(
            value=value,
            unit="1",
            written=f"{row.usable:.1%} ({path.name}: {row.workload}, {row.offer}){suffix}",
            source=f"{row.low:.1%} to {row.high:.1%}, replay of {row.trace} in {path.name}",
            reason=origin.reason,
            basis_date=origin.basis_date,
            hindsight=self.is_hindsight(origin.basis_date),
            computed=True,
        )


class _ReadsReplay:
    """Makes pydantic read a reference to a derating."""

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        text = {"type": "string"}
        fields = dict.fromkeys(_FIELDS, text) | {"times": {"type": ["string", "number", "object"]}}
        return {
            "type": "object",
            "description": f"the usable share that a replay found, e.g. {EXAMPLE}",
            "properties": fields,
            "required": ["from_replay"],
            "additionalProperties": False,
        }

    def _read(self, written: object, info: core_schema.ValidationInfo) -> Figure:
        if isinstance(written, Figure):
            return written
        reader = ReplayedShareReader(info.context if isinstance(info.context, Reading) else Reading())
        figure = reader.share(written)
        if figure is None or reader.findings:
            message = "; ".join(finding.message for finding in reader.findings)
            raise PydanticCustomError(
                NUMBER_ERROR, "{message}", {"message": message, "findings": reader.findings}
            )
        return figure


ReplayedShare = Annotated[Figure, _ReadsReplay()]
"""A usable share that a replay found."""
