"""Work on another machine reads the files that came with it, not those that stand there."""

from __future__ import annotations

import pickle
import shutil

import capexpand as cx
from capexpand.case.loading import copies_of, load_case
from capexpand.executing.carrying import Carrying
from capexpand.files.reading import reading_copies
from capexpand.studies.study.manifest import read_study
from capexpand.studies.study.planning import Planner


def case_with_a_table(folder):
    """A case that extends another one, the starter."""
    cx.new(folder / "below")
    (folder / "case").mkdir()
    (folder / "case" / "case.yaml").write_text("extends: ../below/case.yaml\n", encoding="utf-8")
    return folder / "case" / "case.yaml"


def test_a_case_is_loaded_from_copies_where_its_files_are_gone(tmp_path):
    """Sensitivity: without the copies the case that is extended is missing."""
    file = case_with_a_table(tmp_path / "home")
    before = load_case(file)
    copies = copies_of(file, None)
    assert set(copies) == set(before.provenance.files)
    shutil.rmtree(tmp_path / "home")
    with reading_copies(copies):
        assert load_case(file).provenance.content_hash == before.provenance.content_hash


def test_a_study_is_planned_where_nobody_sees_its_cases(tmp_path):
    """Packed as for another machine; unpacked once the files are gone, it plans the same row."""
    file = case_with_a_table(tmp_path / "home")
    manifest = tmp_path / "study.yaml"
    manifest.write_text(f"title: Alone\ncases: [{file}]\n", encoding="utf-8")
    study = read_study(manifest)
    work = Carrying(Planner.of(study), study.copies)
    here = work(study.items)
    packed = pickle.dumps(work)
    shutil.rmtree(tmp_path / "home")
    assert [row["status"] for row in here] == ["planned"]
    assert pickle.loads(packed)(study.items) == here
    assert [row["status"] for row in Planner.of(study)(study.items)] == ["invalid"]
