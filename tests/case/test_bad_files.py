"""Tables and files that cannot be read get one clear error each."""

import os
from pathlib import Path

import pytest

from capexpand.errors import CaseError
from capexpand.files import read_content

TABLES = {
    "no such file": (None, "case.yaml:31:5: sites.east.grid: 'grid.csv': there is no such file"),
    "a missing column": (
        "date,wset\n2025-04-01,80\n",
        "grid.csv:1:1: sites.east.grid: has no column 'west'; did you mean wset?",
    ),
    "no dates": (
        "day,west\n2025-04-01,80\n",
        "grid.csv:1:1: sites.east.grid: has no column 'date'; did you mean day?",
    ),
    "a column twice": (
        "date,west,west\n2025-04-01,8,8\n",
        "grid.csv:1:1: sites.east.grid: has more than one column 'west'; did you mean west?",
    ),
    "a text where a number belongs": (
        "date,west\n2025-04-01,80\n2025-07-01,lots\n",
        "grid.csv:3:12: sites.east.grid: 'lots' is not a finite number",
    ),
    "NaN": ("date,west\n2025-04-01,nan\n", "grid.csv:2:12: sites.east.grid: 'nan' is not a finite number"),
    "nothing where a number belongs": (
        "date,west\n2025-04-01,\n",
        "grid.csv:2:12: sites.east.grid: '' is not a finite number",
    ),
    "a negative power": (
        "date,west\n2025-04-01,-80\n",
        "grid.csv:2:12: sites.east.grid: '-80.0 MW' is negative; power cannot be",
    ),
    "a date twice": (
        "date,west\n2025-04-01,80\n2025-04-01,90\n",
        "grid.csv:3:1: sites.east.grid: 2025-04-01 stands twice",
    ),
    "dates out of order": (
        "date,west\n2025-07-01,80\n2025-04-01,90\n",
        "grid.csv:3:1: sites.east.grid: 2025-04-01 comes after 2025-07-01; sort the table by date",
    ),
    "no date": (
        "date,west\nApril,80\n",
        "grid.csv:2:1: sites.east.grid: 'April' is not a date; write it as 2025-04-01",
    ),
    "a short line": (
        "date,west\n2025-04-01\n",
        "grid.csv:2:1: sites.east.grid: has 1 cells, fewer than the header",
    ),
    "a long line": (
        "date,west\n2025-04-01,80,90\n",
        "grid.csv:2:15: sites.east.grid: has 3 cells, more than the header",
    ),
    "a date in another age": (
        "date,west\n9999-04-01,80\n",
        ("grid.csv:2:1: sites.east.grid: '9999-04-01' is too far away; dates lie in the years 1990 to 2200"),
    ),
    "a date in another notation": (
        "date,west\n20250401,80\n",
        "grid.csv:2:1: sites.east.grid: '20250401' is not a date; write it as 2025-04-01",
    ),
    "only a header": ("date,west\n", "grid.csv:1:1: sites.east.grid: has no rows under its header"),
    "nothing": (
        "",
        (
            "case.yaml:31:5: sites.east.grid: 'grid.csv': is empty; "
            "a table has a header with date and the columns"
        ),
    ),
}


@pytest.mark.parametrize(("content", "expected"), TABLES.values(), ids=TABLES)
def test_a_bad_table_gives_one_error_at_its_line(write_case, tmp_path, content, expected, problems_of):
    file = write_case({"grid: 80 MW": "grid: {csv: grid.csv, column: west, unit: MW}"})
    if content is not None:
        (tmp_path / "grid.csv").write_text(content)
    assert problems_of(file) == [expected]


def test_a_table_that_is_no_text_is_refused(write_case, tmp_path, problems_of):
    file = write_case({"grid: 80 MW": "grid: {csv: grid.csv, column: west, unit: MW}"})
    (tmp_path / "grid.csv").write_bytes(b"date,west\n\xff\xfe\n")
    (found,) = problems_of(file)
    assert found.startswith("case.yaml:31:5: sites.east.grid: 'grid.csv': is not a CSV table: ")


def test_a_reference_to_a_table_names_file_column_and_unit(write_case, problems_of):
    expected = "a table needs csv, column and unit, as in {csv: grid.csv, column: north, unit: MW}"
    file = write_case({"grid: 80 MW": "grid: {csv: grid.csv}"})
    assert problems_of(file) == [f"case.yaml:31:5: sites.east.grid: {expected}"]


