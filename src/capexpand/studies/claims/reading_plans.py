"""Plans a case by each reading of a claim: another cap, a floor in its place, another exchange rate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from capexpand.reporting.serial import MILLION

if TYPE_CHECKING:
    from datetime import date

    from capexpand.case.schema import Case
    from capexpand.case.values import Figure
    from capexpand.claims.findings import PlanChange


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """The value of a plan under a reading.

    Args:
        npv: net present value by that reading [mn of the case's currency].
        npv_change: against the case as it stands [mn].
        currency: of the case.
        words: the same for people.
    """

    npv: float
    npv_change: float
    currency: str
    words: str


@dataclass(frozen=True, slots=True)
class ReadingPlans:
    """Plans of one case by readings, each different reading planned once.

    Args:
        npv: of the case as it stands [mn].
        found: net present values by the change.
    """

    case: Case
    npv: float
    found: dict[tuple[float | None, float | None, str, float | None], float] = field(default_factory=dict)

    @staticmethod
    def of(case: Case) -> ReadingPlans:
        """Plan a case as it stands.

        Raises:
            InfeasibleError: no plan satisfies the case.
        """
        return ReadingPlans(case, _npv(case))

    def read(self, change: PlanChange | None) -> ReadingPlan | None:
        """Plan the case by a reading; None where the reading maps to nothing in it."""
        from capexpand.wording import money

        changed = None if change is None else changed_case(self.case, change)
        if change is None or changed is None:
            return None
        key = (change.cap, change.floor, change.currency, change.rate)
        if key not in self.found:
            self.found[key] = _npv(changed)
        npv, currency = self.found[key], self.case.currency
        by = npv - self.npv
        words = f"NPV {money(npv, currency)}" + (
            ", as the case stands"
            if abs(by) < 0.5
            else f", {'+' if by > 0 else ''}{money(by, currency)} against the case as it stands"
        )
        return ReadingPlan(npv, by, currency, words)


def changed_case(case: Case, change: PlanChange) -> Case | None:
    """Lay a reading into a case.

    A cap scales the limits by date with it; a floor takes the place of the cap and those limits, as the
    announcement then sets no most.

    Returns:
        The changed case; None where it has no such currency.
    """
    if change.rate is not None:
        return _with_rate(case, change.currency, change.rate)
    rate = _rate(case, change.currency)
    amount = change.cap if change.floor is None else change.floor
    if rate is None or amount is None:
        return None
    millions = amount * rate / MILLION
    programme = case.programme
    pattern = programme.cap or programme.floor
    if pattern is None:
        return None
    figure = replace(pattern, value=millions)
    if change.floor is not None:
        no_dates: dict[date, Figure] = {}
        update = {"floor": figure, "cap": None, "cap_by_date": no_dates}
    else:
        scale = millions / pattern.value
        dates = {
            day: replace(limit, value=limit.value * scale) for day, limit in programme.cap_by_date.items()
        }
        update = {"cap": figure, "cap_by_date": dates}
    return case.model_copy(update={"programme": programme.model_copy(update=update)})


def _rate(case: Case, currency: str) -> float | None:
    if currency == case.currency:
        return 1.0
    series = case.exchange_rates.get(currency)
    return None if series is None else float(series.values(case.calendar)[0])


def _with_rate(case: Case, currency: str, rate: float) -> Case | None:
    series = case.exchange_rates.get(currency)
    if series is None:
        return None
    scale = rate / float(series.values(case.calendar)[0])
    steps = tuple((day, value * scale) for day, value in series.steps)
    rates = {**case.exchange_rates, currency: replace(series, steps=steps)}
    return case.model_copy(update={"exchange_rates": rates})


def _npv(case: Case) -> float:
    from capexpand.pipeline import evaluate, optimise

    return float(evaluate(optimise(case)).metrics.npv)
