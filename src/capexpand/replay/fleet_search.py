"""The search for the smallest fleet of each kind, which workers that would idle run ahead of.

What a search asks next follows from the answer before, so that it cannot be cut into parts. But there are
only two answers, and what it would ask after either is known: workers that have nothing else to do replay
what the search is likely to ask soon. The answers it takes, and their order, are those of one worker alone.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from itertools import count, islice

from capexpand.executing.engine import Pool, answer_of, first_completed
from capexpand.replay.serving.outcome import ServingOutcome

_LIKELY = 0.8
"""How likely the largest fleet is thought to keep the promise, and one smaller than the best so far to break
it. It decides what idle workers do, and no result."""
_LEAST_LIKELY = 0.02
"""What is less likely to be asked is not replayed ahead: rather is a worker idle."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet to be replayed, by the places of its kind and setting.

    Args:
        kind: which kind.
        setting: which setting of it.
        replicas: how many.
    """

    kind: int
    setting: int
    replicas: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay finds.

    Args:
        kept: share of the requests for which the promise is kept.
        outcome: what became of the requests; None where the promise is broken.
    """

    kept: float
    outcome: ServingOutcome | None


@dataclass(frozen=True, slots=True)
class Search:
    """How far the search for the smallest fleet of a kind has come.

    Each setting is tried with one replica less than the best so far needs, and given up where that is too
    few; otherwise the smallest number is found by halving.

    Args:
        kind: which.
        settings: how many there are.
        most: largest number of replicas considered.
        setting: the one at work.
        broken: largest number that is known to break the promise with it.
        enough: smallest that is known to keep it; None before the first answer.
        best: the smallest fleet so far.
    """

    kind: int
    settings: int
    most: int
    setting: int = 0
    broken: int = 0
    enough: int | None = None
    best: Fleet | None = None

    @property
    def asks(self) -> Fleet | None:
        """The fleet to be replayed next; None at the end."""
        if self.enough is not None:
            return Fleet(self.kind, self.setting, (self.broken + self.enough) // 2)
        most = self.most if self.best is None else self.best.replicas - 1
        if most < 1 or self.setting == self.settings:
            return None
        return Fleet(self.kind, self.setting, most)

    @property
    def likelihood(self) -> float:
        """How likely the promise is thought to be kept by what is asked next."""
        if self.enough is not None:
            return 0.5
        return _LIKELY if self.best is None else 1.0 - _LIKELY

    def after(self, asked: Fleet, *, kept: bool) -> Search:
        """Return the search after an answer.

        Args:
            asked: what it asked.
            kept: whether that fleet keeps the promise.
        """
        if kept:
            found = replace(self, enough=asked.replicas)
        elif self.enough is None:
            return replace(self, setting=self.setting + 1)
        else:
            found = replace(self, broken=asked.replicas)
        assert found.enough is not None  # noqa: S101 - one of the two was just set, beside the other
        if found.enough - found.broken > 1:
            return found
        best = Fleet(self.kind, self.setting, found.enough)
        return Search(self.kind, self.settings, self.most, self.setting + 1, best=best)


@dataclass(slots=True)
class Searches:
    """The searches of all kinds.

    Args:
        open: how far each has come.
        share: of the requests for which the promise must be kept.
        best: the smallest fleet of each kind that keeps the promise, and what it does, by kind.
        replayed: fleets that the searches asked for, without those that were replayed ahead in vain.
    """

    open: list[Search]
    share: float
    best: dict[int, tuple[Fleet, Replayed]] = field(default_factory=dict)
    replayed: int = 0
    _known: dict[Fleet, Future[Replayed]] = field(default_factory=dict)
    _running: dict[Future[Replayed], Fleet] = field(default_factory=dict)

    def finish(self, pool: Pool[Fleet, Replayed]) -> None:
        """Search to the end.

        Args:
            pool: replays fleets.

        Raises:
            CaseError: a fleet cannot be replayed that a search asked for: of the first such kind.
            SolverError: a worker was lost, and nobody else could do its work.
        """
        while True:
            self._advance()
            if all(search.asks is None for search in self.open):
                break
            for fleet in islice(self._wanted(), max(0, pool.slots - len(self._running))):
                self._running[pool.submit(fleet)] = fleet
            for future in first_completed(self._running):
                self._known[self._running.pop(future)] = future
        for future in self._running:  # that a worker ran ahead in vain
            future.cancel()

    def _advance(self) -> None:
        """Take the answers that are there."""
        earlier_done = True
        for kind, search in enumerate(self.open):
            while (asked := search.asks) in self._known:
                assert asked is not None  # noqa: S101 - pyrefly does not follow the test above
                future = self._known[asked]
                if future.exception() is not None and not earlier_done:
                    break  # kinds before it may fail as well, and are told first
                found = answer_of(future)
                del self._known[asked]
                self.replayed += 1
                kept = found.kept >= self.share
                if kept:
                    self.best[kind] = asked, found  # each is smaller than the one before
                search = search.after(asked, kept=kept)  # noqa: PLW2901
            self.open[kind] = search
            for passed in [one for one in self._known if one.kind == kind and one.setting < search.setting]:
                del self._known[passed]
            earlier_done = earlier_done and search.asks is None

    def _wanted(self) -> Iterator[Fleet]:
        """Fleets that nobody replays yet: what searches ask, then what they may ask, the likeliest first."""
        order = count()
        heap = [(-1.0, next(order), search) for search in self.open]
        seen: set[Fleet] = set(self._running.values())
        while heap:
            likelihood, _, search = heapq.heappop(heap)
            asked = search.asks
            if asked is None:
                continue
            known = self._known.get(asked)
            if known is None and asked not in seen:
                seen.add(asked)
                yield asked
            if known is not None and known.exception() is not None:
                continue
            for kept in (True, False):
                share = search.likelihood if kept else 1.0 - search.likelihood
                if known is not None:
                    share = float((known.result().kept >= self.share) == kept)
                if -likelihood * share >= _LEAST_LIKELY:
                    after = search.after(asked, kept=kept)
                    heapq.heappush(heap, (likelihood * share, next(order), after))


def searches_of(kinds: Sequence[object], settings: Sequence[object], most: int, share: float) -> Searches:
    """Return the searches of some kinds, none of which has begun.

    Args:
        kinds: to be searched.
        settings: of each.
        most: largest number of replicas considered.
        share: of the requests for which the promise must be kept.
    """
    return Searches([Search(kind, len(settings), most) for kind in range(len(kinds))], share)
