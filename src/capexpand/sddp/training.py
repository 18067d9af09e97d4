"""Trains a policy: rounds of iterations, barriers where cuts are exchanged, checkpoints, when to stop."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.sddp.assessment import assess, scale, stall_fraction
from capexpand.sddp.checkpoint import CheckpointLog, LoggedState, fingerprint
from capexpand.sddp.checkpointing import Checkpoints
from capexpand.sddp.deadline import Deadline, OutOfTimeError, broken_off
from capexpand.sddp.futures import CutKind
from capexpand.sddp.initial_lower_bounds import InitialLowerBounds, initial_lower_bounds
from capexpand.sddp.interruption import Interruption, asked_to_end
from capexpand.sddp.kept_cuts import unpacked_cuts
from capexpand.sddp.parallel import one_thread
from capexpand.sddp.policy import Assessment, Policy, TrainingRecord, first_stage_bound
from capexpand.sddp.problem import PolicyGraph
from capexpand.sddp.resuming import fits
from capexpand.sddp.simulation import path_count
from capexpand.sddp.stage_solver import SolveCounts
from capexpand.sddp.stream import Iteration, Solvers, Step, chosen_back_end
from capexpand.sddp.workers import Round, Streams, StreamsHere, WorkerTask, open_workers

Progress = Callable[[TrainingRecord], bool | None]
"""Sees each round; training stops where it returns True."""

OpenStreams = Callable[[WorkerTask, int], Streams]
"""Spreads the streams of a task over some workers."""

_CHECK_KEY = 1_000_000
_RECENT = 100
_FRESH_ROUNDS = 10
"""Rounds after which streams drop their bases: among equally good decisions a warm basis returns to the same
one for ever, while whoever follows the policy later may meet another, where no cut was ever made."""
_INTEGER_PATHS = 100
_GRACE_SECONDS = 2.0
"""Time for a first bound where the limit came before the first round was done."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train.

    Args:
        iterations: limit, all streams together.
        seconds: limit of time for this session, or None; a training that it ends is not reproducible to the
            last digit.
        seed: of all random numbers.
        streams: logical streams; part of the result. More streams make better use of more workers.
        workers: processes; never part of the result, unless asynchronous.
        asynchronous: let streams exchange cuts whenever they are ready. Faster with uneven work, but two
            runs differ.
        cuts: single or multi.
        back_end: ``highs``; ``kernel``, the own stage solver where it suits; ``auto``, the own one for
            all but small problems; or ``check``, the own one with HiGHS from a cold start beside it.
        gap_fraction: stop when the policy may lose at most this against the optimum, by a sample.
        exact_gap_fraction: the same where all paths are evaluated.
        stall_fraction: a sample is drawn only while the bound moves less than this ...
        stall_iterations: ... over so many iterations, and the last hundred paths are within ``gap_fraction``
            of it; a tenth of it over four times as many iterations ends the training.
        sample_paths: paths of a check.
        exact_limit: outcomes on a tree up to which all are evaluated.
        checkpoint_rounds: rounds between checkpoints, where there is a checkpoint file.
        longest_path: where to stop walking in an endless graph.
        stabilisation: of two rounds in three, how far trial points are moved from the states met on the path
            towards the centre of earlier ones, as a fraction, at first; it fades (cut-point
            stabilisation). Early paths lead to extreme states, and a cut made between them and the centre
            holds for more of what follows (Ben-Ameur and Neto, 2007, *Acceleration of cutting-plane and
            column generation algorithms*).
        lower_bound: a known bound on every node's cost (in internal, minimising sense), or None to find one.
    """

    iterations: int = 2000
    seconds: float | None = None
    seed: int = 1
    streams: int = 1
    workers: int = 1
    asynchronous: bool = False
    cuts: CutKind = CutKind.SINGLE
    back_end: str = "auto"
    gap_fraction: float = 0.01
    exact_gap_fraction: float = 1e-6
    stall_fraction: float = 2e-5
    stall_iterations: int = 50
    sample_paths: int = 500
    exact_limit: int = 2000
    checkpoint_rounds: int = 20
    longest_path: int = 1000
    stabilisation: float = 0.2
    lower_bound: float | None = None

    def on_which_results_depend(self) -> str:
        """Return the settings that change a training's result, for its fingerprint."""
        free = {"iterations", "seconds", "workers"}
        return repr({key: value for key, value in asdict(self).items() if key not in free})


