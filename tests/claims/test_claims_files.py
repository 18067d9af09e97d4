"""The files of articles and claims: what is refused, with one clear error, and that nothing is lost."""

import codecs
import os
import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.catalogue.reading import LARGEST_TABLE, MOST_PROBLEMS
from capexpand.claims.documents import LONGEST_ARTICLE, parse_document, read_document
from capexpand.claims.foreign_text import guarded, unguarded
from capexpand.claims.joining import list_claims
from capexpand.claims.measuring import measure_folder
from capexpand.claims.own_files import HEADER, Article, append_claims, as_claim
from capexpand.claims.proposals import MOST_PROPOSALS, propose_claims
from capexpand.claims.rules import find_contradictions
from capexpand.claims.table import MOST_OWN_CLAIMS, read_claims
from capexpand.errors import CaseError
from capexpand.wording import printable

TEXT = "Meta will spend $5 billion in 2031.\n\nIt lost $2 billion in 2030.\n"
ROW = [
    *(
        "x",
        "d",
        "1",
        "Example",
        "spending",
        "5",
        "",
        "USD",
        "total",
        "",
        "",
        "",
        "",
        "AI",
        "2031-01-01",
        "false",
    ),
    *("", "", "", "", "A title", "news-report:x", "paragraph 1 of the body", "news_report", "true"),
]


def table(*rows: list[str]) -> str:
    return "".join(",".join(row) + "\n" for row in (list(HEADER), *rows))


def row(number: int = 0, **changed: str) -> list[str]:
    cells = [f"x{number}", *ROW[1:]]
    for name, cell in changed.items():
        cells[HEADER.index(name)] = cell
    return cells


@pytest.fixture
def claims():
    document = parse_document(TEXT)
    article = Article(document, "example", "An example", "", date(2031, 3, 1))
    return [as_claim(one, article, n) for n, one in enumerate(propose_claims(document, date(2031, 3, 1)), 1)]


# --- doors --------------------------------------------------------------------------------------------------


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_link_loop(path: Path) -> None:
    path.symlink_to(path.name)


def written(content: bytes):
    return lambda path: path.write_bytes(content)


