"""From a case to a run: compile, optimise, compare, account, check, report, write."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np

from capexpand.case.schema import Case
from capexpand.finance.bridge import bridge
from capexpand.finance.checks import Check, check_plan
from capexpand.finance.metrics import measure
from capexpand.finance.programme import programme_result
from capexpand.finance.rental import doubtful_rental, rental_market
from capexpand.finance.unit_costs import unit_costs
from capexpand.model.compile import compile_case
from capexpand.model.data import ModelData
from capexpand.optimise.deterministic import optimise_plan
from capexpand.optimise.naive import naive_commitments
from capexpand.optimise.plan import Plan
from capexpand.report.inputs import Findings, Provenance
from capexpand.runs.folder import Content, write_run

Progress = Callable[[str], None]
"""Told in a few words what is being done now."""


@dataclass(frozen=True, slots=True)
class Plans:
    """The plan with the programme, the base without it, and the evenly spent plan."""

    optimised: Plan
    base: Plan
    naive: Plan


def solve_plans(m: ModelData, case: Case) -> Plans:
    """Solves the three plans of a case, two at a time.

    Args:
        m: the compiled case.
        case: says the gap and the time limit where sizes are whole.

    Raises:
        InfeasibleError: no plan satisfies the case.
        SolverError: the solver failed or its answer did not pass the checks.
    """

    def run(data: ModelData, *, even: bool = False) -> Plan:
        commitments = naive_commitments(data) if even else None
        gap, seconds = case.solve.relative_gap, case.solve.time_limit_seconds
        return optimise_plan(data, commitments, relative_gap=gap, time_limit_seconds=seconds)

    with ThreadPoolExecutor(max_workers=2) as pool:
        optimised = pool.submit(run, m)
        base = pool.submit(run, m.without_programme())
        naive = pool.submit(run, m.without_demands(), even=True)
        return Plans(optimised.result(), base.result(), naive.result())


def find(case: Case, progress: Progress = lambda _: None) -> Findings:
    """Plans a case and accounts for it.

    Args:
        case: as ``load_case`` gives it.
        progress: told what is being done.

    Raises:
        InfeasibleError: no plan satisfies the case; the message names the limits that exclude each other.
        SolverError: the solver failed, or an answer did not pass our checks.
    """
    progress("compiling the case")
    m = compile_case(case)
    progress("optimising the plan, the base and the evenly spent plan")
    plans = solve_plans(m, case)
    progress("accounting")
    result = programme_result(plans.optimised, plans.base)
    naive = programme_result(plans.naive, plans.base)
    checks = {check.name: check.violation for check in _checks(plans)}
    origin = case.provenance
    return Findings(
        case=case,
        result=result,
        metrics=measure(result),
        naive=naive,
        naive_metrics=measure(naive),
        bridge=bridge(result),
        checks=checks,
        warnings=tuple(_warnings(case, plans.optimised)),
        provenance=Provenance(
            capexpand=version("capexpand"),
            python=platform.python_version(),
            solver=plans.optimised.solver.solver,
            case_name=origin.path.absolute().parent.name,
            variant=origin.variant,
            case_hash=origin.content_hash,
            seed=None,
        ),
    )


def _checks(plans: Plans) -> list[Check]:
    """The largest violation of each rule over the three plans."""
    found = [check_plan(plan) for plan in (plans.optimised, plans.base, plans.naive)]
    return [Check(same[0].name, max(check.violation for check in same)) for same in zip(*found, strict=True)]


def _warnings(case: Case, plan: Plan) -> list[str]:
    """What a reader should doubt: implied rental prices far from the market, a floor missed, time run out."""
    doubts: list[str] = []
    if plan.solver.status != "optimal":
        doubts.append(
            f"the solver stopped at its {plan.solver.status} with a gap of {plan.solver.relative_gap:.2%}"
        )
    if plan.shortfall > 1e-6 * max(plan.data.budget.floor, 1.0):
        share = plan.shortfall / plan.data.budget.floor
        doubts.append(
            f"{share:.1%} of the spending that the programme promises at least does not pay and is left out"
        )
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


def write_findings(findings: Findings, folder: Path, progress: Progress = lambda _: None) -> None:
    """Writes a run folder: the case's copy, tables, metrics and the report, whole or not at all.

    Args:
        findings: what a run found out.
        folder: where the run is to stand; an older run there is replaced.
        progress: told what is being done.

    Raises:
        RunError: the folder cannot be written.
    """
    from capexpand.report.document import metrics_document
    from capexpand.report.page import build_page
    from capexpand.report.tables import frames

    origin = findings.case.provenance
    progress("writing the report")
    files = {
        "case/case.yaml": origin.text.encode(),
        **{f"case/{name}": data for name, data in origin.tables.items()},
    }
    document = metrics_document(findings)
    files["metrics.json"] = (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
    files["report.html"] = build_page(findings).encode()
    for name, frame in frames(findings).items():
        parquet, text = BytesIO(), StringIO()
        frame.write_parquet(parquet)
        frame.write_csv(text)
        files[f"tables/{name}.parquet"] = parquet.getvalue()
        files[f"tables/{name}.csv"] = text.getvalue().encode()
    source = findings.provenance
    about = {
        "capexpand": source.capexpand,
        "python": source.python,
        "solver": source.solver,
        "case": source.case_name,
        "variant": source.variant,
        "case_hash": source.case_hash,
        "seed": source.seed,
    }
    write_run(folder, Content(files, about))
