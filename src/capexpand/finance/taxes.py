"""Taxes: on profit, with losses carried forward, and value-added tax; numbers, and rows of a statement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from capexpand.finance.money_lines import MONEY, Terms
from capexpand.finance.rows import Rows, maximum, nothing
from capexpand.model.data import Floats

Amount = TypeVar("Amount", float, Floats)


@dataclass(frozen=True, slots=True)
class Bill:
    """Tax [quarter], losses [quarter's end] and tax at the horizon's end, in money."""

    tax: Rows
    losses: Rows
    end_tax: Rows


def tax_on(profit: Amount, losses: Amount, *, rate: float) -> tuple[Amount, Amount]:
    """Return the tax on a quarter's profit, and the losses that are left to shelter later profit.

    With losses Λ: Λ_t = max(0, Λ_{t-1} - profit_t), tax_t = rate · max(0, profit_t - Λ_{t-1}). Losses do not
    expire within the horizon; those left after its end are worth nothing.

    Args:
        profit: operating profit before amortisation, a number or one of each scenario.
        losses: carried forward so far.
        rate: tax rate [fraction].
    """
    # pyrefly: ignore[bad-return]  numpy's types do not say that numbers give numbers
    return rate * np.maximum(0.0, profit - losses), np.maximum(0.0, losses - profit)


def taxed_rows(
    rate: Rows, profit: Rows, *, tax: tuple[str, str], taxable: tuple[str, str], losses: tuple[str, str],
    page: str,
) -> tuple[Rows, Rows]:  # fmt: skip
    """Return the same of all quarters as rows: tax, and losses at each quarter's end.

    Args:
        rate: tax rate.
        profit: [quarter] money.
        tax: key and title of the tax.
        taxable: key and title of what is taxed.
        losses: key and title of the losses.
        page: of a workbook on which they stand.
    """
    brought, carried = profit.carried_forward()
    carried = carried.named(*losses, MONEY, page)
    left = maximum(0.0, profit - brought).named(*taxable, MONEY, page)
    return (rate * left).named(*tax, MONEY, page), carried


def tax_lines(terms: Terms, profit: Rows, end_profit: Rows) -> Bill:
    """Return the tax on operating profit, and on what the horizon's end adds to it.

    Args:
        terms: with the tax rate.
        profit: operating profit before amortisation and interest [quarter].
        end_profit: end value less what is written off against it.
    """
    profit = replace(profit, operands=profit.operands).named("taxed_profit", "Operating profit", MONEY, "tax")
    tax, carried = taxed_rows(
        terms.tax_rate, profit, tax=("tax", "Tax"), taxable=("taxable", "Taxable profit"),
        losses=("losses_carried_forward", "Losses carried forward"), page="tax",
    )  # fmt: skip
    left = maximum(0.0, end_profit - carried.last()).named("end_taxable", "Taxable at the end", MONEY, "end")
    return Bill(tax, carried, (terms.tax_rate * left).named("end_tax", "Tax at the end", MONEY, "end"))


@dataclass(frozen=True, slots=True)
class ValueAddedTax:
    """[quarter] in money, and what is recovered after the horizon."""

    paid: Rows
    recovered: Rows
    due: Rows


def value_added_tax(terms: Terms, payments: Rows) -> ValueAddedTax:
    """Returns the tax paid with payments, and when it comes back."""
    paid = (terms.value_added_tax * payments).named(
        "value_added_tax_paid", "Value-added tax paid", MONEY, "cash"
    )
    if terms.recovery is None:
        return ValueAddedTax(paid, nothing(shape=paid.values.shape, timed=True), nothing())
    return ValueAddedTax(
        paid,
        paid.arrive(terms.recovery).named(
            "value_added_tax_recovered", "Value-added tax recovered", MONEY, "cash"
        ),
        paid.beyond(terms.recovery).named(
            "end_value_added_tax", "Value-added tax recovered after the horizon", MONEY, "end"
        ),
    )
