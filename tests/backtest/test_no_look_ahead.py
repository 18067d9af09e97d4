"""Nothing that became known after the day changes a forecast, bit for bit."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from editions import actual, edition, known_day, later_changes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capexpand.catalogue.point_in_time import SHIPPED, PointInTimeCatalogue, known_by, reading_from
from capexpand.catalogue.tables import TABLES
from capexpand.errors import CaseError
from capexpand.forecasting.quarters import quarter_of
from capexpand.studies.backtest.backtest import backtest, load_as_of_its_day
from capexpand.studies.backtest.forecast import Settings, freeze, freeze_spending

ALIBABA = Path(__file__).parents[2] / "cases" / "alibaba-2025"
DAY = date(2025, 2, 24)
DAYS = (DAY, date(2025, 5, 30), date(2025, 11, 25), date(2026, 3, 1))
SMALL = Settings(scenarios=20, quarters=2)
ANY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def forecast_of_the_day(everything: PointInTimeCatalogue) -> bytes:
    case, _ = load_as_of_its_day(ALIBABA, None, everything)
    return freeze(case, everything.as_known_on(DAY), DAY, before=None, settings=SMALL).frozen.serialised()


@pytest.fixture(scope="module")
def shipped_forecast() -> bytes:
    return forecast_of_the_day(SHIPPED)


@pytest.mark.slow
@settings(ANY, max_examples=3)
@given(changed=later_changes(DAY))
def test_the_alibaba_forecast_does_not_change_with_what_became_known_later(shipped_forecast, changed):
    assert forecast_of_the_day(changed) == shipped_forecast


@pytest.mark.slow
def test_the_alibaba_forecast_needs_nothing_that_became_known_later(shipped_forecast):
    """Without a single later row, and with one for which nobody recorded a day, it is the same."""
    bare = {t.name: tuple(r for r in SHIPPED.rows(t.name) if known_by(known_day(r), DAY)) for t in TABLES}
    undated = replace(actual("Alibaba", "capex", quarter_of(DAY) - 2, 1.0), known_on=None)
    bare["actuals"] = (*bare["actuals"], undated)
    assert forecast_of_the_day(PointInTimeCatalogue(bare)) == shipped_forecast


@pytest.mark.slow
def test_the_alibaba_forecast_changes_with_what_was_known(shipped_forecast):
    """The test above would hold for a forecast that reads nothing; this one does not."""
    rows = [
        replace(row, value=row.value * 1.01)
        if row.company == "Alibaba" and known_by(row.known_on, DAY)
        else row
        for row in SHIPPED.rows("actuals")
    ]
    assert forecast_of_the_day(PointInTimeCatalogue({"actuals": tuple(rows)})) != shipped_forecast


@settings(ANY, max_examples=25)
@given(data=st.data(), day=st.sampled_from(DAYS))
def test_no_spending_forecast_changes_with_what_became_known_later(data, day):
    changed = data.draw(later_changes(day))
    said = [
        freeze_spending(each.as_known_on(day), day, beside=4800.0, company="Alibaba", first=True).serialised()
        for each in (SHIPPED, changed)
    ]
    assert said[0] == said[1]


@settings(ANY, max_examples=15)
@given(data=st.data(), day=st.sampled_from(DAYS))
def test_an_edition_of_a_day_holds_nothing_later(data, day):
    """Row by row, whatever happens to later rows of any table; so neither does any view of it."""
    changed = data.draw(later_changes(day))
    assert changed.as_known_on(day).digest == SHIPPED.as_known_on(day).digest


@pytest.mark.slow
def test_a_forecast_reads_nothing_but_the_case_and_the_edition_of_its_day(monkeypatch, shipped_forecast):
    """Neither a shipped table, nor one whose rows carry no day, is opened while a forecast is made."""
    known = SHIPPED.as_known_on(DAY)
    case, _ = load_as_of_its_day(ALIBABA, None, SHIPPED)

    def opened(*_: object) -> None:
        raise AssertionError("a table was read that is not in the edition of the day")

    monkeypatch.setattr("capexpand.catalogue.point_in_time.load_table", opened)
    for name in ("model_rows", "serving_chip_rows"):
        monkeypatch.setattr(f"capexpand.hardware.chips.{name}", opened)
    monkeypatch.setattr("capexpand.hardware.validation.throughput_facts", opened)
    monkeypatch.setattr("pathlib.Path.open", opened)
    monkeypatch.setattr("pathlib.Path.read_text", opened)
    made = freeze(case, known, DAY, before=None, settings=SMALL)
    assert made.frozen.serialised() == shipped_forecast


def test_every_day_of_a_backtest_stays_as_it_was_when_more_is_reported(two_sites):
    """Three reports, the last one changed tenfold: what was said before it stays, its score does not."""
    first = quarter_of(date(2025, 1, 1))

    def rows(last: float) -> PointInTimeCatalogue:
        revenue = (90.0, 120.0, last)
        return edition(
            *(actual("Example Cloud", "cloud_revenue", first + n, value) for n, value in enumerate(revenue)),
            *(actual("Example Cloud", "capex", first + n, value) for n, value in enumerate(revenue)),
        )

    one, other = (backtest(two_sites, edition=rows(last), settings=SMALL) for last in (150.0, 1500.0))
    assert [f.as_of for f in one.frozen] == [date(2025, 3, 31), date(2025, 5, 10), date(2025, 8, 9)]
    assert [f.serialised() for f in one.frozen] == [f.serialised() for f in other.frozen]
    assert [d.serialised() for d in one.spending[:3]] == [d.serialised() for d in other.spending[:3]]
    assert [s.actual for s in one.scored] != [s.actual for s in other.scored]


def test_hindsight_is_refused_and_listed():
    """As it stands the case takes energy prices and efficiencies from later evidence; strict it does not."""
    case, applied = load_as_of_its_day(ALIBABA, None, SHIPPED)
    assert applied == "strict"
    assert case.as_of == DAY
    with pytest.raises(CaseError) as refused:
        load_as_of_its_day(ALIBABA, "late-power", SHIPPED)
    message = str(refused.value)
    assert "sites.ulanqab.energy_price (evidence of 2026-07-09)" in message
    assert "throughput of workloads.tokens-large (measured later)" in message


def test_an_edition_that_stands_in_ends_with_its_block():
    from capexpand.catalogue import actuals

    with reading_from(PointInTimeCatalogue({"actuals": ()})):
        assert actuals() == ()
    assert actuals() == SHIPPED.rows("actuals")
