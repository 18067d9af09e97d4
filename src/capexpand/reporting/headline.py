"""The answers in sentences: the same for the page, the terminal and the web.

Each function takes the context of what a run found out and returns plain text; nothing here knows where it
is shown. The sentences must read well for every case: without a budget, a payback, tokens or accelerators.
"""

from __future__ import annotations

import numpy as np

from capexpand.reporting.aims import NO_PRICES, aim_answers, made_for
from capexpand.reporting.blocks import Answer, KeyFigure
from capexpand.reporting.bought import SMALL, budget_and_spending, buys_nothing, ordered
from capexpand.reporting.context import NOTHING, ReportContext
from capexpand.reporting.contracts import contract_answers
from capexpand.reporting.duties import costs, duty_cost, duty_figures
from capexpand.reporting.examined import (
    at_the_end,
    best_rival,
    by_size,
    fair_rivals,
    in_futures,
    power_in_use,
    stops_more,
)
from capexpand.reporting.financing import financing_answers
from capexpand.reporting.years import Years
from capexpand.wording import (
    compute,
    count,
    listing,
    money,
    number,
    of_each,
    percent,
    power,
    sentence,
    share,
    volume,
    years,
)

FIRST_ORDERS = 4  # orders named in the sentence about the first quarter


def answers(context: ReportContext) -> tuple[Answer, ...]:
    """Return the answers of a report, in order."""
    bought = " ".join(filter(None, (buys(context), stops_more(context), stands(context))))
    sized = by_size(context)
    return (
        *aim_answers(context),
        Answer("What does the money buy, and when?", bought),
        Answer("How is it best spent?", " ".join(filter(None, (spends(context), first_orders(context))))),
        Answer("Does it pay?" if duty_cost(context) is None else "What does it cost?", pays(context)),
        *contract_answers(context),
        *financing_answers(context),
        *([Answer("What does that rest on?", rests)] if (rests := rests_on(context)) else []),
        *([Answer("How much of it pays?", sized)] if sized else []),
        Answer("What is each limit worth?", limits_worth(context)),
        Answer("How does it compare?", " ".join(filter(None, (compares(context), fair_rivals(context))))),
    )


def buys(context: ReportContext) -> str:
    """Say what is bought within the window, and what is hired beside it."""
    if context.orders_nothing:
        return buys_nothing(context)
    bought, hired = (listing(ordered(context, owned=owned)) for owned in (True, False))
    if not bought and not hired:
        return f"{budget_and_spending(context)} next to nothing."
    if bought:
        beside = f" Hired beside it, out of running costs: {hired}." if hired else ""
        return f"{sentence(f'{budget_and_spending(context)} {bought}')}{beside}"
    cap = context.cap
    spared = "" if cap is None else f", not of the {money(cap, context.currency)} allowed"
    return f"Nothing is bought. Hired, out of running costs{spared}: {hired}."


def stands(context: ReportContext) -> str:
    """Say what stands at the end of the window, and what it serves."""
    at, label = context.window_end, context.labels[context.window_end]
    power_mw = float(context.power_mw(context.fleet)[at])
    without = float(context.power_mw(context.base_fleet)[at])
    pflops = float(context.fleet.compute_pflops[:, at].sum())
    tokens = float(context.tokens_per_day(context.fleet)[at])
    if power_mw < 1e-6:
        return f"When the window ends, in {label}, no power is energised."
    more = f", {power(power_mw - without)} more than without the programme" if without > 1e-6 else ""
    if abs(power_mw - without) <= SMALL * power_mw:
        more = ", as much as without the programme"
    does = []
    if pflops > 0.0:
        does.append(f"holds {compute(pflops)} of computing power")
    if tokens > 0.0:
        part = context.token_power_fraction(at)
        takes = "" if part >= 1.0 - SMALL else f", which take {share(part)} of the power in use"
        does.append(f"serves {volume(tokens, 'tokens')} a day{takes}")
    use = power_in_use(context)
    then = f"; the fleet {listing(does)}" if does else ""
    if use:
        then = f" The fleet {listing(does)}." if does else ""
        return f"When the window ends, in {label}, {power(power_mw)} is energised{more}: {use}.{then}"
    return f"When the window ends, in {label}, {power(power_mw)} is energised{more}{then}."