def train(
    graph: PolicyGraph,
    *,
    settings: TrainingSettings | None = None,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
    warm_starts: Sequence[tuple[Step, ...]] = (),
    open_streams: OpenStreams = open_workers,
) -> Policy:
    """Find a policy by stochastic dual dynamic programming.

    Args:
        settings: how; the defaults suit programs of up to a few hundred rows.
        progress: sees each round and may end the training. Ctrl-C ends it too, after the round that is at
            work, or at once the second time; what was reached is kept.
        checkpoint: file from which the training resumes and to which it writes. With it, a killed
            training ends where an undisturbed one (with the same settings and a file) does.
        warm_starts: trajectories along which to make the first cuts, such as good plans of single futures:
            they bring the cuts to where they matter, and cuts are valid wherever they are made.
        open_streams: spreads the streams over workers.

    Raises:
        CaseError: the settings make no sense.
        InfeasibleError: a stage has no feasible point at a state that earlier stages reach.
        RunError: the checkpoint belongs to another problem or cannot be written.
        SolverError: the solver failed.
        OutOfTimeError: the time was up before the first bound was there.
    """
    chosen = settings or TrainingSettings()
    _check(chosen)
    with asked_to_end() as interruption, one_thread():
        training = _Training(graph, chosen, open_streams)
        try:
            training.open(checkpoint, tuple(warm_starts))
            training.run(progress, interruption)
        finally:
            training.close()
        return training.policy()


def _digest(warm_starts: tuple[tuple[Step, ...], ...]) -> str:
    """Return what tells given paths from others."""
    digest = hashlib.sha256()
    for path in warm_starts:
        for step in path:
            digest.update(step.state.tobytes())
    return digest.hexdigest() if warm_starts else ""


def _check(settings: TrainingSettings) -> None:
    """Refuse settings that make no sense."""
    problems = [
        Problem(f"must be at least 1, not {getattr(settings, name)}", path=name)
        for name in (
            "iterations",
            "streams",
            "workers",
            "stall_iterations",
            "sample_paths",
            "checkpoint_rounds",
        )
        if getattr(settings, name) < 1
    ]
    if not 0.0 <= settings.stabilisation < 1.0:
        problems.append(
            Problem(f"must be at least 0 and less than 1, not {settings.stabilisation}", path="stabilisation")
        )
    if settings.back_end not in {"auto", "highs", "kernel", "check"}:
        problems.append(
            Problem(f"{settings.back_end!r} is not one of auto, highs, kernel, check", path="back_end")
        )
    if problems:
        raise CaseError(problems)


