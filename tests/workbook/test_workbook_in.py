"""A case is a workbook and back again; what is wrong in one is named by sheet and cell."""

import re
import zipfile
from datetime import date
from io import BytesIO

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from workbook_cases import CASES
from workbook_edits import change, edited, places
from workbook_engines import cached

import capexpand as cx
from capexpand.case.document import plain
from capexpand.case.loading import load_case
from capexpand.case.merging import read_merged
from capexpand.case.plain_document import merged_document
from capexpand.case.workbook_document import read_place, read_workbook_document, write_place
from capexpand.errors import CaseError, RunError
from capexpand.files.workbooks import read_cells
from capexpand.workbook.changes import read_changes
from capexpand.workbook.form import form_bytes

NAMES = sorted(path.parent.name for path in CASES.glob("*/case.yaml"))


def content(case):
    """All that a case declares, without the file that it comes from; a table is named by its content."""
    return re.sub(r"[^ '\"]*/", "", repr(case.model_dump()))


def back(document, path):
    path.write_bytes(form_bytes(document))
    return plain(read_workbook_document(path))


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_case_written_as_a_workbook_and_read_is_the_same_case(tmp_path, name):
    folder = tmp_path / "book"
    cx.new(folder, like=CASES / name, excel=True)
    ours, theirs = load_case(folder), load_case(CASES / name)
    assert content(ours) == content(theirs)
    assert merged_document(folder, tmp_path) == merged_document(CASES / name, tmp_path)
    again = tmp_path / "again"
    cx.import_workbook(folder / "case.xlsx", again)
    assert plain(read_merged(again / "case.yaml")[0]) == merged_document(CASES / name, again)
    assert content(load_case(again)) == content(theirs)


@pytest.mark.parametrize("name", ["two-sites", "alibaba-2025"])
def test_every_variant_survives(tmp_path, name):
    cx.new(tmp_path / "book", like=CASES / name, excel=True)
    for variant in load_case(CASES / name).variants:
        found, expected = load_case(tmp_path / "book", variant), load_case(CASES / name, variant)
        assert content(found) == content(expected)


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12
).filter(lambda text: "_x" not in text and "\ufffe" not in text and "\uffff" not in text)
QUANTITIES = st.tuples(
    st.integers(-(10**6), 10**6), st.sampled_from(["mn CNY", "%/year", "MW", "tn token/day"])
).map(lambda pair: f"{pair[0] / 100:g} {pair[1]}")
SCALARS = st.one_of(
    TEXTS, QUANTITIES, st.booleans(), st.none(), st.integers(-10**18, 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["=cmd|' /C calc'!A0", "+1", "@x", "0.60 CNY/kWh", "2025-04-01", "true", "007", " x "]),
)  # fmt: skip
KEYS = st.one_of(
    st.sampled_from(["value", "source", "reason", "sites", "2025-04-01", "a.b", '"q"', "x[0]"]), TEXTS
)
DOCUMENTS = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS)
@example({"value": "", "source": "0"})  # a document itself has no place, so it is no number with its origin
@example(
    {"sites": {"value": "", "source": "0 "}}
)  # the cells of an origin are read without blanks around them
def test_any_document_comes_back_as_it_was(tmp_path_factory, document):
    """Texts that look like numbers, dates or formulas, numbers of any size, names with dots and quotes."""
    found = back(document, tmp_path_factory.getbasetemp() / "any.xlsx")
    assert found == document
    assert repr(sorted(map(repr, _scalars(found)))) == repr(sorted(map(repr, _scalars(document))))