def spends(context: ReportContext) -> str:
    """Say when and for what the money is paid."""
    total, here = context.findings.result.total, context.window
    paid = context.findings.result.plan.paid[here]
    if context.orders_nothing:
        return "Nothing is ordered within the window: every order would cost more than it brings."
    if context.spent <= 1e-9:
        return "Nothing is paid for orders within the window."
    starts = context.data.times.starts[here]
    by_year = {day.year: 0.0 for day in starts}
    for day, amount in zip(starts, paid, strict=True):
        by_year[day.year] += float(amount) / context.spent
    parts = [f"{share(part)} in {year}" for year, part in by_year.items() if part >= SMALL]
    when = f"paid {listing(parts)}" if len(parts) > 1 else f"all paid in {starts[int(np.argmax(paid))].year}"
    heaviest = int(np.argmax(paid))
    servers = float(total.payments_servers[here].sum()) / context.spent
    split = f"{share(servers)} goes into servers and {share(1.0 - servers)} into halls and power"
    if min(servers, 1.0 - servers) < SMALL:
        split = f"all of it goes into {'servers' if servers > 0.5 else 'halls and power'}"
    return (
        f"It is {when}, most in {context.labels[here.start + heaviest]} "
        f"({money(float(paid[heaviest]), context.currency)}); {split}."
    )


def first_orders(context: ReportContext) -> str:
    """Say what to commit in the first quarter of the window, the dearest orders first.

    Returns:
        The sentence; empty where nothing is ordered in the whole window.
    """
    if context.orders_nothing:
        return ""
    m, plan, t = context.data, context.findings.result.plan, context.window.start
    orders: list[tuple[float, str]] = []
    for o, megawatts in enumerate(plan.power_ordered_mw[:, t]):
        if megawatts > 1e-6:
            title = context.sites[int(m.power.site[o])]
            how = "" if m.power.owned[o] else " rented"
            cost = float(megawatts * max(m.power.price[o, t], m.power.running_cost[o, t]))
            orders.append((cost, f"{power(float(megawatts))}{how} at {title}"))
    for k in range(len(m.offers.names)):
        amounts = plan.ordered[k, :, t]
        if amounts.sum() < 0.5:
            continue
        title = context.offers[int(m.offers.product[k])]
        how = "" if m.offers.owned[k] else " (leased)"
        cost = float(np.nansum(amounts * np.maximum(m.offers.price[k, :, t], m.offers.running_cost[k, t])))
        orders.append((cost, f"{count(float(amounts.sum()))} × {title}{how}"))
    if m.energy is not None and plan.energy is not None:
        for p in np.flatnonzero(m.energy.bought & (plan.energy.signed[:, t] > 1e-6)):
            amount, at = float(plan.energy.signed[p, t]), context.sites[int(m.energy.site[p])]
            orders.append(
                (amount * float(m.energy.cost[p, t]), f"{power(amount)} of {m.energy.titles[p]} at {at}")
            )
    if not orders:
        return f"In the first quarter, {context.labels[t]}, nothing needs to be committed yet."
    orders.sort(key=lambda order: -order[0])
    named = [text for _, text in orders[:FIRST_ORDERS]]
    left = len(orders) - len(named)
    if left:
        named.append(of_each(left, "other order", "other orders"))
    return f"To be committed first, in {context.labels[t]}: {listing(named)}."


def pays(context: ReportContext) -> str:
    """Say what the programme is worth, its rate of return, its payback and its peak funding."""
    if context.orders_nothing:
        return "With nothing ordered there is no programme that could pay or fail to."
    metrics, currency = context.findings.metrics, context.currency
    rate = context.findings.case.finance.discount_rate.value
    taxed = " after tax" if context.data.taxes.rate > 0.0 else ""
    worth = f"The programme's net present value is {money(metrics.npv, currency)}{taxed}"
    discounted = f", discounted at {percent(rate)} a year" if rate > 0.0 else ", without discounting"
    zero = f"{money(metrics.npv_end_value_zero, currency)} if nothing is worth anything after the horizon"
    if abs(metrics.npv - metrics.npv_end_value_zero) <= SMALL * max(abs(metrics.npv), 1e-9):
        zero = "none of it rests on the value of what stands at the horizon's end"
    inside, duty = _counting_transfer(context), duty_cost(context)
    parts = [in_futures(context)]
    if duty is None:
        parts.append(f"{worth}{discounted}; {zero}{inside}.")
        parts.append(f"{_rate_of_return(context)}, and {_payback(context)}.")
    else:
        parts.append(costs(context, duty))
    if metrics.peak_funding > 0.0:
        most, when = money(metrics.peak_funding, currency), context.labels[metrics.peak_funding_quarter]
        parts.append(f"At most {most} is laid out at a time, in {when}.")
    else:
        parts.append("It never needs money from outside.")
    return " ".join(filter(None, parts))


