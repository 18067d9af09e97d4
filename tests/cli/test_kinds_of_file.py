"""No kind of file, given where a path is expected, ends a command in a traceback, a hang or a loss.

Here every other place tries every other kind; ``benchmarks/fuzz.py files`` tries every kind at every place.
"""

from pathlib import Path

import pytest
from kinds_of_file import PROPER, lost, make_good, make_kinds, places, state_of
from trials import serving

KINDS = (
    "empty",
    "zero bytes",
    "binary",
    "utf-16",
    "one line of 3 MB",
    "deep list",
    "deep lines",
    "folder",
    "foreign folder",
    "html",
    "pipe",
    "loop",
    "missing",
    "sparse",
    "endless device",
    "device that cannot be read",
    "hostile name",
    "long name",
)
PLACES = list(places())


@pytest.fixture(scope="module")
def trials():
    with serving() as server:
        yield server


@pytest.fixture
def folder(tmp_path, trials) -> Path:
    """Return a folder with a good file for every argument."""
    make_good(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES, ids=[place.name for place in PLACES])
def test_a_file_of_any_kind_ends_in_words_and_nothing_is_lost(place, folder, trials):
    (folder / "kinds").mkdir()
    made = make_kinds(folder / "kinds")
    words = [word for word in place.words("") if (folder / word).is_file()]
    inputs = {f"input {word}": folder / word for word in words}
    before = state_of(folder)
    kinds = KINDS[PLACES.index(place) % 2 :: 2]
    for kind, path in {**{kind: made[kind] for kind in kinds}, **inputs}.items():
        outcome = trials.attempt(place.words(path), folder)
        assert not outcome.faults(), f"{kind}: {outcome}"
    assert lost(before, state_of(folder)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", PROPER)
def test_a_proper_file_is_read_there(name, folder, trials):
    """Else a refusal would say nothing of the kind: a word beside the path might be wrong."""
    if name == "replay run":
        assert trials.attempt(["run", "case", "--out", "run"], folder).code == 0
    place = next(each for each in PLACES if each.name == name)
    outcome = trials.attempt(place.words(PROPER[name]), folder)
    assert outcome.code == 0, outcome


def test_the_places_of_the_command_line_are_all_found():
    assert {place.name for place in PLACES} >= {
        "run case",
        "compare cases",
        "replay --trace",
        "solve --checkpoint",
        "claims --with",
        "claims add --to",
        "new folder",
    }
