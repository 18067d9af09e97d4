"""Break-even: for each driver the level at which a programme's net present value is zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem
from capexpand.executing.engine import Engine, in_order
from capexpand.executing.local import LocalProcesses
from capexpand.finance.attribution import mostly_internal
from capexpand.finance.unit_costs import unit_costs
from capexpand.model.compile import compile_case
from capexpand.model.data import ModelData
from capexpand.optimiser.plan import Plan
from capexpand.studies.breakeven.drivers import Driver, chosen, drivers_of, general
from capexpand.studies.breakeven.roots import SLACK, Root, Tolerance, break_even_level
from capexpand.studies.breakeven.valuation import (
    READINGS,
    Reading,
    Valuation,
    Worlds,
    paid_by_the_group,
    paying_workloads,
    value_or_none,
)

MONEY_TOLERANCE = 1e-4
"""Distance from the target at which a level counts as found, as a share of the money that is spent."""
LEVEL_TOLERANCE = 5e-5
"""Width at which a bracket counts as closed, as a share of the driver's range."""
NEXT_TO_NOTHING = 0.005
"""Level, as a share of what is assumed, below which a value that fades there reaches its target at any."""
PAIR_SPREAD = (0.5, 0.7, 0.85, 1.0, 1.15, 1.35, 1.6)
"""Levels of the first driver of a pair, as factors on what is assumed."""

Progress = Callable[[str], None]
"""Told what is being looked for."""


@dataclass(frozen=True, slots=True)
class BreakEven:
    """The break-even of one driver in one reading.

    Args:
        driver: that is varied.
        reading: whether the plan is re-optimised or its orders are fixed.
        root: where the value reaches the target.
        value_per_accelerator_hour: [money] what an hour of an accelerator brings there, over the horizon
            and the workloads that pay; None where no level was found or nothing runs.
    """

    driver: Driver
    reading: Reading
    root: Root
    value_per_accelerator_hour: float | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Combinations of two drivers at which the value reaches the target.

    Args:
        first: whose levels are given.
        second: whose break-even is sought at each.
        reading: whether the plan is re-optimised or its orders are fixed.
        levels: of the first driver.
        roots: of the second driver, one for each level.
    """

    first: Driver
    second: Driver
    reading: Reading
    levels: tuple[float, ...]
    roots: tuple[Root, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A value that is to be reached, in money of the plan's start."""

    name: str
    value: float  # millions of the case's currency


@dataclass(frozen=True, slots=True)
class BreakEvens:
    """Break-evens of a programme, at which it reaches a value.

    Args:
        case: as declared.
        valuation: of the declared case.
        transfer: whether internal workloads count at their transfer value.
        npv_cash: the programme's net present value in cash alone [money].
        target: the value to be reached.
        drivers: all that the case has, by name.
        single: one driver at a time, both readings of each.
        pairs: curves of two.
    """

    case: Case
    valuation: Valuation
    transfer: bool
    npv_cash: float
    target: Target
    drivers: dict[str, Driver]
    single: tuple[BreakEven, ...]
    pairs: tuple[Pair, ...]

    @property
    def npv(self) -> float:
        """The programme's net present value as assumed [money], transfer value counted as stated."""
        return self.valuation.npv

    @property
    def value_per_accelerator_hour(self) -> float | None:
        """What an hour of an accelerator brings as assumed [money], or None where none runs."""
        return accelerator_hour(self.valuation.result.plan)

    @property
    def tolerance(self) -> float:
        """Distance from the target within which a level counts as found [money]."""
        return SLACK * MONEY_TOLERANCE * self.valuation.scale

    def of(self, name: str, reading: Reading) -> BreakEven | None:
        """Return the break-even of a driver in a reading, if it was sought."""
        for found in self.single:
            if found.driver.name == name and found.reading == reading:
                return found
        return None


PAYS = Target("net present value of zero", 0.0)


