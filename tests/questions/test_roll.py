"""A plan rolled forward: what stands is kept, the rest stays the best, and not to know has its price."""

import json
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rolled_plans import rolled
from small_case import SMALL, loaded

import capexpand as cx
from capexpand.case.loading import load_case
from capexpand.errors import CaseError
from capexpand.finance.statements import statement
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.studies.roll.actuals import ActualRow, read_actuals, table_of
from capexpand.studies.roll.expected import expected_actuals
from capexpand.studies.roll.history import history
from capexpand.studies.roll.rolling import roll_forward, template
from capexpand.studies.roll.sheet import roll_sheet
from capexpand.studies.roll.state import rolled_case
from capexpand.studies.subjects import Subject
from commands import capexpand

TWO_SITES = Path(__file__).parents[2] / "cases" / "two-sites"


def two_sites():
    return Subject("two-sites", load_case(TWO_SITES))


def test_where_all_went_to_plan_the_rest_of_the_plan_stays_the_best(tmp_path):
    """Two sites: by the end of June 4 MW are ordered at the coast, 36 of 120 mn paid. The best plan from
    there orders what the old one would have, and its objective is that of the old plan without the 36 mn.

    Sensitivity: were the 84 mn still due forgotten, it would be 84 mn more.
    """
    found = rolled(tmp_path, two_sites(), date(2025, 6, 30))
    assert found.surprises == ()
    assert found.change.decisions == ()
    old, new = (side.findings.result.plan for side in (found.change.old, found.change.new))
    assert new.solver.objective == pytest.approx(old.solver.objective + 36.0)
    assert found.rolled.spent == pytest.approx(120.0)
    assert found.case.programme.cap.value == pytest.approx(880.0)
    assert {share.cause for share in found.change.causes.shares if abs(share.amount) > 1e-6} == {"time"}


def test_a_demand_that_stays_behind_is_a_fact_and_changes_what_is_ordered_next(tmp_path):
    """A quarter less demand: 600, of which 60 % pays the full price. The coast's 4 MW then serve 360 at it,
    so 360 servers are ordered in place of 400, and nothing in the west.
    """
    low = {"chat,2025-04-01,800": "chat,2025-04-01,600"}
    found = rolled(tmp_path, two_sites(), date(2025, 6, 30), low)
    assert [(one.actual.quantity, one.expected, one.actual.value) for one in found.surprises] == [
        ("demand", 800.0, 600.0)
    ]
    assert {(one.quarter, one.unit): one.change for one in found.change.decisions} == pytest.approx(
        {("2025Q3", "MW"): -4 / 11, ("2025Q3", "units"): -40.0, ("2025Q4", "units"): -400 / 11}
    )
    assert "facts" in {share.cause for share in found.change.causes.shares}
    m = compile_case(found.case)
    assert m.workloads.demand[0].sum(axis=0) == pytest.approx(600.0)


@given(
    price=st.floats(0.3, 1.5),
    lead=st.integers(0, 2),
    deposit=st.integers(0, 100),
    supply=st.integers(2, 12),
    standing=st.integers(0, 8),
    decided=st.integers(1, 3),
)
@settings(max_examples=25)
def test_the_rest_of_any_plan_stays_the_best(price, lead, deposit, supply, standing, decided):
    """Without discount, tax and end values, old objective = cash of the quarters over + new objective."""
    case = loaded(
        {
            "calendar.quarters": 6,
            "programme.window_quarters": 6,
            "programme.cap": "8 mn CNY",
            "offers.server.buy": {"price": f"{price:.4f} mn CNY", "deposit": f"{deposit} %"},
            "offers.server.lead_time": f"{3 * lead} months",
            "offers.server.supply": {"CN": {"limit": f"{supply} units/quarter"}},
            "offers.server.stock": "11 units",
            "sites.east.build": {
                "cost": "2 mn CNY/MW",
                "lead_time": "3 months",
                "deposit": "50 %",
                "maintenance": "0 CNY/MW/quarter",
            },
            "opening.sites.east.installed": {"server": standing},
        }
    )
    plan = optimise_plan(compile_case(case))
    rows = expected_actuals(case, plan, decided)
    later = optimise_plan(compile_case(rolled_case(case, plan, decided, rows).case))
    cash = float(statement(plan).free_cash_flow[:decided].sum())
    assert later.solver.objective == pytest.approx(plan.solver.objective - cash, abs=1e-5)


