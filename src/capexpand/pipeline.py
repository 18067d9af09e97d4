"""The verbs, in the order in which data flows: optimise a case, evaluate the plans, report, write a run."""

from __future__ import annotations

import platform
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem
from capexpand.finance.bridge import bridge
from capexpand.finance.by_budget import SIZES, BudgetCurve, budget_curve
from capexpand.finance.checks import Check, check_plan
from capexpand.finance.longer import LONGER, HorizonCheck, horizon_check
from capexpand.finance.metrics import measure, net_present_value
from capexpand.finance.parts import fractional_orders
from capexpand.finance.programme import programme_result
from capexpand.finance.rental import doubtful_rental, rental_market
from capexpand.finance.unit_costs import unit_costs
from capexpand.model.aim import compile_aim
from capexpand.model.compile import compile_case
from capexpand.model.compile_funding import funding_limits
from capexpand.model.data import ModelData
from capexpand.model.rates import computed_workloads
from capexpand.model.unusable import unusable
from capexpand.optimiser.budgets import plans_by_budget, with_own_money
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.naive import naive_commitments
from capexpand.optimiser.plan import Plan
from capexpand.optimiser.rivals import best_rivals
from capexpand.optimiser.what_if import what_if
from capexpand.reporting.inputs import EvenPace, Examination, Findings, RunProvenance

if TYPE_CHECKING:
    from capexpand.executing.engine import Engine
    from capexpand.policy.case_policy import CasePolicy, PolicySettings
    from capexpand.policy.case_policy import Progress as TrainingProgress
    from capexpand.policy.findings import PolicyFindings
    from capexpand.policy.outcomes import Outcomes
    from capexpand.policy.outcomes import Progress as SimulationProgress
    from capexpand.reporting.sheet import Sheet
    from capexpand.scenarios.futures import Futures
    from capexpand.scenarios.lattice import Lattice


NO_POLICY_WITH_LEASEBACKS = (
    "lets servers be sold and leased back, and a policy does not decide on that: the tax on a sale depends "
    "on what was paid for the unit, which is another price in each future. A plain run decides on it, and "
    "keeps to its plan in the same futures; leave leaseback out for a policy"
)


@dataclass(frozen=True, slots=True)
class Plans:
    """The optimised plan of a case, and the two it is held against."""

    case: Case
    optimised: Plan
    base: Plan  # without the programme
    naive: Plan  # spending evenly


def optimise(case: Case) -> Plans:
    """Solves a case over its mean path: the best plan, the base, and the evenly spent plan, two at a time.

    Args:
        case: as ``load_case`` gives it.

    Raises:
        InfeasibleError: no plan satisfies the case; the message names the limits that exclude each other.
        SolverError: the solver failed or its answer did not pass the checks.
    """
    m = compile_case(case)

    def run(data: ModelData, *, even: bool = False) -> Plan:
        commitments = naive_commitments(data) if even else None
        gap, seconds = case.solve.relative_gap, case.solve.time_limit_seconds
        return optimise_plan(data, commitments, relative_gap=gap, time_limit_seconds=seconds)

    pool = ThreadPoolExecutor(max_workers=2)
    try:
        optimised = pool.submit(run, m)
        base = pool.submit(run, m.without_programme())
        naive = pool.submit(run, m.without_demands(), even=True)
        return Plans(case, optimised.result(), base.result(), naive.result())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # whoever interrupts it does not wait for a solver


