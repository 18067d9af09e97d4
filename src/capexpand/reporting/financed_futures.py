"""Financing in many futures: what the programme leaves its owners, and the chance of a breach by quarter."""

from __future__ import annotations

import numpy as np

from capexpand.model.data import Floats
from capexpand.model.funding_limits import BREACH_PENALTY, FundingLimits
from capexpand.policy.financed import Financed
from capexpand.reporting.blocks import Row, Table, table
from capexpand.reporting.serial import Document, money, monies, numbers
from capexpand.wording import MoneyScale, listing, percent

COVENANTS = {
    "debt_service_cover": "debt service cover",
    "loan_to_value": "loan to value",
    "leverage": "debt over EBITDA",
    "liquidity": "liquidity",
    "minimum_cash": "the cash that must be kept",
}
QUANTILES = (0.05, 0.5, 0.95)


def financing_told(funding: FundingLimits | None) -> str:
    """Return how a policy's paths are financed, and what of it limits its orders.

    Args:
        funding: the limits that the policy keeps to.
    """
    rule = (
        "Loans follow the decisions by a rule: what cash lacks is drawn, the cheapest first, within what "
        "covenants allow, then raised as equity; what is left repays what may be repaid early, then is paid "
        "out."
    )
    if funding is None:
        return (
            f"Decisions are made for the firm. {rule} As owners may put in whatever is lacking, neither "
            "equity nor covenants limit an order; the chances of a breach are told."
        )
    tests = {"cover": "debt service cover", "loan_to_value": "loan to value", "leverage": "leverage"}
    kept = [words for name, words in tests.items() if getattr(funding, name) is not None]
    limits = listing(["equity", "what facilities lend", *kept])
    return (
        f"Decisions are made for the firm, within the limits of {limits}: the policy counts the outside "
        "money in use, owners' first, and the rest as one debt at its facilities' mean rate, without fees. "
        f"Debt beyond a limit costs it {BREACH_PENALTY:g} times as much in each quarter, in no value that is "
        f"told here, so a limit gives way only where nothing else is possible. {rule} A loan is drawn before "
        "its window closes for what is expected to fall due later, and that cash is kept. Where debt has "
        "covenants to keep, equity comes first. Debt by facility, ratios and the chances of a breach are "
        "those of this rule, loan by loan."
    )


def financed_document(financed: Financed) -> Document:
    """Return how a strategy through many futures is financed, as plain data."""
    worth = financed.equity_npv
    spread = float(worth.std(ddof=1)) if worth.size > 1 else 0.0
    return {
        "scenarios": worth.size,
        "equity_npv": {
            "mean": money(float(worth.mean())),
            "halfwidth": money(1.96 * spread / worth.size**0.5),
        },
        "equity_npv_quantiles": {f"{q:g}": money(float(np.quantile(worth, q))) for q in QUANTILES},
        "chance_of_negative_equity_npv": float((worth < 0.0).mean()),
        "equity_raised": money(float(financed.raised.mean())),
        "debt": monies(financed.debt.mean(axis=1)),
        "debt_by_facility": {name: monies(owed) for name, owed in financed.by_facility.items()},
        "chance_of_breach": {name: numbers(chance) for name, chance in financed.breach.items()},
    }


def strategies_table(strategies: dict[str, Financed], titles: dict[str, str], scale: MoneyScale) -> Table:
    """Return how several strategies are financed, side by side.

    Args:
        titles: of strategies.
    """
    covenants = list(dict.fromkeys(name for each in strategies.values() for name in each.breach))
    rows = tuple(
        Row(
            titles[strategy],
            (
                scale.write(float(each.equity_npv.mean())),
                scale.write(float(np.quantile(each.equity_npv, 0.05))),
                percent(float((each.equity_npv < 0.0).mean())),
                scale.write(float(each.debt.mean(axis=1).max())),
                scale.write(float(each.raised.mean())),
                *(percent(float(each.breach[name].max())) for name in covenants),
            ),
        )
        for strategy, each in strategies.items()
    )
    head = (
        "Way",
        f"value to owners, {scale.unit}",
        "worst 5 %",
        "chance of a loss",
        "debt at its peak, mean",
        "equity raised, mean",
        *(f"chance of a breach of {COVENANTS[name]}, worst quarter" for name in covenants),
    )
    return table("Financing carried along", head, rows)


def breach_table(breach: dict[str, Floats], labels: tuple[str, ...]) -> Table | None:
    """Return the chance of a breach of each covenant by quarter; None where there is none at any time.

    Args:
        breach: chance [quarter] by covenant.
        labels: of the quarters.
    """
    names = [name for name, chance in breach.items() if chance.any()]
    if not names:
        return None
    some = np.flatnonzero(np.any([breach[name] > 0.0 for name in names], axis=0))
    rows = [Row(labels[t], tuple(percent(float(breach[name][t])) for name in names)) for t in some]
    head = ("Quarter", *(COVENANTS[name] for name in names))
    return table("Chance of a breach by quarter", head, rows)
