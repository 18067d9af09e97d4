"""What a case's plan is made for, and how its program is solved."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from capexpand.case.declared import Declared
from capexpand.case.figures import Fraction


class Solve(Declared):
    """What a plan is made for, and how its program is solved."""

    objective: Literal["npv", "cost", "power"] = "npv"
    """What the plan is made for: the highest net present value, or the least cost or the least peak of IT
    power at which ``serve`` of the demand is served."""
    serve: Fraction | None = None
    """Least share of the demand over the horizon that is served, by its price, and of each obligation. If
    absent, all of it where the objective is cost or power, else whatever pays."""
    whole_sizes: bool = False
    """Whether halls and lots are ordered whole."""
    relative_gap: Annotated[float, Field(strict=True, gt=0, lt=1)] = 1e-4
    """Gap to the best possible value at which a program with whole sizes counts as solved."""
    time_limit_seconds: Annotated[float, Field(strict=True, gt=0)] = 600.0
    """When such a program stops [s]."""