def examine(plans: Plans) -> Examination:
    """Asks how far the plans of a case may be trusted: other sizes, longer horizons, many futures.

    Args:
        plans: from ``optimise``.

    Raises:
        SolverError: a solver failed or an answer did not pass the checks.
    """
    from capexpand.policy.followed import follow_plan

    m = plans.optimised.data
    first, last = m.times.window
    pool = ThreadPoolExecutor(max_workers=2)
    try:
        for_value = m.aim is None  # what is examined is value, by plans that are made for it
        asked = for_value and not m.whole_sizes and 0 <= first < min(last, m.times.count)
        # what takes longest comes first, so that both cores are busy to the end
        longer = (
            [pool.submit(_longer, plans, programme=with_it) for with_it in (False, True)] if asked else []
        )
        followed = pool.submit(follow_plan, plans.case, plans.optimised, plans.base) if for_value else None
        moved = pool.submit(what_if, plans.optimised) if asked else None
        sizes = pool.submit(_curve, plans) if asked else None
        rivals = pool.submit(_rivals, plans) if asked else None
        even, mixed = (None, None) if rivals is None else rivals.result()
        return Examination(
            curve=None if sizes is None else sizes.result(),
            horizon=_horizon(plans, *(one.result() for one in longer)) if longer else (),
            followed=None if followed is None else followed.result(),
            even=even,
            standing_mix=mixed,
            what_if=None if moved is None else moved.result(),
        )
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def refuse_objective(case: Case, asked: str, *, power_alone: bool = False) -> None:
    """Refuse a question about value for a case whose plan is made for something else.

    Args:
        case: any.
        asked: what counts value, for the message.
        power_alone: whether other aims than the least power may be asked about, which are amounts of money.

    Raises:
        CaseError: ``solve`` names another objective, or a share to be served.
    """
    if compile_aim(case) is not None and (case.solve.objective == "power" or not power_alone):
        field = "serve" if case.solve.objective == "npv" else "objective"
        counts = "counts money" if power_alone else "is made for value, whatever is served"
        message = f"solve.{field}: {asked} {counts}; leave it out of the case"
        raise CaseError([Problem(message, file=case.provenance.path)])


def _longer(plans: Plans, *, programme: bool) -> list[Plan]:
    """Plans with more quarters, with or without the programme, each from the one before.

    The first with the programme is solved sooner afresh.
    """
    case, found = plans.case, list[Plan]()
    before = None if programme else plans.base
    for more in LONGER:
        calendar = case.calendar.model_copy(update={"quarters": case.calendar.quarters + more})
        data = compile_case(case.model_copy(update={"calendar": calendar}))
        before = optimise_plan(data if programme else data.without_programme(), duals=False, start=before)
        found.append(before)
    return found


def _horizon(plans: Plans, bases: list[Plan], ours: list[Plan]) -> tuple[HorizonCheck, ...]:
    """What longer horizons change."""
    return tuple(
        horizon_check(plans.optimised, plan, base=plans.base, longer_base=base)
        for plan, base in zip(ours, bases, strict=True)
    )


def _curve(plans: Plans) -> BudgetCurve:
    """What each size of the programme is worth."""
    m, base = plans.optimised.data, plans.base
    sized = with_own_money(m, plans.optimised)
    standing = optimise_plan(m.standing_still(), duals=False, start=base)
    if sized.budget.own <= 0.0:
        return budget_curve(replace(base, data=sized.with_budget(0.0)), (), base=base, standing=standing)
    smaller = plans_by_budget(sized, SIZES, start=plans.optimised)
    return budget_curve(replace(plans.optimised, data=sized), smaller, base=base, standing=standing)


def _rivals(plans: Plans) -> tuple[EvenPace, EvenPace | None]:
    """The best even pace, and at that pace the mix that stands, with what they are worth."""
    times = plans.optimised.data.times

    def worth(part: float, plan: Plan) -> EvenPace:
        programme = programme_result(plan, plans.base).programme
        return EvenPace(part, net_present_value(programme, times), plan.solver.objective)

    found = best_rivals(plans.optimised.data, plans.naive)
    mixed = None if found.mix is None else worth(found.fraction, found.mix)
    return worth(found.fraction, found.even), mixed


def refuse_policy(case: Case) -> None:
    """Refuse a policy for a case with decisions that it could not follow.

    Args:
        case: any.

    Raises:
        CaseError: servers may be sold and leased back, or the plan is made for something else than its value.
    """
    file = case.provenance.path
    refuse_objective(case, "a policy")
    for name, offer in case.offers.items():
        if offer.buy is not None and offer.buy.leaseback is not None:
            place = f"offers.{name}.buy.leaseback"
            raise CaseError([Problem(f"{place}: {NO_POLICY_WITH_LEASEBACKS}", file=file)])


@dataclass(frozen=True, slots=True)
class PlannedPolicy:
    """A policy for a case, with what is needed to follow it."""

    case: Case
    data: ModelData
    futures: Futures
    policy: CasePolicy


@dataclass(frozen=True, slots=True)
class LatticeSettings:
    """How futures are condensed for a policy."""

    nodes: int = 160
    outcomes: int = 1
    recourse_quarters: int = 17  # with that many nodes; this quarter is the first
    later_nodes: int = 48
    paths: int = 16_384
    seed: int = 1