class _Training:
    """A training while it runs."""

    def __init__(self, graph: PolicyGraph, settings: TrainingSettings, open_streams: OpenStreams) -> None:
        self._open_streams = open_streams
        self._deadline = Deadline.after(settings.seconds)
        if chosen_back_end(graph, settings.back_end) != "highs":
            settings = self._compiled(settings)
        self._began = time.perf_counter()
        self._graph, self._settings = graph, settings
        self._lower_bound = self._initial_lower_bounds()
        self._is_small = path_count(graph, settings.exact_limit) is not None
        self._rounds = 0
        self._unseen: list[Round] = []
        """Rounds that the assessor has not seen."""
        self._records: list[TrainingRecord] = []
        self._path_values: list[float] = []
        self._counts = SolveCounts()
        self._status = "iteration_limit"
        self._assessment: Assessment | None = None
        self._next_check, self._checks = 4, 0
        self._earlier_seconds = 0.0
        self._checkpoints: Checkpoints | None = None
        self._streams: Streams = StreamsHere(())

    def open(self, checkpoint: Path | None, warm_starts: tuple[tuple[Step, ...], ...]) -> None:
        """Take up what a checkpoint holds and start the workers."""
        graph, settings = self._graph, self._settings
        state: LoggedState | None = None
        if checkpoint is not None:
            depends = settings.on_which_results_depend() + _digest(warm_starts)
            state = self._resume(CheckpointLog(checkpoint, fingerprint(graph, depends)))
        state = state or LoggedState([], [], 0.0, {})
        task = WorkerTask(
            graph, self._lower_bound, settings.cuts, settings.back_end, settings.seed, settings.longest_path,
            tuple(range(settings.streams)), tuple(state.rounds), tuple(state.generators),
            tuple(warm_starts[number :: settings.streams] for number in range(settings.streams)),
            settings.stabilisation, settings.asynchronous, state.kept,
        )  # fmt: skip
        self._streams = self._open_streams(task, settings.workers)
        self._assessor = Solvers(
            graph, self._lower_bound.stage_and_future, kind=settings.cuts, back_end=settings.back_end
        )
        for group, record in enumerate(state.kept):
            self._assessor.restore(group, unpacked_cuts(record, -1))

    def _compiled(self, settings: TrainingSettings) -> TrainingSettings:
        """Compile the stage solver before the clock starts, and before other processes, which inherit it.

        Returns:
            The settings; with HiGHS in place of ``auto`` where compiling would take over half of the time.
        """
        from capexpand.sddp.kernel.stage import compile_now

        try:
            with broken_off(self._deadline.part(0.5) if settings.back_end == "auto" else self._deadline):
                compile_now()
        except OutOfTimeError:
            if settings.back_end != "auto":
                raise
            return replace(settings, back_end="highs")
        return settings

    def _initial_lower_bounds(self) -> InitialLowerBounds:
        bound = self._settings.lower_bound
        with broken_off(self._deadline):
            return (
                initial_lower_bounds(self._graph)
                if bound is None
                else InitialLowerBounds(np.full(len(self._graph.nodes), bound), False)
            )

    def _resume(self, log: CheckpointLog) -> LoggedState | None:
        """Take up and return what a checkpoint holds."""
        state, settings = log.read(), self._settings
        self._checkpoints = Checkpoints(log, asynchronous=settings.asynchronous)
        if state is None:
            return None
        solvers = Solvers(
            self._graph, self._lower_bound.stage_and_future, kind=settings.cuts, back_end=settings.back_end
        )
        if not fits(state, solvers, settings.streams, asynchronous=settings.asynchronous):
            log.close()
            raise log.damaged()
        self._earlier_seconds = state.seconds
        self._next_check, self._checks = state.extra["next_check"], state.extra["checks"]
        for merged in state.rounds:
            self._note(merged)
        self._checkpoints.unwritten.clear()
        return state

    @property
    def _seconds(self) -> float:
        return self._earlier_seconds + time.perf_counter() - self._began

    @property
    def _iterations(self) -> int:
        return self._records[-1].iterations if self._records else 0

    def run(self, progress: Progress | None, interruption: Interruption) -> None:
        """Run rounds until a rule says stop, or someone does."""

        def ended() -> bool:
            return bool(progress is not None and progress(self._records[-1])) or interruption.asked

        try:
            while not self._stops():
                if self._settings.asynchronous and self._streams.can_run_free:
                    self._run_free(ended)
                    return
                for worker in self._streams.workers:
                    worker.start()
                self._see()  # while others iterate
                found: dict[int, Iteration] = {}
                with broken_off(self._deadline):
                    for worker in self._streams.workers:
                        found |= worker.finish()
                self._note(tuple(found[number] for number in sorted(found)))
                due = self._checkpoints is not None and self._rounds % self._settings.checkpoint_rounds == 0
                self._streams.exchange(found, forget=due or self._rounds % _FRESH_ROUNDS == 0)
                if ended():
                    self._status = "interrupted"
                    break
                if due and self._checkpoints is not None:
                    self._checkpoints.note_generators(self._streams.workers, self._streams.workers)
                    self._write(self._checkpoints)
        except KeyboardInterrupt:
            self._status = "interrupted"
        except OutOfTimeError:  # in the middle of a round, which is lost
            self._status = "time_limit"

    def _run_free(self, ended: Callable[[], bool]) -> None:
        """Let every process iterate at its own pace, each with the cuts known when it starts."""
        workers = self._streams.workers
        most = self._settings.checkpoint_rounds * len(workers)
        news: dict[int, list[dict[int, Iteration]]] = {id(worker): [] for worker in workers}
        for worker in workers:
            if self._checkpoints is not None:
                self._checkpoints.note_generators(workers, [worker])
            worker.start()
        while not self._stops():
            limit = None if self._settings.seconds is None else self._deadline.remaining
            for worker in self._streams.ready(limit):
                found = worker.finish()
                self._note(tuple(found[number] for number in sorted(found)))
                if self._checkpoints is not None:
                    self._checkpoints.note_generators(workers, [worker])
                for other in workers:
                    if other is not worker:
                        news[id(other)].append(found)
                for others in news[id(worker)]:
                    worker.exchange(others, forget=False)
                news[id(worker)].clear()
                worker.start()
                if self._checkpoints is not None and len(self._checkpoints.unwritten) >= most:
                    self._write(self._checkpoints)
                if ended():
                    self._status = "interrupted"
                    return

    def _note(self, merged: Round) -> None:
        """Keep a round and its record."""
        graph = self._graph
        previous = self._records[-1] if self._records else None
        best = max(iteration.bound for iteration in merged)
        bound = graph.sign * best
        if previous is not None and graph.sign * previous.bound > best:
            bound = previous.bound
        self._rounds += 1
        self._unseen.append(merged)
        if self._checkpoints is not None:
            self._checkpoints.note(merged)
        for iteration in merged:
            self._counts.add(iteration.counts)
        self._path_values += [graph.sign * iteration.path_cost for iteration in merged]
        recent = np.array(self._path_values[-_RECENT:])
        spread = float(recent.std(ddof=1)) if len(recent) > 1 else float("inf")
        self._records.append(
            TrainingRecord(
                iterations=self._iterations + len(merged),
                bound=bound,
                path_value=float(np.mean(self._path_values[-len(merged) :])),
                recent_mean=float(recent.mean()),
                recent_halfwidth=1.96 * spread / float(np.sqrt(len(recent))),
                first_state=merged[0].first_state,
                seconds=self._seconds,
                solves=(previous.solves if previous else 0) + sum(i.counts.solves for i in merged),
            )
        )

    def _stops(self) -> bool:
        """Tell whether a rule ends the training; sets the status."""
        settings, done = self._settings, self._iterations
        if not self._records:
            self._status = "time_limit"
            return self._deadline.remaining <= 0.0
        if done >= self._next_check and self._check_gap():
            self._status = "converged"
        elif self._has_stalled():
            self._status = "stalled"
        elif done >= settings.iterations:
            self._status = "iteration_limit"
        elif self._deadline.remaining <= 0.0:
            self._status = "time_limit"
        else:
            return False
        return True

    def _has_stalled(self) -> bool:
        settings = self._settings
        return stall_fraction(self._records, 4 * settings.stall_iterations) < settings.stall_fraction / 10.0

    def _check_gap(self) -> bool:
        """Assess the policy where that is worth it; true where the gap is within tolerance."""
        settings, done = self._settings, self._iterations
        if not self._is_small and not self._is_promising():
            return False
        self._next_check = done + max(1, done // 2)
        solvers = self._assessing()
        self._checks += 1
        bound, paths = self._records[-1].bound, settings.sample_paths
        if self._graph.has_integers:
            paths = min(paths, _INTEGER_PATHS)
            bound = self._graph.sign * max(self._graph.sign * bound, first_stage_bound(solvers))
        seeds = np.random.SeedSequence(settings.seed, spawn_key=(_CHECK_KEY, self._checks))
        self._assessment = assess(
            solvers,
            bound,
            paths=paths,
            exact_limit=settings.exact_limit,
            check=self._checks,
            generator=np.random.Generator(np.random.PCG64(seeds)),
            workers=settings.workers,
            deadline=self._deadline,
        )
        gap = self._assessment.gap_fraction
        limit = settings.exact_gap_fraction if self._assessment.exact else settings.gap_fraction
        return gap is not None and gap <= limit

    def _is_promising(self) -> bool:
        """Tell whether the bound has nearly stopped moving and the last paths come near enough to it."""
        settings, last = self._settings, self._records[-1]
        if stall_fraction(self._records, settings.stall_iterations) > settings.stall_fraction:
            return False
        gap = self._graph.sign * (last.recent_mean - last.bound)
        return gap <= settings.gap_fraction * scale(last.bound, last.recent_mean)

    def _assessing(self) -> Solvers:
        """Return solvers apart from those of the streams, so that looking changes nothing."""
        self._see()
        self._assessor.forget()
        return self._assessor

    def _see(self) -> None:
        """Take what the streams found into the solvers that look at it; what they do not need they forget."""
        if self._rounds % _FRESH_ROUNDS == 0:
            self._assessor.forget()
        for merged in self._unseen:
            for iteration in merged:
                self._assessor.take(iteration)
        self._unseen.clear()

    def _write(self, checkpoints: Checkpoints) -> None:
        """Bring the checkpoint file up to date."""

        def looking() -> Solvers:
            self._see()
            return self._assessor

        checkpoints.write(
            self._streams.workers,
            looking,
            seconds=self._seconds,
            extra={"next_check": self._next_check, "checks": self._checks},
        )

    def close(self) -> None:
        """End the workers."""
        self._streams.close()
        if self._checkpoints is not None:
            self._checkpoints.close()

    def _bound_before(self, solvers: Solvers) -> float:
        """Return the bound before the first round is done."""
        with broken_off(Deadline.after(_GRACE_SECONDS) if self._settings.seconds is not None else Deadline()):
            return solvers.bound()

    def policy(self) -> Policy:
        """Return what was reached."""
        graph = self._graph
        solvers = self._assessing()
        relaxed = self._records[-1].bound if self._records else graph.sign * self._bound_before(solvers)
        bound = relaxed
        if graph.has_integers:
            bound = graph.sign * max(first_stage_bound(solvers), graph.sign * relaxed)
        return Policy(
            graph=graph,
            kind=self._settings.cuts,
            back_end=self._settings.back_end,
            initial_bounds=self._lower_bound,
            bound=bound,
            status=self._status,
            assessment=self._assessment,
            records=tuple(self._records),
            seconds=self._seconds,
            counts=self._counts,
            _solvers=solvers,
        )
