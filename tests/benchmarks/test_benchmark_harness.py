"""The benchmark harness computes what it says, and a phase that cannot run is not passed over."""

import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def harness(monkeypatch):
    """Return the harness's modules, imported as `python benchmarks/run.py` would."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    import measure
    import run

    return measure, run


def comparison(measure, ours, theirs):
    return measure.Comparison("solve", measure.Samples("ours", ours, 12.0), measure.Samples("theirs", theirs))


def test_the_ratio_is_that_of_the_medians(harness):
    """Medians 4 s and 2 s: the ratio is 2. Sensitivity: with means (5 and 2) it would be 2.5."""
    measure, _ = harness
    assert comparison(measure, (4.0, 3.0, 8.0), (2.0, 1.0, 3.0)).ratio == 2.0


def test_the_spread_is_the_range_over_the_median(harness):
    measure, _ = harness
    assert measure.Samples("ours", (4.0, 3.0, 8.0)).spread == 1.25


def test_the_table_has_a_line_for_each_comparison(harness):
    measure, run = harness
    text = run.table([comparison(measure, (4.0,), (0.002,))])
    assert text.splitlines()[1].split() == (
        ["solve", "ours", "4.00", "s", "12", "MB", "theirs", "2.0", "ms", "2000.00", "0%"]
    )


def test_programs_and_calls_are_measured_as_often_as_asked(harness):
    measure, _ = harness
    nothing = measure.python("nothing", "-c", "")
    programs = measure.compare_programs("start", nothing, nothing, repeats=2)
    assert len(programs.subject.seconds) == len(programs.rival.seconds) == 2
    assert programs.subject.peak_memory_mb > 1

    calls = []
    measure.compare_calls(
        "call",
        measure.Call("first", lambda: calls.append("first")),
        measure.Call("second", lambda: calls.append("second")),
        repeats=3,
    )
    assert calls == ["first", "second"] * 4  # one to warm up, and in turns


def test_a_phase_that_cannot_run_is_told_and_changes_the_exit_code(harness, monkeypatch, capsys, tmp_path):
    measure, run = harness

    def broken(repeats):
        program = measure.python("broken", "-c", "raise SystemExit('no such case')")
        return [measure.compare_programs("broken", program, program, repeats=repeats)]

    def fine(repeats):
        nothing = measure.python("nothing", "-c", "")
        return [measure.compare_programs("fine", nothing, nothing, repeats=repeats)]

    monkeypatch.setattr(run, "PHASES", {"broken": broken, "fine": fine})
    record = tmp_path / "record.json"
    assert run.main(["--repeats", "1", "--json", str(record)]) == 1
    assert "no such case" in capsys.readouterr().err
    assert [entry["phase"] for entry in json.loads(record.read_text())["comparisons"]] == ["fine"]


def test_an_unknown_phase_is_refused_with_the_known_ones(harness, capsys):
    _, run = harness
    with pytest.raises(SystemExit):
        run.main(["sleep"])
    assert "import, help, check" in capsys.readouterr().err
