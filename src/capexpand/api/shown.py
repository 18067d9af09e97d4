"""What every result with a sheet offers: its document, its tables, its page, its place in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polars import DataFrame

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

    def save(self, folder: Path | str) -> Path:
        """Write the run folder, whole or not at all.

        Args:
            folder: where it is to stand; an older run there is replaced.

        Returns:
            Where the report stands.

        Raises:
            RunError: the folder cannot be written, or holds files that no run wrote.
        """
        return self.shown.save(folder)

    def _repr_html_(self) -> str:
        """Return the answers and the first picture, for a notebook."""
        return self.shown._repr_html_()
