"""Run folders are written whole or not at all, and say when something in them was changed."""

import json
import os
from pathlib import Path

import pytest

from capexpand.errors import RunError
from capexpand.runs.folder import MANIFEST, Content, check_place, read_manifest, usual_folder, write_run

CONTENT = Content({"report.html": b"<p>page</p>", "tables/orders.csv": b"a,b\n"}, {"capexpand": "1.0"})


def test_a_run_holds_its_files_and_their_hashes(tmp_path: Path) -> None:
    write_run(tmp_path / "run", CONTENT)
    manifest = read_manifest(tmp_path / "run")
    assert manifest["capexpand"] == "1.0"
    assert sorted(manifest["files"]) == ["report.html", "tables/orders.csv"]  # type: ignore[call-overload]
    assert (tmp_path / "run/tables/orders.csv").read_bytes() == b"a,b\n"


def test_an_older_run_is_replaced_whole(tmp_path: Path) -> None:
    write_run(tmp_path / "run", Content({"old.csv": b"1"}, {}))
    write_run(tmp_path / "run", CONTENT)
    assert not (tmp_path / "run/old.csv").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_nothing_is_left_behind_when_a_file_cannot_be_written(tmp_path: Path) -> None:
    write_run(tmp_path / "run", CONTENT)
    with pytest.raises(RunError, match="cannot be written"):
        write_run(tmp_path / "run", Content({"report.html": b"new", "report.html/inside": b""}, {}))
    assert (tmp_path / "run/report.html").read_bytes() == b"<p>page</p>"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_folder_that_is_no_run_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/dear.txt").write_text("keep me")
    with pytest.raises(RunError, match="is no run folder"):
        write_run(tmp_path / "letters", CONTENT)
    assert (tmp_path / "letters/dear.txt").read_text() == "keep me"


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(RunError, match="is no folder"):
        check_place(tmp_path / "out")


def test_a_file_in_the_way_of_a_parent_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(RunError, match=r"deep: .*out is no folder; name another --out"):
        check_place(tmp_path / "out" / "runs" / "deep")


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    for place in (tmp_path / ("x" * 300), tmp_path / ("x" * 300) / "run"):
        with pytest.raises(RunError, match="cannot be written"):
            check_place(place)


def test_the_longest_name_that_is_allowed_is_no_problem(tmp_path: Path) -> None:
    """What is made beside the folder on the way has a name of its own, which must fit, too."""
    for _ in range(2):
        write_run(tmp_path / ("x" * 255), CONTENT)
    assert [path.name for path in tmp_path.iterdir()] == ["x" * 255]


@pytest.mark.parametrize("place", ["", ".", "..", "runs/.."])
def test_a_place_without_a_name_of_its_own_is_refused(place: str) -> None:
    with pytest.raises(RunError, match="does not name a folder"):
        check_place(Path(place))


def test_a_place_is_made_with_its_parents(tmp_path: Path) -> None:
    write_run(tmp_path / "a/b/run", CONTENT)
    assert (tmp_path / "a/b/run" / MANIFEST).is_file()


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may write anywhere")
def test_a_place_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(RunError, match="cannot be written"):
        check_place(tmp_path / "run")


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    write_run(tmp_path / "run", CONTENT)
    (tmp_path / "run/report.html").write_text("changed")
    with pytest.raises(RunError, match="was changed"):
        read_manifest(tmp_path / "run")


def test_a_missing_file_is_noticed(tmp_path: Path) -> None:
    write_run(tmp_path / "run", CONTENT)
    (tmp_path / "run/report.html").unlink()
    with pytest.raises(RunError, match="is missing"):
        read_manifest(tmp_path / "run")


@pytest.mark.parametrize("text", ["", "{", json.dumps([])])
def test_a_folder_without_a_readable_manifest_is_no_run(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(RunError, match="is no run folder"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("case", "variant", "kind", "folder"),
    [
        ("cases/mine", None, "", "runs/mine"),
        ("cases/mine/case.yaml", "late", "", "runs/mine-late"),
        ("cases/mine.v2.yaml", None, "backtest", "runs/mine.v2-backtest"),
        ("cases/mine/deeper/..", "late", "breakeven", "runs/mine-late-breakeven"),
    ],
)
def test_a_run_without_a_place_is_named_after_its_case(
    case: str, variant: str | None, kind: str, folder: str
) -> None:
    assert usual_folder(Path(case), variant, kind) == Path(folder)


def test_a_case_folder_whose_name_looks_like_a_file_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "plans.yaml").mkdir()
    assert usual_folder(tmp_path / "plans.yaml") == Path("runs/plans.yaml")


def test_a_file_that_somebody_put_into_a_run_is_not_lost(tmp_path: Path) -> None:
    write_run(tmp_path / "run", CONTENT)
    (tmp_path / "run/tables/notes.txt").write_text("mine")
    with pytest.raises(RunError, match=r"tables.notes\.txt was not written by a run"):
        write_run(tmp_path / "run", CONTENT)
    assert (tmp_path / "run/tables/notes.txt").read_text() == "mine"


def test_a_link_to_a_run_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "run", CONTENT)
    (tmp_path / "latest").symlink_to("run")
    with pytest.raises(RunError, match="is a link"):
        check_place(tmp_path / "latest")


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "[]",
        "{}",
        '{"files": []}',
        '{"files": {"a": 1}}',
        '{"files": {"../a": "0"}}',
        "[" * 100_000,
        "\0",
        '{"files": {"/etc/passwd": "0"}}',
        '{"files": {"": "0"}}',
        '{"files": {"a\\u0000": "0"}}',
    ],
)
def test_a_manifest_of_another_form_is_refused_in_words(tmp_path: Path, manifest: str) -> None:
    (tmp_path / MANIFEST).write_text(manifest)
    with pytest.raises(RunError, match=r"run folder|no file of the run"):
        read_manifest(tmp_path)
    with pytest.raises(RunError, match=r"run folder|no file of the run"):
        check_place(tmp_path)