def rests_on(context: ReportContext) -> str:
    """Say what the value rests on: late earnings, renewal after the window, the end of the horizon.

    Returns:
        Sentences; empty where nothing is ordered.
    """
    if context.orders_nothing:
        return ""
    end = at_the_end(context) if context.data.aim is None else ""
    return " ".join(filter(None, (_yearly_earnings(context), _renewal(context), end)))


def _counting_transfer(context: ReportContext) -> str:
    """What the net present value leaves out of internal use, as the end of a sentence."""
    amount = context.transfer_worth
    if amount == 0.0 or abs(amount) <= SMALL * SMALL * abs(context.findings.metrics.npv):
        return ""
    change = "more" if amount > 0.0 else "less"
    return (
        f"; {money(abs(amount), context.currency)} {change} if internal use is counted at its transfer value"
    )


def _renewal(context: ReportContext) -> str:
    """What is paid after the window for renewal; empty where nothing is."""
    paid, extra = context.renewal
    if max(paid, abs(extra)) <= NOTHING:
        return ""
    change = "more" if extra >= 0.0 else "less"
    beside = f", {money(abs(extra), context.currency)} of it {change} than without the programme"
    if extra < 0.0:
        beside = beside.replace(" of it", "")
    beside = beside if context.has_base else ""
    return (
        f"After the window {money(paid, context.currency)} is paid for renewal{beside}; "
        "the net present value counts it."
    )


def _yearly_earnings(context: ReportContext) -> str:
    """What the programme earns in the last whole year, or over a horizon that has none."""
    ours, currency, years = context.findings.result.programme, context.currency, Years.of(context.data.times)
    whole = [year for year, inside in zip(years.numbers, years.quarters, strict=True) if len(inside) == 4]
    revenue, ebita = ours.revenue, ours.ebita
    when = "Over the horizon"
    if whole:
        here = list(years.quarters[years.numbers.index(whole[-1])])
        revenue, ebita, when = revenue[here], ebita[here], f"In {whole[-1]}"
    earned, profit = money(float(revenue.sum()), currency), money(float(ebita.sum()), currency)
    return f"{when} it earns {earned} of revenue and {profit} of operating profit (EBITA)."


def _rate_of_return(context: ReportContext) -> str:
    metrics = context.findings.metrics
    if metrics.irr is None:
        return "It has no internal rate of return"
    if metrics.irr_is_answer:
        return f"Its internal rate of return is {percent(metrics.irr)} a year"
    why = "next to nothing is ever laid out" if metrics.irr_unique else "more than one rate may solve it"
    instead = (
        ""
        if metrics.mirr is None
        else f"; with returns put to work at the discount rate it earns {percent(metrics.mirr)} a year"
    )
    per = metrics.npv_over_outlay
    outlay = "" if per is None else f" and {number(per, 2)} of net present value for each 1 of its payments"
    return f"It has no telling internal rate of return, since {why}{instead}{outlay}"


def _adds_nothing(context: ReportContext) -> bool:
    """Whether the plan does what the base does, so that the programme's own money adds nothing."""
    metrics, scale = context.findings.metrics, abs(context.findings.result.plan.value)
    return max(abs(metrics.npv), metrics.peak_funding) <= 1e-9 * max(scale, 1.0)


def _payback(context: ReportContext) -> str:
    at = context.findings.metrics.payback_quarter
    if _adds_nothing(context):
        return "there is nothing to pay back, since the base hires and renews alike"
    if at is None:
        return f"it is not paid back before the horizon ends in {context.labels[-1]}"
    if context.findings.metrics.peak_funding <= 0.0:
        return "it is paid back from the start"
    return f"it is paid back in {context.labels[at]}, {years(at + 1)} after the start"


