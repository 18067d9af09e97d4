"""Reads the deviation of a process out of a table of figures: how uncertain it is a year ahead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from capexpand.case.figure_reading import RATIO, FigureReader
from capexpand.case.reading import ORIGIN_FIELDS, NumberProblem
from capexpand.case.values import Figure
from capexpand.errors import CaseError
from capexpand.files import read_content
from capexpand.units import QuantityKind

SERIES_LIMIT_BYTES = 50_000_000
EXAMPLE = "{from_series: reports.csv, company: Alibaba, measure: cloud_revenue}"
_FIELDS = ("from_series", "company", "measure", "times", *ORIGIN_FIELDS)


class DeviationReader(FigureReader):
    """Reads a deviation that is stated, or one that comes from a series."""

    def deviation(self, written: object, kind: QuantityKind) -> Figure | None:
        """Read a deviation such as ``30 %`` or ``{from_series: reports.csv}``.

        Args:
            written: as in the case.
            kind: of a stated one.

        Returns:
            The figure, or None where it cannot be read; the findings then say why.
        """
        if not isinstance(written, Mapping) or "from_series" not in written:
            return self.figure(written, kind)
        self.check_fields(written, _FIELDS, ())
        names = [written.get(name) for name in ("company", "measure")]
        if not isinstance(written["from_series"], str) or not all(isinstance(n, str | None) for n in names):
            self.note(f"names a table, a company and a measure, as in {EXAMPLE}", ())
        times = self.figure(written["times"], RATIO, within=("times",)) if "times" in written else None
        return None if self.findings else self._of_series(written, names, times)

    def _of_series(
        self, written: Mapping[str, object], names: list[object], times: Figure | None
    ) -> Figure | None:
        from capexpand.forecasting.deviation import year_ahead_deviation

        path = Path(str(written["from_series"]))
        company, measure = (None if name is None else str(name) for name in names)
        try:
            if path not in self.reading.tables:
                self.reading.tables[path] = read_content(path, SERIES_LIMIT_BYTES)
            series, deviation = year_ahead_deviation(path, company, measure, self.reading.as_of)
        except CaseError as error:
            self.findings += [
                NumberProblem(problem.message, ("from_series",), problem) for problem in error.problems
            ]
            return None
        origin = self.origin(written, ())
        suffix = f" × {times.written}" if times else ""
        day = "" if self.reading.as_of is None else f" known on {self.reading.as_of}"
        return Figure(
            value=deviation * (times.value if times else 1.0),
            unit="1",
            written=f"{deviation:.1%} ({path.name}: {series.company}, {series.measure}){suffix}",
            source=f"errors of forecasts of {series.company}, {series.measure}{day}, in {path.name}",
            reason=origin.reason,
            basis_date=origin.basis_date,
            hindsight=self.is_hindsight(origin.basis_date),
            computed=True,
        )
