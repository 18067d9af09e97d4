"""A policy run is the same, byte for byte, with any number of workers."""

from pathlib import Path

import pytest

import capexpand as cx


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_one_and_four_workers_write_the_same_bytes(tmp_path: Path) -> None:
    for workers in (1, 4):
        cx.run(
            "two-sites", out=tmp_path / str(workers), policy=True, scenarios=40, iterations=8, workers=workers
        )
    one, four = content(tmp_path / "1"), content(tmp_path / "4")
    assert len(one) > 10
    assert one == four
