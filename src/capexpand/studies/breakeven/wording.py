"""What must be believed, in sentences: the same for the page and the terminal."""

from __future__ import annotations

from capexpand.studies.breakeven.break_even import BreakEven, BreakEvens
from capexpand.studies.breakeven.findings import BeliefFindings
from capexpand.studies.breakeven.levers import Lever
from capexpand.studies.breakeven.market import MarketFindings, ValueAdded
from capexpand.studies.breakeven.past_spending import PastFindings
from capexpand.studies.breakeven.roots import Root
from capexpand.wording import listing, money, number, percent, share

NEAREST = 3  # beliefs named in the headline


def nearest(found: BreakEvens) -> list[BreakEven]:
    """Returns the break-evens of the plan as committed, the one with the least room first.

    Args:
        found: the break-evens.
    """
    kept = [one for one in found.single if one.reading == "committed" and one.root.level is not None]
    scaled = [one for one in kept if one.lever.kind in ("factor", "exponent")]
    return sorted(scaled, key=lambda one: abs(float(one.root.level or 0.0) - one.lever.assumed))


def headline(findings: BeliefFindings) -> str:
    """Says how much room there is in what is believed.

    Args:
        findings: of a programme.
    """
    found = findings.break_evens
    currency = findings.case.currency
    counted = ", what the group would pay itself counted" if found.transfer else ""
    worth = f"As assumed, the programme is worth {money(found.npv, currency)} after tax{counted}."
    tight = nearest(found)[:NEAREST]
    if not tight:
        return worth
    parts = [_phrase(one) for one in tight]
    verb = "It pays" if found.npv > 0 else "It would pay"
    return f"{worth} Once committed, {verb[0].lower()}{verb[1:]} only with {listing(parts)}."


def answers(findings: BeliefFindings) -> tuple[tuple[str, str], ...]:
    """Returns the questions that have an answer, each with it, for the head of the page and the terminal.

    Args:
        findings: of a programme.
    """
    market, past, currency = findings.market, findings.past, findings.case.currency
    asked = (
        ("What must be believed?", headline(findings)),
        ("What must an hour bring?", hour_sentence(findings)),
        ("How likely does it pay?", chance_sentence(findings)),
        (
            "What did the market add?",
            "" if market is None else market_sentence(market, findings.break_evens.npv, currency),
        ),
        ("Is it more than before?", "" if past is None else past_sentence(past, currency)),
    )
    return tuple((question, text) for question, text in asked if text)


def hour_sentence(findings: BeliefFindings) -> str:
    """Says what an accelerator-hour must bring at the break-even price; nothing where that is not known.

    Args:
        findings: of a programme.
    """
    found, currency = findings.break_evens, findings.case.currency
    assumed = found.value_per_accelerator_hour
    for name in ("transfer-value", "price") if found.transfer else ("price",):
        kept, planned = found.of(name, "committed"), found.of(name, "planned")
        if kept is None or kept.value_per_accelerator_hour is None or assumed is None:
            continue
        text = (
            f"An accelerator-hour must bring {number(kept.value_per_accelerator_hour)} {currency} once money "
            "is committed"
        )
        if planned is not None and planned.value_per_accelerator_hour is not None:
            text += f", {number(planned.value_per_accelerator_hour)} {currency} where the plan is made for it"
        worth = "worth to the group itself and sold for" if found.transfer else "sold for"
        text += f"; as assumed it is {worth} {number(assumed)} {currency}"
        return f"{text}. All are averages over the whole fleet and the horizon, before costs."
    return ""


def _phrase(one: BreakEven) -> str:
    side = "above" if one.root.pays_above else "below"
    return f"{_lower(one.lever.title)} {side} {one.lever.described(float(one.root.level or 0.0))}"


def _lower(title: str) -> str:
    return f"{title[:1].lower()}{title[1:]}"


