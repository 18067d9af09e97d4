"""A run whose files were changed together with their hashes is refused in words, never with a traceback."""

import contextlib
import hashlib
import json
import shutil
from pathlib import Path

import polars as pl
import pytest

import capexpand as cx
from capexpand.errors import CapexpandError, RunError
from capexpand.runs.folder import MANIFEST
from capexpand.runs.planned_fleet import read_planned_fleet
from capexpand.studies.breakeven.distribution import of_policy_run

SERVING = "tables/serving.parquet"


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plan the worked example once."""
    folder = tmp_path_factory.mktemp("planned") / "run"
    cx.run("two-sites", out=folder)
    return folder


def _with(planned: Path, place: Path, name: str, content: bytes) -> Path:
    """Copy a run with one file changed, and its hash with it."""
    shutil.copytree(planned, place)
    (place / name).write_bytes(content)
    manifest = json.loads((place / MANIFEST).read_text("utf-8"))
    manifest["files"][name] = hashlib.sha256(content).hexdigest()
    (place / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    return place


CHANGES = {
    "no such column": lambda table: table.drop("offer"),
    "numbers for names": lambda table: table.with_columns(offer=pl.lit(1)),
    "names for numbers": lambda table: table.with_columns(value=pl.lit("many")),
    "not a number": lambda table: table.with_columns(value=pl.lit(float("nan"))),
    "infinitely many": lambda table: table.with_columns(value=pl.lit(float("inf"))),
    "fewer than none": lambda table: table.with_columns(value=-1.0 - table["value"]),
    "empty cells": lambda table: table.with_columns(workload=pl.lit(None, pl.String)),
    "no quarter": lambda table: table.with_columns(quarter_name=pl.lit("soon")),
    "another workload": lambda table: table.with_columns(workload=pl.lit("mining")),
    "lists": lambda table: table.with_columns(plan=pl.lit(["optimised"])),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_table_of_another_form_is_named(planned: Path, tmp_path: Path, change: str) -> None:
    changed = CHANGES[change](pl.read_parquet(planned / SERVING))
    changed.write_parquet(tmp_path / "changed")
    place = _with(planned, tmp_path / "run", SERVING, (tmp_path / "changed").read_bytes())
    with pytest.raises(RunError, match=r"serving\.parquet: "):
        read_planned_fleet(place)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\xff" * 200 + b"PAR1", b"a,b\n1,2\n"])
def test_what_is_no_parquet_is_named(planned: Path, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(RunError, match=r"serving\.parquet: is no Parquet table"):
        read_planned_fleet(_with(planned, tmp_path / "run", SERVING, content))


@pytest.mark.slow
def test_a_parquet_cut_or_changed_anywhere_is_read_or_named(planned: Path, tmp_path: Path) -> None:
    whole = (planned / SERVING).read_bytes()
    for number, at in enumerate(range(0, len(whole), max(1, len(whole) // 30))):
        for content in (whole[:at], whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]):
            place = _with(planned, tmp_path / f"{number}-{len(content)}", SERVING, content)
            with contextlib.suppress(CapexpandError):  # any other error fails the test
                read_planned_fleet(place)
            shutil.rmtree(place)


DOCUMENTS = (
    "", "[]", "{}", '{"npv_quantiles": 1}', '{"npv_quantiles": {"a": 1}}', '{"npv_quantiles": {}}',
    '{"npv_quantiles": {"0.5": 1e400}, "strategies": {"policy": {"scenarios": 10, "npv": {"mean": 1}}}}',
    '{"npv_quantiles": {"7": 1}, "strategies": {"policy": {"scenarios": 10, "npv": {"mean": 1}}}}',
    '{"npv_quantiles": {"0.5": 1}, "strategies": []}', "[" * 100_000,
)  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_of_another_form_is_named(planned: Path, tmp_path: Path, document: str) -> None:
    with pytest.raises(RunError):
        of_policy_run(_with(planned, tmp_path / "run", "metrics.json", document.encode()))