def limits_worth(context: ReportContext) -> str:
    """Say which limits are worth most."""
    if context.data.whole_sizes:
        return "Sizes are whole in this case, so what one more of a limit is worth is not known."
    if context.data.aim is not None and context.data.aim.objective == "power":
        return NO_PRICES
    binding = [limit for limit in context.limits if limit.binds and limit.kind != "obligation"]
    if not binding:
        return "No limit binds: more power, supply, budget or demand would add nothing."
    supplied = [limit for limit in binding if limit.kind != "demand"]
    asked = [limit for limit in binding if limit.kind == "demand"]
    ranked: list[tuple[float, str]] = []
    for named, where in ((supplied, "On the side of supply and money"), (asked, "On the side of demand")):
        if named:
            gain = named[0].gain_total
            more = f"one percent more throughout would add {money(gain, context.currency)}"
            ranked.append((gain, f"{where}, {named[0].noun} is worth most: {more}."))
    owed = next((limit for limit in context.limits if limit.binds and limit.kind == "obligation"), None)
    if owed is not None:
        cost = abs(owed.gain_total)
        owes = f"One percent more of {owed.noun} throughout would cost {money(cost, context.currency)}."
        ranked.append((cost, owes))
    parts = [text for _, text in sorted(ranked, key=lambda pair: -pair[0])]
    told = [next((limit for limit in supplied if limit.kind == kind), None) for kind in ("grid", "supply")]
    if supplied and supplied[0].kind == "stock":
        told.insert(0, supplied[0])
    parts += [limit.describe(context.labels) for limit in told if limit is not None]
    budget = next((limit for limit in supplied if limit.kind == "budget"), None)
    if budget is not None:
        parts.append(budget.describe(context.labels))
    elif context.cap is not None:
        parts.append("The budget itself binds nowhere: more money alone would add nothing.")
    by_cost = context.data.aim is not None and context.data.aim.objective == "cost"
    return " ".join(parts).replace("would add", "would save" if by_cost else "would add")


def compares(context: ReportContext) -> str:
    """Sets the evenly delivered plan beside the optimised one."""
    ours, naive, currency = context.findings.metrics, context.findings.naive_metrics, context.currency
    gain = ours.npv - naive.npv
    spent = float(context.findings.naive.plan.paid[context.window].sum())
    if spent <= NOTHING and context.orders_nothing:
        return "Delivered evenly over the window, the money would buy nothing either."
    if spent <= NOTHING and gain > 0.0:
        hires = ", and that plan hires nothing" if ordered(context, owned=False) else ""
        return (
            f"Delivered evenly over the window, nothing could be bought in time{hires}: "
            f"planning adds {money(gain, currency)}."
        )
    even = f"Delivered evenly over the window{_spent_beside(context, spent)}, the money would be worth"
    if abs(gain) <= SMALL * max(abs(ours.npv), abs(naive.npv)):
        return f"{even} as much."
    if context.orders_nothing and gain > 0.0:
        return f"{even} {money(naive.npv, currency)}: ordering nothing spares that."
    if gain > 0.0:
        return f"{even} {money(naive.npv, currency)}: planning adds {money(gain, currency)}."
    more = f"{even} {money(naive.npv, currency)}, {money(-gain, currency)} more"
    beside = (
        f"in cash. The optimised plan does not maximise that alone: it also counts "
        f"{_counted_beside_cash(context)}, and is {money(context.objective_gain, currency)} better so."
    )
    return f"{more} {beside}" if context.data.aim is None else f"{more}: {made_for(context.data.aim)}."


def _spent_beside(context: ReportContext, spent: float) -> str:
    """What the evenly delivered plan pays where it is not what the optimised one pays, and why."""
    currency, m = context.currency, context.data
    wanted = context.cap if context.cap is not None else m.budget.floor
    if abs(spent - context.spent) <= 0.02 * max(spent, context.spent):
        return ""
    why = ""
    if wanted > 0.0 and spent < (1.0 - SMALL) * wanted:
        lacks = "supply, power or whole lot" if m.whole_sizes else "supply or power"
        why = f" and finds no {lacks} in time for {money(wanted - spent, currency)}"
    return f" (it pays {money(spent, currency)}{why})"


def _counted_beside_cash(context: ReportContext) -> str:
    """What the objective counts beside the cash of the statements."""
    m = context.data
    counted: list[str] = []
    if "internal" in m.workloads.roles:
        counted.append("internal use at its transfer value")
    if "obligation" in m.workloads.roles:
        counted.append("penalties for what is owed and not served")
    if m.budget.floor > 0.0:
        counted.append("the penalty for spending below the floor")
    return listing(counted) or "tax as if losses were refunded at once"