def sentence_of(one: BreakEven) -> str:
    """Says what must be believed of one lever in one reading.

    Args:
        one: the break-even.
    """
    lever, root = one.lever, one.root
    subject = "A planner who knew" if one.reading == "planned" else "The plan as committed"
    if root.outcome == "impossible":
        return f"{subject}: what must be done cannot be done before a break-even is reached."
    if root.level is None:
        return f"{subject} {_throughout(one)}."
    side = "above" if root.pays_above else "below"
    at = lever.described(root.level)
    if root.fades:
        text = f"{subject} finds something worth building with {_lower(lever.title)} {side} {at}"
    elif one.reading == "planned":
        text = f"{subject} makes it pay with {_lower(lever.title)} {side} {at}"
    else:
        text = f"{subject} pays as long as {_lower(lever.title)} {_is(lever)} {side} {at}"
    doubts = []
    if root.jumps:
        doubts.append("the value jumps there")
    if root.turns:
        doubts.append("the value does not fall all the way, so another level may exist")
    return f"{text}{f' ({listing(doubts)})' if doubts else ''}."


def _is(lever: Lever) -> str:
    return "come" if lever.name == "grid-delay" else "is"


def _throughout(one: BreakEven) -> str:
    lever = one.lever
    low, high = (lever.level(end) for end in (lever.low, lever.high))
    if one.root.outcome == "always":
        if lever.higher_is_better and lever.low == 0.0:
            return f"pays even with {_lower(lever.title)} at next to nothing"
        return f"pays at every level of {_lower(lever.title)} from {low} to {high}"
    return f"does not pay at any level of {_lower(lever.title)} from {low} to {high}"


def cell(one: BreakEven | None) -> str:
    """Writes a break-even for a table.

    Args:
        one: the break-even, or None where it was not sought.
    """
    if one is None:
        return "–"
    if one.root.level is None:
        words = {"always": "pays throughout", "never": "never pays", "impossible": "not possible"}
        return words.get(one.root.outcome, "–")
    sign = ">" if one.root.pays_above else "<"
    return f"{sign} {one.lever.level(one.root.level)}{marks(one.root)}"


def marks(root: Root) -> str:
    """Returns the signs that ``MARKS`` explains.

    Args:
        root: where a value reaches its target.
    """
    return ("*" if root.fades else "") + ("†" if root.jumps else "") + ("‡" if root.turns else "")


MARKS = {
    "*": "beyond it nothing is worth building, rather than a loss made.",
    "†": "the value jumps over zero there.",
    "‡": "the value was seen to turn on the way, so another level may exist.",
}


def explained(text: str) -> str:
    """Returns what the signs in a text mean; nothing where it has none.

    Args:
        text: of a table's cells.
    """
    return " ".join(f"{sign} {meaning}" for sign, meaning in MARKS.items() if sign in text)


def room(one: BreakEven | None) -> str:
    """Writes how far a break-even is from what is assumed.

    Args:
        one: the break-even, or None.
    """
    if one is None or one.root.level is None:
        return "–"
    lever, level = one.lever, one.root.level
    if lever.kind == "quarters":
        return lever.level(level)
    if lever.kind == "rate":
        return f"{100 * (level - lever.assumed):+.1f} points".replace("-", "−")
    return f"{100 * (level / lever.assumed - 1.0):+.0f} %".replace("-", "−")


def chance_sentence(findings: BeliefFindings) -> str:
    """Says how the value spreads over the futures, and where the value as assumed lies; nothing if unknown.

    Args:
        findings: of a programme.
    """
    known = findings.distribution
    if known is None:
        return ""
    currency, npv = findings.case.currency, findings.break_evens.npv
    low, high = (money(known.quantile(chance), currency) for chance in (0.05, 0.95))
    middle, pays = money(known.quantile(0.5), currency), _share(known.reaches(0.0))
    return (
        f"Over {known.scenarios:,} futures {known.what} is worth {middle} in the middle, between {low} and "
        f"{high} in nine of ten; zero or more in {pays}, as much as assumed ({money(npv, currency)}) in "
        f"{_share(known.reaches(npv))}."
    )