def break_even(
    case: Case,
    drivers: tuple[str, ...] = (),
    *,
    pairs: tuple[tuple[str, str], ...] = (),
    target: Target = PAYS,
    transfer: bool | None = None,
    progress: Progress | None = None,
    search: Search | None = None,
    engine: Engine | None = None,
) -> BreakEvens:
    """Find the break-even values of a programme, one driver at a time and in pairs.

    Args:
        case: as ``load_case`` gives it.
        drivers: names of drivers, such as ``price`` or ``volume:tokens-large``; all general ones if empty.
        pairs: of drivers: for levels of the first, the break-even of the second.
        target: the value to be reached; zero if absent.
        transfer: whether internal workloads count at their transfer value; if absent, only where they are
            most of what the case may earn.
        progress: is told what is being looked for.
        search: of the same case, where one is at hand; ``transfer`` is then its own.
        engine: what looks for them; this process if None. What is found is the same with any.

    Raises:
        CaseError: the case has no such driver, or a pair names one twice.
        InfeasibleError: no plan satisfies the case as declared.
        SolverError: a program could not be solved.
    """
    search = search or Search.of(case, transfer=transfer)
    wanted = chosen(search.drivers, drivers) if drivers else general(search.drivers)
    curves = [_pair(search.drivers, names) for names in pairs]
    sought: list[Sought] = [(driver.name, None, READINGS[0]) for driver in wanted]
    sought += [(first.name, second.name, reading) for first, second in curves for reading in READINGS]
    single: list[BreakEven] = []
    pairs_found: list[Pair] = []
    both = [f"{one.title} with {_inside(two.title)}" for one, two in curves for _ in READINGS]
    titles = iter([*(driver.title for driver in wanted), *both, "the report"])
    tell = progress or (lambda _: None)
    tell(next(titles))
    work = _Searching(case, search.transfer, target, search)
    with (engine or LocalProcesses(1)).pool(work, most=len(sought)) as pool:
        for (name, other, reading), found in in_order(pool, sought):
            driver = search.drivers[name]
            if other is None:
                ends = zip(READINGS, found, strict=True)
                single += [BreakEven(driver, each, root, hour) for each, (root, hour) in ends]
            else:
                second, roots = search.drivers[other], tuple(root for root, _ in found)
                pairs_found.append(Pair(driver, second, reading, _levels(driver), roots))
            tell(next(titles))
    return BreakEvens(
        case=case,
        valuation=search.valuation,
        transfer=search.transfer,
        npv_cash=search.npv_cash,
        target=target,
        drivers=search.drivers,
        single=tuple(single),
        pairs=tuple(pairs_found),
    )


def _pair(drivers: dict[str, Driver], names: tuple[str, str]) -> tuple[Driver, Driver]:
    first, second = chosen(drivers, names)
    if first.name == second.name:
        raise CaseError([Problem(f"a pair needs two drivers, and '{first.name}' is named twice")])
    return first, second


@dataclass(frozen=True, slots=True)
class Search:
    """A case with its drivers and its value, to look for break-evens of several kinds."""

    case: Case
    valuation: Valuation
    drivers: dict[str, Driver]
    transfer: bool
    npv_cash: float

    @classmethod
    def of(cls, case: Case, *, transfer: bool | None = None) -> Search:
        """Return the search of a case.

        Args:
            case: as ``load_case`` gives it.
            transfer: whether internal workloads count; decided by the case if absent.

        Raises:
            InfeasibleError: no plan satisfies the case as declared.
            SolverError: a program could not be solved.
        """
        m = compile_case(case)
        counted = mostly_internal(m) if transfer is None else transfer
        valuation = Valuation(paid_by_the_group(m) if counted else m)
        drivers = drivers_of(case, m, paying_workloads(m, transfer=counted))
        return cls(case, valuation, drivers, counted, _cash(valuation, m))

    def tolerance(self, driver: Driver) -> Tolerance:
        """Return when a level of a driver counts as found.

        Args:
            driver: that is varied.
        """
        width = LEVEL_TOLERANCE * (driver.high - driver.low)
        return Tolerance(MONEY_TOLERANCE * self.valuation.scale, width)

    def single(
        self, drivers: tuple[Driver, ...], target: Target, progress: Progress | None = None
    ) -> tuple[BreakEven, ...]:
        """Return the break-evens of drivers, one at a time, each in both readings.

        Args:
            drivers: that are varied.
            target: the value to be reached.
            progress: is told what is being looked for.

        Raises:
            SolverError: a program could not be solved.
        """
        found: list[BreakEven] = []
        for driver in drivers:
            if progress is not None:
                progress(driver.title)
            found += [self.of_driver(driver, reading, target) for reading in READINGS]
        return tuple(found)

    def of_driver(self, driver: Driver, reading: Reading, target: Target = PAYS) -> BreakEven:
        """Return the break-even of one driver in one reading.

        Args:
            driver: that is varied.
            reading: whether the plan is made for it or kept to.
            target: the value to be reached.

        Raises:
            SolverError: a program could not be solved.
        """

        def value(level: float) -> float | None:
            if level == driver.assumed:
                return self.valuation.npv
            return value_or_none(self.valuation, worlds_at(self.valuation.data, driver, level), reading)

        root = break_even_level(
            value,
            start=driver.assumed,
            ends=(driver.low, driver.high),
            higher_is_better=driver.higher_is_better,
            target=target.value,
            tolerance=self.tolerance(driver),
        )
        if root.fades and root.level is not None and abs(root.level) < NEXT_TO_NOTHING * driver.assumed:
            root = replace(root, outcome="always", level=None, residual=None, fades=False)
        return BreakEven(driver, reading, root, self._hour(driver, root, reading))

    def _hour(self, driver: Driver, root: Root, reading: Reading) -> float | None:
        """What an accelerator-hour brings at the level that was found."""
        if root.level is None:
            return None
        worlds = worlds_at(self.valuation.data, driver, root.level)
        return accelerator_hour(self.valuation.programme(worlds, reading).plan)

    def pair(
        self,
        first: Driver,
        second: Driver,
        reading: Reading,
        target: Target = PAYS,
        progress: Progress | None = None,
    ) -> Pair:
        """Return the combinations of two drivers that reach a value.

        Args:
            first: whose levels are given.
            second: whose break-even is sought at each.
            reading: whether the plan is re-optimised or its orders are fixed.
            target: the value to be reached.
            progress: is told what is being looked for.

        Raises:
            SolverError: a program could not be solved.
        """
        levels = _levels(first)
        if progress is not None:
            progress(f"{first.title} with {_inside(second.title)}")
        roots = tuple(
            self._at(worlds_at(self.valuation.data, first, level), second, reading, target)
            for level in levels
        )
        return Pair(first, second, reading, levels, roots)

    def _at(self, worlds: Worlds, second: Driver, reading: Reading, target: Target) -> Root:
        """The break-even of one driver in a world that another has changed.

        The search begins where the driver is assumed, not at the level found for the world before: of
        several crossings the nearest to what is assumed is meant throughout.
        """

        def value(level: float) -> float | None:
            both = replace(
                worlds,
                known=second.change(worlds.known, level),
                met=second.met(worlds.met, level),
                family=f"{worlds.family} {worlds.level:g}, {second.name}",
                level=level,
                costs_only=second.costs_only,
                operates=worlds.operates or second.operates,
            )
            return value_or_none(self.valuation, both, reading)

        return break_even_level(
            value,
            start=second.assumed,
            ends=(second.low, second.high),
            higher_is_better=second.higher_is_better,
            target=target.value,
            tolerance=self.tolerance(second),
        )


