"""The shipped programmes are held against what was reported, without anything that became known later."""

from datetime import date
from pathlib import Path

import pytest

from capexpand.case.numbers import numbers
from capexpand.catalogue.point_in_time import SHIPPED
from capexpand.errors import CaseError
from capexpand.forecasting.quarters import label, last_day
from capexpand.studies.backtest.backtest import Backtest, backtest, load_as_of_its_day
from capexpand.studies.backtest.forecast import Settings

CASES = Path(__file__).parents[2] / "cases"
PROGRAMMES = ("alibaba-2025", "bytedance-2025", "meta-2025", "microsoft-fy2025")
SMALL = Settings(scenarios=16, quarters=2)
FIRST = 2022 * 4
KNOWN = SHIPPED.as_known_on(date(2025, 10, 31))
"""A few reports after each case's day, so that a few plans do."""


@pytest.mark.parametrize("name", PROGRAMMES)
def test_each_shipped_programme_has_a_variant_without_hindsight(name: str) -> None:
    case, applied = load_as_of_its_day(CASES / name, None, SHIPPED)
    assert applied == "strict"
    assert [number.path for number in numbers(case) if number.figure.hindsight] == []


@pytest.fixture
def own_figures(tmp_path: Path) -> Path:
    """A table of a company that the catalogue lacks: spending that grows by 5 % a quarter."""
    rows = ["company,measure,quarter_end,value,unit"]
    rows += [
        f"ByteDance,capital_expenditure,{last_day(FIRST + n)},{10.0 * 1.05**n:.3f},bn CNY" for n in range(14)
    ]
    file = tmp_path / "bytedance.csv"
    file.write_text("\n".join(rows) + "\n", "utf-8")
    return file


def held_quarters(found: Backtest, company: str) -> set[str]:
    """Quarters of a company's spending of which some day's forecast was scored."""
    return {
        label(each.quarter) for each in found.scored if (each.part, each.subject) == ("spending", company)
    }


@pytest.mark.slow
@pytest.mark.parametrize(("name", "company"), [("microsoft-fy2025", "Microsoft"), ("meta-2025", "Meta")])
def test_microsoft_and_meta_are_held_against_their_reports(name: str, company: str) -> None:
    found = backtest(CASES / name, edition=KNOWN, settings=SMALL)
    assert found.variant == "strict"
    days = [frozen.as_of for frozen in found.frozen]
    assert days == sorted(set(days))
    assert len(days) > 1
    assert "2025Q2" in held_quarters(found, company)


@pytest.mark.slow
def test_bytedance_is_held_against_a_table_of_its_own(own_figures: Path) -> None:
    """The catalogue has no reports of it, and without a table the error says so."""
    with pytest.raises(CaseError, match=r"no reports of 'ByteDance'.*\(--series\)"):
        backtest(CASES / "bytedance-2025", edition=KNOWN, settings=SMALL)
    found = backtest(CASES / "bytedance-2025", series=own_figures, edition=KNOWN, settings=SMALL)
    assert found.variant == "strict"
    assert "2025Q2" in held_quarters(found, "ByteDance")
