"""How a business is financed, as a user writes it: cash, equity, facilities of debt, covenants."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from capexpand.case.declared import Declared, Name, Title
from capexpand.case.figures import (
    Day,
    Duration,
    Fraction,
    FractionPerYear,
    FractionPerYearSeries,
    Money,
    MoneySeries,
    Ratio,
    SpendingLimitSeries,
)

Repayment = Literal["bullet", "straight", "annuity", "sculpted"]


class Equity(Declared):
    """What owners put in and take out; without limits it balances every quarter."""

    limit: SpendingLimitSeries | None = None  # most that can be raised in a quarter; no limit if absent
    total: Money | None = None  # most that can be raised over the horizon; no limit if absent
    issue_cost: Fraction | None = None  # of what is raised, paid to bring it in, 0 if absent
    no_dividends_before: Day | None = None  # nothing is paid out before this day


class Facility(Declared):
    """A loan or a revolving line. The plan decides how much of it to sign, when to draw and what to repay."""

    title: Title
    kind: Literal["term", "revolving"] = "term"
    amount: Money  # most that can be signed
    drawn: Money | None = None  # of it, owed already when the calendar starts, 0 if absent
    draw_from: Day | None = None  # first day of drawing, the calendar's start if absent
    draw_until: Day | None = (
        None  # last day of drawing; a term loan needs it, a line is open until its maturity
    )
    maturity: Day  # by which all is repaid
    rate: FractionPerYearSeries | None = None  # effective yearly rate; fixed, or by date
    spread: FractionPerYear | None = None  # in place of rate: on top of financing.reference_rate
    upfront_fee: Fraction | None = None  # of what is drawn, paid with it, 0 if absent
    commitment_fee: FractionPerYear | None = (
        None  # of what is signed and not drawn, a quarter of it each quarter
    )
    repayment: Repayment = "bullet"  # of a term loan, from the end of grace until maturity
    grace: Duration | None = None  # from the last day of drawing to the first repayment, 3 months if absent
    cover_ratio: Ratio | None = None  # of a sculpted loan: EBITDA over interest and repayment in each quarter
    early: Annotated[bool, Field(strict=True)] = False  # whether it may be repaid early; a line always may
    sweep: Fraction | None = None  # of cash that would be paid out, goes into early repayment first
    share_of_cost: Fraction | None = (
        None  # of payments from draw_from on that it may cover; no limit if absent
    )
    pays_for: tuple[Literal["servers", "halls"], ...] = (
        "servers",
        "halls",
    )  # kinds of payment, and of book value
    offers: tuple[Name, ...] = ()  # servers that it pays for, as a vendor's loan does; all if empty
    share_of_book: Fraction | None = None  # of the book value of what it pays for, most that may be owed


class Covenant(Declared):
    """A ratio that lenders ask for, from a day on."""

    since: Day | None = None  # first day on which it is tested, the calendar's start if absent
    hard: Annotated[bool, Field(strict=True)] = (
        True  # whether the plan must keep it; else it is only reported
    )
    over: Duration | None = None  # of earnings that it looks back on, 12 months if absent


class AtLeast(Covenant):
    """A ratio that must not fall below a value."""

    least: Ratio


class AtMost(Covenant):
    """A ratio that must not rise above a value."""

    most: Ratio


class Liquidity(Declared):
    """Cash and what revolving lines still offer, together no less than an amount."""

    least: Money
    since: Day | None = None
    hard: Annotated[bool, Field(strict=True)] = True


class Covenants(Declared):
    """Ratios that lenders ask for."""

    debt_service_cover: AtLeast | None = None  # EBITDA over interest, fees and repayments due by plan
    loan_to_value: AtMost | None = (
        None  # debt over the book value of assets and what is paid for and not delivered
    )
    leverage: AtMost | None = None  # debt over the EBITDA of a year
    liquidity: Liquidity | None = None


class Financing(Declared):
    """Where the money of the whole business comes from. Without this block it is not asked."""

    opening_cash: Money | None = None  # put in by the owners with the first quarter, 0 if absent
    minimum_cash: MoneySeries | None = None  # that must be kept at each quarter's end, 0 if absent
    cash_interest: FractionPerYear | None = None  # effective yearly rate earned on cash, 0 if absent
    cost_of_equity: FractionPerYear | None = None  # discounts what owners get, discount_rate if absent
    reference_rate: FractionPerYearSeries | None = None  # to which spreads are added
    equity: Equity = Equity()
    facilities: dict[Name, Facility] = Field(default_factory=dict)
    covenants: Covenants = Covenants()
