"""What is signed for a time has sliders, and the workbook of a run becomes a variant of its case."""

from __future__ import annotations

import re
from pathlib import Path

import ironcalc
import pytest
from playwright.sync_api import Browser
from servers import Server

from capexpand.case.loading import load_case
from capexpand.case.shipped import case_place
from capexpand.errors import CaseError
from capexpand.files.workbooks import read_cells
from capexpand.model.compile import compile_case
from capexpand.pipeline import evaluate, optimise
from capexpand.web.changing import load_changed, merged_data
from capexpand.web.sliders import assumptions_of
from capexpand.web.uploads import changed_in_workbook
from capexpand.workbook.writing import save_workbook


def test_hire_damages_and_renewal_move_what_they_say() -> None:
    """Sensitivity: a slider that moved nothing would leave the compiled numbers as they are."""
    for name, slider in (
        ("telecom-edge", "hire"),
        ("neocloud-2025", "damages"),
        ("neocloud-2025", "renewal"),
    ):
        file = Path(case_place(name)) / "case.yaml"
        case = load_case(file)
        one = next(each for each in assumptions_of(case, merged_data(file)).sliders if each.name == slider)
        before, after = compile_case(case), compile_case(load_changed(file, None, one.settings(150.0)))
        if slider == "hire":
            assert after.hire.fee == pytest.approx(1.5 * before.hire.fee)
        elif slider == "damages":
            assert after.contracts.damages == pytest.approx(1.5 * before.contracts.damages)
        else:
            assert after.contracts.volume[1, -1] == pytest.approx(1.5 * before.contracts.volume[1, -1])


def test_carbon_and_churn_have_sliders_where_a_case_states_them(tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(
        f"extends: {case_place('two-sites')}/case.yaml\n"
        "finance: {carbon_price: 20 CNY/t, churn: {use: 2 thousand CNY, reason: invented}}\n"
    )
    file = tmp_path / "case.yaml"
    sliders = {one.name: one for one in assumptions_of(load_case(file), merged_data(file)).sliders}
    changed = load_changed(
        file, None, {**sliders["carbon"].settings(200.0), **sliders["churn"].settings(50.0)}
    )
    assert changed.finance.carbon_price.values(changed.calendar)[0] == pytest.approx(40e-6)
    assert changed.finance.churn.use.value == pytest.approx(1e-3)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """The workbook of a run of two sites, as written and with a dearer tax."""
    folder = tmp_path_factory.mktemp("book")
    path = save_workbook(evaluate(optimise(load_case(case_place("two-sites")))), folder / "workbook.xlsx")
    line = next(each for each in read_cells(path)["Origin"] if each[1] == "finance.discount_rate")
    model = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
    names = [one["name"] if isinstance(one, dict) else one.name for one in model.get_worksheets_properties()]
    row, column = int(line[4]) + 1, int(line[5]) + 1
    model.update_cell_with_number(names.index(str(line[0])), row, column, 0.08)
    model.evaluate()
    model.save_to_xlsx(str(folder / "changed.xlsx"))
    return path.read_bytes(), (folder / "changed.xlsx").read_bytes()


def test_changed_inputs_of_a_runs_workbook_are_found_and_others_refused(books: tuple[bytes, bytes]) -> None:
    plain, changed = books
    main = Path(case_place("two-sites")) / "case.yaml"
    assert changed_in_workbook("a.xlsx", changed, main).settings == {"finance.discount_rate": "0.08 /year"}
    for name, content, said in (
        ("a.xlsx", plain, "has no input that was changed"),
        ("a.csv", b"x", "is no workbook"),
        ("a.xlsx", b"x", "is not a workbook"),
    ):
        with pytest.raises(CaseError, match=said):
            changed_in_workbook(name, content, main)


@pytest.mark.slow
def test_a_run_asks_for_the_options_of_its_kind_alone(lone: Server, browser: Browser) -> None:
    """Sensitivity: without the script every option of every kind would stand there, and be sent."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{lone.address}/cases/two-sites")
        for kind, shown in (
            ("why", ["asked"]),
            ("sweep", ["vary", "seed"]),
            ("plan", []),
            ("policy", ["risk", "scenarios", "iterations", "seed"]),
        ):
            page.check(f"#run-form input[name=kind][value={kind}]")
            enabled = page.locator("#run-form [data-options] :is(input, select):enabled")
            assert enabled.evaluate_all("found => found.map(one => one.name)") == shown
            assert page.locator("#run-form [data-options]").is_visible() == bool(shown)
            assert page.locator("#run-form [data-for=why] [name=asked]").is_visible() == (kind == "why")


@pytest.mark.slow
def test_a_workbook_sent_on_the_page_of_its_case_becomes_a_variant(
    books: tuple[bytes, bytes], lone: Server
) -> None:
    with lone.local() as client:
        client.post("/api/v1/cases/two-sites/fork", json={"to": "with-book"})
        page = client.get("/cases/with-book").text
        token = re.search(r'name="csrf" value="([^"]+)"', page)
        assert token
        sent = client.post(
            "/cases/with-book/workbook",
            data={"csrf": token[1], "to": "dear-money"},
            files={"file": ("workbook.xlsx", books[1])},
        )
        assert sent.status_code == 303, sent.text
        assert sent.headers["location"] == "/explore/with-book?variant=dear-money"
        assert "Inputs changed in workbook.xlsx" in client.get("/cases/with-book").text
        again = client.post(
            "/cases/with-book/workbook",
            data={"csrf": token[1], "to": "other"},
            files={"file": ("workbook.xlsx", books[0])},
        )
        assert again.status_code == 422
        assert "has no input that was changed" in again.text