def test_growth_goes_on_from_where_it_began(tmp_path):
    growing = {"value": "8 tn token/quarter", "growth": "50 %/year"}
    case = loaded({"workloads.chat.demand": growing, "calendar.quarters": 6, "programme.window_quarters": 6})
    found = rolled(tmp_path, Subject("small", case), date(2025, 9, 30))
    before = compile_case(case).workloads.demand[0, 0]
    assert compile_case(found.case).workloads.demand[0, 0] == pytest.approx(before[2:])
    assert all(change.cause == "time" for change in found.change.numbers_changed)


def test_observations_are_held_against_what_is_expected_after_those_before(tmp_path):
    """Demand 100: 80 observed in the first quarter, 84 in the second, 5 % more than the 80 then expected."""
    rows = (
        ActualRow("power", site="east", value=1.0, unit="MW"),
        ActualRow("demand", workload="chat", date=date(2025, 4, 1), value=80, unit="tn token/quarter"),
        ActualRow("demand", workload="chat", date=date(2025, 7, 1), value=84, unit="tn token/quarter"),
        ActualRow("price", workload="chat", date=date(2025, 7, 1), value=0.9, unit="CNY/Mtoken"),
        ActualRow("offer_price", offer="server", date=date(2025, 7, 1), value=1.2, unit="mn CNY"),
    )
    file = tmp_path / "actuals.csv"
    file.write_bytes(table_of(rows))
    found = roll_forward(Subject("small", loaded()), file)
    assert found.as_of == date(2025, 9, 30)
    m = compile_case(found.case)
    assert m.workloads.demand[0, 0] == pytest.approx([84.0, 84.0])
    assert m.workloads.price[0, 0] == pytest.approx([0.9, 0.9])
    assert m.offers.price[0, 0] == pytest.approx([1.2, 1.2])
    assert "observed 2025-07-01: 84 tn token/quarter" in found.case.provenance.text


def test_what_stands_is_what_is_said_and_not_what_was_planned(tmp_path):
    """Ten servers were planned, and three stand: seven are a surprise, and seven are ordered."""
    found = rolled(tmp_path, Subject("small", loaded()), date(2025, 6, 30), {"server,,,10,": "server,,,3,"})
    assert found.surprises[0].expected == pytest.approx(10.0)
    assert compile_case(found.case).opening.installed.sum() == pytest.approx(3.0)
    assert found.change.new.findings.result.plan.ordered[:, :, 0].sum() == pytest.approx(7.0)


def test_caps_by_date_and_a_stock_are_what_is_left_of_them(tmp_path):
    case = loaded(
        {
            "programme.cap": "12 mn CNY",
            "programme.cap_by_date": {"2025-12-31": "9 mn CNY"},
            "offers.server.stock": "20 units",
        }
    )
    found = rolled(tmp_path, Subject("small", case), date(2025, 6, 30))
    paid = float(found.change.old.findings.result.plan.paid[0])
    assert found.case.programme.cap_by_date[date(2025, 12, 31)].value == pytest.approx(9.0 - paid)
    assert found.case.programme.spent.value == pytest.approx(paid)
    ordered = float(found.change.old.findings.result.plan.ordered[:, :, 0].sum())
    assert found.case.offers["server"].stock.value == pytest.approx(20.0 - ordered)


def test_a_table_may_be_parquet(tmp_path):
    subject = two_sites()
    text = template(subject, date(2025, 6, 30))
    pl.read_csv(BytesIO(text)).write_parquet(tmp_path / "actuals.parquet")
    (tmp_path / "actuals.csv").write_bytes(text)
    one, other = (read_actuals(tmp_path / f"actuals.{kind}", subject.case) for kind in ("csv", "parquet"))
    assert one == other


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_a_template_of_any_kind_is_read_back_the_same(tmp_path, suffix):
    subject = two_sites()
    rows = [replace(one, source="ledger, page 1", value=round(one.value, 9)) for one in _expected(subject)]
    file = tmp_path / f"actuals{suffix}"
    file.write_bytes(table_of(rows, suffix))
    assert read_actuals(file, subject.case) == tuple(rows)


