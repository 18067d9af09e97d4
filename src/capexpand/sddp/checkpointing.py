"""Keeps what a training needs to go on, and decides when its checkpoint file is written anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from capexpand.files.json_text import JsonObject
from capexpand.sddp.checkpoint import CheckpointLog, LoggedState
from capexpand.sddp.kept_cuts import KeptCuts, Record, packed_cuts
from capexpand.sddp.stream import Solvers
from capexpand.sddp.workers import Round, Worker

OfStream = TypeVar("OfStream")


class Checkpoints:
    """The checkpoints of a training.

    Args:
        log: the file, opened.
        asynchronous: whether streams iterate at their own pace. They are not asked for their cuts then, and
            all go on from those of the solvers that look at everything.
    """

    def __init__(self, log: CheckpointLog, *, asynchronous: bool) -> None:
        self._log, self._asynchronous = log, asynchronous
        self._without_cuts: list[Round] = []
        """All rounds but for their cuts, of which a file that is written anew needs no more."""
        self._states: dict[int, JsonObject] = {}
        """Of the random numbers of each stream."""
        self.unwritten: list[Round] = []

    def note(self, merged: Round) -> None:
        """Take in a round."""
        self.unwritten.append(merged)
        self._without_cuts.append(tuple(replace(one, trial_points=(), mixes=()) for one in merged))

    def note_generators(self, workers: Sequence[Worker], asked: Sequence[Worker]) -> None:
        """Take in the states of the random numbers of some workers' streams."""
        for worker in asked:
            self._states |= _numbered(workers, worker, worker.generator_states())

    def write(
        self, workers: Sequence[Worker], looking: Callable[[], Solvers], *, seconds: float, extra: JsonObject
    ) -> None:
        """Write the new rounds to the file, or the file anew where it has grown.

        Args:
            workers: between two rounds.
            looking: gives the solvers that know the cuts of all rounds.
            seconds: spent so far.
            extra: what the training keeps for itself.

        Raises:
            RunError: it cannot be written.
        """
        anew = self._log.has_doubled
        state = LoggedState(
            rounds=self._without_cuts if anew else self.unwritten,
            generators=[self._states[number] for number in sorted(self._states)],
            seconds=seconds,
            extra=extra,
        )
        if anew:
            solvers = looking()
            groups = range(len(solvers.pools))
            self._log.write_anew(state, (self._kept(workers, solvers, group) for group in groups))
        else:
            self._log.append(state)
        self.unwritten.clear()

    def _kept(self, workers: Sequence[Worker], solvers: Solvers, group: int) -> Record:
        """Return what is kept of the cuts of a group, of all streams and of the solvers that look at them."""
        of_streams = dict[int, KeptCuts]()
        for worker in () if self._asynchronous else workers:
            of_streams |= _numbered(workers, worker, worker.kept(group))
        return packed_cuts([*(of_streams[number] for number in sorted(of_streams)), solvers.kept(group)])

    def close(self) -> None:
        """Let others use the file."""
        self._log.close()


def _numbered(
    workers: Sequence[Worker], worker: Worker, of_streams: Sequence[OfStream]
) -> dict[int, OfStream]:
    """Something of each of a worker's streams, by their numbers."""
    first = workers.index(worker)
    return {first + place * len(workers): one for place, one in enumerate(of_streams)}
