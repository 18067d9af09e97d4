"""Parquet files that are damaged: one sentence, whatever the library does."""

import subprocess
import sys
from io import BytesIO

import polars as pl
import pytest

from capexpand.files.parquet import ParquetError, count_rows, read_parquet, read_schema

READ = "import io, sys, polars; polars.read_parquet(io.BytesIO(sys.stdin.buffer.read()))"
KNOWN_TO_ABORT = "2.1.0"


def table() -> bytes:
    content = BytesIO()
    rows = {"name": ["input_tokens", "output_tokens"] * 2, "value": [1.0, 2.0, 3.0, 4.0]}
    pl.DataFrame(rows).write_parquet(content, compression="uncompressed", statistics=False)
    return content.getvalue()


def test_a_whole_file_is_read_as_it_was_written() -> None:
    content = table()
    assert read_parquet(content)["value"].to_list() == [1.0, 2.0, 3.0, 4.0]
    assert read_parquet(content, ["name"]).columns == ["name"]
    assert list(read_schema(content)) == ["name", "value"]
    assert count_rows(content) == 4


def test_a_file_on_which_the_library_aborts_is_an_error_and_does_not_end_us() -> None:
    """Bytes of a page's head say how long its levels are; a length beyond all memory ends the process.

    Sensitivity: read in this process, without the trial, one of these would end the test itself.
    """
    aborted = 0
    for at in (58, 113):
        content = bytearray(table())
        content[at] = 0x7F
        done = subprocess.run(
            [sys.executable, "-c", READ], input=content, stderr=subprocess.DEVNULL, check=False
        )
        aborted += done.returncode < 0
        if done.returncode:
            with pytest.raises(ParquetError):
                read_parquet(bytes(content))
    assert aborted or pl.__version__ != KNOWN_TO_ABORT


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 50, table()[:-9], table()[:40]])
def test_what_is_cut_off_is_an_error(content: bytes) -> None:
    with pytest.raises(ParquetError):
        read_parquet(content)
    with pytest.raises(ParquetError):
        read_schema(content)