def _expected(subject):
    plan = optimise_plan(compile_case(subject.case))
    return expected_actuals(subject.case, plan, 2)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("power;east;;;;1,5;MW", 1.5),
        ("power;east;;;;1.5;MW", 1.5),
        ("power;east;;;;0,001;GW", 1.0),
        ('power,east,,,,"1,234.5",MW', 1234.5),
        ('power,east,,,,"1,234",MW', 1234.0),
        ("power,east,,,,1_000,kW", 1.0),
        ("power\teast\t\t\t\t1,5\tMW", 1.5),
        ("installed,east,server,,,7,units", 7.0),
    ],
)
def test_numbers_are_read_as_a_spreadsheet_of_their_locale_writes_them(tmp_path, written, value):
    separator = next(one for one in ";\t," if one in written)
    head = separator.join(("quantity", "site", "offer", "workload", "date", "value", "unit"))
    for coding in ("utf-8-sig", "utf-16"):
        (tmp_path / "a.csv").write_bytes(f"{head}\r\n{written}\r\n".encode(coding))
        (row,) = read_actuals(tmp_path / "a.csv", loaded())
        assert row.value == pytest.approx(value)


def test_what_is_paid_beyond_the_cap_is_said(tmp_path):
    found = rolled(tmp_path, two_sites(), date(2025, 6, 30), {"paid,,,,,36": "paid,,,,,2000"})
    assert any("than the cap allows" in note for note in found.rolled.notes)
    assert "than the cap allows" in roll_sheet(found).answers[1].remark


def test_new_assumptions_come_with_a_case_of_now(tmp_path):
    subject = two_sites()
    file = tmp_path / "actuals.csv"
    file.write_bytes(template(subject, date(2025, 6, 30)))
    late = load_case(TWO_SITES, "late-power")
    found = roll_forward(subject, file, as_of=date(2025, 6, 30), known=late)
    assert [change.path for change in found.change.numbers_changed if change.cause == "assumptions"] == [
        "sites.west.grid"
    ]


def test_not_to_know_has_its_price_and_the_ledger_names_it(tmp_path):
    """Two sites, demand a quarter less than assumed. With that known from the start 3.6 MW would have been
    built at the coast; 4 MW were ordered before it was seen. The 0.4 MW at 30 mn a MW are the regret, and
    that of the first quarter alone: from then on everything is decided with that knowledge.
    """
    low = {"chat,2025-04-01,800": "chat,2025-04-01,600"}
    first = rolled(tmp_path, two_sites(), date(2025, 6, 30), low)
    chain = tmp_path / "chain"
    chain.mkdir()
    from capexpand.studies.roll.sheet import roll_sheet

    roll_sheet(first).save(chain / "second")
    from capexpand.studies.subjects import read_subject

    again = rolled(tmp_path, read_subject(chain / "second"), date(2025, 9, 30))
    assert again.change.decisions == ()
    roll_sheet(again).save(chain / "third")
    found = history(chain)
    assert [one.label for one in found.periods] == ["the first plan", "second", "third"]
    assert [one.regret for one in found.periods] == [pytest.approx(12.0), pytest.approx(0.0, abs=1e-6), None]
    assert found.regret == pytest.approx(12.0)
    assert found.periods[0].ordered == pytest.approx(120.0)
    shown = cx.history(chain)
    assert "12 mn CNY was lost" in shown.sentences[0]
    assert shown.tables["ledger"].height == 3


