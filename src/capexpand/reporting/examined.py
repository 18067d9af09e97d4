"""Checks of a plan's headline: other budgets, longer horizons, other futures, the end value.

Plain data for the document and sentences for whoever shows them; nothing here knows where it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from capexpand.files.json_text import JsonObject
from capexpand.finance.by_budget import BudgetCurve
from capexpand.finance.longer import HorizonCheck, harvest_from
from capexpand.policy.followed import QUANTILES
from capexpand.reporting import serial
from capexpand.reporting.context import ReportContext
from capexpand.reporting.inputs import EvenPace, Findings
from capexpand.wording import listing, money, number, percent, power, share

NAMED_LIMITS = 3
ONE_PERCENT = 0.01
HARVEST_QUARTERS = 4
"""Quarters without orders at the horizon's end from which on they are called a harvest."""


def examined_document(findings: Findings) -> JsonObject:
    """Return what a run adds to its plan, as plain data; without an examination the lists are empty.

    Args:
        findings: what the run found out.
    """
    metrics, examination = findings.metrics, findings.examination
    curve = None if examination is None else examination.curve
    followed = None if examination is None else examination.followed
    starts = findings.result.times.starts
    harvest = harvest_from(findings.result.plan)
    return {
        "npv_without_end_value": serial.money(metrics.npv_without_end_value),
        "irr_without_end_value": metrics.irr_without_end_value,
        "end_value_over_book": metrics.end_value_over_book,
        "market_value_over_book": metrics.market_over_book,
        "irr_is_answer": bool(metrics.irr_is_answer),
        "mirr": metrics.mirr,
        "npv_over_outlay": metrics.npv_over_outlay,
        "npv_by_budget": [] if curve is None else _by_budget(curve),
        "budget_ends_to_pay": None if curve is None else serial.money(curve.ends_to_pay),
        "npv_of_renewal_and_hire": None if curve is None else serial.money(curve.renewal_and_hire),
        "horizon_check": []
        if examination is None
        else [
            {
                "quarters": check.quarters,
                "npv": serial.money(check.npv),
                "npv_change": serial.money(check.change),
                "first_quarter_moved": check.moved,
            }
            for check in examination.horizon
        ],
        "best_even_pace": None if examination is None else _pace(examination.even),
        "standing_mix": None if examination is None else _pace(examination.standing_mix),
        "nothing_ordered_from": starts[harvest].isoformat() if harvest < len(starts) else None,
        "plan_in_futures": None
        if followed is None
        else {
            "scenarios": int(followed.npv.size),
            "seed": followed.seed,
            "npv_mean": serial.money(followed.mean),
            "npv_halfwidth": serial.money(followed.halfwidth),
            "npv_quantiles": {
                f"{chance:g}": serial.money(float(value))
                for chance, value in zip(QUANTILES, followed.quantiles(), strict=True)
            },
            "loses": followed.loses,
        },
    }


def _pace(rival: EvenPace | None) -> dict[str, float | None] | None:
    if rival is None:
        return None
    return {
        "fraction": rival.fraction,
        "npv": serial.money(rival.npv),
        "objective": serial.money(rival.objective),
    }


def _by_budget(curve: BudgetCurve) -> list[dict[str, float | None]]:
    return [
        {
            "budget": serial.money(point.budget),
            "npv": serial.money(point.npv),
            "own": serial.money(point.own),
            "spent": serial.money(point.spent),
            "objective": serial.money(point.objective),
            "marginal": point.marginal,
        }
        for point in curve.points
    ]


def in_futures(context: ReportContext) -> str:
    """Say what the plan is worth over many futures, or that it is one path.

    Returns:
        A sentence; empty where nothing was examined.
    """
    examination, currency = context.findings.examination, context.currency
    if examination is None or context.orders_nothing:
        return ""
    followed = examination.followed
    if followed is None and context.data.aim is not None:
        return "All figures are those of one path: only plans made for value are followed through futures."
    if followed is None:
        return "The case declares no uncertainty, so all figures are those of one path."
    low, *_, high = followed.quantiles()
    return (
        f"Met by {followed.npv.size} futures, the plan is worth {money(followed.mean, currency)} "
        "on average, "
        f"between {money(float(low), currency)} and {money(float(high), currency)} in nine of ten, "
        f"and loses in {_part(followed.loses)} of them; "
        "the figures that follow are those of the one mean path."
    )


