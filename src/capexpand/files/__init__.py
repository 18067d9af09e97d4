"""The files that a user names: read with care, written whole or not at all, and by one process at a time."""

from capexpand.files.json_text import parse_json
from capexpand.files.locking import hold
from capexpand.files.reading import TEXT_LIMIT_BYTES, decode_text, read_content, read_text
from capexpand.files.writing import check_file, csv_of, json_of, marked, write_file

__all__ = [
    "TEXT_LIMIT_BYTES",
    "check_file",
    "csv_of",
    "decode_text",
    "hold",
    "json_of",
    "marked",
    "parse_json",
    "read_content",
    "read_text",
    "write_file",
]
