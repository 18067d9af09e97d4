"""How a programme is financed: the document's part, the section of the page, and the answer in words."""

from __future__ import annotations

import numpy as np

from capexpand.finance.debt_metrics import FinancingResult
from capexpand.model.data import Floats
from capexpand.model.financing import Financing
from capexpand.reporting.blocks import Answer, Block, Charts, Heading, Paragraph, Row, Section, Table, table
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import Chart, Series, over_quarters
from capexpand.reporting.context import ReportContext
from capexpand.reporting.financed_futures import COVENANTS, breach_table, financed_document, strategies_table
from capexpand.reporting.serial import Document, money, monies, number, numbers
from capexpand.reporting.years import Years
from capexpand.wording import listing, percent
from capexpand.wording import money as money_words
from capexpand.wording import number as number_words


def financing_document(context: ReportContext) -> Document:
    """Return the financing as plain data; nothing where the case has none."""
    found, f = context.financing, context.data.financing
    if found is None or f is None:
        return {}
    days = [day.isoformat() for day in context.data.times.starts]
    at, since = found.dscr_min_quarter, found.dscr_since
    return {
        "debt": _debt(context, found, f),
        "financed_npv": money(found.npv),
        "equity_npv": money(found.equity_npv),
        "equity_irr": None if found.equity_irr is None else number(found.equity_irr),
        "equity_irr_unique": found.equity_irr_unique,
        "dscr_min": None if found.dscr_min is None else number(found.dscr_min),
        "dscr_min_quarter": None if at is None else days[at],
        "dscr_since": None if since is None else days[since],
        "covenants": _covenants(context, found, f),
        "covenant_breaches": [
            {
                "covenant": breach.covenant,
                "quarter": days[breach.quarter],
                "value": _amount(breach.covenant, breach.value),
                "limit": _amount(breach.covenant, breach.limit),
            }
            for breach in found.breaches
        ],
        "chance_of_breach": _chances(context),
        "financed_futures": _in_futures(context),
        "balance_sheet": _sheet(found),
    }


def _chances(context: ReportContext) -> Document | None:
    """The chance of a breach by quarter in many futures; None where none were followed."""
    examination = context.findings.examination
    if examination is None or examination.followed is None:
        return None
    return {name: numbers(chance) for name, chance in examination.followed.breach.items()}


def _in_futures(context: ReportContext) -> Document | None:
    """What the programme leaves its owners in many futures; None where none were followed."""
    examination = context.findings.examination
    followed = None if examination is None else examination.followed
    return None if followed is None or followed.financed is None else financed_document(followed.financed)


def _amount(covenant: str, value: float) -> float | None:
    return money(value) if covenant == "liquidity" else number(value)


def _debt(context: ReportContext, found: FinancingResult, f: Financing) -> Document:
    ours, plan = found.statement, context.findings.result.plan.financed
    facilities: Document = {
        name: {
            "title": f.facilities.titles[i],
            "amount": money(float(f.facilities.amount[i])),
            "signed": money(float(plan.signed[i])),
            "drawn": monies(ours.drawn[i]),
            "repaid": monies(ours.repaid[i]),
            "balance": monies(ours.balance[i]),
            "interest": monies(ours.interest[i]),
            "worth_of_one_more": number(float(plan.shadow.amount[i])),
        }
        for i, name in enumerate(f.facilities.names)
    }
    return {
        "facilities": facilities,
        "balance": monies(ours.debt),
        "interest": monies(ours.interest.sum(axis=0)),
        "fees": monies(ours.fees),
        "tax_saved": monies(ours.tax_saved),
        "cash": monies(ours.sheet.cash),
        "equity_raised": monies(ours.raised),
        "dividends": monies(ours.dividends),
        "to_owners": monies(found.to_owners),
        "worth_of_minimum_cash": numbers(plan.shadow.minimum_cash),
        "worth_of_equity": numbers(plan.shadow.equity),
    }


def _covenants(context: ReportContext, found: FinancingResult, f: Financing) -> Document:
    plan, days = context.findings.result.plan.financed, context.data.times.starts
    none = np.zeros(len(days))
    covenants: Document = {}
    for name, test in f.covenants.named.items():
        ratio = found.statement.ratios.of(name)
        covenants[name] = {
            "limit": _amount(name, test.limit),
            "since": days[test.first].isoformat() if test.first < len(days) else None,
            "hard": test.hard,
            "ratio": monies(ratio) if name == "liquidity" else numbers(ratio),
            "worth_of_one_less": numbers(plan.shadow.covenants.get(name, none)),
        }
    return covenants


def _sheet(found: FinancingResult) -> Document:
    sheet = found.statement.sheet
    names = (
        "cash",
        "assets_in_service",
        "in_progress",
        "tax_receivable",
        "debt",
        "payables",
        "prepaid",
        "paid_in",
        "retained",
    )
    return {name: monies(getattr(sheet, name)) for name in names}


