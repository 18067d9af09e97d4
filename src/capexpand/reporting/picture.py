"""One chart of a sheet as a picture, for a notebook or a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from capexpand.errors import CaseError, Problem
from capexpand.files import write_file
from capexpand.reporting.charts.drawing import svg
from capexpand.reporting.sheet import Sheet


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """A drawn chart.

    Args:
        name: of the chart on its sheet.
        title: what it shows.
        svg: the drawing, which needs no script.
    """

    name: str
    title: str
    svg: str

    def save(self, file: Path | str) -> Path:
        """Write the drawing as SVG.

        Args:
            file: an older drawing there is replaced.

        Raises:
            RunError: the file cannot be written, or is no drawing.
        """
        path = Path(file)
        write_file(path, self.svg, ours=_is_drawing)
        return path

    def _repr_svg_(self) -> str:
        """Return the drawing, for a notebook."""
        return self.svg

    def __repr__(self) -> str:
        return f"<Picture {self.name}: {self.title!r}>"


def _is_drawing(content: bytes) -> bool:
    return content.lstrip().startswith(b"<svg")


def draw(sheet: Sheet, name: str | None = None, *, width: int = 640) -> Picture:
    """Draw a chart of a sheet.

    Args:
        sheet: that has it.
        name: of the chart, as ``[chart.identifier for chart in sheet.charts]`` lists them; the first if None.
        width: of the drawing [px].

    Raises:
        CaseError: the sheet has no chart, or none of that name; the message lists them.
    """
    charts = {chart.identifier: chart for chart in sheet.charts}
    chosen = next(iter(charts), None) if name is None else name
    if chosen not in charts:
        wanted = "there is no chart to draw" if chosen is None else f"there is no chart '{chosen}'"
        named = f"; there are {', '.join(charts)}" if charts else ""
        raise CaseError([Problem(f"{wanted} in '{sheet.title}'{named}")])
    chart = charts[chosen]
    return Picture(chosen, chart.title, svg(chart, sheet.quarters, width=width))
