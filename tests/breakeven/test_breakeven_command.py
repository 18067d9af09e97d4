"""``capexpand breakeven`` as a user meets it."""

import json
from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.errors import CaseError
from capexpand.model.compile import compile_case
from capexpand.runs.folder import read_manifest
from capexpand.studies.breakeven.drivers import chosen, drivers_of, general
from capexpand.studies.breakeven.valuation import paying_workloads
from commands import capexpand

CASES = Path(__file__).parents[2] / "cases"


@pytest.mark.slow
def test_the_result_is_one_json_object_and_a_run_folder(tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = capexpand(
        "breakeven", CASES / "two-sites", "--driver", "price", "--pair", "none", "--out", out, "--json"
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [(row["driver"], row["reading"]) for row in result["break_even"]] == [
        ("price", "planned"),
        ("price", "committed"),
    ]
    assert result["break_even"][1]["level"] == pytest.approx(0.8076, abs=1e-3)
    assert result["distribution"]["chance_of_zero_or_more"] == [1.0, 1.0]
    assert read_manifest(out)["kind"] == "breakeven"
    assert json.loads((out / "breakeven.json").read_text("utf-8")) == result
    page = (out / "report.html").read_text("utf-8")
    assert "Break-even: " in page
    assert "0.808 of what is assumed" in page


@pytest.mark.slow
def test_the_same_case_gives_the_same_folder_twice(tmp_path: Path) -> None:
    for name in ("one", "two"):
        done = capexpand("breakeven", CASES / "two-sites", "--driver", "volume", "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
    one, two = (read_manifest(tmp_path / name)["files"] for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("--driver", "prise"),
            "there is no driver 'prise'; did you mean price? this case has price,",
        ),
        (("--pair", "price"), "'price' is not a pair"),
        (("--pair", "price,price"), "'price' is named twice"),
        (("--pair", "price,sun"), "there is no driver 'sun'"),
    ],
)
def test_a_mistake_ends_with_a_message(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    done = capexpand("breakeven", CASES / "two-sites", *arguments, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_case_has_the_levers_that_move_something() -> None:
    case = load_case(CASES / "alibaba-2025")
    m = compile_case(case)
    drivers = drivers_of(case, m, paying_workloads(m, transfer=False))
    assert {"price", "growth", "pass-through", "grid-delay", "price:tokens-large"} <= set(drivers)
    assert "transfer-value" not in drivers  # the internal workloads are beside customers, so cash counts
    assert "price:commerce-ai" not in drivers
    with pytest.raises(CaseError, match="volume:tokens-small"):
        chosen(drivers, ("volume:tokens-smal",))
    for driver in general(drivers):
        moved = driver.change(m, driver.assumed)
        for part in ("sites", "power", "offers", "workloads"):
            for field in getattr(m, part).__slots__:
                before, after = getattr(getattr(m, part), field), getattr(getattr(moved, part), field)
                if hasattr(before, "dtype") and before.dtype.kind == "f":
                    assert after == pytest.approx(before, rel=1e-12, nan_ok=True), f"{driver.name}: {field}"