def financing_answers(context: ReportContext) -> tuple[Answer, ...]:
    """Return the answer about financing, where the case has any."""
    found, f, currency = context.financing, context.data.financing, context.currency
    if found is None or f is None:
        return ()
    ours, labels = found.statement, context.labels
    peak = int(np.argmax(ours.debt))
    parts: list[str] = []
    if ours.debt[peak] > 0.0:
        drawn = ours.drawn.sum(axis=1)
        from_each = [
            f"{money_words(float(amount), currency)} from {title}"
            for title, amount in zip(f.facilities.titles, drawn, strict=True)
            if amount > 1e-6
        ]
        if from_each:
            parts.append(f"Drawn: {listing(from_each)}.")
        paid = money_words(float(ours.interest.sum() + ours.fees.sum()), currency)
        most = money_words(float(ours.debt[peak]), currency)
        parts.append(
            f"Debt peaks at {most} in {labels[peak]}; interest and fees are {paid} over the horizon."
        )
    else:
        parts.append("Nothing is borrowed.")
    raised, dividends = (money_words(float(each.sum()), currency) for each in (ours.raised, ours.dividends))
    parts.append(f"Owners put in {raised} and are paid {dividends} before the horizon ends.")
    worth, firm = (money_words(each, currency) for each in (found.equity_npv, context.findings.metrics.npv))
    rate = ""
    if found.equity_irr is not None and found.equity_irr_tells:
        rate = f" and returns {percent(found.equity_irr)} a year"
    parts.append(
        f"To them the programme is worth {worth} at {percent(f.cost_of_equity)} a year{rate}; to a firm "
        f"without debt it is worth {firm}."
    )
    return (Answer("How is it financed?", " ".join((*parts, _covenants_in_words(context, found, f)))),)


def _covenants_in_words(context: ReportContext, found: FinancingResult, f: Financing) -> str:
    parts: list[str] = []
    if found.dscr_min is not None and found.dscr_min_quarter is not None:
        label = context.labels[found.dscr_min_quarter]
        parts.append(f"Debt service is covered {number_words(found.dscr_min, 3)} times at least, in {label}.")
        before = found.statement.service[: found.dscr_since]
        if before.sum() > 0.0 and found.dscr_since:
            due = money_words(float(before.sum()), context.currency)
            first = context.labels[found.dscr_since]
            parts.append(
                f"Cover counts from {first} on, the first quarter with revenue or a repayment; "
                f"fees and interest due before then ({due}) are paid from equity and draws."
            )
    if found.breaches:
        names = dict.fromkeys(breach.covenant for breach in found.breaches)
        told = [
            f"{COVENANTS[name]} in {sum(b.covenant == name for b in found.breaches)} quarters"
            for name in names
        ]
        parts.append(f"Covenants that do not limit the plan are broken: {listing(told)}.")
    elif f.covenants.named:
        parts.append("Every covenant is kept.")
    examination = context.findings.examination
    followed = None if examination is None else examination.followed
    if followed is not None and followed.breach:
        worst = max(followed.breach.items(), key=lambda pair: float(pair[1].max()))
        t = int(np.argmax(worst[1]))
        chance = float(worst[1][t])
        if chance > 0:
            parts.append(
                f"Over many futures the chance of a breach is greatest for {COVENANTS[worst[0]]}: "
                f"{percent(chance)} in {context.labels[t]}."
            )
        else:
            parts.append("No covenant is broken in any of the futures followed.")
    return " ".join(parts)


def financing_section(context: ReportContext) -> tuple[Section, ...]:
    """Return the section of the page, where the case has financing."""
    found, f = context.financing, context.data.financing
    if found is None or f is None:
        return ()
    note = (
        "Debt, equity and cash are those of the whole business; the base is not financed. Free cash flow and "
        "net present value elsewhere know no debt. Dividends and equity balance each quarter."
    )
    blocks: list[Block] = [Paragraph(note), Charts((_chart(context, found),))]
    for one in (_flows(context, found), _balance(context, found), _ratio_table(context, found, f)):
        blocks += [Heading(one.title), one]
    blocks.append(Paragraph(_definitions(f)))
    examination = context.findings.examination
    followed = None if examination is None else examination.followed
    if followed is not None and followed.financed is not None:
        kept = strategies_table({"plan": followed.financed}, {"plan": "the plan, kept to"}, context.scale)
        blocks += [Heading("In many futures"), kept]
        chances = breach_table(followed.breach, context.labels)
        blocks += [] if chances is None else [Heading(chances.title), chances]
    return (Section("financing", "Debt and equity", tuple(blocks)),)


def _definitions(f: Financing) -> str:
    """How each ratio is computed: lenders do not agree on any of them."""

    def span(name: str) -> str:
        test = f.covenants.named.get(name)
        return f"{3 * (4 if test is None else test.quarters)} months, or of those since the start"

    return (
        "Debt service cover is EBITDA over interest, fees and repayments due by plan, of the last "
        f"{span('debt_service_cover')}; bullets and revolving lines that fall due count as refinanced. "
        "Loan to value is debt over the book value of assets and what is paid for and not delivered. Debt "
        f"over EBITDA takes the EBITDA of the last {span('leverage')}, as of a year. Liquidity is cash and "
        "what revolving lines still offer."
    )


