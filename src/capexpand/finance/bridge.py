"""The bridge from the objective that a plan maximises to the net present value that the programme earns."""

from __future__ import annotations

from dataclasses import dataclass

from capexpand.finance.debt import financing_statement, owners_value
from capexpand.finance.metrics import (
    net_present_value,
    net_present_value_before_tax,
    net_present_value_end_value_zero,
)
from capexpand.finance.programme import ProgrammeResult
from capexpand.finance.statements import Statement
from capexpand.model.data import ModelData
from capexpand.optimiser.plan import Plan


@dataclass(frozen=True, slots=True)
class BridgeStep:
    """One line of a bridge, in present value."""

    name: str
    amount: float  # what the step adds; for a sum, the sum itself
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Bridge:
    """Steps in order, each part beginning and ending with a sum."""

    steps: tuple[BridgeStep, ...]  # from the objective to the net present value of the programme after tax
    before_tax: tuple[BridgeStep, ...]  # from there to the one before tax
    end_value_zero: tuple[BridgeStep, ...]  # from there to the one with an end value of zero

    @property
    def rounding(self) -> float:
        """What is left between the solver's arithmetic and that of the statements [money]."""
        return next(step.amount for step in self.steps if step.name == ROUNDING_STEP)


FINANCING_STEP = "debt, equity and cash, with tax as it is paid"
ROUNDING_STEP = "rounding of the solver"
COST_STEP = "earned by what is served, and what no decision moves, which the cost leaves out"


@dataclass(frozen=True, slots=True)
class Penalties:
    """Penalties that steer the objective, in present value; no part of any statement."""

    unmet: float  # obligations left unserved
    shortfall: float  # spending below the floor

    @property
    def total(self) -> float:
        """Both."""
        return self.unmet + self.shortfall


def penalties(plan: Plan) -> Penalties:
    """Returns what the objective of a plan was charged.

    Args:
        plan: what is done in each quarter.
    """
    m = plan.data
    unmet = float(m.times.discount @ (m.workloads.penalty * plan.unmet).sum(axis=0))
    last = m.times.window[1]
    missed = 0.0
    if 0 < last <= m.times.count:
        missed = float(m.times.discount[last - 1]) * m.budget.floor_penalty * plan.shortfall
    return Penalties(unmet, missed)


def linear_tax(m: ModelData, ours: Statement) -> float:
    """Returns the present value of tax as the objective knows it: losses refunded at once [money].

    Args:
        ours: a statement; its transfer value is not taxed here.
    """
    running = float(m.times.discount @ ours.ebita)
    return m.taxes.rate * (running + m.times.discount_end * ours.end_profit)


def objective_of(m: ModelData, ours: Statement, charged: Penalties) -> float:
    """Returns the objective as the statements give it, to set beside the solver's [money]."""
    cash = net_present_value_before_tax(ours, m.times)
    transfer = (1.0 - m.taxes.rate) * float(m.times.discount @ ours.transfer_value)
    return cash + transfer - linear_tax(m, ours) - charged.total


def financing_value(plan: Plan, ours: Statement) -> float:
    """Returns what financing adds to the objective: owners' value less that of operations alone [money].

    Args:
        plan: what is done in each quarter.
    """
    financed = financing_statement(plan, ours)
    if financed is None:
        return 0.0
    m, nothing = plan.data, Penalties(0.0, 0.0)
    transfer = (1.0 - m.taxes.rate) * float(m.times.discount @ ours.transfer_value)
    return owners_value(m, financed) + transfer - objective_of(m, ours, nothing)


def bridge(result: ProgrammeResult) -> Bridge:
    """Returns the steps from the objective of the plan to the programme's net present values.

    Args:
        result: the statements with and without the programme.
    """
    m, ours, times = result.plan.data, result.programme, result.times
    charged, charged_base = penalties(result.plan), penalties(result.base_plan)
    taxed = float(times.discount @ ours.tax) + times.discount_end * ours.end_tax
    transfer = (1.0 - m.taxes.rate) * float(times.discount @ ours.transfer_value)
    npv = net_present_value(ours, times)
    start, *aim = _from_aim(result.plan)
    financed = financing_value(result.plan, result.total)
    changes = [
        *aim,
        *([BridgeStep(FINANCING_STEP, 0.0 - financed)] if result.plan.financing is not None else []),
        BridgeStep("penalties for obligations unmet", charged.unmet),
        BridgeStep("penalty for spending below the floor", charged.shortfall),
        BridgeStep("objective of the base", 0.0 - result.base_plan.value),
        BridgeStep("penalties within the base", 0.0 - charged_base.total),
        BridgeStep("transfer value of internal workloads, after tax", 0.0 - transfer),
        BridgeStep("tax with losses carried forward instead of refunded", linear_tax(m, ours) - taxed),
    ]
    reached = start.amount + sum(step.amount for step in changes)
    changes.append(BridgeStep(ROUNDING_STEP, npv - reached))
    end = BridgeStep("net present value of the programme after tax", npv, is_sum=True)
    return Bridge(
        steps=(start, *changes, end),
        before_tax=(
            end,
            BridgeStep("tax", taxed),
            BridgeStep(
                "net present value of the programme before tax",
                net_present_value_before_tax(ours, times),
                is_sum=True,
            ),
        ),
        end_value_zero=(
            end,
            BridgeStep("end value", 0.0 - times.discount_end * ours.end_value),
            BridgeStep("tax at the horizon's end", times.discount_end * ours.end_tax),
            BridgeStep(
                "net present value of the programme with end value zero",
                net_present_value_end_value_zero(ours, times),
                is_sum=True,
            ),
        ),
    )


def _from_aim(plan: Plan) -> tuple[BridgeStep, ...]:
    """The objective, and what it leaves out where it is cost; the value of the plan where it is power."""
    aim = plan.data.aim
    if aim is None or aim.objective == "npv":
        return (BridgeStep("objective of the plan", plan.value, is_sum=True),)
    if aim.objective == "power":
        return (BridgeStep("value of the plan of least power", plan.value, is_sum=True),)
    least = BridgeStep("objective of the plan, its cost", plan.solver.objective, is_sum=True)
    return (least, BridgeStep(COST_STEP, plan.value - plan.solver.objective))
