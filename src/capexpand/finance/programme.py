"""The programme's own part: the plan with it, less the plan without it, line by line."""

from __future__ import annotations

from dataclasses import dataclass

from capexpand.finance.statements import Statement, statement
from capexpand.model.data import Times
from capexpand.optimiser.plan import Plan


@dataclass(frozen=True, slots=True)
class ProgrammeResult:
    """Statements with and without the programme, and the difference."""

    plan: Plan  # with the programme
    base_plan: Plan  # without it
    total: Statement
    base: Statement
    programme: Statement  # total less base; its tax is the difference of the two taxes

    @property
    def times(self) -> Times:
        """The quarters of all three."""
        return self.plan.data.times


def programme_result(plan: Plan, base_plan: Plan) -> ProgrammeResult:
    """Returns the statements of a programme.

    Args:
        plan: the plan with the programme.
        base_plan: the plan of ``plan.data.without_programme()``; solve it once and pass it for every plan of
            the same case.

    Raises:
        ValueError: the two plans are not of the same case and horizon.
    """
    ours, theirs = plan.data, base_plan.data
    alike = ours.times.starts == theirs.times.starts and ours.workloads.names == theirs.workloads.names
    if not alike or ours.currency != theirs.currency:
        raise ValueError("the base plan is of another case")
    total, base = statement(plan), statement(base_plan)
    return ProgrammeResult(plan, base_plan, total, base, total.less(base))
