"""What a plan is made for where that is not its value alone, and the share of the demand that it serves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.aim import Aim
from capexpand.optimiser.plan import Plan
from capexpand.reporting.blocks import Answer
from capexpand.reporting.context import ReportContext
from capexpand.reporting.serial import Document, money, number
from capexpand.wording import listing, percent, power
from capexpand.wording import money as written_money

NO_PRICES = (
    "This plan is made for the least power, so what one more of a limit is worth in money is not known; "
    "capexpand frontier says what power costs in value."
)


@dataclass(frozen=True, slots=True)
class ServedShares:
    """Shares of the demand that a plan serves over the horizon [fraction].

    Args:
        whole: of all that is sold, by its price; None where nothing is demanded.
        workloads: of each workload with demand, by name.
    """

    whole: float | None
    workloads: dict[str, float]


def served(plan: Plan) -> ServedShares:
    """Return the shares of the demand that a plan serves."""
    w = plan.data.workloads
    obliged = np.array([role == "obligation" for role in w.roles])
    worth = float((w.demand * w.price)[~obliged].sum())
    sold = float((plan.sold * w.price)[~obliged].sum())
    due = w.demand.sum(axis=(1, 2))
    done = np.where(obliged, due - plan.unmet.sum(axis=1), plan.sold.sum(axis=(1, 2)))
    shares = {name: float(done[j] / due[j]) for j, name in enumerate(w.names) if due[j] > 0.0}
    return ServedShares(sold / worth if worth > 0.0 else None, shares)


def aim_answers(context: ReportContext) -> tuple[Answer, ...]:
    """Return what the plan reaches of its aim; nothing where it is made for its value alone."""
    plan, aim = context.findings.result.plan, context.data.aim
    if aim is None:
        return ()
    found = served(plan)
    wanted = f"{percent(aim.serve)} of the demand (by its price)"
    each = [f"{percent(part)} of {name}" for name, part in found.workloads.items()]
    does = f"The plan serves {listing(each)}."
    if aim.objective == "cost":
        cost = written_money(-plan.solver.objective, context.currency)
        text = f"To serve {wanted} costs at least {cost}, present value after tax with end values taken off."
        return (Answer("What does serving the demand cost?", f"{text} {does}"),)
    if aim.objective == "power":
        text = (
            f"To serve {wanted} takes at least {power(peak(plan))} of IT power at the peak. Of the plans "
            "with so little power this is the most valuable."
        )
        return (Answer("How much power does serving the demand take?", f"{text} {does}"),)
    return (Answer("How much must be served?", f"At least {wanted}. {does}"),)


def peak(plan: Plan) -> float:
    """Return the peak of energised IT power [MW]."""
    return float(plan.power_mw.sum(axis=0).max())


def aim_document(plan: Plan) -> Document:
    """Return what the plan is made for as plain data; empty where it is its value alone."""
    aim = plan.data.aim
    if aim is None:
        return {}
    found = served(plan)
    return {
        "made_for": {
            "objective": aim.objective,
            "serve": number(aim.serve),
            "served": None if found.whole is None else number(found.whole),
            "served_by_workload": {name: number(part) for name, part in found.workloads.items()},
            "cost": money(-plan.solver.objective) if aim.objective == "cost" else None,
            "peak_power_mw": number(peak(plan)),
        }
    }


def made_for(aim: Aim) -> str:
    """Say what a plan is made for, such as ``this plan is made for the least cost``."""
    words = {"cost": "the least cost", "power": "the least power"}
    return f"this plan is made for {words.get(aim.objective, 'value with a share of the demand served')}"
