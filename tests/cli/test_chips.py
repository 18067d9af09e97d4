import pytest
from typer.testing import Result

from capexpand.errors import CaseError
from commands import answered, invoke, printed


def run(*words: str) -> Result:
    return invoke("chips", *words, columns=200)


def narrow(*words: str) -> list[str]:
    """Return the lines of the command in a window of 80 characters."""
    return printed("chips", *words, columns=80).splitlines()


def shown(*words: str) -> dict:
    return answered("chips", *words)


def test_all_chips_are_listed():
    output = run().stdout
    assert "H20 96GB" in output
    assert "Ascend 910C" in output
    assert len(shown()["chips"]) == 43


def test_a_day_hides_what_came_later():
    output = run("--on", "2025-02-24").stdout
    assert "Ascend 910C" in output
    assert "B300" not in output
    assert "16 more were not known on 2025-02-24" in output


def test_one_name_shows_both_memory_sizes_with_sources():
    output = run("H20", "--on", "2025-03-01").stdout
    assert "H20 96GB" in output
    assert "H20 141GB" in output
    assert "No price was known on 2025-03-01." in output
    assert "row NVIDIA HGX H20" in output
    assert "4,000 GB/s" in output
    assert "No export rule in the catalogue in force on 2025-03-01" in output


def test_the_price_appears_with_the_day_it_became_known():
    output = run("H20 96GB").stdout
    assert "price of 2026-07-09" in output
    assert "11,000 USD" in output


def test_rules_in_force_on_the_day_are_listed():
    before, after = shown("H20 96GB", "--on", "2025-04-01"), shown("H20 96GB", "--on", "2025-04-20")
    assert before["chips"][0]["export_rules"] == []
    rules = {rule["rule_id"]: rule for rule in after["chips"][0]["export_rules"]}
    assert rules["2025-04_H20_licence"]["effect"] == "licence"
    assert rules["2025-04_H20_licence"]["source"]["url"].startswith("https://www.sec.gov/")
    assert "2025-04_H20_licence" in run("H20 96GB", "--on", "2025-04-20").stdout


def test_a_fee_is_shown_as_a_share():
    assert "allowed with fee 15%" in run("H20 96GB", "--on", "2025-09-01").stdout


def test_what_cannot_be_told_names_the_missing_figure():
    (chip,) = shown("Ascend 910B")["chips"]
    open_rules = [rule for rule in chip["export_rules"] if rule["how"] == "cannot be told"]
    assert {tuple(rule["missing"]) for rule in open_rules} == {("performance_density",)}
    assert "cannot be told" in run("Ascend 910B").stdout


def test_json_has_every_figure_with_unit_source_and_day():
    (chip,) = shown("H800", "--on", "2025-02-24")["chips"]
    price = chip["figures"]["unit_price_usd"]
    assert (price["value"], price["unit"], price["known_on"]) == (33800, "USD", "2025-02-21")
    assert set(chip["figures"]["memory_gb"]) == {"value", "unit", "known_on", "verified", "source"}
    assert all(figure["source"]["title"] for figure in chip["figures"].values())


def test_a_chip_that_was_not_known_yet_says_so():
    result = run("Zhenwu 810E", "--on", "2025-02-24")
    assert result.exit_code == 0
    assert "was not known on 2025-02-24: its specification became known on 2026-01-29" in result.stdout
    data = shown("Zhenwu 810E", "--on", "2025-02-24")
    assert data["chips"] == []
    assert len(data["not_yet_known"]) == 1


def test_an_unknown_name_is_a_mistake_of_the_user_with_a_suggestion():
    error = run("H2O").exception
    assert isinstance(error, CaseError)
    assert error.exit_code == 2
    assert "did you mean H20 96GB" in str(error)


def test_a_day_that_is_none_is_refused():
    result = run("H20", "--on", "yesterday")
    assert result.exit_code == 2
    assert "yesterday" in result.output


def judged(*words: str) -> dict:
    (chip, *_) = shown(*words)["chips"]
    return chip["status"]


