"""A sweep in shards is the sweep in one piece, and shards that do not fit together are refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_case import SMALL

import capexpand as cx
from capexpand.studies.shards import Shard, read_shard
from capexpand.studies.sweep.shards import places_of
from commands import answered, invoke

AXES = ["programme.cap=0.5x:1.5x:4", "workloads.chat.price=0.5x:1.5x:3"]

FEW = ["programme.cap=0.3x:1.3x:2", "offers.server.buy.price=0.5x:1.5x:2"]


def written(folder: Path, cap: str = "10 mn CNY") -> str:
    """Return the folder of the small case, which extends another file and has a variant."""
    case = json.loads(json.dumps(SMALL))
    case["programme"]["cap"] = cap
    case["variants"] = {"dear": {"title": "Dear", "set": {"offers.server.buy.price": "2 mn CNY"}}}
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / "below.yaml").write_text(json.dumps(case), encoding="utf-8")
    (folder / "case.yaml").write_text("extends: ../below.yaml\n", encoding="utf-8")
    return str(folder)


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


NUMBERED = ("charts/sweep-map.svg", "run.json")
"""The renderer numbers the parts of pictures on through a process, so two in one differ, and their hashes;
tests/docs/test_cluster_files.py compares them from processes of their own."""


def different(one: Path, other: Path) -> list[str]:
    """Return the files that only one of two folders has, or that differ."""
    left, right = content(one), content(other)
    names = sorted({*left, *right} - {*NUMBERED})
    return [name for name in names if left.get(name) != right.get(name)]


def made(place: str, folder: Path, of: int, **asked: object) -> list[Path]:
    """Return the folders of all shards."""
    folders = [folder / str(number) for number in range(1, of + 1)]
    for number, one in enumerate(folders, start=1):
        cx.sweep(place, vary=AXES, shard=f"{number}/{of}", out=one, workers=1, **asked)  # type: ignore[arg-type]
    return folders


@pytest.mark.slow
@pytest.mark.parametrize("of", [1, 3, 20])
def test_merged_shards_are_the_run_of_one_machine_byte_for_byte(tmp_path, of):
    """With 20 shards of 12 points eight are empty; the case is gone when they are merged."""
    place = written(tmp_path / "home" / "case")
    cx.sweep(place, vary=AXES, workers=2, out=tmp_path / "whole")
    folders = made(place, tmp_path / "shards", of)
    shutil.rmtree(tmp_path / "home")
    cx.merge(folders[::-1], out=tmp_path / "merged")
    assert different(tmp_path / "merged", tmp_path / "whole") == []
    assert len(content(tmp_path / "whole")) > 8


@pytest.mark.slow
def test_variants_and_added_points_survive_the_way_through_shards(tmp_path):
    place = written(tmp_path / "home" / "case")
    asked = {"vary": [*FEW, "variant=as-declared,dear"], "bracket": 2.0, "add": 4}
    cx.sweep(place, workers=1, out=tmp_path / "whole", **asked)
    folders = [tmp_path / str(number) for number in (1, 2)]
    for number, folder in enumerate(folders, start=1):
        cx.sweep(place, workers=1, shard=f"{number}/2", out=folder, **asked)
    shutil.rmtree(tmp_path / "home")
    merged = cx.merge(folders, out=tmp_path / "merged", workers=1)
    assert len(merged.found.added) > 0
    assert different(tmp_path / "merged", tmp_path / "whole") == []
    assert merged.bracket({"variant": "dear"}).width >= 0.0


def test_a_shard_that_stands_is_not_planned_again_and_one_that_was_changed_is(tmp_path):
    place = written(tmp_path / "home" / "case")
    (folder,) = made(place, tmp_path / "shards", 1)
    before, stamp = content(folder), (folder / "run.json").stat().st_ino
    made(place, tmp_path / "shards", 1)
    assert (folder / "run.json").stat().st_ino == stamp
    (folder / "points.cxs").write_bytes(b"CXS1")
    with pytest.raises(cx.RunError, match="was changed after the run was written"):
        cx.merge([folder])
    made(place, tmp_path / "shards", 1)
    assert content(folder) == before


def test_what_does_not_fit_together_is_said_in_one_sentence_each(tmp_path):
    place = written(tmp_path / "home" / "case")
    one, two, three = made(place, tmp_path / "shards", 3)
    (other,) = made(written(tmp_path / "other" / "case", "9 mn CNY"), tmp_path / "others", 1)
    (seeded,) = made(place, tmp_path / "seeded", 1, seed=2)
    for folders, said in (
        ([], "nothing to merge"),
        ([one, three], r"^shard 2 of 3 is missing; make it with --shard 2/3$"),
        ([one], r"^shards 2 and 3 of 3 are missing; make them with --shard 2/3 and so on$"),
        ([one, two, three, one], r"^shard 1/3 is named 2 times, as .*1 and .*1$"),
        ([one, two, other], r"is of another case than"),
        ([one, two, seeded], r"is of another sweep of the case than"),
        ([one, tmp_path / "none"], r"none: is no run folder"),
    ):
        with pytest.raises(cx.RunError, match=said) as error:
            cx.merge(folders, out=tmp_path / "merged")
        assert len(str(error.value).splitlines()) == 1
    assert not (tmp_path / "merged").exists()


def test_shards_of_other_versions_are_named_with_them(tmp_path):
    one, two = made(written(tmp_path / "home" / "case"), tmp_path / "shards", 2)
    manifest = json.loads((two / "run.json").read_text())
    manifest["made_with"]["highspy"] = "1.2.3"
    (two / "run.json").write_text(json.dumps(manifest))
    with pytest.raises(cx.RunError, match=r"was made with highspy 1\.2\.3, not .* as .*; make both with one"):
        cx.merge([one, two])
    with pytest.raises(cx.RunError, match=r"was made with highspy .*, not 1\.2\.3"):
        cx.merge([two, one])
    del manifest["asked"]["vary"]
    (two / "run.json").write_text(json.dumps(manifest))
    with pytest.raises(cx.RunError, match="does not describe a shard"):
        cx.merge([one, two])


@pytest.mark.parametrize(
    ("shard", "said"),
    [
        ("41/40", "there is no shard 41 of 40; they are numbered 1 to 40"),
        ("0/40", "there is no shard 0 of 40"),
        ("1/0", "there are 1 to 100,000 shards"),
        ("third", "'third' is no shard; write NUMBER/SHARDS, as 3/40"),
        ("-1/4", "is no shard"),
    ],
)
def test_a_shard_that_cannot_be_is_refused_before_any_work(tmp_path, shard, said):
    with pytest.raises(cx.CaseError, match=said):
        cx.sweep(tmp_path / "no case is read", shard=shard, out=tmp_path / "run")


def test_a_shard_needs_a_folder_and_commands_print_json(tmp_path):
    place = written(tmp_path / "home" / "case")
    command = ["sweep", place, "--vary", AXES[0], "--shard", "1/1", "--workers", "1"]
    wrong = invoke(*command)
    assert "name it with --out" in str(wrong.exception)
    assert answered(*command, "--out", tmp_path / "1")["points"] == 4
    assert answered("merge", tmp_path / "1")["planned"] == 4


@given(st.data())
def test_shards_share_all_points_and_need_only_the_ancestors_of_their_first(data):
    """Any forest, any order in which parents stand first, any number of shards."""
    size = data.draw(st.integers(0, 30))
    parents = [data.draw(st.integers(-1, place - 1)) for place in range(size)]
    of = data.draw(st.integers(1, 12))
    found = [places_of(Shard(number, of), range(size), parents) for number in range(1, of + 1)]
    assert sorted(place for own, _ in found for place in own) == list(range(size))
    for own, before in found:
        assert abs(len(own) - size / of) < 1.0
        for place in {*own, *before}:
            assert parents[place] in {-1, *own, *before}
        assert len({_depth(parents, place) for place in before}) == len(before)  # on one way up
    assert str(read_shard(f" {of} / {of} ")) == f"{of}/{of}"


def _depth(parents: list[int], place: int) -> int:
    steps = 0
    while place >= 0:
        place, steps = parents[place], steps + 1
    return steps
