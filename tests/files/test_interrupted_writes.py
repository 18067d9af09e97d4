"""A write killed, or out of disk space, at any of its system calls leaves the old or the new, whole."""

import os
from pathlib import Path

import pytest
from interrupted import BROKEN, DONE, KILLED, REFUSED, every_call

from capexpand.files import csv_of, write_file
from capexpand.runs.folder import Content, read_manifest, write_run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
OLD = Content({"report.html": b"old", "tables/a.csv": b"1\n"}, {"capexpand": "1"})
NEW = Content({"report.html": b"new", "tables/b.csv": b"2\n"}, {"capexpand": "2"})


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("exchange", [True, False])
@pytest.mark.parametrize("fault", ["kill", "full"])
def test_a_run_that_replaces_another_is_whole_after_any_interruption(
    tmp_path: Path, fault: str, exchange: bool
) -> None:
    place = tmp_path / "run"
    found = set()
    write_run(place, OLD)
    for end in every_call(lambda: write_run(place, NEW), fault, exchange=exchange):
        found.add(end)
        assert end != BROKEN
        manifest = read_manifest(place)
        expected = NEW if manifest["capexpand"] == "2" else OLD
        files = _files(place)
        del files["run.json"]
        assert files == expected.files
        assert end == KILLED or (expected is NEW) == (end == DONE)
        write_run(place, OLD)  # the next start
        assert os.listdir(tmp_path) == ["run"]  # noqa: PTH208
    assert found == ({KILLED, DONE} if fault == "kill" else {REFUSED, DONE})


@pytest.mark.parametrize("fault", ["kill", "full"])
def test_a_first_run_is_whole_or_absent_after_any_interruption(tmp_path: Path, fault: str) -> None:
    place = tmp_path / "runs" / "run"
    for end in every_call(lambda: write_run(place, NEW), fault):
        assert end != BROKEN
        if place.exists():
            read_manifest(place)
            files = _files(place)
            assert len(files) == 3
        else:
            assert end != DONE
        write_run(place, OLD)
        assert os.listdir(place.parent) == ["run"]  # noqa: PTH208
        for path in sorted(place.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        place.rmdir()


@pytest.mark.parametrize("before", [b"", b"a,b\nold,1\n"])
@pytest.mark.parametrize("fault", ["kill", "full"])
def test_a_file_is_whole_or_as_before_after_any_interruption(
    tmp_path: Path, fault: str, before: bytes
) -> None:
    place, after = tmp_path / "out.csv", b"a,b\n" + b"new,2\n" * 1000
    if before:
        place.write_bytes(before)
    for end in every_call(lambda: write_file(place, after, ours=csv_of("a", "b")), fault):
        assert end != BROKEN
        found = place.read_bytes() if place.exists() else b""
        assert found in (before, after)
        assert end == KILLED or (found == after) == (end == DONE)
        write_file(place, after, ours=csv_of("a", "b"))  # the next start
        assert os.listdir(tmp_path) == ["out.csv"]  # noqa: PTH208
        if before:
            place.write_bytes(before)
        else:
            place.unlink()


def test_on_a_full_disk_nothing_is_left_behind(tmp_path: Path) -> None:
    place = tmp_path / "out.csv"
    for end in every_call(lambda: write_file(place, "a,b\n", ours=csv_of("a", "b")), "full"):
        assert os.listdir(tmp_path) == ([] if end == REFUSED else ["out.csv"])  # noqa: PTH208
