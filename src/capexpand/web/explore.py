"""A case explored: the plan for other assumptions, from a basis at hand, beside the plan as declared."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from capexpand.case.schema import Case
from capexpand.errors import CapexpandError, InfeasibleError
from capexpand.model.blocks import LinearProgram
from capexpand.model.compile import compile_case
from capexpand.model.data import ModelData
from capexpand.model.stage import Stage
from capexpand.optimiser.brackets import Bracket, Brackets, ProgramChange, Support
from capexpand.optimiser.deterministic import build_program
from capexpand.optimiser.warm import Optimum, WarmPlanner
from capexpand.pipeline import Plans, evaluate
from capexpand.reporting.charts.drawing import Chart, Quarters, Series, over_quarters
from capexpand.reporting.charts.palette import BASE, PROGRAMME
from capexpand.web.assumptions import Assumption, Assumptions, Changes
from capexpand.web.changing import load_changed, merged_data
from capexpand.web.engine import Engine, executor_behind
from capexpand.web.outcomes import Difference, Outcome, differences, outcome
from capexpand.web.remedies import Remedy, remedies
from capexpand.web.sliders import assumptions_of
from capexpand.wording import money

Query = tuple[tuple[str, str], ...]

KEPT_CASES = 6
"""Cases whose bases are kept; each takes some 30 MB of the largest."""

SUPPORTS = 10
"""Solved plans of each case that bound what a moving slider passes."""

BETWEEN = (0.5, 0.25)
"""Shares of the way to the ends of a slider that moves at which the case is planned as well."""

AT_ONCE = 8
"""Requests that explore at a time; the others wait without a thread, so that other pages are answered."""

KEPT_STATES = 4
"""Changed cases of each case that are kept ready; each takes some MB of the largest."""

KEPT_ANSWERS = 64
"""Explored states that are kept for each case."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A changed case made ready to be planned or bounded."""

    case: Case
    data: ModelData
    built: tuple[LinearProgram, list[Stage]]


@dataclass(frozen=True, slots=True)
class Explored:
    """The changed plan beside the declared one."""

    changes: Changes
    base: Outcome
    changed: Outcome
    differences: tuple[Difference, ...]
    charts: tuple[Chart, ...]
    quarters: Quarters


@dataclass(frozen=True, slots=True)
class Bracketed:
    """Bounds of a plan that was not made.

    Args:
        bracket: of its objective, the present value that a plan maximises.
        declared: objective of the plan as declared [million].
        currency: of both.
    """

    bracket: Bracket
    declared: float
    currency: str

    @property
    def words(self) -> str:
        """The bounds against the plan as declared, in words; empty where nothing is bounded."""
        lower, upper = self.bracket.lower, self.bracket.upper
        if lower is None or upper is None:
            return ""
        low, high = (self._against(value - self.declared) for value in (lower, upper))
        return low if low == high else f"{low} to {high}"

    def _against(self, gap: float) -> str:
        if abs(gap) <= 1e-6 * max(1.0, abs(self.declared)):
            return "no change"
        return f"{'+' if gap > 0 else ''}{money(gap, self.currency)}"


class Explorer:
    """Explores cases for many people at once; its memory is bounded.

    Args:
        solvers: plans that are made at a time.
    """

    def __init__(self, solvers: int = 2) -> None:
        self.turns = asyncio.Semaphore(AT_ONCE)
        self._studies: OrderedDict[tuple[Path, str | None], Study] = OrderedDict()
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(solvers)
        self._ahead = executor_behind("ahead", 5)
        self._beside_it = executor_behind("spread", 19)
        self._prepares = threading.Lock()

    def study(self, path: Path, variant: str | None = None) -> Study:
        """Return a case made ready to be explored; the one at hand where its files did not change.

        Args:
            path: the case file.
            variant: of the case.

        Raises:
            CaseError: the case is wrong.
        """
        key = (path, variant)
        with self._lock:
            found = self._studies.get(key)
            if found is not None and found.stamps == _stamps(found.case):
                self._studies.move_to_end(key)
                return found
        case = load_changed(path, variant)
        with self._lock:
            other = self._studies.get(key)  # which another request made meanwhile
            if other is not None and other.case.provenance.content_hash == case.provenance.content_hash:
                other.stamps = _stamps(case)
                return other
            made = Study(
                case, path, variant, turns=self._turns, beside_it=self._beside_it, ahead=self._ahead
            )  # fmt: skip
            self._studies[key] = made
            self._studies.move_to_end(key)
            while len(self._studies) > KEPT_CASES:
                self._studies.popitem(last=False)
        return made

    def prepare(self, path: Path) -> None:
        """Plan a case as declared beside whatever else is done, for whoever explores it next.

        One at a time: who leafs through many cases does not keep the machine busy.
        """
        if self._prepares.acquire(blocking=False):
            self._ahead.submit(self._prepare, path)

    def _prepare(self, path: Path) -> None:
        try:
            with contextlib.suppress(CapexpandError):  # whoever explores it is told
                self.study(path).base()
        finally:
            self._prepares.release()


