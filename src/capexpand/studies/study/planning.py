"""Plans one item of a study; what comes out is one row of its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from capexpand.case.loading import Declaration, read_declaration
from capexpand.case.schema import Case
from capexpand.errors import CaseError, InfeasibleError, SolverError
from capexpand.finance.metrics import measure
from capexpand.finance.programme import programme_result
from capexpand.model.compile import compile_case
from capexpand.optimiser.warm import Optimum, WarmPlanner
from capexpand.reporting.serial import number
from capexpand.studies.study.manifest import Item, Study
from capexpand.studies.sweep.outcomes import EXPLAINED_ROWS, values_of

Value = str | int | float | None
Row = dict[str, Value]
"""One row of the table, by column; money in plain units of the study's currency."""

FEW_SCENARIOS = 10
"""For the strategies beside the policy, which a study does not show."""


@dataclass
class Planner:
    """Plans items; it keeps what items of one case share.

    Args:
        files: of the cases, by their labels.
        days: their own dates.
        factors: by currency, how many of the study's one of it is.
        scenarios: through which policies are followed.
        iterations: limit of each training; the usual one if None.
        seed: of all random numbers.
    """

    files: dict[str, Path]
    days: dict[str, date]
    factors: dict[str, float]
    scenarios: int
    iterations: int | None
    seed: int
    _declared: dict[str, tuple[Optimum, Optimum] | None] = field(default_factory=dict, repr=False)
    _declarations: dict[tuple[str, str | None], Declaration] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, study: Study) -> Planner:
        """Return the planner of a study."""
        files = {case.label: case.file for case in study.cases}
        days = {case.label: case.as_of for case in study.cases}
        return cls(files, days, study.factors, study.scenarios, study.iterations, study.seed)

    def __getstate__(self) -> dict[str, object]:
        """Leave solved programs behind: they are solved again where they are needed."""
        return {**self.__dict__, "_declared": {}, "_declarations": {}}

    def __call__(self, items: Sequence[Item]) -> list[Row]:
        """Return a row for each of some items."""
        return [self.row(item) for item in items]

    def row(self, item: Item) -> Row:
        """Plan an item; one without a plan says why."""
        found: Row = {
            "item": item.number, "case": item.case, "variant": item.variant, "risk": item.risk,
            "as_of": (item.day or self.days[item.case]).isoformat(),
        }  # fmt: skip
        try:
            case = self._case(item)
            found["as_of"] = case.as_of.isoformat()
            money = self.factors[case.currency] * 1e6
            found |= (
                self._policy(case, item.risk, money) if item.wants_policy else self._plan(case, item, money)
            )
        except CaseError as error:
            said = [f"{one.path}: {one.message}" if one.path else one.message for one in error.problems]
            return found | {"status": "invalid", "reason": "; ".join(said)}
        except InfeasibleError as error:
            return found | {"status": "infeasible", "reason": "; ".join(error.conflict)}
        except SolverError as error:
            return found | {"status": "failed", "reason": str(error)}
        return found | {"status": "planned", "reason": ""}

    def _case(self, item: Item) -> Case:
        key = (item.case, item.variant)
        if key not in self._declarations:
            if len(self._declarations) > 64:
                self._declarations.clear()
            self._declarations[key] = read_declaration(self.files[item.case], item.variant)
        return self._declarations[key].load(None if item.day is None else {"as_of": item.day.isoformat()})

    def _plan(self, case: Case, item: Item, money: float) -> Row:
        """Plan for the mean path, from the basis of the case as it stands."""
        m = compile_case(case)
        starts = self._start(item.case)
        explained = starts is not None and starts[0].program.row_lower.size <= EXPLAINED_ROWS
        ours, base = (
            _planner(case, explained=explained).optimum(data, start=start)
            for data, start in zip((m, m.without_programme()), starts or (None, None), strict=True)
        )
        values = values_of(ours.plan, base.plan)
        metrics = measure(programme_result(ours.plan, base.plan))
        return {
            "objective": _money(ours.plan.value, money),
            "npv": _money(values.npv, money),
            "irr": number(metrics.irr) if metrics.irr_is_answer else None,
            "payback_quarter": metrics.payback_quarter,
            "spent": _money(values.spent, money),
            "peak_funding": _money(metrics.peak_funding, money),
            "peak_power_mw": values.peak_power_mw,
            "accelerators": values.accelerators,
        }

    def _start(self, label: str) -> tuple[Optimum, Optimum] | None:
        """Both optima of a case as it stands; None where it has none or sizes are whole."""
        if label not in self._declared:
            try:
                case = read_declaration(self.files[label]).load()
                m = compile_case(case)
                planner = _planner(case, explained=False)
                ours = planner.optimum(m)
                base = planner.optimum(m.without_programme(), start=ours)
                self._declared[label] = None if ours.basis is None or base.basis is None else (ours, base)
            except (CaseError, InfeasibleError, SolverError):
                self._declared[label] = None
        return self._declared[label]

    def _policy(self, case: Case, risk: str, money: float) -> Row:
        """Train a policy and follow it."""
        from capexpand.pipeline import optimise_policy
        from capexpand.policy.case_policy import PolicySettings
        from capexpand.policy.outcomes import SampleSizes, simulate_policy
        from capexpand.policy.risk_attitudes import read_risk
        from capexpand.policy.strategies import measure_outcomes

        usual = PolicySettings()
        settings = PolicySettings(
            risk=read_risk(risk),
            seed=self.seed,
            iterations=usual.iterations if self.iterations is None else self.iterations,
        )
        planned = optimise_policy(case, settings=settings)
        few = min(FEW_SCENARIOS, self.scenarios)
        outcomes = simulate_policy(
            planned.policy,
            planned.data,
            planned.futures,
            sizes=SampleSizes(self.scenarios, foresight=few, rolling=few, mean_on_nodes=few),
            seed=self.seed + 1,
        )
        ours = measure_outcomes(outcomes).metrics[0]
        books = outcomes.books["policy"]
        low, _, middle, _, high = (float(value) for value in ours.npv_quantiles)
        return {
            "objective": _money(ours.value.mean, money),
            "npv": _money(ours.npv.mean, money),
            "npv_halfwidth": _money(ours.npv.halfwidth, money),
            "npv_5": _money(low, money),
            "npv_median": _money(middle, money),
            "npv_95": _money(high, money),
            "npv_worst_tenth": _money(ours.npv_tail, money),
            "loses_share": ours.loses,
            "irr": number(float(ours.irr_quantiles[2])),
            "spent": _money(ours.spent, money),
            "peak_funding": _money(float(ours.peak_funding[2]), money),
            "peak_power_mw": float(books.power_mw.max(axis=0).mean()),
            "accelerators": float(books.installed.max(axis=0).mean()),
        }


def _planner(case: Case, *, explained: bool) -> WarmPlanner:
    solve = case.solve
    return WarmPlanner(
        sides="any",
        explained=explained,
        relative_gap=solve.relative_gap,
        time_limit_seconds=solve.time_limit_seconds,
    )


def _money(amount: float, factor: float) -> float | None:
    return number(amount * factor, 12)


def day_of(row: Row) -> date | None:
    """Return the day of a row."""
    written = row.get("as_of")
    return None if written is None else date.fromisoformat(str(written))
