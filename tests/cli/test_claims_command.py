"""The command ``capexpand claims``, as a user meets it."""

from pathlib import Path

import pytest
from typer.testing import Result

from capexpand.case.loading import load_case
from capexpand.claims.findings import PlanChange
from capexpand.errors import CaseError, RunError
from capexpand.studies.claims.reading_plans import changed_case
from capexpand.wording import printable
from commands import answered, invoke

ROOT = Path(__file__).parents[2]
TWO_SITES = ROOT / "cases" / "two-sites"
ARTICLE = (
    "Example builds\n3 March 2025\n\nExample Cloud Inc. will spend 900 mn yuan ($124 million) this year.\n"
)


def run(*words: object, typed: str | None = None) -> Result:
    return invoke("claims", *words, columns=160, typed=typed)


def data(*words: object) -> dict:
    return answered("claims", *words)


@pytest.fixture
def article(tmp_path):
    path = tmp_path / "example.txt"
    path.write_text(ARTICLE, "utf-8")
    return path


def test_claims_are_listed_by_company():
    output = run().stdout
    assert output.index("Alibaba") < output.index("ByteDance") < output.index("Microsoft")
    assert "more than 380 bn CNY" in output
    assert "report-2 ¶6" in output


def test_one_company_is_listed_by_any_of_its_names():
    assert {claim["company"] for claim in data("--company", "Facebook")["claims"]} == {"Meta"}


def test_an_unknown_company_is_named_with_near_ones():
    assert "did you mean Alibaba" in str(run("--company", "Alibabba").exception)


def test_contradictions_are_printed_with_what_is_at_stake():
    output = run("--contradictions").stdout
    assert "7.17 CNY per USD" in output
    assert "7.26 CNY per USD" in output
    assert "7.30 CNY per USD" in output
    assert output.count("At issue:") == len(data("--contradictions")["contradictions"])


def test_an_option_without_its_partner_is_refused():
    assert "go with --contradictions" in str(run("--case", TWO_SITES).exception)


def test_proposals_are_printed_and_nothing_is_written_without_a_terminal(article):
    output = run("add", article).stdout
    assert "2 proposed claims" in output
    assert "Nothing was written" in output
    assert not (article.parent / "claims.csv").exists()


def test_accepted_claims_are_added_once_and_read_along(article):
    path = article.parent / "claims.csv"
    assert "2 claims added" in run("add", article, "--yes").stdout.replace("\n", " ")
    assert "0 claims added" in run("add", article, "--yes").stdout.replace("\n", " ")
    listed = data("--with", path, "--company", "Example Cloud")["claims"]
    assert [(claim["amount"], claim["unit"]) for claim in listed] == [(900e6, "CNY"), (124e6, "USD")]
    quote = listed[0]
    assert ARTICLE[int(quote["quote_start"]) : int(quote["quote_end"])] == quote["quote"]


@pytest.mark.parametrize("text", ["[/]", "[b]x", "a\x1b[31mred", "=1+1", "{0}", "%s", "\u202egnp"])
def test_foreign_text_is_shown_as_it_is_and_steers_nothing(text, tmp_path):
    """In the title, the company, the file's name and the sentence."""
    folder = tmp_path / printable(text).replace("/", "|")
    folder.mkdir()
    path = folder / "article.txt"
    path.write_text(
        f"{text} {text} {text} {text} {text}\n3 March 2031\n\nMeta {text} will spend $5bn {text}.", "utf-8"
    )
    shown = run("add", path, "--yes")
    assert shown.exit_code == 0, shown.exception
    assert printable(text) in shown.stdout
    own = folder / "claims.csv"
    for words in (("--with", own), ("--with", own, "--contradictions"), ("--with", own, "--company", text)):
        listed = run(*words)
        assert listed.exit_code == 0 or isinstance(listed.exception, CaseError)
        assert "\x1b[31m" not in listed.stdout


def test_json_holds_each_proposal_with_its_place(article):
    found = data("add", article)
    assert [one["amount"] for one in found["proposals"]] == [900e6, 124e6]
    first = found["proposals"][0]
    assert ARTICLE[first["figure_start"] : first["figure_end"]] == "900 mn yuan"
    assert (first["paragraph"], first["period_start"], first["company"]) == (1, "2025-01-01", "Example Cloud")
    assert found["added"] == 0


