"""Records of arrays one after the other in a file, each with its length and its check.

What a killed process left unfinished is told by its check, so such a file can always be continued.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Record = Mapping[str, NDArray[Any]]

_HEADER = struct.Struct("<4sQI")
"""The kind of record, the length of what follows, its CRC."""


def packed_record(magic: bytes, record: Record, *, compressed: bool) -> bytes:
    """Return a record as bytes.

    Args:
        magic: four bytes that name the kind of record.
        compressed: whether the arrays are.
    """
    import numpy as np

    buffer = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(buffer, allow_pickle=False, **record)  # type: ignore[arg-type]
    body = buffer.getvalue()
    return _HEADER.pack(magic, len(body), zlib.crc32(body)) + body


def whole_records(magic: bytes, content: bytes) -> tuple[list[Record], int]:
    """Return the whole records at the beginning of some bytes, and where they end.

    Args:
        content: of a file; what follows the first record that does not check is left out.
    """
    import numpy as np

    found: list[Record] = []
    place = 0
    while place + _HEADER.size <= len(content):
        kind, length, check = _HEADER.unpack_from(content, place)
        body = content[place + _HEADER.size : place + _HEADER.size + length]
        if kind != magic or len(body) < length or zlib.crc32(body) != check:
            break
        try:
            with np.load(io.BytesIO(body), allow_pickle=False) as archive:
                found.append({key: archive[key] for key in archive.files})
        except (ValueError, OSError, EOFError, zipfile.BadZipFile):
            break
        place += _HEADER.size + length
    return found, place
