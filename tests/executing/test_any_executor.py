"""Any executor of ``concurrent.futures`` does the chunks, and gives what one process gives."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

import capexpand as cx
from capexpand.errors import CaseError, Problem, RunError
from capexpand.executing.choosing import engine_on
from capexpand.executing.engine import in_order


@dataclass
class Counting:
    """Work with a state, as that of a solver: two threads that shared it would mix up their chunks."""

    held: list[int] = field(default_factory=list)

    def __call__(self, chunk: int) -> tuple[int, int]:
        self.held.append(chunk)
        return chunk * chunk, threading.get_ident() if self.held else 0


@pytest.mark.parametrize("kind", ["threads", "forked", "spawned"])
def test_chunks_are_answered_in_order_by_any_executor(kind):
    if kind == "threads":
        made: Executor = ThreadPoolExecutor(2)
    else:
        made = ProcessPoolExecutor(2, multiprocessing.get_context("fork" if kind == "forked" else "spawn"))
    with made, engine_on(made, workers=1) as engine, engine.pool(Counting(), most=7) as pool:
        assert pool.slots == 2
        assert [answer[0] for _, answer in in_order(pool, range(7))] == [n * n for n in range(7)]
    with pytest.raises(RuntimeError):  # only the caller shuts it down, as the block above did
        made.submit(int)


def test_each_thread_has_work_of_its_own():
    """Sensitivity: were the work shared, the caller's list would hold the chunks."""
    work = Counting()
    with ThreadPoolExecutor(2) as made, engine_on(made, workers=1) as engine:
        with engine.pool(work, most=3) as pool:
            assert len(list(in_order(pool, range(3)))) == 3
        made.submit(int).result()  # it still runs
    assert work.held == []


class Waiting(Executor):
    """Begins nothing by itself, and does not say how many workers it has."""

    def __init__(self) -> None:
        self.futures: list[Future] = []

    def submit(self, function, /, *arguments, **named) -> Future:
        self.futures.append(Future())
        return self.futures[-1]


def test_leaving_early_cancels_what_has_not_begun():
    made = Waiting()
    with engine_on(made, workers=3) as engine, engine.pool(Counting(), most=9) as pool:
        assert pool.slots == 3
        pool.submit(1)
        pool.submit(2)
    assert all(future.cancelled() for future in made.futures)


def test_an_executor_that_was_shut_down_ends_in_one_sentence():
    made = ThreadPoolExecutor(1)
    made.shutdown()
    with (
        engine_on(made, workers=1) as engine,
        engine.pool(Counting(), most=1) as pool,
        pytest.raises(RunError, match="the executor takes no more work"),
    ):
        pool.submit(1)


def test_a_mistake_in_a_chunk_comes_back_as_it_was_raised():
    with (
        ThreadPoolExecutor(1) as made,
        engine_on(made, workers=1) as engine,
        engine.pool(_wrong, most=1) as pool,
        pytest.raises(CaseError, match="no such thing"),
    ):
        list(in_order(pool, [1]))


def _wrong(_: int) -> int:
    raise CaseError([Problem("no such thing")])


@pytest.mark.slow
def test_a_sweep_on_an_executor_has_the_bytes_of_one_process(tmp_path):
    place = tmp_path / "case"
    cx.new(place)
    axes = ["programme.cap=0.8x:1.2x:2"]
    alone = cx.sweep(place, vary=axes, workers=1)
    with ThreadPoolExecutor(2) as made:
        spread = cx.sweep(place, vary=axes, on=made)
    assert spread.sheet().json() == alone.sheet().json()
    assert {name: table.to_dicts() for name, table in spread.tables.items()} == {
        name: table.to_dicts() for name, table in alone.tables.items()
    }