def case_lattice(case: Case, settings: LatticeSettings) -> tuple[Futures, Lattice]:
    """Condense what a case declares unknown.

    Args:
        case: as ``load_case`` gives it.
        settings: how.
    """
    from capexpand.scenarios.condensation import condense
    from capexpand.scenarios.futures import compile_futures
    from capexpand.scenarios.sampling import draw_scenarios

    futures = compile_futures(case)
    return futures, condense(
        draw_scenarios(futures, settings.paths, seed=settings.seed),
        nodes=settings.nodes,
        outcomes=settings.outcomes,
        seed=settings.seed,
        fine_quarters=settings.recourse_quarters,
        later_nodes=settings.later_nodes,
    )


def optimise_policy(
    case: Case,
    *,
    settings: PolicySettings | None = None,
    lattice: LatticeSettings | None = None,
    progress: TrainingProgress | None = None,
    checkpoint: Path | None = None,
    engine: Engine | None = None,
) -> PlannedPolicy:
    """Finds a policy for a case: what to commit now, and a rule for later that reacts to what is seen.

    Args:
        case: as ``load_case`` gives it; it must declare what is unknown.
        settings: of the training, its attitude to risk among them.
        lattice: how futures are condensed.
        progress: sees each round of the training.
        checkpoint: file from which an interrupted training resumes.
        engine: what runs the streams; processes of this machine if None.

    Raises:
        CaseError: the case declares nothing unknown.
        SolverError: a program could not be solved.
        RunError: the checkpoint belongs to another case or cannot be written.
    """
    from capexpand.policy.case_policy import optimise_policy as find

    m, futures, condensed = _condensed(case, lattice or LatticeSettings())
    where = {} if engine is None else {"open_streams": engine.open_streams}
    found = find(m, condensed, settings=settings, progress=progress, checkpoint=checkpoint, **where)
    return PlannedPolicy(case, m, futures, found)


def restore_policy(case: Case, content: bytes) -> PlannedPolicy:
    """Return a policy that a run has kept, without training it again.

    Args:
        case: of the run.
        content: of the file ``policy.cuts`` in its folder.

    Raises:
        CaseError: the case declares nothing unknown.
        RunError: the file holds no policy, or one of another case or version.
    """
    from capexpand.policy.kept import KeptPolicy, restored_policy

    kept = KeptPolicy.read(content)
    m, futures, condensed = _condensed(case, LatticeSettings(seed=kept.seed))
    return PlannedPolicy(case, m, futures, restored_policy(m, condensed, kept))


def _condensed(case: Case, settings: LatticeSettings) -> tuple[ModelData, Futures, Lattice]:
    """A case as a policy sees it, its futures, and the lattice that stands for them."""
    if case.uncertainty.empty:
        file = case.provenance.path
        raise CaseError([Problem("declares nothing unknown; add an uncertainty block", file=file)])
    refuse_policy(case)
    # a policy earns for the firm within the limits of debt and equity; loans follow (see policy/financed.py)
    m = compile_case(case)
    told = None if m.financing is None else m.financing.facilities.offers
    lent_on = told if told is not None and not told.all() else None
    m = replace(m, financing=None, funding=funding_limits(m), lent_on=lent_on)
    futures, condensed = case_lattice(case, settings)
    return m, futures, condensed


def simulate(
    planned: PlannedPolicy,
    scenarios: int = 10_000,
    *,
    seed: int = 2,
    workers: int = 1,
    engine: Engine | None = None,
    progress: SimulationProgress | None = None,
) -> Outcomes:
    """Follow a policy, and the four strategies it is compared with, through fresh scenarios.

    Args:
        planned: from ``optimise_policy``.
        scenarios: drawn from the processes, for the policy and the fixed plans; strategies that solve whole
            programs see the first few.
        seed: of the draws; take another than that of the lattice.
        workers: processes; no part of the result.
        engine: what follows the scenarios; so many processes of this machine if None.
        progress: is told how far it is.

    Raises:
        SolverError: a program could not be solved.
    """
    from capexpand.policy.outcomes import SampleSizes, simulate_policy

    return simulate_policy(
        planned.policy,
        planned.data,
        planned.futures,
        sizes=SampleSizes(scenarios),
        seed=seed,
        workers=workers,
        engine=engine,
        progress=progress,
    )


def evaluate_policy(planned: PlannedPolicy, outcomes: Outcomes) -> PolicyFindings:
    """Account for what happened to a policy and to the strategies it is compared with.

    Args:
        planned: the policy.
        outcomes: from ``simulate``.
    """
    from capexpand.policy.findings import policy_findings

    return policy_findings(planned.case, outcomes)


