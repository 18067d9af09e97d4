"""The origin of a loaded case: its files, a hash of their content, and one text of them all."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Provenance:
    """The origin of a case.

    Args:
        path: the case file.
        variant: name of the variant that was applied, or None.
        content_hash: SHA-256 of the merged document and of every table, in hexadecimal.
        files: every file that was read: the case, what it extends, tables.
        document: the merged document as plain data, with the variant applied and its table paths made plain
            file names.
        tables: content of each table by the file name that stands in ``document``.
    """

    path: Path
    variant: str | None
    content_hash: str
    files: tuple[Path, ...]
    document: dict[str, object] = field(repr=False)
    tables: dict[str, bytes] = field(repr=False)

    @property
    def text(self) -> str:
        """The merged document as YAML; written beside ``tables`` it loads to the same case."""
        from io import StringIO

        from ruamel.yaml import YAML

        yaml = YAML(typ="safe", pure=True)
        yaml.default_flow_style = False
        yaml.width = 110
        yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
        stream = StringIO()
        yaml.dump(self.document, stream)
        return stream.getvalue()

    def copies(self, folder: str = "case") -> dict[str, bytes]:
        """Return the files of a copy that loads to the same case, for a run folder.

        Args:
            folder: below which they stand.
        """
        tables = {f"{folder}/{name}": data for name, data in self.tables.items()}
        return {f"{folder}/case.yaml": self.text.encode(), **tables}
