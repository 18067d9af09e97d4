"""Names of the hidden files that stand beside an output while it is written."""

from __future__ import annotations

import hashlib
from pathlib import Path

_LONGEST_BYTES = 200
"""Of a name that still leaves room for what is added to it; systems allow 255."""


def beside(path: Path, kind: str) -> Path:
    """Return the hidden neighbour of an output, the same at each call.

    Args:
        kind: the purpose of the neighbour: ``lock``, ``new`` or ``old``.
    """
    name = path.name
    if len(name.encode(errors="surrogateescape")) > _LONGEST_BYTES:
        name = name[:40] + "-" + hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:12]
    return path.absolute().parent / f".{name}.capexpand-{kind}"
