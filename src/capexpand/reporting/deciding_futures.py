"""Which futures drive this quarter's decision, and what would have to be seen to change it, in words."""

from __future__ import annotations

from capexpand.policy.drivers import DecisionDriver
from capexpand.policy.findings import PolicyFindings
from capexpand.policy.reactions import Reaction
from capexpand.reporting.serial import Document, number
from capexpand.reporting.serial import money as plain_money
from capexpand.wording import listing, money, percent, sentence, share, short_names

KINDS = {
    "grid": "grid at",
    "energy_price": "energy price at",
    "contract_energy_price": "energy price of contract",
    "hire_fee": "fee of",
    "hire_limit": "units to be had of",
    "unit_exit_cost": "exit cost of",
    "resale_price": "price of used",
    "power_exit_cost": "exit cost of power at",
    "exchange_rate": "exchange rate of debt in",
    "reference_rate": "reference rate of debt",
    "build_cost": "building cost at",
    "build_limit": "what can be built at",
    "colocation_fee": "fee for power at",
    "purchase_price": "price of",
    "lease_fee": "lease of",
    "supply_limit": "supply of",
    "export_fee": "export fee on",
    "delivery": "delivery of",
    "other_revenue": "revenue outside the case",
    "productivity": "productivity of",
    "base_demand": "demand for",
    "base_price": "price of",
    "base_penalty": "penalty of",
}
"""What moves, in words; demand and price of a workload are those of the work that a unit of hardware does."""


def in_words(findings: PolicyFindings) -> dict[str, str]:
    """Return what each uncertain number is called, by the label of its entry."""
    m = findings.outcomes.policy.data
    titles = dict(zip(m.sites.names, short_names(m.sites.titles), strict=True))
    titles |= dict(zip(m.offers.products, short_names(m.offers.product_titles), strict=True))
    titles |= dict(zip(m.workloads.names, short_names(m.workloads.titles), strict=True))
    return {
        entry.label: f"{KINDS[entry.kind]} {titles.get(entry.name, entry.name)}"
        f"{f' for {entry.destination}' if entry.destination else ''}"
        for entry in findings.outcomes.scenarios.entries
    }


def condition(row: Reaction, words: dict[str, str]) -> str:
    """Return the state of the world in which a row of the policy's table holds.

    Args:
        row: of the table.
        words: from ``in_words``.
    """
    where = row.regime or "always"
    if not row.driver:
        return where
    name = words[row.driver]
    split = f"{name} above {row.above:.2f}" if row.above is not None else f"{name} at most {row.below:.2f}"
    return f"{where}, {split}" if row.regime else split


def deciding(findings: PolicyFindings) -> tuple[str, ...]:
    """Return paragraphs: what the decision of now depends on, and what would change it when seen.

    Args:
        findings: of the policy; too few futures or no orders leave nothing to say.
    """
    found, currency = findings.drivers, findings.outcomes.policy.data.currency
    if found is None:
        return ()
    now = findings.outcomes.policy.data.times.labels[0]
    committed = money(found.committed, currency)
    if not found.more + found.less:
        return (f"Had the future been known, {committed} would be committed in {now} all the same.",)
    span = f"{money(found.low, currency)} to {money(found.high, currency)}"
    known = (
        f"Had the future been known, {span} would be committed in {now} in nine of ten of {found.futures:,} "
        f"futures. The policy knows none and commits {committed}: too little in {share(found.more)} of them, "
        f"too much in {share(found.less)}"
    )
    parts = [sentence(known)]
    words = in_words(findings)
    drives = [_driver(one, words, currency) for one in found.drivers]
    if drives:
        parts.append(sentence(f"what drives it most is {drives[0]}"))
        parts += [sentence(f"beside that, {one}") for one in drives[1:]]
    else:
        parts.append("No single number drives it.")
    seen = _seen(findings, words)
    return (" ".join(parts), *((seen,) if seen else ()))


def _driver(one: DecisionDriver, words: dict[str, str], currency: str) -> str:
    turns = "" if one.turns is None else f", and as much as the policy at {one.turns:.2f}"
    return (
        f"{words[one.label]} ({percent(one.explains)} of the spread): above {one.middle:.2f} times "
        f"the assumed over the horizon, foresight commits {money(one.above, currency)}, else "
        f"{money(one.below, currency)}{turns}"
    )


def _seen(findings: PolicyFindings, words: dict[str, str]) -> str:
    """What would have to be seen for the next decision to be another, by the first quarter that reacts."""
    m = findings.outcomes.policy.data
    for quarter in sorted({row.quarter for row in findings.reactions}):
        rows = [row for row in findings.reactions if row.quarter == quarter]
        if len(rows) > 1:
            least, most = (pick(rows, key=_committed) for pick in (min, max))
            if _committed(most) > _committed(least) * (1.0 + 1e-6) + 1e-6:
                told = [f"{money(row.money, m.currency)} if {condition(row, words)}" for row in (most, least)]
                when = f"in {m.times.labels[quarter]} the policy commits {listing(told, 'but')}"
                return sentence(f"what would have to be seen: {when}")
    return "Nothing that may be seen in the next quarters changes what the policy commits in them."


def _committed(row: Reaction) -> float:
    return row.money


def deciding_document(findings: PolicyFindings) -> Document:
    """Return what the decision of now depends on, as plain data; empty where nothing is said.

    Args:
        findings: of the policy.
    """
    found = findings.drivers
    if found is None:
        return {}
    words = in_words(findings)
    return {
        "decision_drivers": {
            "committed": plain_money(found.committed),
            "foresight_quantiles": {"0.05": plain_money(found.low), "0.95": plain_money(found.high)},
            "share_more": number(found.more),
            "share_less": number(found.less),
            "futures": found.futures,
            "drivers": [
                {
                    "driver": one.label,
                    "title": words[one.label],
                    "explains": number(one.explains),
                    "middle": number(one.middle),
                    "committed_above": plain_money(one.above),
                    "committed_below": plain_money(one.below),
                    "turns_at": None if one.turns is None else number(one.turns),
                }
                for one in found.drivers
            ],
            "sentences": list(deciding(findings)),
        }
    }
