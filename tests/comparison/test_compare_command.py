"""``capexpand compare`` as a user meets it: what it prints, what it keeps, how it fails."""

import json
from pathlib import Path

import pytest

from commands import capexpand

CASE = Path(__file__).parents[2] / "cases/two-sites"


def test_the_comparison_is_one_json_object(tiny, tmp_path):
    done = capexpand("compare", tiny("sold"), tiny("used"), "--json", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["currency"] == "USD"
    assert [one["name"] for one in result["programmes"]] == ["sold", "used"]
    assert result["programmes"][1]["figures"]["ordered"] == pytest.approx(46e6)
    assert {line["key"] for line in result["lines"]} == set(result["programmes"][0]["figures"])
    assert json.loads((tmp_path / "out/comparison.json").read_text("utf-8")) == result


def test_without_json_a_reader_gets_tables_and_the_place_of_the_page(tiny, tmp_path):
    done = capexpand("compare", tiny("sold"), tiny("used"), "--currency", "CNY", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    assert "Money in CNY, at the rates known on 2025-03-31: 7.2993 CNY/USD" in words
    assert "An accelerator with hall 275,000 CNY" in words
    assert "must bring 31.37 CNY after ordinary costs" in words
    assert done.stdout.strip().endswith("Report: runs/comparison/report.html")
    assert (tmp_path / "runs/comparison/report.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["compare"], 2, "Missing argument"),
        (["compare", "SOLD"], 2, "one case given; name two or more to compare"),
        (["compare", "SOLD", "SOLD"], 2, "sold: stands twice; name each case once, or another variant"),
        (["compare", "SOLD", "nowhere"], 2, "nowhere"),
        (["compare", "SOLD", "SOLD:half-demnd"], 2, "did you mean half-demand?"),
        (["compare", "SOLD:promised", "USED"], 3, "sold:promised: "),
        (
            ["compare", "SOLD", "USED", "--currency", "EUR"],
            2,
            "no exchange rate between CNY and EUR was known",
        ),
        (["compare", "SOLD", "USED", "--currency", "XXY"], 2, "there is no currency 'XXY'"),
        (["compare", "SOLD", "USED", "--rates-of", "2025-02-19"], 2, 'e.g. --rate "7.2 CNY/USD"'),
        (["compare", "SOLD", "USED", "--rates-of", "soon"], 2, "--rates-of"),
        (["compare", "SOLD", "USED", "--rate", "seven"], 2, "'seven' is no exchange rate"),
        (["compare", "SOLD", "USED", "--out", "taken"], 2, "taken: stands already and is no run folder"),
    ],
)
def test_a_mistake_gets_one_message_and_no_traceback(tiny, tmp_path, arguments, code, message):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/letter.txt").write_text("mine")
    places = {"SOLD": str(tiny("sold")), "USED": str(tiny("used"))}
    written = [
        ":".join([places[name], *rest]) if (name := word.partition(":")[0]) in places else word
        for word in arguments
        for rest in [word.split(":")[1:]]
    ]
    done = capexpand(*written, folder=tmp_path)
    assert done.returncode == code, done.stderr
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "runs").exists()


def test_every_case_that_is_wrong_is_named_at_once(tiny, tmp_path):
    done = capexpand("compare", "here", "there", folder=tmp_path)
    assert done.returncode == 2
    assert "here" in done.stderr
    assert "there" in done.stderr


def test_variants_of_one_case_are_named_by_their_titles_and_their_money_is_a_budget(tmp_path: Path) -> None:
    done = capexpand("compare", CASE, f"{CASE}:late-power", "--out", tmp_path / "both")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "As declared: Its net present value is" in text
    assert "The western grid connection comes half a year late: Its net present value is" in text
    assert text.index("Net present value, cash") < text.index("Budget")
    assert "Announced" not in text