def market_sentence(findings: MarketFindings, npv: float, currency: str) -> str:
    """Says what the market added and what the plan is worth, in all and for a share.

    Args:
        findings: of the market.
        npv: of the plan as assumed [million].
        currency: of the case.
    """
    first = findings.moves[0]
    low, high = (money(end, currency) for end in (first.programme.low, first.programme.high))
    index = f"{money(first.net.low, currency)} to {money(first.net.high, currency)}"
    per_share = f"{number(findings.npv_per_share)} {currency} a share"
    stake = ""
    if findings.npv_for_stake is not None:
        stake = f" and {money(findings.npv_for_stake, currency)} for the stake"
    text = (
        f"{first.title}: {money(first.gross, currency)} in all, {index} net of the market's own move, "
        f"of which between {low} and {high} may be due to the programme. The plan is worth "
        f"{money(npv, currency)}: {per_share}{stake}."
    )
    return f"{text} {_chances(first)}".strip()


def _chances(first: ValueAdded) -> str:
    if first.chance is None:
        return ""
    low, high = first.chance
    return f"It is worth the lower bound in {_share(low)} of the futures, the upper one in {_share(high)}."


def _share(bounds: tuple[float, float]) -> str:
    low, high = (share(bound) for bound in bounds)
    if bounds[0] == bounds[1]:
        return {0.0: "none", 1.0: "all"}.get(bounds[0], low)
    return f"{low} to {high}"


def stake_sentence(findings: MarketFindings) -> str:
    """Says whether the stake's figures go with the price; nothing without a stake.

    Args:
        findings: of the market.
    """
    check = findings.stake
    if check is None:
        return ""
    implied = f"{number(check.implied)} {check.currency} a share"
    bounds = f"{number(check.bounds.low)} to {number(check.bounds.high)}"
    prices = [f"{number(check.before)} before"]
    if check.after is not None:
        prices.append(f"{number(check.after)} after the reported gain")
    verdict = "agrees with" if check.fits else "contradicts"
    off = check.implied / check.before - 1.0
    side = "above" if off > 0 else "below"
    return (
        f"The stake's value and count imply {implied} ({bounds} as the count is rounded), which {verdict} "
        f"the price of {listing(prices)}; it is {percent(abs(off))} {side} the former."
    )


def gap_sentences(findings: MarketFindings) -> tuple[str, ...]:
    """Says where a gain and a value added do not go with count and price.

    Args:
        findings: of the market.
    """
    titles = {move.name: move.title for move in findings.moves}
    return tuple(
        f"{titles[name]}: its gain and its value put all shares {percent(abs(gap))} "
        f"{'above' if gap > 0 else 'below'} count times price after the first move."
        for name, gap in findings.value_gap.items()
        if abs(gap) > 0.02
    )


def past_sentence(findings: PastFindings, currency: str) -> str:
    """Says whether the programme is more than was spent before.

    Args:
        findings: of the past.
        currency: of the case.
    """
    amount, years = money(findings.amount, currency), findings.years
    own = [one for one in findings.sums if one.scope == findings.sums[0].scope]
    low = money(min(one.spent.low for one in own), currency)
    high = money(max(one.spent.high for one in own), currency)
    decided = findings.verdict != "cannot be decided"
    text = (
        f"{'That' if decided else 'Whether'} {amount} is more than was spent in the {years} years before "
        f"{findings.verdict}: of the programme's kind it was between {low} and {high}."
    )
    name, swing = findings.deciding
    text += f" What moves the sum most is {name}, by {money(swing, currency)}."
    if findings.failing_share < 1.0:
        text += (
            f" The claim could fail only if more than {share(findings.failing_share)} of all that the group "
            "spent counted."
        )
    group = [one for one in findings.sums if one.scope != own[0].scope]
    if any(one.verdict != "holds" for one in group):
        open_ones = [f"{one.first} to {one.last}" for one in group if one.verdict != "holds"]
        text += f" Against all that the group spent it is not sure to hold ({listing(open_ones)})."
    return text