BAD_FILES = {
    "missing": (lambda path: None, "there is no such file"),
    "folder": (lambda path: path.mkdir(), "is a folder"),
    "pipe": (make_pipe, "is not a regular file"),
    "endless": (lambda path: path.symlink_to("/dev/zero"), "is not a regular file"),
    "link loop": (make_link_loop, "[Ss]ymbolic links"),
    "empty": (written(b""), "is empty"),
    "binary": (written(b"\x89PNG\r\n\x1a\n\xff"), "is not UTF-8 text"),
    "zero byte": (written(b"a,b\nc\x00,d\n"), "zero byte"),
    "half of UTF-16": (written(b"\xff\xfea"), "is not UTF-16-LE text"),
    "large": (
        lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), LARGEST_TABLE + 1),
        "at most",
    ),
}
READERS = {
    "article": read_document,
    "claims": read_claims,
    "read along": lambda path: list_claims(extra=[path]),
    "answers": lambda path: measure_folder(path.parent),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("make", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_is_none_ends_in_one_clear_error(reader, make, message, tmp_path):
    path = tmp_path / "answers.csv"
    make(path)
    if reader == "answers" and not path.is_file():
        message = "has no answers"
    if reader == "answers" and message == "is empty":
        message = "needs the columns"
    with pytest.raises(CaseError, match=message) as caught:
        READERS[reader](path)
    assert len(caught.value.problems) == 1
    assert "Error" not in str(caught.value)


ENCODINGS = {"mark": codecs.BOM_UTF8 + table(row()).encode(), "UTF-16": table(row()).encode("utf-16")}


@pytest.mark.parametrize("content", ENCODINGS.values(), ids=ENCODINGS)
def test_a_byte_order_mark_and_its_encoding_are_read(content, tmp_path):
    path = tmp_path / "claims.csv"
    path.write_bytes(content)
    assert [claim.claim_id for claim in read_claims(path)] == ["x0"]


def test_spaces_about_the_headings_and_quotes_are_read(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text('"' + '", "'.join(HEADER) + '"\n' + ",".join(row()) + "\n", "utf-8")
    with pytest.raises(CaseError, match="unknown column"):  # a quote after a space is part of the cell
        read_claims(path)
    path.write_text(" , ".join(HEADER) + "\n" + ",".join(f'"{cell}"' for cell in row()) + "\n", "utf-8")
    assert read_claims(path)[0].company == "Example"


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_are_named(mark, name, tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text(table(row()).replace(",", mark), "utf-8")
    with pytest.raises(CaseError, match=f"has {name} between") as caught:
        read_claims(path)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize("header", ["claim_id", "x;y", "", "\n"])
def test_a_single_heading_is_no_table(header, tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text(header + "\n1\n", "utf-8")
    with pytest.raises(CaseError, match=r"column document is missing|is empty"):
        read_claims(path)


BAD_CELLS = {
    "not a number": ({"amount": "nan"}, "finite"),
    "infinite": ({"amount": "1e999"}, "finite"),
    "huge": ({"amount": "1e300"}, "is more than"),
    "decimal comma": ({"amount": '"5,2"'}, "write 5.2"),
    "beyond the calendar": ({"period_end": "9999-12-31", "period_basis": "calendar"}, "2199"),
    "before it": ({"known_on": "0001-01-01"}, "1900"),
    "half a paragraph": ({"paragraph": "1.5"}, "no number of a paragraph"),
}


@pytest.mark.parametrize(("changed", "message"), BAD_CELLS.values(), ids=BAD_CELLS)
def test_a_cell_out_of_range_is_named_with_its_line(changed, message, tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text(table(row(), row(1, **changed)), "utf-8")
    with pytest.raises(CaseError, match=message) as caught:
        read_claims(path)
    assert f"{path}:3: " in str(caught.value)


def test_a_line_is_counted_by_the_lines_of_the_file(tmp_path):
    """The first row spreads over two lines, so that the bad one begins on the fourth."""
    path = tmp_path / "claims.csv"
    path.write_text(table(row(notes='"one\ntwo"'), row(1, amount="many")), "utf-8")
    with pytest.raises(CaseError, match=":4: amount"):
        read_claims(path)


def test_problems_without_end_are_counted(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text(table(*(row(n, amount="many") for n in range(MOST_PROBLEMS + 7))), "utf-8")
    with pytest.raises(CaseError, match="and 7 more problems") as caught:
        read_claims(path)
    assert len(caught.value.problems) == MOST_PROBLEMS + 1


def test_sizes_are_bounded(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text(table(*(row(n) for n in range(MOST_OWN_CLAIMS + 1))), "utf-8")
    with pytest.raises(CaseError, match="at most"):
        read_claims(path)
    path.write_text("a " * (LONGEST_ARTICLE // 2 + 1), "utf-8")
    with pytest.raises(CaseError, match="characters"):
        read_document(path)
    path.write_text("Meta spent $5. " * (MOST_PROPOSALS + 1), "utf-8")
    with pytest.raises(CaseError, match="it is a table"):
        propose_claims(read_document(path))


def test_amounts_of_nothing_and_losses_imply_no_exchange_rate(tmp_path):
    path = tmp_path / "claims.csv"
    rows = [row(0), row(1, unit="CNY", amount="0"), row(2, unit="JPY", amount="-5e9"), row(3, unit="EUR")]
    path.write_text(table(*rows), "utf-8")
    found = find_contradictions([c for c in list_claims(extra=[path]) if c.company == "Example"])
    assert all("inf" not in finding.at_issue.words for finding in found)


# --- nothing is lost, and nothing foreign counts ------------------------------------------------------------


def test_what_a_file_holds_stays_as_it_is(claims, tmp_path):
    """Also where its last line has no end; added claims come after it."""
    path = tmp_path / "claims.csv"
    before = table(row()).rstrip("\n")
    path.write_text(before, "utf-8")
    assert append_claims(path, claims) == (2, 0)
    assert path.read_text("utf-8").startswith(before + "\n")
    assert [claim.company for claim in read_claims(path)] == ["Example", "Meta", "Meta"]


def test_columns_in_another_order_and_other_encodings_are_added_to(claims, tmp_path):
    path = tmp_path / "claims.csv"
    turned = "".join(",".join(reversed(line.split(","))) + "\n" for line in table(row()).splitlines())
    for content in (turned.encode(), table(row()).encode("utf-16")):
        path.write_bytes(content)
        append_claims(path, claims)
        assert [claim.company for claim in read_claims(path)] == ["Example", "Meta", "Meta"]


def test_a_file_that_is_no_table_is_left_alone(claims, tmp_path):
    path = tmp_path / "article.txt"
    path.write_text(TEXT, "utf-8")
    with pytest.raises(CaseError):
        append_claims(path, claims)
    assert path.read_text("utf-8") == TEXT


def test_a_failed_write_leaves_the_old_file_and_nothing_else(claims, tmp_path, monkeypatch):
    path = tmp_path / "claims.csv"
    path.write_text(table(row()), "utf-8")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Exception, match="No space left"):
        append_claims(path, claims)
    assert [entry.name for entry in tmp_path.iterdir()] == ["claims.csv"]
    assert path.read_text("utf-8") == table(row())


HOSTILE = (
    "=1+1",
    "+cmd",
    "-2",
    "@sum",
    "\t=1",
    "'=1",
    "''=1",
    "[/]",
    "[bold]",
    "a\x1b[31mb",
    "a\u202eb",
    "{x}",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_is_no_formula_and_reads_back(text, claims, tmp_path):
    path = tmp_path / "claims.csv"
    hostile = replace(claims[0], company=text, quote=text)
    append_claims(path, [hostile])
    cells = path.read_text("utf-8").splitlines()[1].split(",")
    assert not any(cell.lstrip('"').startswith(("=", "+", "@", "\t")) for cell in cells)
    assert read_claims(path)[0].company == text


@given(st.text(max_size=20))
def test_a_guarded_cell_gives_its_text_back(text):
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@"))


@given(st.text(max_size=40))
def test_printable_text_steers_no_terminal(text):
    shown = printable(text).replace("\n", "").replace("\t", "")
    assert not {unicodedata.category(sign) for sign in shown} & {"Cc", "Cs", "Zl", "Zp"}