def key_figures(context: ReportContext) -> tuple[KeyFigure, ...]:
    """Return the strip of figures below the headline."""
    currency, at = context.currency, context.window_end
    label = context.labels[at]
    power_mw = float(context.power_mw(context.fleet)[at])
    accelerators = float(context.accelerators(context.fleet)[at])
    tokens = float(context.tokens_per_day(context.fleet)[at])
    cap = context.cap
    of_cap = "" if cap is None else f"of {money(cap, currency)} allowed by {label}"
    followed = None if context.findings.examination is None else context.findings.examination.followed
    met: list[KeyFigure] = []
    if followed is not None and not context.orders_nothing:
        low, *_, high = followed.quantiles()
        spread = f"{money(float(low), currency)} to {money(float(high), currency)} in nine of ten futures"
        met = [KeyFigure("Net present value, mean of futures", money(followed.mean, currency), spread)]
    figures = [
        *met,
        KeyFigure("Spent in the window", money(context.spent, currency), of_cap or f"by {label}"),
        *([] if context.orders_nothing else _returns(context)),
        KeyFigure("Power energised", power(power_mw), f"IT power in {label}"),
    ]
    if accelerators >= 0.5:
        figures.append(KeyFigure("Accelerators", count(accelerators), f"installed in {label}"))
    if tokens > 0.0:
        part = share(context.token_power_fraction(at))
        figures.append(
            KeyFigure("Tokens a day", volume(tokens), f"in {label}, by {part} of the power in use")
        )
    rival, gain = best_rival(context)
    over = f"in net present value over {rival}"
    if gain < 0.0 and context.data.aim is None:
        gain, over = context.objective_gain, "in the objective over the even plan; none in cash"
    if context.data.aim is None or gain > 0.0:
        figures.append(KeyFigure("Worth of planning", money(gain, currency), over))
    return tuple(figures)


def _returns(context: ReportContext) -> list[KeyFigure]:
    """The figures that only a plan with orders has: what it is worth, and when it pays."""
    ours, currency, labels = context.findings.metrics, context.currency, context.labels
    funded = ours.peak_funding > 0.0
    examination = context.findings.examination
    path = "programme" if examination is None or examination.followed is None else "of the one mean path"
    taxed = f"{path}, after tax" if context.data.taxes.rate > 0.0 else path
    end_value_zero, duty = money(ours.npv_end_value_zero, currency), duty_cost(context)
    worth = [
        KeyFigure("Net present value", money(ours.npv, currency), taxed),
        KeyFigure("Without end value", end_value_zero, "nothing worth anything at the end"),
        KeyFigure(
            "Internal rate of return",
            "none" if ours.irr is None or not ours.irr_is_answer else percent(ours.irr),
            "a year" if ours.irr_is_answer else "none that tells: none, several, or on next to nothing",
        ),
        KeyFigure(
            "Payback",
            _when_paid_back(context),
            "sum of cash flows stays positive",
        ),
    ]
    most = labels[ours.peak_funding_quarter] if funded else "nothing is laid out"
    figures = [
        *(worth if duty is None else duty_figures(context, duty)),
        KeyFigure("Peak funding", money(ours.peak_funding, currency), most),
    ]
    paid, extra = context.renewal
    if paid > NOTHING:
        more = f"{money(abs(extra), currency)} {'more' if extra >= 0.0 else 'less'} than without"
        remark = more if context.has_base else "counted in the net present value"
        figures.append(KeyFigure("Renewal after the window", money(paid, currency), remark))
    return figures


def _when_paid_back(context: ReportContext) -> str:
    """What stands large for the payback."""
    ours, at = context.findings.metrics, context.findings.metrics.payback_quarter
    if _adds_nothing(context):
        return "nothing to pay back"
    if at is None:
        return "not within the horizon"
    return context.labels[at] if ours.peak_funding > 0.0 else "from the start"


def hindsight(context: ReportContext) -> str:
    """Say how many numbers rest on evidence later than the case's date; empty where none does."""
    from capexpand.reporting.assumptions import origins

    found = origins(context.findings.case)
    if not found.hindsight:
        return ""
    return (
        f"{of_each(found.hindsight, 'number', 'numbers')} of {found.total} "
        f"{'rests' if found.hindsight == 1 else 'rest'} on evidence later than "
        f"{context.findings.case.as_of}: the answers below are partly hindsight."
    )
