"""The journal of a sweep: a file to which every solved point is appended, so that a killed sweep goes on.

A record is its length, its CRC-32 and an ``npz`` archive; a process killed while writing leaves a last record
that does not check, which is cut off. The first record names the sweep, so that none is continued as another.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from capexpand.errors import RunError
from capexpand.files.records import packed_record, whole_records

_MAGIC = b"CXS1"

Record = Mapping[str, NDArray[Any]]


class Journal:
    """The solved points of one sweep in a file; held open for appending by one process.

    As a context it is closed at the end, and removed where nothing went wrong: what it holds is then written.

    Args:
        path: of the file; None keeps nothing.
        name: fingerprint of the sweep; a journal of another sweep is begun anew.

    Raises:
        RunError: the file is none of ours, or cannot be read or written.
    """

    def __init__(self, path: Path | None, name: str) -> None:
        self.path = path
        self.records: list[Record] = []
        self._file: io.BufferedWriter | io.BufferedRandom | None = None
        if path is None:
            return
        try:
            content = path.read_bytes() if path.exists() else b""
            records, end = read_records(content)
            if content and content[: len(_MAGIC)] != _MAGIC:
                raise RunError(f"{path}: is no journal of capexpand and is left as it is; move it")
            if records and str(records[0].get("name", "")) == name:
                self.records = records[1:]
                file = path.open("r+b")
                file.truncate(end)
                file.seek(end)
                self._file = file
            else:
                self._file = path.open("wb")
                self.append({"name": np.array(name)})
        except OSError as error:
            raise RunError(f"{path}: cannot be written: {error.strerror or error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(finished=kind is None)

    def append(self, record: Record) -> None:
        """Add a record, down to the disk.

        Raises:
            RunError: it cannot be written.
        """
        if self._file is None:
            return
        data = packed(record)
        try:
            self._file.write(data)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise RunError(f"{self.path}: cannot be written: {error.strerror or error}") from error

    def close(self, *, finished: bool) -> None:
        """Close the file, and remove it once the sweep stands in its folder.

        Args:
            finished: whether it is needed no more.
        """
        if self._file is not None:
            self._file.close()
            self._file = None
            if finished and self.path is not None:
                self.path.unlink(missing_ok=True)


def packed(record: Record) -> bytes:
    """Return a record as bytes: its length, its check and an archive."""
    return packed_record(_MAGIC, record, compressed=True)


def read_records(content: bytes) -> tuple[list[Record], int]:
    """Return the records that check, and where the last of them ends.

    Args:
        content: records one after the other; what follows the first that does not check is left out.
    """
    return whole_records(_MAGIC, content)
