"""What every result with a sheet offers: its document, its tables, its page, its place in a notebook."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polars import DataFrame

    from capexpand.reporting.picture import Picture
    from capexpand.reporting.sheet import Sheet


class Shown:
    """A result that is shown and saved by its sheet."""

    __slots__ = ()

    if TYPE_CHECKING:  # a field of each result; at run time it would be taken for that field's default

        @property
        def shown(self) -> Sheet:
            """The sheet."""
            ...

    @property
    def document(self) -> Mapping[str, Any]:
        """The result as one JSON object."""
        return self.shown.document

    @property
    def tables(self) -> Mapping[str, DataFrame]:
        """Every table by its name."""
        return self.shown.tables

    def sheet(self) -> Sheet:
        """Return the sheet, for page, terminal and notebook."""
        return self.shown

    @property
    def charts(self) -> Mapping[str, str]:
        """The title of every chart by its name, for ``plot``."""
        return {chart.identifier: chart.title for chart in self.sheet().charts}

    def plot(self, name: str | None = None, *, width: int = 640) -> Picture:
        """Draw a chart, for a notebook or a file.

        Args:
            name: of the chart, one of ``charts``; the first if None.
            width: of the drawing [px].

        Raises:
            CaseError: there is no chart, or none of that name.
        """
        from capexpand.reporting.picture import draw

        return draw(self.sheet(), name, width=width)

    def save(self, folder: Path | str) -> Path:
        """Write the run folder, whole or not at all.

        Args:
            folder: where it is to stand; an older run there is replaced.

        Returns:
            Where the report stands.

        Raises:
            RunError: the folder cannot be written, or holds files that no run wrote.
        """
        return self.sheet().save(folder)

    def _repr_html_(self) -> str:
        """Return the answers and the first picture, for a notebook."""
        return self.sheet()._repr_html_()


class Documented(Shown):
    """A result whose sheet follows from its document: values as facts, lists of records as tables."""

    __slots__ = ()

    @property
    @abstractmethod
    def document(self) -> Mapping[str, Any]:  # pyrefly: ignore[missing-override-decorator]
        """The result as one JSON object."""

    @abstractmethod
    def _title(self) -> tuple[str, str]:
        """Return the kind of the result in a word, and a title."""

    def _about(self) -> Mapping[str, object]:
        """Return what the manifest of a run says of it."""
        return {"kind": self._title()[0]}

    @property
    def tables(self) -> Mapping[str, DataFrame]:  # pyrefly: ignore[missing-override-decorator]
        """The lists of records of the document, by their names."""
        from capexpand.reporting.plain_sheet import record_tables
        from capexpand.reporting.serial import plain

        return record_tables(plain(self.document))

    @property
    def shown(self) -> Sheet:  # pyrefly: ignore[missing-override-decorator]
        """The sheet."""
        from capexpand.reporting.plain_sheet import document_sheet

        kind, title = self._title()
        return document_sheet(kind, title, dict(self.document), tables=self.tables, about=self._about())

    def __repr__(self) -> str:
        kind, title = self._title()
        return f"<{kind}: {title!r}>"


@dataclass(frozen=True, slots=True, repr=False)
class ShardInFolder(Shown):
    """One part of much work, in its folder; ``merge`` joins all of them.

    Args:
        folder: where it stands.
        shown: the sheet of it.
    """

    folder: Path
    shown: Sheet

    def __repr__(self) -> str:
        part = f"{self.document['shard']}/{self.document['shards']}"
        return f"<{type(self).__name__} {part} in {str(self.folder)!r}>"