@given(seen=st.integers(300, 1200))
@settings(max_examples=4)
def test_no_regret_is_below_nothing(seen, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain")
    from capexpand.studies.roll.sheet import roll_sheet

    first = rolled(folder, two_sites(), date(2025, 6, 30), {"chat,2025-04-01,800": f"chat,2025-04-01,{seen}"})
    (folder / "runs").mkdir()
    roll_sheet(first).save(folder / "runs" / "one")
    found = history(folder / "runs")
    assert found.periods[0].regret >= -1e-6
    assert sum(one.regret or 0.0 for one in found.periods) == pytest.approx(found.regret)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("instaled,east,server,,,5,", "there is no quantity 'instaled'; did you mean installed?"),
        ("installed,esat,server,,,5,", "there is no site 'esat'; did you mean east?"),
        ("installed,east,,,,5,", "installed needs a offer"),
        ("installed,east,server,,,five,", "value: 'five' is not a number"),
        ("installed,east,server,,,-5,", "is not a finite amount of zero or more"),
        ("paid,east,,,,5,mn CNY", "paid has no site; leave it empty"),
        ("units_due,east,server,,soon,5,", "'soon' is not a date"),
        ("power,east,,,,1,MW\npower,east,,,,2,MW", "says the same as line 2 again"),
    ],
)
def test_a_bad_row_is_named_with_its_line(tmp_path, row, message):
    file = tmp_path / "actuals.csv"
    file.write_text(f"quantity,site,offer,workload,date,value,unit\n{row}\n")
    with pytest.raises(CaseError) as error:
        read_actuals(file, loaded())
    assert message in str(error.value)
    assert "actuals.csv:" in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is neither CSV nor Parquet"),
        (b"quantity,amount\npower,1\n", "lacks the column value"),
        (b"quantity,value,color\npower,1,red\n", "has an unknown column 'color'"),
        (b"quantity,value\n", "holds no row"),
        (b"PAR1nonsense", "is neither CSV nor Parquet"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, content, message):
    file = tmp_path / "actuals.csv"
    file.write_bytes(content)
    with pytest.raises(CaseError) as error:
        read_actuals(file, loaded())
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("rows", "as_of", "message"),
    [
        (
            "power,east,,,,1,MW",
            date(2025, 5, 1),
            "no quarter of the plan is over; the first ends on 2025-06-30",
        ),
        ("power,east,,,,1,MW", date(2026, 12, 31), "nothing is left to plan"),
        ("power,east,,,,1,furlongs", date(2025, 6, 30), "actuals.csv:2: power of east: "),
        (
            "demand,,,chat,2025-05-01,5,tn token/quarter",
            date(2025, 6, 30),
            "is not the first day of a quarter",
        ),
        ("demand,,,chat,2031-04-01,5,tn token/quarter", None, "the last is 2026-01-01"),
        ('paid,,,,,"198,2",mn CNY', date(2025, 6, 30), "'198,2' is not a number; write it as 1234.5"),
        ("installed,east,server,,,5,racks", date(2025, 6, 30), "counts units, not 'racks'"),
        ("demand,,,chat,2025-04-01,5,MW", date(2025, 6, 30), "demand of chat"),
        ("demand,,,chat,2025-10-01,5,tn token/quarter", date(2025, 6, 30), "is not observed yet"),
        ("units_due,east,server,,2025-04-01,5,", date(2025, 6, 30), "is in the past"),
        ("paid,,,,,5,MW", date(2025, 6, 30), "paid: "),
        ("reserved,,,,2025-04-01,5,", date(2025, 6, 30), "reserved needs a contract"),
    ],
)
def test_what_cannot_be_rolled_says_why(tmp_path, rows, as_of, message):
    file = tmp_path / "actuals.csv"
    file.write_text(f"quantity,site,offer,workload,date,value,unit\n{rows}\n")
    with pytest.raises(CaseError) as error:
        roll_forward(Subject("small", loaded()), file, as_of=as_of)
    assert message in str(error.value)


def test_the_commands_go_from_a_template_to_a_history(tmp_path):
    (tmp_path / "small").mkdir()
    (tmp_path / "small/case.yaml").write_text(json.dumps(SMALL), encoding="utf-8")
    table = tmp_path / "actuals.csv"
    done = capexpand("roll", tmp_path / "small", "--template", table)
    assert done.returncode == 0, done.stderr
    again = capexpand("roll", tmp_path / "small", "--template", table)
    assert again.returncode == 2
    assert "actuals.csv" in again.stderr
    runs = tmp_path / "runs"
    done = capexpand("roll", tmp_path / "small", "--actuals", table, "--out", runs / "one", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["roll"]["surprises"] == []
    assert result["roll"]["starts"] == "2025Q3"
    done = capexpand("history", runs, "--json", "--out", tmp_path / "history")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["regret"] == pytest.approx(0.0, abs=1.0)
    assert (tmp_path / "history/report.html").is_file()
    assert np.isfinite(json.loads((runs / "one/roll.json").read_text("utf-8"))["value"]["new"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["roll", "CASE"], "name --actuals FILE, or --template FILE"),
        (["roll", "CASE", "--actuals", "nowhere.csv"], "nowhere.csv"),
        (["roll", "CASE", "--template", "t.csv", "--as-of", "June"], "--as-of: 'June' is not a date"),
        (["history", "CASE"], "holds no plan that was rolled"),
        (["history", "nowhere"], "is no folder"),
    ],
)
def test_a_mistake_gets_one_message(tmp_path, arguments, message):
    (tmp_path / "small").mkdir()
    (tmp_path / "small/case.yaml").write_text(json.dumps(SMALL), encoding="utf-8")
    done = capexpand(*(text.replace("CASE", str(tmp_path / "small")) for text in arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