Sought = tuple[str, str | None, Reading]
"""A driver, in both readings; or two drivers, in one."""


@dataclass
class _Searching:
    """Looks for break-evens in whatever process it is; on another machine the case is planned again first."""

    case: Case
    transfer: bool
    target: Target
    search: Search | None

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "search": None}  # its solvers live in a library's memory

    def __call__(self, sought: Sought) -> list[tuple[Root, float | None]]:
        """Return the roots, and what an accelerator-hour brings at those of a single driver."""
        if self.search is None:
            self.search = Search.of(self.case, transfer=self.transfer)
        name, other, reading = sought
        driver = self.search.drivers[name]
        self.search.valuation.start_anew()
        if other is not None:
            found = self.search.pair(driver, self.search.drivers[other], reading, self.target)
            return [(root, None) for root in found.roots]
        single = [self.search.of_driver(driver, each, self.target) for each in READINGS]
        return [(one.root, one.value_per_accelerator_hour) for one in single]


def worlds_at(m: ModelData, driver: Driver, level: float) -> Worlds:
    """Return a case at a level of a driver.

    Args:
        driver: that is varied.
    """
    return Worlds(
        known=driver.change(m, level),
        met=driver.met(m, level),
        family=driver.name,
        level=level,
        costs_only=driver.costs_only,
        operates=driver.operates,
    )


def _inside(title: str) -> str:
    """A title within a sentence."""
    return f"{title[:1].lower()}{title[1:]}"


def _levels(driver: Driver) -> tuple[float, ...]:
    """Levels of the first driver of a pair, around what is assumed."""
    if driver.kind == "quarters":
        return (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
    scaled = tuple(driver.assumed * factor for factor in PAIR_SPREAD)
    return tuple(level for level in scaled if driver.low <= level <= driver.high)


def accelerator_hour(plan: Plan) -> float | None:
    """Return what an hour of an accelerator brings over the horizon [money], of workloads that pay for one.

    Args:
        plan: in which internal workloads pay where their transfer value counts.
    """
    costs, paying = unit_costs(plan), paying_workloads(plan.data, transfer=False)
    served = paying & (costs.accelerator_hours.sum(axis=1) > 0)
    hours = float(costs.accelerator_hours[served].sum())
    return float(costs.value[served].sum()) / hours if hours > 1e-9 else None


def _cash(valuation: Valuation, m: ModelData) -> float:
    """The net present value without what the group would pay itself [money]."""
    from capexpand.finance.metrics import net_present_value
    from capexpand.finance.programme import programme_result

    result = valuation.result
    plan = replace(result.plan, data=m)
    base = replace(result.base_plan, data=m.without_programme())
    return net_present_value(programme_result(plan, base).programme, m.times)