def _chart(context: ReportContext, found: FinancingResult) -> Chart:
    scale, ours = context.scale, found.statement
    series = (
        Series.of("debt", palette.NAIVE, ours.debt / scale.divisor, "line"),
        Series.of("cash", palette.PROGRAMME, ours.sheet.cash / scale.divisor, "line"),
        Series.of("equity", palette.INK, ours.sheet.equity / scale.divisor, "line"),
    )
    peak = int(np.argmax(ours.debt))
    return Chart(
        "debt",
        f"Debt peaks in {context.labels[peak]} at {money_words(float(ours.debt[peak]), context.currency)}",
        f"Debt, cash and book equity of the whole business at the end of each quarter, in {scale.unit}.",
        over_quarters(series, scale.unit, stocks=True),
        series,
    )


def _by_year(context: ReportContext, title: str, lines: list[tuple[str, Floats, bool, str]]) -> Table:
    years, scale = Years.of(context.data.times), context.scale
    rows: list[Row] = []
    for name, values, stock, kind in lines:
        shown = years.ends(values) if stock else years.sums(values)
        if kind or np.abs(values).max(initial=0.0) > 1e-9:
            rows.append(Row(name, tuple(scale.write(float(value)) for value in shown), kind))
    return table(title, (scale.unit, *years.titles), rows)


def _flows(context: ReportContext, found: FinancingResult) -> Table:
    ours, total = found.statement, context.findings.result.total
    lines: list[tuple[str, Floats, bool, str]] = [
        ("Free cash flow of the business without debt", total.free_cash_flow, False, ""),
        *(
            (f"Drawn: {title}", ours.drawn[i], False, "")
            for i, title in enumerate(
                context.data.financing.facilities.titles if context.data.financing else ()
            )
        ),
        ("Repaid", 0.0 - ours.repaid.sum(axis=0), False, ""),
        ("Interest", 0.0 - ours.interest.sum(axis=0), False, ""),
        ("Fees", 0.0 - ours.fees, False, ""),
        ("Tax saved by interest and fees", ours.tax_saved, False, ""),
        ("Interest on cash", ours.cash_interest, False, ""),
        ("Equity raised", ours.raised, False, ""),
        ("Cost of raising it", 0.0 - ours.issue_costs, False, ""),
        ("Dividends", 0.0 - ours.dividends, False, ""),
        ("Cash, at the end", ours.sheet.cash, True, "sum"),
    ]
    return _by_year(context, "Cash from and to lenders and owners", lines)


def _balance(context: ReportContext, found: FinancingResult) -> Table:
    sheet = found.statement.sheet
    return _by_year(
        context,
        "Balance sheet at each year's end",
        [
            ("Cash", sheet.cash, True, ""),
            ("Assets in service", sheet.assets_in_service, True, ""),
            ("Paid for and not delivered", sheet.in_progress, True, ""),
            ("Value-added tax to be recovered", sheet.tax_receivable, True, ""),
            ("Assets", sheet.assets, True, "sum"),
            ("Debt", sheet.debt, True, ""),
            ("Due for orders of before the start", sheet.payables, True, ""),
            ("Paid in advance by customers", sheet.prepaid, True, ""),
            ("Equity paid in", sheet.paid_in, True, ""),
            ("Retained profit", sheet.retained, True, ""),
            ("Debt and equity", sheet.debt + sheet.payables + sheet.prepaid + sheet.equity, True, "sum"),
        ],
    )


def _ratio_table(context: ReportContext, found: FinancingResult, f: Financing) -> Table:
    years = Years.of(context.data.times)
    rows: list[Row] = []
    for name, title in COVENANTS.items():
        if name == "minimum_cash":
            continue
        test, ratio = f.covenants.named.get(name), found.statement.ratios.of(name)
        if name == "liquidity":
            cells = [context.scale.write(float(value)) for value in years.ends(ratio)]
        else:
            cells = [
                "–" if not np.isfinite(value) else number_words(float(value), 3)
                for value in years.ends(ratio)
            ]
        limit = "–"
        if test is not None:
            amount = context.scale.write(test.limit) if name == "liquidity" else number_words(test.limit, 3)
            least = name in ("debt_service_cover", "liquidity")
            limit = f"{'≥' if least else '≤'} {amount}{'' if test.hard else ', reported only'}"
        unit = f", {context.scale.unit}" if name == "liquidity" else ""
        rows.append(Row(f"{title[:1].upper()}{title[1:]}{unit}", (*cells, limit)))
    return table("What lenders look at, at each year's end", ("Ratio", *years.titles, "Covenant"), rows)
