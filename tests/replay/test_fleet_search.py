"""The search for the smallest fleet asks what one worker alone would ask, however many run ahead of it."""

from __future__ import annotations

import random
from concurrent.futures import Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.errors import CaseError, Problem
from capexpand.executing.engine import Pool
from capexpand.replay.fleet_search import Fleet, Replayed, Searches, searches_of

SHARE = 0.5


def sequential(kept, kind: int, settings: int, most: int) -> tuple[Fleet | None, int]:
    """The search in its plainest form: the smallest fleet of a kind and the number of replays."""
    best, asked = None, 0
    for setting in range(settings):
        low, high = 0, most if best is None else best.replicas - 1
        if high < 1:
            continue
        asked += 1
        if not kept(Fleet(kind, setting, high)):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            asked += 1
            if kept(Fleet(kind, setting, middle)):
                high = middle
            else:
                low = middle
        best = Fleet(kind, setting, high)
    return best, asked


class Answers(Pool):
    """Answers some chunks at a time, one of them at random whenever it is asked for more."""

    def __init__(self, answer, slots: int, order: random.Random) -> None:
        self.answer, self._slots, self.order = answer, slots, order
        self.asked: list[Fleet] = []
        self.most_at_once = 0
        self._open: list[tuple[Future, Fleet]] = []

    @property
    def slots(self) -> int:
        return self._slots

    def submit(self, chunk: Fleet) -> Future:
        future: Future = Future()
        self.asked.append(chunk)
        self._open.append((future, chunk))
        self.most_at_once = max(self.most_at_once, len(self._open))
        return future

    def wait(self, _running) -> set[Future]:
        future, fleet = self._open.pop(self.order.randrange(len(self._open)))
        try:
            future.set_result(self.answer(fleet))
        except CaseError as error:
            future.set_exception(error)
        return {future}


def found_by(monkeypatch, answer, *, kinds, settings, most, slots, seed=0):
    pool = Answers(answer, slots, random.Random(seed))
    monkeypatch.setitem(Searches.finish.__globals__, "first_completed", pool.wait)
    searches = searches_of(range(kinds), range(settings), most, SHARE)
    searches.finish(pool)
    return searches, pool


@given(
    kinds=st.integers(1, 3),
    settings=st.integers(1, 5),
    most=st.integers(1, 40),
    slots=st.integers(1, 6),
    seed=st.integers(0, 2**32),
    noisy=st.booleans(),
)
def test_the_search_is_that_of_one_worker(kinds, settings, most, slots, seed, noisy):
    """Also where more replicas keep a promise worse, as noise may have it."""
    needs = {(k, s): random.Random(f"{seed} {k} {s}").randint(1, 50) for k in range(3) for s in range(5)}

    def kept(fleet: Fleet) -> bool:
        if noisy:
            return random.Random(f"{seed} {fleet}").random() < 0.5
        return fleet.replicas >= needs[fleet.kind, fleet.setting]

    def answer(fleet: Fleet) -> Replayed:
        return Replayed(1.0 if kept(fleet) else 0.0, None)

    expected = [sequential(kept, kind, settings, most) for kind in range(kinds)]
    with pytest.MonkeyPatch.context() as patched:
        searches, pool = found_by(
            patched, answer, kinds=kinds, settings=settings, most=most, slots=slots, seed=seed
        )
    assert [search.best for search in searches.open] == [best for best, _ in expected]
    assert searches.replayed == sum(asked for _, asked in expected)
    assert {kind: fleet for kind, (fleet, _) in searches.best.items()} == {
        best.kind: best for best, _ in expected if best is not None
    }
    assert len(set(pool.asked)) == len(pool.asked)
    if slots == 1:
        assert len(pool.asked) == searches.replayed


def test_workers_that_would_idle_run_ahead_of_a_search(monkeypatch):
    _, pool = found_by(
        monkeypatch,
        lambda fleet: Replayed(float(fleet.replicas >= 37), None),
        kinds=1,
        settings=9,
        most=64,
        slots=4,
    )
    assert pool.most_at_once == 4


def test_the_error_of_the_first_kind_is_told_whichever_comes_first(monkeypatch):
    def answer(fleet: Fleet) -> Replayed:
        if fleet.kind > 0 and fleet.replicas < 8:
            raise CaseError([Problem(f"kind {fleet.kind} fails")])
        return Replayed(float(fleet.replicas > 3), None)

    for seed in range(10):
        with pytest.raises(CaseError, match="kind 1 fails"):
            found_by(monkeypatch, answer, kinds=3, settings=2, most=8, slots=5, seed=seed)


def test_an_error_of_a_fleet_that_the_search_never_asks_for_is_none(monkeypatch):
    def answer(fleet: Fleet) -> Replayed:
        if fleet.replicas < 5:
            raise CaseError([Problem("nobody asked")])
        return Replayed(float(fleet.replicas >= 8), None)

    searches, pool = found_by(monkeypatch, answer, kinds=1, settings=1, most=11, slots=6)
    assert searches.best[0][0].replicas == 8
    assert any(fleet.replicas < 5 for fleet in pool.asked)