def evaluate(plans: Plans, examination: Examination | None = None) -> Findings:
    """Accounts for the plans of a case and checks them on our own arrays.

    Args:
        plans: from ``optimise``.
        examination: from ``examine``, if it was asked for.

    Raises:
        SolverError: a plan breaks one of its own limits.
    """
    result = programme_result(plans.optimised, plans.base)
    alone = plans.naive is plans.optimised  # where no even plan was asked for
    naive = result if alone else programme_result(plans.naive, plans.base)
    checked = (plans.optimised, plans.base) if alone else (plans.optimised, plans.base, plans.naive)
    origin = plans.case.provenance
    return Findings(
        case=plans.case,
        result=result,
        metrics=measure(result),
        naive=naive,
        naive_metrics=measure(naive),
        bridge=bridge(result),
        checks=_worst([check_plan(plan) for plan in checked]),
        warnings=tuple(_warnings(plans.case, plans.optimised)),
        provenance=RunProvenance(
            capexpand=version("capexpand"),
            python=platform.python_version(),
            solver=plans.optimised.solver.solver,
            case_name=origin.path.absolute().parent.name,
            variant=origin.variant,
            case_hash=origin.content_hash,
            seed=None,
        ),
        examination=examination,
    )


def report(findings: Findings, policy: PolicyFindings | None = None) -> Sheet:
    """Return the sheet of a run, for page, terminal, run folder and notebook.

    Args:
        findings: from ``evaluate``.
        policy: from ``evaluate_policy``, if a policy was sought.
    """
    from capexpand.reporting.run_sheet import run_sheet

    return run_sheet(findings, policy)


def write(findings: Findings, folder: Path, policy: PolicyFindings | None = None) -> None:
    """Write a run folder: the case's copy, tables, metrics and the report, whole or not at all.

    Args:
        findings: from ``evaluate``.
        folder: where the run is to stand; an older run there is replaced.
        policy: of the policy, if one was sought.

    Raises:
        RunError: the folder cannot be written.
    """
    report(findings, policy).save(folder)


def _worst(checks: list[tuple[Check, ...]]) -> dict[str, float]:
    """The largest violation of each rule over several plans."""
    worst: dict[str, float] = {}
    for check in (each for plan in checks for each in plan):  # the base has no financing, so fewer rules
        worst[check.name] = max(worst.get(check.name, 0.0), check.violation)
    return worst


def _warnings(case: Case, plan: Plan) -> list[str]:
    """What a reader should doubt: what has no use, time run out, spending left out, odd implied prices."""
    doubts = list(unusable(case, plan.data))
    if plan.solver.status != "optimal":
        gap = plan.solver.relative_gap
        doubts.append(f"the solver stopped at its {plan.solver.status} with a gap of {gap:.2%}")
    if plan.shortfall > 1e-6 * max(plan.data.budget.floor, 1.0):
        share = plan.shortfall / plan.data.budget.floor
        doubts.append(f"{share:.1%} of the least spending that the programme promises would not pay")
    doubts += fractional_orders(plan)
    doubts += _late_evidence(case)
    market = rental_market(case.as_of)
    dollars = case.exchange_rates.get("USD")
    if market is None or (dollars is None and case.currency != "USD"):
        return doubts
    rate = 1.0 if dollars is None else float(dollars.values(case.calendar)[0])
    implied = unit_costs(plan).averages().value_per_accelerator_hour / rate
    for name, role, price in zip(plan.data.workloads.titles, plan.data.workloads.roles, implied, strict=True):
        if role != "obligation" and np.isfinite(price):
            doubt = doubtful_rental(float(price), market)
            if doubt is not None:
                doubts.append(f"{name}: implies {price:.2f} USD an accelerator-hour, {doubt}")
    return doubts


def _late_evidence(case: Case) -> list[str]:
    """What is computed with efficiencies that were measured after the case's date."""
    computed = computed_workloads(case)
    if not computed:
        return []
    from capexpand.hardware.matrix import EVIDENCE_KNOWN_ON

    if case.as_of >= EVIDENCE_KNOWN_ON:
        return []
    titles = ", ".join(case.workloads[name].title for name in computed)
    return [f"hindsight: throughput is computed with efficiencies measured after {case.as_of}, for {titles}"]