def _scalars(value):
    if isinstance(value, dict):
        return [each for inner in value.values() for each in _scalars(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in _scalars(inner)]
    return [value]


@given(
    st.lists(st.one_of(KEYS, st.integers(0, 50)), min_size=1).filter(lambda steps: isinstance(steps[0], str))
)
def test_a_place_is_read_as_it_was_written(steps):
    assert read_place(write_place(tuple(steps))) == tuple(steps)


def where(path, sheet, field):
    return 1 + next(i for i, row in enumerate(cached(path)[sheet]) if row[0] == field)


def test_the_starter_workbook_runs_and_its_numbers_can_be_edited(tmp_path):
    file = cx.new(tmp_path / "mine", excel=True)
    starter = cx.new(tmp_path / "yaml")
    assert content(load_case(file)) == content(load_case(starter))
    copy = edited(
        file, {("Case", "finance.tax_rate", "V"): 15, ("Sites", "sites.north.build.cost", "U"): "bn CNY/MW"}
    )
    changed = load_case(copy)
    assert changed.finance.tax_rate.value == pytest.approx(0.15)
    assert changed.sites["north"].build.cost.on(changed.calendar.start, changed.calendar.start) == 35_000.0


def test_every_mistake_is_named_by_sheet_and_cell(tmp_path):
    file = cx.new(tmp_path / "mine", excel=True)
    copy = edited(file, {
        ("Case", "finance.tax_rate", "U"): "MW",
        ("Sites", "sites.north.build.lead_time", "U"): "",
        ("Offers", "offers.imported.accelerators", "F"): "offers.imported.acelerators",
        ("Case", "currency", "A"): "something",
    })  # fmt: skip
    with pytest.raises(CaseError) as refused:
        load_case(copy)
    assert f"Case!D{where(file, 'Case', 'currency')}" in str(refused.value)
    copy = edited(file, {
        ("Case", "finance.tax_rate", "U"): "MW",
        ("Sites", "sites.north.build.lead_time", "U"): "",
        ("Offers", "offers.imported.accelerators", "F"): "offers.imported.acelerators",
    })  # fmt: skip
    with pytest.raises(CaseError) as refused:
        load_case(copy)
    told = str(refused.value)
    assert f"edited.xlsx:Case!B{where(file, 'Case', 'finance.tax_rate')}: finance.tax_rate" in told
    assert f"Sites!B{where(file, 'Sites', 'sites.north.build.lead_time')}" in told
    assert f"Offers!B{where(file, 'Offers', 'offers.imported.accelerators')}" in told
    assert "did you mean" in told or "accelerators" in told


def test_a_field_that_stands_twice_or_inside_a_value_is_named(tmp_path):
    file = cx.new(tmp_path / "mine", excel=True)
    copy = edited(file, {
        ("Case", "finance.server_life", "F"): "finance.tax_rate",
        ("Case", "calendar.quarters", "F"): "calendar.start.x",
    })  # fmt: skip
    with pytest.raises(CaseError) as refused:
        load_case(copy)
    assert "stands twice, first in Case!" in str(refused.value)
    assert "lies inside a field that has a value already" in str(refused.value)


def test_units_and_choices_are_offered(tmp_path):
    file = cx.new(tmp_path / "mine", excel=True)
    with zipfile.ZipFile(file) as archive:
        text = "".join(archive.read(n).decode() for n in archive.namelist() if "worksheets/sheet" in n)
    assert text.count("<dataValidation ") > 50
    assert "external,internal,obligation" in text
    assert '"mn CNY,bn CNY"' in text or "bn CNY" in text


def test_changed_inputs_of_a_runs_workbook_become_a_variant(books, rich, tmp_path):
    known = places(books["rich"])
    sheet, row, column = known["workloads.chat.price"]
    lever = next(
        i for i, line in enumerate(cached(books["rich"])["Control"]) if line[0] == "All energy prices"
    )
    book = change(books["rich"], tmp_path / "changed.xlsx", {
        known["finance.tax_rate"]: 0.15,
        **{(sheet, row, column + t): 0.4 for t in range(16)},
        ("Control", lever, 2): 2.0,
    })  # fmt: skip
    file = cx.import_workbook(book, tmp_path / "case")
    case, before = load_case(file, "workbook"), rich.case
    assert case.finance.tax_rate.value == 0.15
    assert np.allclose(case.workloads["chat"].price.values(case.calendar), 0.4)
    site = case.sites["coast"].energy_price.values(case.calendar)
    assert np.allclose(site, 2.0 * before.sites["coast"].energy_price.values(before.calendar), rtol=1e-12)
    assert sorted(load_case(file).variants["workbook"].set) == [
        "finance.tax_rate", "sites.coast.energy_price", "sites.west.energy_price", "workloads.chat.price",
    ]  # fmt: skip


def test_an_input_that_is_no_number_and_a_book_without_changes_are_refused(books, tmp_path):
    with pytest.raises(CaseError, match="no input that was changed"):
        cx.import_workbook(books["rich"], tmp_path / "none")
    place = places(books["rich"])["finance.tax_rate"]
    book = change(books["rich"], tmp_path / "bad.xlsx", {place: "a quarter"})
    with pytest.raises(CaseError, match=rf"bad\.xlsx:Inputs!C{place[1] + 1}: 'a quarter' is not a number"):
        cx.import_workbook(book, tmp_path / "bad")
    with pytest.raises(CaseError, match="is the workbook of a run; capexpand import"):
        load_case(books["rich"])


@pytest.mark.parametrize("spoilt", [{4: "|"}, {5: -3.0}, {6: "none"}, {6: "inf"}, {6: ""}])
def test_the_hidden_sheet_written_into_is_refused_by_its_cell(books, spoilt):
    """Row, column and the value planned with must be what the workbook was written with."""
    cells = read_cells(books["small"])
    start, quarters = date(2025, 4, 1), 8
    number = next(i for i, line in enumerate(cells["Origin"]) if len([v for v in line[6:] if v != ""]) == 1)
    line = list(cells["Origin"][number])
    for at, value in spoilt.items():
        line[at] = value
    cells["Origin"][number] = line
    with pytest.raises(CaseError, match=rf"Origin!A{number + 1}: was changed"):
        read_changes(books["small"], cells, start=start, quarters=quarters)


def test_nothing_is_written_over_a_case(tmp_path):
    cx.new(tmp_path / "mine")
    with pytest.raises(RunError, match="exists already"):
        cx.new(tmp_path / "mine", excel=True)
    book = cx.new(tmp_path / "book", excel=True)
    with pytest.raises(RunError, match="exists already"):
        cx.import_workbook(book, tmp_path / "mine")


# hostile files


def archive(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return path


def parts_of(path):
    with zipfile.ZipFile(path) as made:
        return {name: made.read(name) for name in made.namelist()}


@pytest.fixture
def starter(tmp_path):
    return cx.new(tmp_path / "starter", excel=True)


def refusal(path):
    with pytest.raises(CaseError) as refused:
        load_case(path)
    (problem,) = refused.value.problems
    assert str(problem).startswith(str(path))
    return problem.message


def test_what_is_no_workbook_gets_one_clear_error(tmp_path, starter):
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"not a zip")
    assert "is not a workbook" in refusal(broken)
    broken.write_bytes(starter.read_bytes()[:-200])
    assert "is not a workbook" in refusal(broken)
    broken.write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    assert "password" in refusal(broken)
    assert "xl/workbook.xml" in refusal(archive(broken, {"a.txt": "x"}))
    assert "xl/workbook.xml" not in parts_of(archive(tmp_path / "x.xlsx", {"a": "b"}))
    old = tmp_path / "old.xls"
    old.write_bytes(b"anything")
    assert "save it as one" in refusal(old)
    parts = parts_of(starter)
    assert "macros" in refusal(archive(broken, {**parts, "xl/vbaProject.bin": b"x"}))
    garbled = {**parts, "xl/workbook.xml": b"<workbook"}
    assert "workbook" in refusal(archive(broken, garbled))


def test_a_bomb_and_a_huge_range_are_refused_before_they_are_unpacked(tmp_path, starter):
    parts = parts_of(starter)
    bomb = {**parts, "xl/media/zero.bin": b"\0" * 410_000_000}
    assert "unpacks to more" in refusal(archive(tmp_path / "bomb.xlsx", bomb))
    sheet = parts["xl/worksheets/sheet1.xml"]
    far = sheet.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')
    assert "XFD1048576" in refusal(archive(tmp_path / "far.xlsx", {**parts, "xl/worksheets/sheet1.xml": far}))
    entity = sheet.replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet', 1)
    assert "entities" in refusal(archive(tmp_path / "e.xlsx", {**parts, "xl/worksheets/sheet1.xml": entity}))


def test_an_archive_that_lies_about_its_sizes_is_refused(tmp_path, starter):
    stream = BytesIO(starter.read_bytes())
    content = bytearray(stream.getvalue())
    at = content.rfind(b"xl/worksheets/sheet1.xml") - 46  # its entry in the directory at the end
    content[at + 24 : at + 28] = (10).to_bytes(4, "little")
    path = tmp_path / "lies.xlsx"
    path.write_bytes(bytes(content))
    assert "workbook" in refusal(path)


def test_without_the_package_one_sentence_says_what_to_install(starter, monkeypatch):
    monkeypatch.setattr("capexpand.files.workbooks.find_spec", lambda name: None)
    with pytest.raises(CaseError, match=r"pip install 'capexpand\[excel\]'"):
        read_cells(starter)