def _stamps(case: Case) -> tuple[tuple[int, int], ...]:
    """Times and sizes of the files of a case, by which a change of them is seen."""
    found = []
    for file in case.provenance.files:
        try:
            stat = file.stat()
        except OSError:
            return ()
        found.append((stat.st_mtime_ns, stat.st_size))
    return tuple(found)


class Study:
    """One case that is explored."""

    def __init__(
        self,
        case: Case,
        path: Path,
        variant: str | None,
        *,
        turns: threading.BoundedSemaphore,
        beside_it: ThreadPoolExecutor,
        ahead: ThreadPoolExecutor,
    ) -> None:
        self.case, self.path, self.variant = case, path, variant
        self.stamps = _stamps(case)
        self.assumptions: Assumptions = assumptions_of(case, merged_data(path, variant))
        self._turns = turns
        self._lock = threading.Lock()
        self._engine = Engine(self.assumptions)
        self._first: Optimum | None = None
        self._base: Outcome | None = None
        self._supports: tuple[Support, ...] = ()
        self._prepared: set[str] = set()
        self._preparing = threading.Lock()
        self._beside_it, self._goes_ahead = beside_it, ahead
        self._wanted: Changes | None = None
        self._foreseen: tuple[Query, Future[None]] | None = None
        self._known: OrderedDict[Query, Explored] = OrderedDict()
        self._stated: OrderedDict[Query, Stated] = OrderedDict()

    def read(self, asked: Iterable[tuple[str, str]]) -> Changes:
        """Read the changes that an address asks for; see ``Assumptions.read``."""
        return self.assumptions.read(asked)

    def base(self) -> Outcome:
        """Return the plan of the case as declared.

        Raises:
            InfeasibleError: no plan satisfies the case.
            SolverError: the solver failed.
        """
        with self._lock:
            return self._declared()

    def explored(self, changes: Changes, heard: Callable[[], None] = lambda: None) -> Explored:
        """Return the plan under other assumptions, beside that of the case as declared.

        Args:
            changes: of the case.
            heard: refuses to go on where nobody waits for the answer any more; asked when its turn has come.

        Raises:
            CaseError: the case does not allow such a change.
            InfeasibleError: no plan satisfies the changed case.
            SolverError: the solver failed.
        """
        with self._lock:  # one after the other, in the order in which they came
            heard()
            foreseen = self._foreseen
            if foreseen is not None and foreseen[0] == changes.query:
                foreseen[1].result()  # it is being planned already
            with self._preparing:
                known = self._known.get(changes.query)
                if known is not None:
                    self._known.move_to_end(changes.query)
                    return known
                if self._wanted is not None and self._wanted.query == changes.query:
                    self._wanted = None  # it waits behind another place; here it is planned at once
            base = self._declared()
            with self._turns:
                return self._keep(changes, base)

    def _keep(self, changes: Changes, base: Outcome, *, explained: bool = True) -> Explored:
        found = self._beside(changes, base, self._outcome(changes, explained=explained) if changes else base)
        with self._preparing:
            self._known[changes.query] = found
            while len(self._known) > KEPT_ANSWERS:
                self._known.popitem(last=False)
        return found

    def _foresee(self, changes: Changes) -> None:
        """Plan where a slider is, beside whatever else is done: when it is let go, the answer is near.

        Only the latest place is planned; those that it passed in between are left out.
        """
        with self._preparing:
            busy = self._wanted is not None
            self._wanted = changes
            if not busy:
                self._goes_ahead.submit(self._plan_ahead)

    def _plan_ahead(self) -> None:
        while True:
            with self._preparing:
                changes, base = self._wanted, self._base
                if changes is None or base is None or changes.query in self._known:
                    self._wanted = None
                    return
                over: Future[None] = Future()
                self._foreseen = changes.query, over
            try:
                with contextlib.suppress(CapexpandError):  # whoever lets go there is told
                    self._keep(changes, base, explained=False)
            finally:
                with self._preparing:
                    self._foreseen = None
                    if self._wanted is changes:
                        self._wanted = None
                over.set_result(None)

    def bracket(self, changes: Changes) -> Bracketed:
        """Return certified bounds of the best objective under other assumptions, without planning.

        Raises:
            CaseError: the case does not allow such a change.
        """
        first, supports = self._first, self._supports
        if first is not None and changes:
            self._foresee(changes)
            for name in changes.levels:
                self._prepare(name)
        if first is None or not supports:
            return Bracketed(Bracket(None, None), 0.0, self.case.currency)
        found = Brackets(first.program, supports).at(self._state(changes).built[0])
        return Bracketed(found, first.objective, self.case.currency)

    def remedies(self, changes: Changes) -> tuple[Remedy, ...]:
        """Return the smallest change of each assumption that would allow a plan where there is none."""
        planner = WarmPlanner(sides="any", explained=False)

        def feasible(tried: Changes) -> bool:
            data = compile_case(load_changed(self.path, self.variant, tried.settings))
            with self._turns:
                try:
                    planner.optimum(data)
                except InfeasibleError:
                    return False
            return True

        return remedies(self.assumptions, changes, feasible)

    def _prepare(self, name: str) -> None:
        """Plan along a slider beside whatever else is done, once.

        Its ends bound all that lies between, and from each place plans nearby are found sooner.
        """
        with self._preparing:
            if name in self._prepared or self._first is None:
                return
            self._prepared.add(name)
        slider = next(one for one in self.assumptions.sliders if one.name == name)
        self._beside_it.submit(self._plan_along, slider)

    def _plan_along(self, slider: Assumption) -> None:
        for level in (slider.low, slider.high, *(slider.stated + share * (end - slider.stated)
                      for share in BETWEEN for end in (slider.low, slider.high))):  # fmt: skip
            with contextlib.suppress(CapexpandError):  # a place at which there is no plan bounds nothing
                changes = self.read([(slider.name, slider.text(level))])
                stated = self._state(changes)
                ours, _ = self._engine.pair(stated.data, changes, stated.built, explained=False)
                self._support(ours)

    def _support(self, optimum: Optimum) -> None:
        """Keep a solved plan to bound others; the declared one always stays."""
        first = optimum if self._first is None else self._first
        found = Support.of(ProgramChange.between(first.program, optimum.program), optimum.solution)
        if found is not None:
            with self._preparing:
                others = self._supports[1:][-(SUPPORTS - 2) :]
                self._supports = (*self._supports[:1], *others, found)

    def _state(self, changes: Changes) -> Stated:
        """Return the changed case made ready; a slider is bounded and planned at the same place."""
        with self._preparing:
            known = self._stated.get(changes.query)
        if known is None:
            changed = load_changed(self.path, self.variant, changes.settings) if changes else self.case
            data = compile_case(changed)
            known = Stated(changed, data, build_program(data))
        with self._preparing:
            self._stated[changes.query] = known
            while len(self._stated) > KEPT_STATES:
                self._stated.popitem(last=False)
        return known

    def _declared(self) -> Outcome:
        if self._base is None:
            with self._turns:
                self._base = self._outcome(self.read([]))
        return self._base

    def _outcome(self, changes: Changes, *, explained: bool = True) -> Outcome:
        stated = self._state(changes)
        ours, rest = self._engine.pair(stated.data, changes, stated.built, explained=explained)
        self._support(ours)
        if self._first is None:
            self._first = ours
        plan, without = ours.plan, rest.plan
        # an even plan would take as long again, and nothing here shows one
        return outcome(evaluate(Plans(stated.case, plan, without, plan)))

    def _beside(self, changes: Changes, base: Outcome, changed: Outcome) -> Explored:
        context = changed.context
        return Explored(
            changes,
            base,
            changed,
            tuple(differences(base, changed)),
            tuple(beside(base, changed)),
            Quarters.of(context.data.times, context.window),
        )


