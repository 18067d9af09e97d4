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
    """Contributions and distributions of the owners; without limits they balance every quarter."""

    limit: SpendingLimitSeries | None = None
    """Most that can be raised in a quarter; no limit if absent."""
    total: Money | None = None
    """Most that can be raised over the horizon; no limit if absent."""
    issue_cost: Fraction | None = None
    """Cost of raising equity, as a share of it, 0 if absent."""
    no_dividends_before: Day | None = None
    """Nothing is paid out before this day."""


class Facility(Declared):
    """A loan or a revolving line. The plan decides how much of it to sign, when to draw and what to repay."""

    title: Title
    """Name in reports."""
    kind: Literal["term", "revolving"] = "term"
    """A term loan is drawn once and repaid by plan; a revolving line is drawn and repaid at will."""
    amount: Money
    """The most that can be signed; the plan may sign less."""
    drawn: Money | None = None
    """Part of the amount that is owed already when the calendar starts, 0 if absent."""
    draw_from: Day | None = None
    """First day of drawing, the calendar's start if absent."""
    draw_until: Day | None = None
    """Last day of drawing; a term loan needs it, a line is open until its maturity."""
    maturity: Day
    """Day by which all is repaid; after the horizon, what is owed is settled at its end."""
    rate: FractionPerYearSeries | None = None
    """Effective yearly rate; fixed, or by date."""
    spread: FractionPerYear | None = None
    """Yearly rate on top of financing.reference_rate, in place of rate."""
    upfront_fee: Fraction | None = None
    """Fee paid with each drawing, as a share of it, 0 if absent."""
    commitment_fee: FractionPerYear | None = None
    """Yearly fee on what is signed and not drawn, 0 if absent."""
    repayment: Repayment = "bullet"
    """How a term loan is repaid from the end of grace to maturity: all at once, in equal parts, in equal sums
    of interest and repayment, or as earnings allow."""
    grace: Duration | None = None
    """Time from the last day of drawing to the first repayment, 3 months if absent."""
    cover_ratio: Ratio | None = None
    """What a sculpted loan keeps: EBITDA over interest and repayment in each quarter."""
    early: Annotated[bool, Field(strict=True)] = False
    """Whether it may be repaid early; a line always may."""
    sweep: Fraction | None = None
    """Share of the cash that would be paid to owners that repays early first, 0 if absent."""
    share_of_cost: Fraction | None = None
    """Share of the payments from draw_from on that it may cover; no limit if absent."""
    pays_for: tuple[Literal["servers", "halls"], ...] = ("servers", "halls")
    """Kinds of payment, and of book value, that its shares are of; power plants at sites are with halls."""
    offers: tuple[Name, ...] = ()
    """Servers that it pays for, as a vendor's loan does; all if empty."""
    share_of_book: Fraction | None = None
    """Share of the book value of what it pays for that may be owed at most; no limit if absent."""
    contracts: tuple[Name, ...] = ()
    """Workloads with a contract on whose bills it is lent; none if empty."""
    share_of_backlog: Fraction | None = None
    """Share of what these contracts, once signed, will still bill until they end that may be owed at most."""


class Covenant(Declared):
    """A ratio that lenders ask for, from a day on."""

    since: Day | None = None
    """First day on which it is tested, the calendar's start if absent."""
    hard: Annotated[bool, Field(strict=True)] = True
    """Whether the plan must keep it; else it is only reported."""
    over: Duration | None = None
    """Time that it looks back on for earnings and debt service, 12 months if absent."""


class AtLeast(Covenant):
    """A ratio that must not fall below a value."""

    least: Ratio
    """The ratio must not be lower."""


class AtMost(Covenant):
    """A ratio that must not rise above a value."""

    most: Ratio
    """The ratio must not be higher."""


class Liquidity(Declared):
    """Cash and what revolving lines still offer, together no less than an amount."""

    least: Money
    """Cash and undrawn lines must not be less."""
    since: Day | None = None
    """First day on which it is tested, the calendar's start if absent."""
    hard: Annotated[bool, Field(strict=True)] = True
    """Whether the plan must keep it; else it is only reported."""


class Covenants(Declared):
    """Ratios that lenders ask for."""

    debt_service_cover: AtLeast | None = None
    """EBITDA over interest, fees and repayments due by plan."""
    loan_to_value: AtMost | None = None
    """Debt over the book value of assets and what is paid for and not delivered."""
    leverage: AtMost | None = None
    """Debt over the EBITDA of a year."""
    liquidity: Liquidity | None = None
    """Cash and what revolving lines still offer."""


class Financing(Declared):
    """Where the money of the whole business comes from. Without this block it is not asked."""

    opening_cash: Money | None = None
    """Cash that the owners put in with the first quarter, 0 if absent."""
    minimum_cash: MoneySeries | None = None
    """Cash that must be kept at each quarter's end, by date, 0 if absent."""
    cash_interest: FractionPerYear | None = None
    """Effective yearly rate earned on cash, 0 if absent."""
    cost_of_equity: FractionPerYear | None = None
    """Yearly rate that discounts what owners get, finance.discount_rate if absent."""
    reference_rate: FractionPerYearSeries | None = None
    """Yearly rate to which spreads are added, by date."""
    equity: Equity = Equity()
    """What owners put in and take out; without limits if absent."""
    facilities: dict[Name, Facility] = Field(default_factory=dict)
    """Loans and revolving lines."""
    covenants: Covenants = Covenants()
    """Ratios that lenders ask for; none if absent."""
