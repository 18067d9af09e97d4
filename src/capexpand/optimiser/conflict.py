"""Says in the user's words which limits of a case exclude each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Description = tuple[str, tuple[str, ...]]

# What a user reads for a block of rows or columns; braces number its labels, ``when`` is the quarters.
_LIMITS = {
    "service": "{0}, {when}: an obligation without a penalty must be served in full (workloads.{0}.demand)",
    "supply": "{0} for {1}, {when}: units that must be ordered, or that can be (offers.{0}.supply.{1})",
    "stock": "{0}: no more units than the stock holds (offers.{0}.stock)",
    "opening stock": "{0}: no more units than the stock holds (offers.{0}.stock)",
    "commitment": "{0}, {when}: power that stands or is on order must fit the grid (sites.{0}.grid)",
    "grid": "{0}, {when}: running power within the grid connection (sites.{0}.grid)",
    "running power": "{0}, {when}: running power within what stands (opening.sites.{0}, sites.{0}.build)",
    "power ordered": "{0}, {when}: the most power that can be ordered (sites.{0}.build.limit)",
    "budget": "{when}: spent and due by then within the cap (programme.cap, programme.cap_by_date)",
    "renewal": "{when}: what falls due within the renewal budget (programme.renewal_budget)",
    "minimum cash": "{when}: cash that must be kept (financing.minimum_cash)",
    "equity": "{when}: no more equity than can be raised in the quarter (financing.equity.limit)",
    "equity over the horizon": "no more equity than can be raised in all (financing.equity.total)",
    "signed": "{0}: no more than its amount (financing.facilities.{0}.amount)",
    "line": "{0}, {when}: no more is owed than its amount (financing.facilities.{0}.amount)",
    "repayment": "{0}, {when}: repaid by its plan (financing.facilities.{0}.repayment, .maturity)",
    "cover of a sculpted loan": "{0}, {when}: repaid within EBITDA (financing.facilities.{0}.cover_ratio)",
    "share of cost": "{0}, {when}: its share of cost (financing.facilities.{0}.share_of_cost)",
    "share of backlog": "{0}, {when}: its share of what contracts will bill "
    "(financing.facilities.{0}.share_of_backlog)",
    "share of book": "{0}, {when}: its share of book value (financing.facilities.{0}.share_of_book)",
    "sweep": "{0}, {when}: dividends only beside early repayment (financing.facilities.{0}.sweep)",
    "debt_service_cover": "{when}: debt service covered (financing.covenants.debt_service_cover)",
    "loan_to_value": "{when}: debt within its share of assets (financing.covenants.loan_to_value)",
    "leverage": "{when}: debt within its multiple of EBITDA (financing.covenants.leverage)",
    "liquidity": "{when}: cash and undrawn lines (financing.covenants.liquidity)",
    "served": "the share of the demand that must be served (solve.serve)",
    "sold": "{0}, {when}: no more is sold than is demanded (workloads.{0}.demand)",
}
# Balances that link the limits: what they say once, however many there are of them.
_UNITS = "units serve from the quarter in which they arrive (offers.*.lead_time, opening.sites.*.installed)"
_LINKS = {
    "fleet": _UNITS,
    "delivery": _UNITS,
    "opening units": _UNITS,
    "service balance": "what is sold must be served (workloads.*.throughput)",
    "cash": "what is paid must be earned, borrowed or put in by owners (financing)",
    "debt": "what is drawn is owed until it is repaid (financing.facilities)",
    "power ordered, whole lots": "halls are whole (solve.whole_sizes, sites.*.build.hall)",
    "ordered, whole lots": "lots are whole (solve.whole_sizes, offers.*.lot)",
}
_NOTHING_SERVES = (
    "nothing that stands or can have arrived serves it (offers.*.lead_time, workloads.*.throughput)"
)
NO_WHOLE_SIZES = "whole halls and lots (solve.whole_sizes): with parts of them there is a plan"


def explain(conflict: Sequence[Description]) -> list[str]:
    """Returns sentences for a conflicting set of rows and columns: what is asked for, then what opposes it.

    Args:
        conflict: block name and labels of each row and column of the conflict; the last label is the quarter,
            one such as ``in 3`` counts quarters from there.
    """
    quarters: dict[str, set[int]] = {}
    for block, limit in _LIMITS.items():
        for labels in (labels for name, labels in conflict if name == block):
            sentence = limit.format(*labels, when="{when}")
            quarters.setdefault(sentence, set()).update(_quarter(labels))
    limits = [sentence.format(when=_ranges(when)) for sentence, when in quarters.items()]
    links = dict.fromkeys(_LINKS[name] for name, _ in conflict if name in _LINKS)
    if not links and {name for name, _ in conflict if name in _LIMITS} == {"service"}:
        return [*limits, _NOTHING_SERVES]
    return [*limits, *links] or [f"{name} ({', '.join(labels)})" for name, labels in conflict]


def _quarter(labels: tuple[str, ...]) -> Iterable[int]:
    """The quarter that a row limits, counted from the year 0; none where it belongs to the opening state."""
    year, separator, number = labels[-1].partition("Q")
    if separator and year.isdigit():
        ahead = [int(label[3:]) for label in labels if label.startswith("in ") and label[3:].isdigit()]
        yield 4 * int(year) + int(number) - 1 + sum(ahead)


def _ranges(quarters: set[int]) -> str:
    """Quarters as text, such as ``2025Q2 to 2026Q1 and 2027Q3``."""
    parts: list[list[int]] = []
    for quarter in sorted(quarters):
        if parts and parts[-1][-1] == quarter - 1:
            parts[-1].append(quarter)
        else:
            parts.append([quarter])
    return " and ".join(
        _label(part[0]) if len(part) == 1 else f"{_label(part[0])} to {_label(part[-1])}" for part in parts
    )


def _label(quarter: int) -> str:
    return f"{quarter // 4}Q{quarter % 4 + 1}"
