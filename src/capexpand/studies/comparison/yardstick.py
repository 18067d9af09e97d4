"""One model to measure every programme by: tokens a day that what is ordered could serve of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capexpand.case.hardware_fields import Serving
from capexpand.case.schema import Case
from capexpand.finance.fleet import HOURS_PER_DAY, TOKENS_PER_VOLUME
from capexpand.model.data import Floats
from capexpand.model.rates import service_rates
from capexpand.timevalue import HOURS_PER_QUARTER


@dataclass(frozen=True, slots=True, order=True)
class Yardstick:
    """A way to serve a model that every case names."""

    model: str
    input_tokens: float
    output_tokens: float
    cached_fraction: float
    token_ms: float  # longest time per output token, 0 without a limit
    first_token_ms: float  # longest time to the first token

    def __str__(self) -> str:
        cached = f"{100.0 * self.cached_fraction:.0f} % of them cached"
        return f"{self.model}, {self.input_tokens:,.0f} tokens in, {cached}, {self.output_tokens:,.0f} out"


def common_yardstick(cases: Sequence[Case]) -> Yardstick | None:
    """Return the way to serve a model that all cases have in common; the first by name of several."""
    named = [
        {_key(workload.serving) for workload in case.workloads.values() if workload.serving} for case in cases
    ]
    shared = set.intersection(*named) if named else set()
    return min(shared, default=None)


def _key(serving: Serving) -> Yardstick:
    return Yardstick(
        model=serving.model,
        input_tokens=serving.input.value,
        output_tokens=serving.output.value,
        cached_fraction=serving.cached.value if serving.cached else 0.0,
        token_ms=serving.tpot.value if serving.tpot else 0.0,
        first_token_ms=serving.ttft.value if serving.ttft else 0.0,
    )


def tokens_per_day(case: Case, units: Floats, yardstick: Yardstick | None) -> float | None:
    """Return the tokens a day that units could serve of the yardstick's model with nothing else to do.

    Rates are those of the base date, of the cases' own software but for the share ``reached``, with which
    a case lets the model stand for another. What serves it in no case counts for nothing.

    Args:
        case: to which the units belong.
        units: [offer].
        yardstick: the model; None where there is none in common.
    """
    if yardstick is None:
        return None
    workload = next(
        name for name, one in case.workloads.items() if one.serving and _key(one.serving) == yardstick
    )
    serving = case.workloads[workload].serving
    reached = serving.reached.value if serving is not None and serving.reached is not None else 1.0
    position = list(case.workloads).index(workload)
    total = 0.0
    for amount, rates in zip(units, service_rates(case), strict=True):
        rate = rates[position]
        share = 1.0 if rate.answer is None else reached  # what is stated holds as it stands
        total += float(amount) * rate.volume_per_quarter / share
    return total * TOKENS_PER_VOLUME * HOURS_PER_DAY / HOURS_PER_QUARTER
