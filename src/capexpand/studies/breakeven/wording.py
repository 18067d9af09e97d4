"""A break-even study in sentences: the same for the page and the terminal."""

from __future__ import annotations

from capexpand.studies.breakeven.break_even import BreakEven, BreakEvens
from capexpand.studies.breakeven.drivers import Driver
from capexpand.studies.breakeven.findings import BreakevenFindings
from capexpand.studies.breakeven.market import MarketFindings, ValueAdded
from capexpand.studies.breakeven.past_spending import PastFindings
from capexpand.studies.breakeven.roots import Root
from capexpand.wording import listing, money, number, percent, share

NEAREST = 3  # drivers named in the headline


def nearest(found: BreakEvens) -> list[BreakEven]:
    """Return the break-evens of the plan as committed, the one with the least headroom first."""
    kept = [one for one in found.single if one.reading == "committed" and one.root.level is not None]
    scaled = [one for one in kept if one.driver.kind in ("factor", "exponent")]
    return sorted(scaled, key=lambda one: abs(float(one.root.level or 0.0) - one.driver.assumed))


def headline(findings: BreakevenFindings) -> str:
    """Say how much headroom the assumptions have."""
    found = findings.break_evens
    currency = findings.case.currency
    counted = ", what the group would pay itself counted" if found.transfer else ""
    worth = f"As assumed, the programme is worth {money(found.npv, currency)} after tax{counted}."
    tight = nearest(found)[:NEAREST]
    if not tight:
        return worth
    parts = [_phrase(one) for one in tight]
    verb = "It pays" if found.npv > 0 else "It would pay"
    return f"{worth} With orders fixed, {verb[0].lower()}{verb[1:]} only with {listing(parts)}."


def answers(findings: BreakevenFindings) -> tuple[tuple[str, str], ...]:
    """Return the questions that have an answer, each with it, for the head of the page and the terminal."""
    market, past, currency = findings.market, findings.past, findings.case.currency
    asked = (
        ("At which values does it break even?", headline(findings)),
        ("What must an accelerator-hour earn?", hour_sentence(findings)),
        ("How likely does it pay?", chance_sentence(findings)),
        (
            "What did the market add?",
            "" if market is None else market_sentence(market, findings.break_evens.npv, currency),
        ),
        ("Is it more than before?", "" if past is None else past_sentence(past, currency)),
    )
    return tuple((question, text) for question, text in asked if text)


def hour_sentence(findings: BreakevenFindings) -> str:
    """Say what an accelerator-hour must earn at the break-even price; nothing where that is not known."""
    found, currency = findings.break_evens, findings.case.currency
    assumed = found.value_per_accelerator_hour
    for name in ("transfer-value", "price") if found.transfer else ("price",):
        kept, planned = found.of(name, "committed"), found.of(name, "planned")
        if kept is None or kept.value_per_accelerator_hour is None or assumed is None:
            continue
        text = (
            f"An accelerator-hour must earn {number(kept.value_per_accelerator_hour)} {currency} with "
            "orders fixed"
        )
        if planned is not None and planned.value_per_accelerator_hour is not None:
            text += f", {number(planned.value_per_accelerator_hour)} {currency} re-optimised"
        worth = "worth to the group itself and sold for" if found.transfer else "sold for"
        text += f"; as assumed it is {worth} {number(assumed)} {currency}"
        return f"{text}. All are averages over the whole fleet and the horizon, before costs."
    return ""


def _phrase(one: BreakEven) -> str:
    side = "above" if one.root.pays_above else "below"
    return f"{_lower(one.driver.title)} {side} {one.driver.described(float(one.root.level or 0.0))}"


def _lower(title: str) -> str:
    return f"{title[:1].lower()}{title[1:]}"


def sentence_of(one: BreakEven) -> str:
    """Return the break-even of one driver in one reading, as a sentence."""
    driver, root = one.driver, one.root
    subject = "A plan re-optimised for it" if one.reading == "planned" else "The plan with its orders fixed"
    if root.outcome == "impossible":
        return f"{subject}: what must be done cannot be done before a break-even is reached."
    if root.level is None:
        return f"{subject} {_throughout(one)}."
    side = "above" if root.pays_above else "below"
    at = driver.described(root.level)
    if root.fades:
        text = f"{subject} finds something worth building with {_lower(driver.title)} {side} {at}"
    elif one.reading == "planned":
        text = f"{subject} makes it pay with {_lower(driver.title)} {side} {at}"
    else:
        text = f"{subject} pays as long as {_lower(driver.title)} {_is(driver)} {side} {at}"
    doubts = []
    if root.jumps:
        doubts.append("the value jumps there")
    if root.turns:
        doubts.append("the value does not fall all the way, so another level may exist")
    return f"{text}{f' ({listing(doubts)})' if doubts else ''}."


def _is(driver: Driver) -> str:
    return "come" if driver.name == "grid-delay" else "is"


def _throughout(one: BreakEven) -> str:
    driver = one.driver
    low, high = (driver.level(end) for end in (driver.low, driver.high))
    if one.root.outcome == "always":
        if driver.higher_is_better and driver.low == 0.0:
            return f"pays even with {_lower(driver.title)} at next to nothing"
        return f"pays at every level of {_lower(driver.title)} from {low} to {high}"
    return f"does not pay at any level of {_lower(driver.title)} from {low} to {high}"


def cell(one: BreakEven | None) -> str:
    """Write a break-even for a table.

    Args:
        one: the break-even, or None where it was not sought.
    """
    if one is None:
        return "–"
    if one.root.level is None:
        words = {"always": "pays throughout", "never": "never pays", "impossible": "not possible"}
        return words.get(one.root.outcome, "–")
    sign = ">" if one.root.pays_above else "<"
    return f"{sign} {one.driver.level(one.root.level)}{marks(one.root)}"


def marks(root: Root) -> str:
    """Return the signs that ``MARKS`` explains.

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
    """Return what the signs in a text mean; nothing where it has none.

    Args:
        text: of a table's cells.
    """
    return " ".join(f"{sign} {meaning}" for sign, meaning in MARKS.items() if sign in text)


def headroom(one: BreakEven | None) -> str:
    """Write how far a break-even is from what is assumed.

    Args:
        one: the break-even, or None.
    """
    if one is None or one.root.level is None:
        return "–"
    driver, level = one.driver, one.root.level
    if driver.kind == "quarters":
        return driver.level(level)
    if driver.kind == "rate":
        return f"{100 * (level - driver.assumed):+.1f} points".replace("-", "−")
    return f"{100 * (level / driver.assumed - 1.0):+.0f} %".replace("-", "−")


def chance_sentence(findings: BreakevenFindings) -> str:
    """Say how the value spreads over the futures, and where the value as assumed lies; nothing if unknown."""
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
    """Say what the market added and what the plan is worth, in all and for a share.

    Args:
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
    """Say whether the stake's figures go with the price; nothing without a stake."""
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
    """Say where a gain and a value added do not go with count and price."""
    titles = {move.name: move.title for move in findings.moves}
    return tuple(
        f"{titles[name]}: its gain and its value put all shares {percent(abs(gap))} "
        f"{'above' if gap > 0 else 'below'} count times price after the first move."
        for name, gap in findings.value_gap.items()
        if abs(gap) > 0.02
    )


def past_sentence(findings: PastFindings, currency: str) -> str:
    """Say whether the programme is more than was spent before.

    Args:
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