def _part(chance: float) -> str:
    """A share of futures in words: one that is rounded to nothing is not nothing."""
    if chance <= 0.0:
        return "none"
    return share(chance) if chance >= ONE_PERCENT else "less than 1 %"


def by_size(context: ReportContext) -> str:
    """Say what the size of the programme is worth: the last part of it, and where more ends to pay.

    Returns:
        Sentences; empty where no other size was tried.
    """
    examination, currency = context.findings.examination, context.currency
    curve = None if examination is None else examination.curve
    if curve is None or len(curve.points) < 3 or context.orders_nothing:
        return ""
    parts: list[str] = []
    if curve.anyway > 1e-9:
        parts.append(
            f"{money(curve.anyway, currency)} of the budget would be spent without the programme, too; "
            "what counts as the programme's is what the rest adds."
        )
    middle = curve.points[len(curve.points) // 2]
    last = curve.points[-1]
    step, adds = curve.last_step
    parts.append(
        f"The first {money(middle.budget, currency)} are worth {money(middle.npv, currency)}, all "
        f"{money(last.budget, currency)} {money(last.npv, currency)}: the last {money(step, currency)} "
        f"{'add' if adds >= 0.0 else 'take'} {money(abs(adds), currency)}."
    )
    ends = curve.ends_to_pay
    if ends is None:
        beside = ", internal use included" if "internal" in context.data.workloads.roles else ""
        more = f"{number(last.marginal)} {currency} of present value{beside}"
        parts.append(f"One more {currency} of it would still add {more}.")
    else:
        parts.append(f"More than {money(ends, currency)} ends to pay.")
    if abs(curve.renewal_and_hire) > 1e-9:
        gain = money(abs(curve.renewal_and_hire), currency)
        owed = " to serve what is owed" if "obligation" in context.data.workloads.roles else ""
        does = f"are worth {gain}" if curve.renewal_and_hire >= 0.0 else f"cost {gain}{owed}"
        parts.append(f"Renewal and hire without the programme {does}, which is not counted.")
    return " ".join(parts)


def best_rival(context: ReportContext) -> tuple[str, float]:
    """Return the rival by rule that is worth most, and what the plan is worth more in cash [million].

    Args:
        context: of the report; without an examination the evenly spent plan is the only rival.
    """
    worth = {"the even plan": context.findings.naive_metrics.npv}
    examination = context.findings.examination
    if examination is not None and examination.even is not None:
        worth["the best even pace"] = examination.even.npv
    if examination is not None and examination.standing_mix is not None:
        worth["the mix that stands"] = examination.standing_mix.npv
    name = max(worth, key=lambda each: worth[each])
    return name, context.findings.metrics.npv - worth[name]


def fair_rivals(context: ReportContext) -> str:
    """Sets the best even pace and the standing mix beside the plan; all of a large budget is a weak rival.

    Returns:
        Sentences; empty where no rival was tried.
    """
    examination, currency = context.findings.examination, context.currency
    if examination is None or examination.even is None or context.orders_nothing:
        return ""
    even, mixed, npv = examination.even, examination.standing_mix, context.findings.metrics.npv
    parts: list[str] = []
    if even.fraction < 1.0:
        parts.append(
            f"The best even pace spends {share(even.fraction)} of the budget and is worth "
            f"{money(even.npv, currency)}: {_planning_adds(npv - even.npv, currency)}."
        )
    if mixed is not None:
        parts.append(
            f"At that pace, in the mix of servers that stands at the start, it is "
            f"{money(mixed.npv, currency)}: {_planning_adds(npv - mixed.npv, currency)}."
        )
    if examination.followed is not None:
        parts.append(
            "Planning anew each quarter gives this very plan on the mean path. In futures it takes a program "
            "for each quarter and future, so it is compared beside a policy (--policy)."
        )
    return " ".join(parts)


def _planning_adds(gain: float, currency: str) -> str:
    if gain >= 0.0:
        return f"planning adds {money(gain, currency)} to that"
    return f"planning gives up {money(-gain, currency)} for what is counted beside cash"


def at_the_end(context: ReportContext) -> str:
    """Say what rests on the horizon's end: the end value beside the books, harvest years, longer horizons."""
    if context.orders_nothing or context.findings.examination is None:
        return ""
    metrics, currency, labels = context.findings.metrics, context.currency, context.labels
    parts: list[str] = []
    over = metrics.end_value_over_book
    if over is not None and metrics.end_value > 0.0:
        rate, market = metrics.irr_without_end_value, metrics.market_over_book
        counted = (
            "at its book value" if abs(over - 1.0) < 0.005 else f"at {number(over, 2)} times its book value"
        )
        beside = (
            ""
            if market is None or abs(market - over) < 0.005
            else f", where a market might pay {number(market, 2)} times as much as the books say"
        )
        without = f"; without it the return is {percent(rate)} a year" if rate is not None else ""
        parts.append(f"What stands at the end is counted {counted}{beside}{without}.")
    harvest = harvest_from(context.findings.result.plan)
    if harvest <= len(labels) - HARVEST_QUARTERS:
        parts.append(
            f"From {labels[harvest]} on nothing is ordered, for lack of time to earn it back: "
            "payback and returns of these years are a harvest."
        )
    parts.append(_longer_horizons(context.findings.examination.horizon, currency))
    return " ".join(filter(None, parts))


def _longer_horizons(checks: Sequence[HorizonCheck], currency: str) -> str:
    """What longer horizons change in the value and in the first quarter's orders, in one sentence."""
    if not checks:
        return ""
    quarters = listing([str(check.quarters) for check in checks], "or")
    changes = listing([money(abs(check.change), currency) for check in checks], "or")
    rises = {check.change >= 0.0 for check in checks}
    if len(rises) > 1:
        changes = listing(
            [f"{'+' if c.change >= 0.0 else ''}{money(c.change, currency)}" for c in checks], "or"
        )
        text = f"A horizon longer by {quarters} quarters would change the value by {changes}"
    else:
        verb = "add" if rises == {True} else "take"
        text = f"A horizon longer by {quarters} quarters would {verb} {changes}"
    moved = [check.moved for check in checks if check.moved is not None]
    if not moved:
        return f"{text}."
    most = max(moved)
    if most < 0.0005:
        return f"{text}, and move none of the first quarter's orders."
    return f"{text}, and move at most {share(most)} of the first quarter's orders."


def power_in_use(context: ReportContext) -> str:
    """Say how power divides at the window's end: owned, leased, reserved and drawn, in one clause.

    Returns:
        The clause; empty where all of it is owned and drawn.
    """
    m, plan, at = context.data, context.findings.result.plan, context.window_end
    standing = plan.power_mw[:, at]
    owned, leased = float(standing[m.power.owned].sum()), float(standing[~m.power.owned].sum())
    kilowatts = plan.running[:, :, at].sum(axis=0) * m.offers.power_kw / 1000.0
    reserved, drawn = float(kilowatts.sum()), float((kilowatts * m.offers.draw_fraction).sum())
    if leased <= 1e-6 and drawn >= 0.995 * (owned + leased):
        return ""
    parts = [f"{power(owned)} owned", *([f"{power(leased)} leased"] if leased > 1e-6 else [])]
    used = f"running servers reserve {power(reserved)}"
    if reserved - drawn > 1e-6:
        used += f" and draw {power(drawn)} on average"
    return f"{listing(parts)}; {used}"


def stops_more(context: ReportContext) -> str:
    """Say what stops more spending where some of the budget is left: the limits worth most.

    Returns:
        A sentence; empty where the budget is spent or none is set.
    """
    cap, currency = context.cap, context.currency
    if context.data.aim is not None:
        return ""  # what is served asks for orders, not what they earn
    if cap is None or context.data.whole_sizes or context.spent >= 0.995 * cap or context.orders_nothing:
        return ""
    binding = [limit for limit in context.limits if limit.gain_total > 1e-9 and limit.kind != "budget"]
    if not binding:
        return "What is left stays unspent because no further order earns its price."
    named = listing(
        [f"{limit.noun} ({money(limit.gain_total, currency)})" for limit in binding[:NAMED_LIMITS]]
    )
    return (
        f"The rest stays unspent because of {named}, where one percent more would add what stands in "
        "brackets; without that no further order earns its price."
    )