_PICTURES = (
    ("cash", "Cash flow of the programme, added up", True),
    ("spending", "Payments for orders", False),
    ("revenue", "Revenue", False),
    ("power", "Power energised", True),
    ("accelerators", "Accelerators installed", True),
    ("tokens", "Tokens served a day", False),
)


def beside(base: Outcome, changed: Outcome) -> Iterable[Chart]:
    """Yield a chart for each series, the declared plan grey and the changed one blue.

    Args:
        base: as declared.
        changed: under other assumptions, over the same quarters.
    """
    for key, title, stocks in _PICTURES:
        one, other = base.series[key], changed.series[key]
        largest = float(max(np.abs(one).max(initial=0.0), np.abs(other).max(initial=0.0)))
        if largest <= 1e-9:
            continue
        scale, unit = _scale(key, largest, changed.context.currency)
        lines = [Series.of("As declared", BASE, one / scale, "line")]
        if other is not one:
            lines.append(Series.of("Changed", PROGRAMME, other / scale, "line"))
        else:
            lines = [Series.of("As declared", PROGRAMME, one / scale, "line")]
        yield Chart(
            identifier=f"beside-{key}",
            title=title,
            note=f"{unit}, at the end of each quarter" if stocks else f"{unit}, in each quarter",
            spec=over_quarters(lines, unit, stocks=stocks, height=190),
            series=tuple(lines),
        )


def _scale(key: str, largest: float, currency: str) -> tuple[float, str]:
    if key in ("cash", "spending", "revenue"):
        return (1000.0, f"bn {currency}") if largest >= 1000.0 else (1.0, f"mn {currency}")
    if key == "power":
        return (1000.0, "GW") if largest >= 1000.0 else (1.0, "MW")
    for size, word in ((1e12, "tn"), (1e9, "bn"), (1e6, "million"), (1e3, "thousand")):
        if largest >= size:
            return size, f"{word} {'tokens' if key == 'tokens' else 'accelerators'}"
    return 1.0, "tokens" if key == "tokens" else "accelerators"
