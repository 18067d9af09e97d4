"""What changed between two plans: inputs by cause, orders, and a change of value that adds up."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_case import SMALL, loaded, offer

import capexpand as cx
from capexpand.errors import CaseError
from capexpand.studies.diff.difference import difference
from capexpand.studies.subjects import Subject
from commands import capexpand


def found(old=None, new=None):
    return difference(Subject("old", loaded(old)), Subject("new", loaded(new)))


def shares(one):
    return {share.cause: share.amount for share in one.causes.shares}


def test_a_dearer_server_that_is_still_bought_costs_what_it_costs_more():
    """Ten servers, ordered in the first quarter at 1 mn, earn 4 mn each: 30 mn. At 2 mn each they are still
    bought and leave 20 mn. No order changes, so all of the 10 mn is the price's.

    Sensitivity: had the change been a fact, the share would stand there instead.
    """
    one = found(None, {"offers.server.buy.price": "2 mn CNY"})
    assert (one.causes.old, one.causes.new) == pytest.approx((30.0, 20.0))
    assert shares(one) == pytest.approx({"assumptions": -10.0})
    assert [(change.path, change.cause, change.old, change.new) for change in one.changes] == [
        ("offers.server.buy.price", "assumptions", "1 mn CNY", "2 mn CNY")
    ]
    assert one.decisions == ()


def test_a_fact_an_assumption_and_decisions_share_the_change_by_the_mean_over_their_orders():
    """The old plan: ten servers in quarter 1, worth 10 · (4 · 1 − 1) = 30.

    New: the price of tokens, now with a source, falls to 0.5 (a fact); a server costs 3 mn (an assumption).
    A server then earns 4 · 0.5 = 2 < 3, so nothing is ordered and the value is 0. With v(S) the value:
    v(F) = 10 · (2 − 1) = 10, v(A) = 10 · (4 − 3) = 10, v(FA) = 10 · (2 − 3) = −10, and whatever else is new,
    with the new decisions nothing is ordered and v = 0. Shapley values over F, A, D:
      F: 1/3 (10 − 30) + 1/6 (−10 − 10) + 1/6 (0 − 0) + 1/3 (0 − 0) = −6.667 − 3.333 = −10
      A: the same, −10
      D: 1/3 (0 − 30) + 1/6 (0 − 10) · 2 + 1/3 (0 + 10) = −10 − 3.333 + 3.333 = −10
    Sensitivity: in the order F, A, D alone the shares would be −20, −20 and +10.
    """
    price = {"value": "0.5 CNY/Mtoken", "source": "price list"}
    one = found(None, {"workloads.chat.price": price, "offers.server.buy.price": "3 mn CNY"})
    assert shares(one) == pytest.approx({"facts": -10.0, "assumptions": -10.0, "decisions": -10.0})
    least = {share.cause: (share.least, share.most) for share in one.causes.shares}
    assert least["decisions"] == pytest.approx((-30.0, 10.0))
    assert {change.path: change.cause for change in one.changes} == {
        "workloads.chat.price": "facts",
        "offers.server.buy.price": "assumptions",
    }
    assert [(d.thing, d.old, d.new) for d in one.decisions] == [("server", pytest.approx(10.0), 0.0)]


def test_old_orders_are_placed_as_far_as_new_limits_let_them():
    """Supply falls to four servers a quarter: of ten, four can be placed in quarter 1, worth 4 · 3 = 12. The
    new plan orders the other six in quarters 2 and 3: 4 · 3 + 4 · 2 + 2 · 1 = 22. The limit costs 18 by the
    old orders (v(A) = 12), the new orders in the old world are worth 22: A = ½ (12 − 30) + ½ (22 − 22) = −9,
    D = ½ (22 − 12) + ½ (22 − 30) = +1.
    """
    one = found(None, {"offers.server.supply": {"CN": {"limit": "4 units/quarter"}}})
    assert shares(one) == pytest.approx({"assumptions": -9.0, "decisions": 1.0})


def test_causes_that_need_each_other_are_taken_together():
    """A new offer with a source and the assumption of its throughput: no case has one without the other."""
    new = {
        "offers.fast": {**offer("1 mn CNY"), "source": "data sheet"},
        "workloads.chat.throughput": {"server": "1 tn token/quarter", "fast": "2 tn token/quarter"},
    }
    one = found(None, new)
    assert one.causes.merged
    assert sum(shares(one).values()) == pytest.approx(one.causes.new - one.causes.old)
    assert "inputs" in shares(one)


def test_what_a_case_lacks_is_taken_out():
    """A limit of supply of four servers a quarter is lifted: 22 before, 30 now, as worked out above."""
    limited = {"offers.server.supply": {"CN": {"limit": "4 units/quarter"}}}
    one = difference(Subject("old", loaded(limited)), Subject("new", loaded()))
    assert [(change.path, change.old, change.new) for change in one.changes] == [
        ("offers.server.supply.CN.limit", "4 units/quarter", "")
    ]
    assert (one.causes.old, one.causes.new) == pytest.approx((22.0, 30.0))
    assert sum(shares(one).values()) == pytest.approx(8.0)


def test_words_alone_change_nothing():
    one = found(None, {"title": "Another title", "reason": "for another reason"})
    assert {change.cause for change in one.changes} == {"words"}
    assert one.causes.shares == ()
    assert one.numbers_changed == ()


def test_a_start_that_moved_is_time_that_has_passed():
    new = {
        "calendar.start": "2025-07-01",
        "calendar.quarters": 3,
        "programme.window_start": "2025-07-01",
        "programme.window_quarters": 3,
        "opening.sites.east.installed": {"server": 10},
        "as_of": "2025-06-30",
    }
    one = found(None, new)
    assert {change.cause for change in one.changes} == {"time"}
    assert sum(shares(one).values()) == pytest.approx(one.causes.new - one.causes.old)
    assert any("money of the start of 2025Q2" in note for note in one.notes)


@given(
    price=st.floats(0.2, 3.0), demand=st.integers(1, 30), grid=st.floats(0.3, 2.0), supply=st.integers(0, 12)
)
@settings(max_examples=6)
def test_the_shares_add_up_to_the_change(price, demand, grid, supply):
    new = {
        "offers.server.buy.price": f"{price:.4f} mn CNY",
        "workloads.chat.demand": {"value": f"{demand} tn token/quarter", "source": "report"},
        "sites.east.grid": f"{grid:.3f} MW",
        "opening.sites.east.power": f"{min(grid, 1.0):.3f} MW",
        "offers.server.supply": {"CN": {"limit": f"{supply} units/quarter"}},
    }
    one = found(None, new)
    assert sum(shares(one).values()) == pytest.approx(one.causes.new - one.causes.old, abs=1e-9)
    for share in one.causes.shares:
        assert share.least - 1e-9 <= share.amount <= share.most + 1e-9


def test_other_currencies_are_refused():
    with pytest.raises(CaseError, match="needs one currency"):
        found(None, {"currency": "USD", **_in_dollars()})


def _in_dollars():
    return {
        "programme.renewal_budget": "0 USD/quarter",
        "sites.east.energy_price": "0 USD/kWh",
        "offers.server.buy": {"price": "1 mn USD", "deposit": "0 %"},
        "workloads.chat.price": "1 USD/Mtoken",
    }


@pytest.fixture
def case_file(tmp_path):
    case = {**SMALL, "variants": {"dear": {"title": "Dear", "set": {"offers.server.buy.price": "2 mn CNY"}}}}
    (tmp_path / "small").mkdir()
    (tmp_path / "small/case.yaml").write_text(json.dumps(case), encoding="utf-8")
    return tmp_path / "small"


def test_the_command_prints_one_json_object_and_writes_a_run(case_file, tmp_path):
    done = capexpand("diff", case_file, f"{case_file}:dear", "--json", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["value"]["old"], result["value"]["new"]) == (30e6, 20e6)
    assert [share["cause"] for share in result["value"]["shares"]] == ["assumptions"]
    assert json.loads((tmp_path / "out/difference.json").read_text("utf-8")) == result
    assert (tmp_path / "out/tables/inputs.csv").is_file()


def test_a_reader_gets_sentences(case_file):
    done = capexpand("diff", case_file, "--variant", "dear")
    words = " ".join(done.stdout.split())
    assert "falls from 30 mn CNY to 20 mn CNY, all by assumptions −10 mn CNY" in words
    assert "both plans place the same orders" in words


def test_a_run_folder_stands_for_its_case(case_file, tmp_path):
    cx.run(case_file, out=tmp_path / "run")
    one = cx.diff(tmp_path / "run", f"{case_file}:dear")
    assert one.document["value"]["new"] == 20e6
    assert one.tables["results"].height == len(one.document["results"])
    assert any("falls from 30 mn CNY" in sentence for sentence in one.sentences)
    assert list(one.tables["value"]["amount"]) == [-10e6]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["CASE"], "one plan given; name two, or a --variant"),
        (["CASE", "nowhere"], "nowhere"),
        (["CASE", "CASE:dera"], "did you mean dear?"),
        (["CASE", "CASE:dear", "--variant", "dear"], "names a variant, and so does --variant"),
        (["CASE", "CASE:dear", "--out", "CASE"], "is no run folder"),
    ],
)
def test_a_mistake_gets_one_message(case_file, arguments, message):
    done = capexpand("diff", *(text.replace("CASE", str(case_file)) for text in arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_the_bars_of_the_waterfall_meet():
    price = {"value": "0.5 CNY/Mtoken", "source": "price list"}
    one = found(None, {"workloads.chat.price": price, "offers.server.buy.price": "3 mn CNY"})
    from capexpand.studies.diff.sheet import difference_sheet

    rows = difference_sheet(one).charts[0].rows
    steps = [row for row in rows if row["k"] != "sum"]
    assert all(before["b"] == after["a"] for before, after in pairwise(steps))
    assert (rows[0]["b"], rows[-1]["b"]) == (steps[0]["a"], pytest.approx(steps[-1]["b"], abs=1e-9))
