"""The program that is exported is the one that is solved: HiGHS reads it back to the same optimum."""

from pathlib import Path

import highspy
import pytest

from capexpand.case.loading import load_case
from capexpand.errors import RunError
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import build_program, optimise_plan
from capexpand.optimiser.exporting import check_export, export_program, plain_names

CASES = Path(__file__).parents[2] / "cases"


def solved(path):
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    assert solver.readModel(str(path)) == highspy.HighsStatus.kOk
    solver.run()
    return solver


@pytest.mark.parametrize("suffix", [".mps", ".lp"])
@pytest.mark.parametrize("variant", [None, "late-power"])
def test_highs_reads_an_exported_program_back_to_the_same_optimum(tmp_path, suffix, variant):
    """Sensitivity: with the sense lost, the least objective would be far below."""
    m = compile_case(load_case(CASES / "two-sites", variant))
    path = tmp_path / f"program{suffix}"
    export_program(m, path)
    solver = solved(path)
    assert solver.getLp().sense_ == highspy.ObjSense.kMaximize
    expected = optimise_plan(m).solver.objective
    assert solver.getInfo().objective_function_value == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bytedance-2025", "microsoft-fy2025"])
def test_a_large_program_is_read_back_to_the_same_optimum(tmp_path, name):
    m = compile_case(load_case(CASES / name))
    path = tmp_path / "program.mps"
    export_program(m, path)
    expected = optimise_plan(m, duals=False).solver.objective
    assert solved(path).getInfo().objective_function_value == pytest.approx(expected, rel=1e-7)


def test_names_tell_what_a_column_is_and_are_unique():
    program, _ = build_program(compile_case(load_case(CASES / "two-sites")))
    names = plain_names(program.column_blocks, program.cost.size, "x")
    assert len(set(names)) == len(names) == program.cost.size
    assert any("coast" in name and "server" in name for name in names)
    assert all(len(name) < 200 and name.replace("_", "").replace(".", "").isalnum() for name in names)


def test_only_mps_and_lp_are_written_and_no_foreign_file_is_replaced(tmp_path):
    with pytest.raises(RunError, match=r"\.mps or \.lp"):
        check_export(tmp_path / "program.txt")
    foreign = tmp_path / "notes.lp"
    foreign.write_text("my notes")
    with pytest.raises(RunError):
        check_export(foreign)
    assert foreign.read_text() == "my notes"
