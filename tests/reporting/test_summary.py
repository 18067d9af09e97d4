"""The terminal's summary fits a screen and needs no colour."""

import io

from rich.console import Console

from capexpand.reporting.context import ReportContext
from capexpand.reporting.headline import answers
from capexpand.reporting.run_sheet import run_sheet


def printed(findings, *, width=110, **settings):
    out = io.StringIO()
    run_sheet(findings).print(Console(file=out, width=width, **settings))
    return out.getvalue()


def test_the_summary_holds_the_answers_and_a_row_for_each_year(two_sites):
    text = printed(two_sites)
    flat = " ".join(text.split())
    for answer in answers(ReportContext(two_sites)):
        assert " ".join(answer.text.split()) in flat
    assert "2025 (3 q) 936.7 200.0" in flat
    assert "Solver: optimal, relative gap 0.0e+00." in flat


def test_the_summary_fits_a_screen(alibaba):
    lines = printed(alibaba).splitlines()
    assert len(lines) <= 50
    assert max(len(line) for line in lines) <= 110


def test_a_narrow_terminal_cuts_nothing_off(alibaba):
    text = printed(alibaba, width=80)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text


def test_nothing_is_said_by_colour_alone(alibaba):
    plain, coloured = printed(alibaba), printed(alibaba, force_terminal=True, color_system="truecolor")
    assert "\x1b[" in coloured
    assert "\x1b[" not in plain
    assert "Warning: " in plain


def test_square_brackets_of_a_title_are_shown(changed):
    text = printed(
        changed(("title: Coast", 'title: "Coast [bold]east[/bold]"'), ("title: Two sites", "title: '[red]T'"))
    )
    assert "Coast [bold]east[/bold]" in text
    assert "[red]T" in text