def test_a_person_is_asked_about_each_proposal(article, monkeypatch):
    """A slip is asked about again; the first is accepted under another name, the second skipped."""
    monkeypatch.setattr("capexpand.cli.claims_reading.on_terminal", lambda: True)
    assert "1 claim added" in run("add", article, typed="x\nAnother Name\ns\n").stdout.replace("\n", " ")
    listed = data("--with", article.parent / "claims.csv", "--company", "Another Name")["claims"]
    assert [claim["amount"] for claim in listed] == [900e6]


BROKEN = {
    "missing": (None, "there is no such file"),
    "empty": (b"  \n", "is empty"),
    "binary": (b"\x89PNG\r\n\x00\xff\xfe", "is not UTF-8 text"),
    "no figure": (b"Nothing happened today. Nobody spent anything.\n", "no figure"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_read_ends_with_one_message(content, message, tmp_path):
    path = tmp_path / "article.txt"
    if content is not None:
        path.write_bytes(content)
    error = run("add", path).exception
    assert isinstance(error, CaseError)
    assert message in str(error)
    assert str(error).startswith(str(path))
    assert "\n" not in str(error)


def test_a_broken_file_of_claims_ends_with_its_problem(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text("one,two\n1,2\n", "utf-8")
    assert "column claim_id is missing" in str(run("--with", path).exception)


def test_a_file_is_not_made_in_a_folder_that_is_not_there(article, tmp_path):
    error = run("add", article, "--yes", "--to", tmp_path / "none" / "claims.csv").exception
    assert isinstance(error, RunError)
    assert "there is no folder" in str(error)


def test_precision_and_recall_are_printed():
    folder = ROOT / "tests" / "claims" / "articles"
    output = run("measure", folder).stdout
    assert "held_out" in output
    assert "precision" in output
    names = {one["name"] for one in data("measure", folder)["sets"]}
    assert names == {"tuned", "held_out", "agencies"}
    assert "due:" in run("measure", folder / "tuned", "--misses").stdout


# --- what a reading makes of a plan -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def case():
    return load_case(TWO_SITES)


def test_a_cap_scales_the_limits_by_date(case):
    programme = case.programme.model_copy(update={"cap_by_date": {case.calendar.start: case.programme.cap}})
    dated = case.model_copy(update={"programme": programme})
    changed = changed_case(dated, PlanChange(cap=1.5e9, currency="CNY"))
    assert changed is not None
    assert changed.programme.cap.value == pytest.approx(1500)
    assert [limit.value for limit in changed.programme.cap_by_date.values()] == pytest.approx([1500])


def test_a_floor_takes_the_place_of_the_cap(case):
    changed = changed_case(case, PlanChange(floor=1e9, currency="CNY"))
    assert changed is not None
    assert changed.programme.cap is None
    assert changed.programme.floor.value == pytest.approx(1000)


def test_a_currency_that_the_case_does_not_have_changes_nothing(case):
    assert changed_case(case, PlanChange(cap=1e9, currency="USD")) is None
    assert changed_case(case, PlanChange(currency="USD", rate=7.3)) is None


def test_contradictions_of_a_case_are_planned_by_each_reading(tmp_path):
    """The case spends a billion; a report that has half of it as its most leaves less to earn.

    Sensitivity: were the reading not laid into the case, both plans would be worth the same.
    """
    text = "Example builds\n1 March 2025\n\nExample Cloud Inc. will spend {} million yuan this year.\n"
    for name, amount in (("one", 1000), ("two", 500)):
        (tmp_path / f"{name}.txt").write_text(text.format(amount), "utf-8")
        run("add", tmp_path / f"{name}.txt", "--yes")
    shown = data("--contradictions", "--case", TWO_SITES, "--with", tmp_path / "claims.csv")
    (found,) = shown["contradictions"]
    assert (found["rule"], found["at_issue"]["amount"]) == ("different values", 500e6)
    plans = [reading["plan"]["npv_change"] for reading in found["readings"]]
    assert plans[0] == pytest.approx(0, abs=1e-3)
    assert plans[1] < -1
    assert shown["on"] == "2025-03-31"
