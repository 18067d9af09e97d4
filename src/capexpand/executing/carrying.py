"""Work that goes to other machines with the files that it reads, so that no folder need be shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from capexpand.executing.engine import Answer, Chunk
from capexpand.files.reading import reading_copies


@dataclass(frozen=True, slots=True)
class Carrying(Generic[Chunk, Answer]):
    """Work and where its files are from, which are read when it is packed: for other machines only.

    Args:
        work: what to do with a chunk.
        files: gives the content of every file that the work may read, by the path under which it does.
    """

    work: Callable[[Chunk], Answer]
    files: Callable[[], Mapping[Path, bytes]]

    def __call__(self, chunk: Chunk) -> Answer:
        """Do a chunk, with the files where they stand."""
        return self.work(chunk)

    def __reduce__(self) -> tuple[object, ...]:
        """Pack the work with its files."""
        return _Carried, (self.work, dict(self.files()))


@dataclass(frozen=True, slots=True)
class _Carried(Generic[Chunk, Answer]):
    work: Callable[[Chunk], Answer]
    copies: Mapping[Path, bytes]

    def __call__(self, chunk: Chunk) -> Answer:
        with reading_copies(self.copies):
            return self.work(chunk)