FILES = {
    "an empty file": (b"", "case.yaml: is empty; a case begins with title, as_of and currency"),
    "only a comment": (b"# nothing\n", "case.yaml: is empty; a case begins with title, as_of and currency"),
    "a list": (
        b"- 1\n",
        "case.yaml:1:1: is not a case: its top is not a mapping of fields such as 'title: My case'",
    ),
    "prose": (
        b"Dear all,\n",
        "case.yaml:1:1: is not a case: its top is not a mapping of fields such as 'title: My case'",
    ),
    "two documents": (b"a: 1\n---\nb: 2\n", "case.yaml:2:1: is not a case: a second document begins here"),
    "an unclosed bracket": (b"a: [1, 2\n", "case.yaml:2:1: is not YAML: did not find expected ',' or ']'"),
    "a tab": (
        b"a:\n  b: 1\n\tc: 2\n",
        "case.yaml:3:1: is not YAML: found a tab character that violates indentation",
    ),
    "two colons": (
        b"a: b: c\n",
        "case.yaml:1:5: is not YAML: mapping values are not allowed in this context",
    ),
    "a picture": (b"title: x\n\x89PNG\xff\xfe", "case.yaml:2:1: is not a text file in UTF-8"),
    "an alias of nothing": (b"a: *b\n", "case.yaml:1:4: there is no anchor &b before this"),
    "a tag": (b"a: !foo 5\n", "case.yaml:1:4: tags such as !foo are not supported"),
    "a tag on a key": (b"!foo a: 5\n", "case.yaml:1:1: tags such as !foo are not supported"),
    "a tag on a mapping": (b"a: !!omap {b: 1}\n", "case.yaml:1:4: tags such as !!omap are not supported"),
    "a standard tag that changes the value": (
        b"a: !!int '5'\n",
        "case.yaml:1:4: tags such as !!int are not supported",
    ),
    "a merge key": (
        b"a: &a {b: 1}\nc:\n  <<: *a\n",
        "case.yaml:3:3: merge keys are not supported; use extends or repeat",
    ),
    "a key that is a list": (b"[a]: 1\n", "case.yaml:1:1: a key is a plain text"),
    "depth without end": (b"a: " + b"[" * 2000, "case.yaml:1:44: is nested too deeply"),
}


@pytest.mark.parametrize(("content", "expected"), FILES.values(), ids=FILES)
def test_what_is_no_case_gives_one_error(tmp_path, content, expected, problems_of):
    file = tmp_path / "case.yaml"
    file.write_bytes(content)
    assert problems_of(file) == [expected]


def test_aliases_that_multiply_are_refused(tmp_path, problems_of):
    """Nine levels of ten aliases each would stand for a thousand million values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 9)]
    (tmp_path / "case.yaml").write_text("\n".join(lines))
    (found,) = problems_of(tmp_path / "case.yaml")
    assert found.endswith(": is too large")


def test_a_file_of_100_mb_is_refused_before_it_is_read(tmp_path, problems_of):
    file = tmp_path / "case.yaml"
    with file.open("wb") as stream:
        stream.truncate(100_000_000)
    assert problems_of(file) == [
        "case.yaml: has 100 MB; at most 10 MB are read, long series go into CSV tables"
    ]


def test_a_file_that_is_missing_is_named(tmp_path, problems_of):
    assert problems_of(tmp_path / "case.yaml") == ["case.yaml: there is no such file"]
    assert problems_of(tmp_path / "nowhere" / "case.yaml") == ["case.yaml: there is no such file"]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="the system has no such device")
def test_a_device_that_never_ends_is_not_read(write_case, problems_of):
    """The size of a device is nothing, so that its size alone would let it through."""
    assert problems_of(Path("/dev/zero")) == ["zero: is not a regular file"]
    file = write_case({"grid: 80 MW": "grid: {csv: /dev/zero, column: west, unit: MW}"})
    assert problems_of(file) == ["case.yaml:31:5: sites.east.grid: '/dev/zero': is not a regular file"]


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path, problems_of):
    os.mkfifo(tmp_path / "case.yaml")
    assert problems_of(tmp_path / "case.yaml") == ["case.yaml: is not a regular file"]


def test_a_file_that_holds_more_than_its_size_says_is_refused(tmp_path, monkeypatch):
    """Some systems list files of size nothing that hold something; only what is read counts."""
    file = tmp_path / "case.yaml"
    file.write_bytes(b"12345")
    listed = file.stat()
    monkeypatch.setattr(os, "fstat", lambda _: os.stat_result((*listed[:6], 0, *listed[7:])))
    assert read_content(file, 5) == b"12345"
    with pytest.raises(CaseError, match="holds more; at most 0 MB are read"):
        read_content(file, 4)
