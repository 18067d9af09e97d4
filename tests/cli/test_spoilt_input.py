"""Spoilt input of every kind is read or refused in words; ``benchmarks/fuzz.py`` tries it by the thousand."""

from random import Random

import pytest
from fuzz import ending
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readers import READERS
from spoiling import spoilt_bytes, spoilt_table, spoilt_text
from texts import spoilt_options
from trials import serving

from capexpand.errors import CaseError

SLOW = ("cases", "checkpoints", "run folders", "traces, vLLM", "articles")


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_a_spoilt_file_is_read_or_refused_in_words(name, tmp_path):
    @settings(max_examples=10 if name in SLOW else 25, deadline=None, database=None)
    @given(seed=st.integers(0, 2**40))
    def holds(seed: int) -> None:
        end, detail = ending(READERS[name], Random(seed), tmp_path)
        assert end in ("read", "refused"), f"seed {seed}: {end}\n{detail}"

    holds()


@pytest.mark.slow
def test_a_spoilt_value_of_any_option_ends_in_words(tmp_path):
    from kinds_of_file import make_good

    make_good(tmp_path)
    with serving() as server:
        for words in spoilt_options(Random(5), 30):
            outcome = server.attempt(words, tmp_path)
            assert not outcome.faults(words), (words, outcome)


def test_an_ending_that_must_not_be_is_told(tmp_path):
    """Else the tests above could not fail."""

    def fails(dice, folder):
        return {}["key"]

    def names_a_type(dice, folder):
        raise CaseError([])

    def speaks_python(dice, folder):
        raise CaseError(["TypeError: 'int' object is not iterable"])

    assert ending(fails, Random(0), tmp_path)[0] == "traceback"
    assert ending(names_a_type, Random(0), tmp_path)[0] == "Python's words"
    assert ending(speaks_python, Random(0), tmp_path)[0] == "Python's words"
    assert ending(lambda dice, folder: 0, Random(0), tmp_path)[0] == "read"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**40))
def test_the_same_seed_spoils_in_the_same_way(seed):
    text = "a,b\n1,2\n3,4\n"
    assert spoilt_text(text, Random(seed)) == spoilt_text(text, Random(seed))
    assert spoilt_table(text, Random(seed)) == spoilt_table(text, Random(seed))
    assert spoilt_bytes(text.encode(), Random(seed)) == spoilt_bytes(text.encode(), Random(seed))
