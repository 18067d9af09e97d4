"""Text of a user is text on the command line: in every option, file's name and field of a file."""

import json
import re
from pathlib import Path

import pytest
from kinds_of_file import PROPER, Place, make_good, places
from texts import text_places
from trials import serving

from capexpand.cli.main import build_app

HOSTILE = "[/] [b]{A}[/b] {0} %s"
STEERING = "\x1b[31m\x9b1m\u202e"
NAME = "=[b]{A}[-]"
"""Of the folder in which everything stands: a formula and markup; a slash cannot stand in a name."""
ESCAPES = re.compile("[\x1b\x9b\u202e]")
TEXTS = {
    "case/case.yaml": ("Two sites", "Coast", "Chat", "Server with eight accelerators", "a quarter more"),
    "fleet.csv": ("\na,4",),
    "replicas.json": ('"r"',),
    "article.txt": ("A title", "on servers"),
    "articles/one.txt": ("A title", "on servers"),
    "series.csv": ("Example Cloud",),
    "guidance.csv": ("Example Cloud",),
    "program.json": ('"papers"', '"sell"', '"order"'),
    "measured.csv": ("output throughput",),
}
"""What becomes hostile in each file that ``make_good`` writes."""


@pytest.fixture(scope="module")
def trials():
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory, trials) -> Path:
    """Return a folder of good files whose every text is hostile, below one with a hostile name."""
    place = tmp_path_factory.mktemp("hostile") / NAME
    place.mkdir()
    make_good(place)
    for name, words in TEXTS.items():
        text = (place / name).read_text("utf-8")
        for word in words:
            if name == "case/case.yaml":
                text = text.replace(f"title: {word}", f'title: "={word} {HOSTILE}"')
                text = text.replace("buyer: Example Cloud\n", f'buyer: "Example Cloud {HOSTILE}"\n')
            elif word[0] in '"\n':
                text = text.replace(word, f"{word[:2]}{HOSTILE}{word[2:]}")
            else:
                text = text.replace(word, f"{word} {HOSTILE}")
        (place / name).write_text(text, "utf-8")
    tenants = "arrival_s,duration_s,accelerators,tenant\n" + "".join(
        f"{60 * i},3600,1,{HOSTILE}{STEERING}\n" for i in range(6)
    )
    (place / "trace.csv").write_text(tenants, "utf-8")
    (place / "config.json").write_text(
        json.dumps(json.loads((place / "config.json").read_text()) | {"_name_or_path": HOSTILE + STEERING})
    )
    with (place / "chip.yaml").open("a") as file:
        file.write(f'name: "{HOSTILE}"\n')
    made = trials.attempt(["run", "case", "--out", "run"], place)
    assert made.code == 0, made
    return place


def commands_of(place: Place) -> bool:
    return place.name in PROPER or place.name.endswith((" case", " cases"))


READ = [place for place in places() if commands_of(place)]


@pytest.mark.slow
@pytest.mark.parametrize("place", READ, ids=[place.name for place in READ])
@pytest.mark.parametrize("as_json", [False, True])
def test_hostile_files_are_shown_as_they_are_written(place, as_json, folder, trials, tmp_path):
    good = PROPER.get(place.name, "case/case.yaml")
    words = place.words(folder / good if "--" not in place.name.split()[-1] else good)
    at = len(words) - 1 if not place.behind else words.index(str(folder / good))
    words[at:at] = ["--json"] if as_json and not words[at - 1].startswith("--") else []
    outcome = trials.attempt(words, folder)
    assert not outcome.faults(), outcome
    assert not ESCAPES.search(outcome.output)


@pytest.mark.slow
def test_a_policy_a_backtest_and_a_check_of_a_hostile_case_end_well(folder, trials):
    quick = ("--scenarios", "10", "--iterations", "2", "--workers", "1")
    for words in (
        ("run", "case", "--policy", *quick, "--out", "policy"),
        ("backtest", "case", "--series", "series.csv", "--scenarios", "20", "--out", "back"),
        ("check", "case"),
        ("breakeven", "case", "--driver", "price", "--pair", "none", "--policy-run", "policy", "--out", "b"),
    ):
        outcome = trials.attempt(words, folder)
        assert outcome.code == 0, outcome
        assert not ESCAPES.search(outcome.output)
        assert "[/]" in outcome.output or words[0] == "breakeven"
    page = (folder / "policy" / "report.html").read_text("utf-8")
    assert "{A}" in page
    assert "\x1b" not in page


@pytest.mark.slow
def test_a_hostile_value_of_any_option_steers_nothing(folder, trials):
    for words, parameter in text_places():
        if parameter.param_type_name == "option":
            tried = [*words, f"{parameter.opts[0]}={HOSTILE}{STEERING}"]
        else:
            tried = [*words, "--", f"{HOSTILE}{STEERING}"]
        outcome = trials.attempt(tried, folder)
        assert not outcome.faults(tried), (tried, outcome)
        assert not ESCAPES.search(outcome.output), (tried, outcome)


def test_the_help_shows_brackets_as_they_are_written(capsys):
    """``tokens --help`` once printed "Mean prompt ." for "[tokens]"."""
    with pytest.raises(SystemExit):
        build_app()(["new", "--help"])
    assert "Folder to make" in capsys.readouterr().out


def test_every_text_in_question_stands_in_its_file(tmp_path):
    """Else the folder would not be hostile."""
    make_good(tmp_path)
    for name, words in TEXTS.items():
        text = (tmp_path / name).read_text("utf-8")
        assert [word for word in words if word not in text] == [], name