def test_the_h20_turns_from_free_to_licence_in_april_2025():
    assert judged("H20 96GB", "--on", "2025-02-24", "--to", "CN")["status"] == "free"
    after = judged("H20 96GB", "--on", "2025-04-20", "--to", "CN")
    assert (after["status"], after["united_states"], after["china"]) == ("licence", "licence", "free")
    assert any("H20" in text for text in after["because"])
    text = run("H20 96GB", "--on", "2025-04-20", "--to", "CN").stdout
    assert (
        "Sale to CN on 2025-04-20, by a company with headquarters in CN: licence, decided case by case"
        in text
    )


def test_an_overseas_site_is_judged_by_the_headquarters():
    sale = ("H100 SXM5 80GB", "--on", "2025-02-24", "--to", "MY")
    own, chinese = judged(*sale), judged(*sale, "--buyer-headquarters", "CN")
    assert own["status"] == "free"
    assert (chinese["status"], chinese["review"]) == ("licence", "presumption of denial")


def test_the_sterner_side_counts_and_both_are_shown():
    sale = ("RTX Pro 6000D", "--on", "2025-10-20", "--to", "CN")
    assert judged(*sale)["china"] == "free"
    large = judged(*sale, "--end-user", "large tech")
    assert (large["status"], large["united_states"], large["china"]) == ("prohibited", "free", "prohibited")
    assert (
        "by the United States' rules free, by China's prohibited"
        in run(*sale, "--end-user", "large tech").stdout
    )


def test_a_fee_and_a_cap_are_told_in_words():
    text = run("H200 SXM 141GB", "--on", "2026-06-10", "--to", "CN", "--buyer", "Alibaba").stdout
    assert "25% of the price goes to the state" in text
    assert "at most 50% of what customers in the US receive" in text


def test_without_a_destination_nothing_is_judged():
    assert judged("H20 96GB", "--on", "2025-04-20") is None
    assert "Sale" not in run("H20 96GB", "--on", "2025-04-20").stdout


def test_the_overview_says_what_may_be_sold():
    text = run("--on", "2025-04-20", "--to", "CN").stdout
    assert "sale: to CN on 2025-04-20, by a company with headquarters in CN." in text
    line = next(line for line in text.splitlines() if line.strip().startswith("H20 141GB"))
    assert line.rstrip().endswith("licence")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--to", "China"), "destination 'CHINA' is not a country code"),
        (("--end-user", "large tech"), "say where the chips are to stand: --to CN"),
        (("--to", "CN", "--end-user", "friend"), "none of company, large tech, state-funded"),
        (("--to", "MY", "--buyer-headquarters", "X"), "headquarters 'X' is not a country code"),
    ],
)
def test_a_sale_that_cannot_be_judged_is_refused(words, message):
    result = run("H20", *words)
    assert isinstance(result.exception, CaseError)
    assert message in str(result.exception)


def test_a_narrow_window_shows_fewer_columns_and_breaks_no_cell():
    """Every chip has its name and its numbers whole in one line; only three very long names break."""
    lines = narrow()
    assert max(map(len, lines)) <= 80
    (h20,) = [line.split() for line in lines if "H20 96GB" in line]
    assert h20 == ["H20", "96GB", "148", "296", "96", "4,000", "400", "11,000"]
    rows = lines[next(i for i, line in enumerate(lines) if "───" in line) + 1 :]
    rows = rows[: next(i for i, line in enumerate(rows) if line.startswith("? not read"))]
    assert len(rows) == 43 + 3
    assert any("TFLOPS" in line for line in lines)
    assert any("A wider window also shows" in line for line in lines)


def test_a_narrow_window_shows_each_rule_in_its_own_lines():
    text = " ".join(" ".join(narrow("H20 96GB", "--on", "2025-09-01")).split())
    assert "2025-08_H20_15pct_share: since 2025-08-11; effect allowed with fee 15%; destination CN" in text


def test_a_wide_window_shows_vendors_and_days():
    (h20,) = [line for line in run().stdout.splitlines() if "H20 96GB" in line]
    assert "NVIDIA" in h20
    assert "2023-11-09" in h20


def test_a_narrow_window_has_room_for_what_may_be_sold():
    lines = narrow("--on", "2025-04-20", "--to", "CN")
    assert max(map(len, lines)) <= 80
    (h20,) = [line.split() for line in lines if "H20 96GB" in line]
    assert h20[-1] == "licence"


def test_a_figure_that_nobody_published_is_named():
    assert "Not known: memory bandwidth and links" in run("Kunlun P800").stdout
    assert "Not known" not in run("H20 96GB").stdout
