"""Tables of a page as a terminal shows them."""

from io import StringIO

from rich.console import Console

from capexpand.reporting.blocks import Answer, Column, Row, Table, table
from capexpand.reporting.terminal import print_answers, print_table

LONG = "solved again with the rules of each quarter, and with the amounts that were known on its last day"
TABLE = table(
    "From plan to report",
    ("Step", "Change", Column("How", align="text")),
    (Row("The plan", (), "group"), Row("rules", ("+2.5", LONG)), Row("reported", ("193.7", ""), "sum")),
    "In bn CNY.",
    kind="wordy",
)


def printed(table: Table, width: int) -> list[str]:
    console = Console(file=StringIO(), width=width)
    print_table(table, console)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def test_title_comes_before_and_note_after_the_rows() -> None:
    lines = [line for line in printed(TABLE, 120) if line.strip()]
    assert lines[0] == "From plan to report"
    assert lines[-1] == "In bn CNY."
    assert any(line.startswith("The plan") for line in lines)


def test_numbers_stay_whole_and_words_take_several_lines() -> None:
    lines = printed(TABLE, 50)
    assert max(map(len, lines)) <= 50
    assert any("+2.5" in line for line in lines)
    told = " ".join(word for line in lines for word in line.replace("+2.5", "").split())
    assert LONG in told.replace("rules solved", "solved", 1)


def test_a_table_without_rows_is_not_shown() -> None:
    assert printed(table("Nothing", ("Step",), ()), 80) == []


def test_columns_are_left_out_with_their_heads_and_groups_stay() -> None:
    kept = table("", ("Step", "Change", Column("How", in_terminal=False)), TABLE.rows).in_terminal()
    assert kept.head == ("Step", "Change")
    assert [row.cells for row in kept.rows] == [(), ("+2.5",), ("193.7",)]


def test_brackets_in_an_answer_are_no_markup() -> None:
    console = Console(file=StringIO(), width=80)
    print_answers((Answer("Does it pay?", "Not [told] here."),), console)
    assert console.file.getvalue() == "Does it pay? Not [told] here.\n"  # type: ignore[attr-defined]
