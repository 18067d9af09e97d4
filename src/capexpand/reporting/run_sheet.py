"""The sheet of a run: a case's plan, and the policy if one was sought."""

from __future__ import annotations

from capexpand.policy.findings import PolicyFindings
from capexpand.reporting import page_tables
from capexpand.reporting.aims import NO_PRICES
from capexpand.reporting.assumptions import (
    AssumptionBlock,
    assumption_blocks,
    evidence_line,
    origins,
    shares_line,
)
from capexpand.reporting.blocks import (
    Block,
    Cell,
    Charts,
    Column,
    Details,
    Fact,
    Figures,
    Heading,
    Notes,
    Paragraph,
    Row,
    Section,
    SideBySide,
    Table,
    columns,
    table,
)
from capexpand.reporting.charts.capacity import built_when, sites_against_grids
from capexpand.reporting.charts.drawing import Quarters
from capexpand.reporting.charts.money import bridge_chart, cash, earnings, spending
from capexpand.reporting.charts.service import costs_beside_prices, power_by_workload, served_by_offer
from capexpand.reporting.charts.worth import beside_naive, prices_of_limits, worth_by_quarter
from capexpand.reporting.context import ReportContext
from capexpand.reporting.contracts import contract_section
from capexpand.reporting.currencies import currencies_section
from capexpand.reporting.document import metrics_document
from capexpand.reporting.economic import economic_section
from capexpand.reporting.energy import energy_section
from capexpand.reporting.financed_futures import financed_document
from capexpand.reporting.financing import financing_section
from capexpand.reporting.headline import answers, hindsight, key_figures
from capexpand.reporting.inputs import Findings
from capexpand.reporting.plans_compared import plan_table
from capexpand.reporting.policy_document import policy_document
from capexpand.reporting.policy_page import policy_section
from capexpand.reporting.policy_summary import policy_summary
from capexpand.reporting.productivity import productivity_blocks
from capexpand.reporting.sheet import Sheet
from capexpand.reporting.sources import sources_section
from capexpand.reporting.tables import frames
from capexpand.reporting.token_prices import token_price_table
from capexpand.reporting.unit_rates import computes_any, export_table, origin_table, rate_table
from capexpand.reporting.what_if import what_if_blocks


def run_sheet(findings: Findings, policy: PolicyFindings | None = None) -> Sheet:
    """Return the sheet of a run.

    Args:
        policy: of the policy, if one was sought.
    """
    context = ReportContext(findings)
    case, source = findings.case, findings.provenance
    document = metrics_document(context)
    if policy is not None:
        document |= policy_document(policy) | {"seed": policy.seed}
        if policy.financed:
            financed = {strategy: financed_document(each) for strategy, each in policy.financed.items()}
            document |= {"financed_strategies": financed}
    late = hindsight(context)
    rests = shares_line(findings.rests_on, origins(case).total, context.data.currency)
    return Sheet(
        kind="run",
        title=case.title,
        description=case.description or "",
        facts=_facts(context),
        answers=answers(context),
        flags=tuple((name, text) for name, text in (("Hindsight.", late), ("Evidence.", rests)) if text),
        opening=_opening(context),
        sections=(
            *(() if policy is None else (policy_section(policy, context.scale),)),
            _built(context),
            _money(context),
            *contract_section(context),
            *financing_section(context),
            *currencies_section(context),
            _running(context),
            _serves(context),
            _limits(context),
            _naive(context),
            _costs(context),
            *sources_section(context),
            *energy_section(context),
            *economic_section(context),
            _assumptions(context),
            _made(context),
        ),
        summary=(*_summary(context, late), *(() if policy is None else policy_summary(policy))),
        document=document,
        about={
            "capexpand": source.capexpand,
            "python": source.python,
            "solver": source.solver,
            "case": source.case_name,
            "variant": source.variant,
            "case_hash": source.case_hash,
            "seed": source.seed if policy is None else policy.seed,
        },
        tables=frames(context),
        files=case.provenance.copies(),
        quarters=Quarters.of(context.data.times, context.window),
    )


def _facts(context: ReportContext) -> tuple[Fact, ...]:
    case, source = context.findings.case, context.findings.provenance
    rates = page_tables.exchange_rates(context)
    at = f" (at {'; '.join(rates)})" if rates else ""
    return (
        Fact("Case", source.case_name),
        Fact("Variant", source.variant or "as declared"),
        Fact("As of", str(case.as_of)),
        Fact("Horizon", f"{context.labels[0]} to {context.labels[-1]}"),
        Fact("Money in", f"{context.scale.unit}{at}"),
    )


def _opening(context: ReportContext) -> tuple[Block, ...]:
    blocks: list[Block] = [Figures(key_figures(context))]
    if context.findings.warnings:
        blocks.append(Notes(context.findings.warnings, "Warnings", warns=True))
    nothing = (
        ""
        if context.has_base
        else "Nothing is installed at the start of this case, so programme and total are the same. "
    )
    blocks.append(
        Paragraph(
            "Base is the business without the programme, total the business with it, programme the "
            "difference. Net present value, rate of return and payback are the programme's. "
            f"{nothing}Power, accelerators and tokens are those of the total. The shaded part of a chart "
            "is the programme's window.",
            lead="Three bases of money.",
            kind="basis",
        )
    )
    return tuple(blocks)


def _summary(context: ReportContext, late: str) -> tuple[Block, ...]:
    findings, solver = context.findings, context.findings.result.plan.solver
    worst = max(findings.checks.values(), default=0.0)
    text = (
        f"Solver: {solver.status}, relative gap {solver.relative_gap:.1e}. "
        f"Checks: {len(findings.checks)} rules, largest relative violation {worst:.1e}."
    )
    warnings = tuple(filter(None, (late, *findings.warnings)))
    return page_tables.by_year(context), Paragraph(text), Notes(warnings, warns=True)


def _built(context: ReportContext) -> Section:
    orders, sites = page_tables.orders(context), tuple(sites_against_grids(context))
    blocks: list[Block] = [Charts(tuple(built_when(context)))]
    if sites:
        blocks += [Heading("Each site against its grid connection"), Charts(sites, "small", one_legend=True)]
    return Section("built", "What is built when", (*blocks, Heading(orders.title), orders))


def _money(context: ReportContext) -> Section:
    drawn = (*spending(context), *cash(context), *earnings(context))
    nothing = "Nothing is ordered, so there are no payments and no earnings of a programme to draw."
    returns = page_tables.returns(context)
    bridge = bridge_chart(context.findings.bridge.steps, context.scale)
    return Section(
        "money",
        "Money",
        (
            Charts(drawn) if drawn else Paragraph(nothing),
            Heading("Statements by calendar year"),
            page_tables.statements(context),
            Heading(returns.title),
            returns,
            Charts((bridge,)),
            Details("The bridge as tables", (SideBySide(page_tables.bridges(context)),)),
        ),
    )


def _running(context: ReportContext) -> Section:
    placement = page_tables.placement(context)
    note = (
        "Sites of one column are interchangeable to every workload: the plan says how much runs in them "
        "together, not at which of them."
    )
    return Section(
        "running",
        "Where workloads run",
        (
            Charts(tuple(power_by_workload(context))),
            Heading("Capacity that serves each workload, beside its demand"),
            Charts(tuple(served_by_offer(context)), "small", one_legend=True),
            Heading(placement.title),
            Paragraph(note),
            placement,
        ),
    )


def _serves(context: ReportContext) -> Section:
    rates, exports, case = rate_table(context), export_table(context), context.findings.case
    found = origin_table(context, rates)
    note = (
        "One unit at the base date, before the usable share and before productivity grows. The darker a "
        "cell, the nearer the offer is to the best for that workload."
    )
    if computes_any(context):
        note += " Computed rates say what bounds them; stated ones take the place of computed ones."
    dash = "A dash stands where the case gives no throughput: such an offer cannot serve the workload."
    blocks: list[Block] = [
        Paragraph(note),
        rates,
        Details(
            "How each rate was found, and why cells are empty",
            (Paragraph(dash), found),
            remark=str(len(found.rows)),
        ),
    ]
    if exports.rows:
        told = (
            f"By the rules that were known on {case.as_of}, for the day on which an order arrives, the "
            f"destination, and a buyer with headquarters in {case.programme.headquarters}."
        )
        blocks += [Heading(exports.title), Paragraph(told), exports]
    blocks += productivity_blocks(context)
    return Section("serves", "What a unit serves", tuple(blocks))


def _limits(context: ReportContext) -> Section:
    ranking = page_tables.limit_table(context)
    note = Paragraph(
        "A shadow price is what one more of a limit would add to the objective, in money of the plan's "
        "start. It holds for small changes. Limits are ranked by what one percent more of each, in every "
        "quarter, would add."
    )
    shown: tuple[Block, ...] = (Charts((*worth_by_quarter(context), *prices_of_limits(context))), ranking)
    if context.data.whole_sizes:
        shown = (
            Paragraph(
                "Sizes are integer in this case, and a program with integer sizes has no shadow prices."
            ),
        )
    elif context.data.aim is not None and context.data.aim.objective == "power":
        shown = (Paragraph(NO_PRICES),)
    elif not ranking.rows:
        shown = (Paragraph("No limit binds."),)
    return Section("limits", "What each limit is worth", (note, *shown, *what_if_blocks(context)))


def _naive(context: ReportContext) -> Section:
    note = (
        "The evenly spent plan divides the budget into equal parts, delivers one in each quarter of the "
        "window, shared equally among what is for sale, builds the power that this needs in time for it, "
        "and then runs the installed fleet as well as it can. Orders that reach a limit of supply, stock "
        "or grid stop there; where every offer has, money is left over. Orders come as much earlier as "
        "they take to arrive, so the first quarters of the window receive nothing that takes longer."
    )
    return Section(
        "naive",
        "The evenly spent plan beside the optimised one",
        (
            Paragraph(note),
            Heading("Both plans by quarter"),
            Charts(tuple(beside_naive(context)), "small", one_legend=True),
            plan_table(context),
        ),
    )


def _costs(context: ReportContext) -> Section:
    costs, drawn = page_tables.unit_cost_rows(context), tuple(costs_beside_prices(context))
    note = "Full cost is ordinary costs, energy, units, power and depreciation of what runs for a workload."
    beside: tuple[Block, ...] = (
        (Heading("Cost of a volume beside its price"), Charts(drawn, "small", one_legend=True))
        if drawn
        else ()
    )
    kinds = token_price_table(context)
    by_kind: tuple[Block, ...] = () if kinds is None else (Heading(kinds.title), kinds)
    return Section("costs", "Unit costs", (Paragraph(note), *beside, costs, *by_kind))


def _assumptions(context: ReportContext) -> Section:
    case = context.findings.case
    found = origins(case)
    note = (
        f"Of {found.total} numbers {found.sourced} have a source, {found.reasoned} a reason, "
        f"{found.unexplained} neither; {found.hindsight} rest on evidence later than {case.as_of}. "
        f"{evidence_line(case)}"
    )
    blocks = tuple(_assumption_details(block) for block in assumption_blocks(case))
    return Section("assumptions", "Assumptions with sources", (Paragraph(note), *blocks))


def _assumption_details(block: AssumptionBlock) -> Details:
    rows: list[Row] = []
    for row in block.rows:
        if row.repeated and not row.marks:
            why = Cell("", remark="as above")
        elif row.address:
            why = Cell(row.source or row.address, row.reason, link=row.address, marks=row.marks)
        else:
            why = Cell("; ".join(filter(None, (row.source, row.reason))), marks=row.marks)
        rows.append(Row(row.place, (row.written, row.canonical, why)))
    head = columns(
        "Number",
        Column("As written", align="text"),
        Column("Understood as", align="text"),
        Column("Source or reason", align="text"),
    )
    return Details(
        block.title,
        (Table(f"Assumptions: {block.title}", head, tuple(rows), kind="assumptions"),),
        remark=str(len(block.rows)),
        mark=f"{block.marked} marked" if block.marked else "",
        kind="block",
    )


def _made(context: ReportContext) -> Section:
    findings, source = context.findings, context.findings.provenance
    solver, scale = findings.result.plan.solver, context.scale
    seed = "nothing is drawn at random, so there is no seed" if source.seed is None else f"seed {source.seed}"
    variant = f"variant {source.variant}" if source.variant else "as declared"
    rounding, worth = abs(findings.bridge.rounding), findings.result.plan.value
    rows = (
        Row("capexpand", (f"{source.capexpand}, on Python {source.python}",)),
        Row("Case", (f"{source.case_name}, {variant}",)),
        Row("SHA-256 of the case and its tables", (Cell(source.case_hash, code=True),)),
        Row("Method", (f"Deterministic program over the mean path; {seed}",)),
        Row(
            "Solver",
            (f"{source.solver}: {solver.status}, {solver.columns:,} columns, {solver.rows:,} rows",),
        ),
        Row(
            "Value in the objective, and gap",
            (f"{scale.write(worth)} {scale.unit}; relative gap {solver.relative_gap:.1e}",),
        ),
        Row("Bridge", (f"{rounding:.1e} mn {context.currency} left between solver and statements",)),
    )
    checks = [
        Row(name, ("0" if violation == 0 else f"{violation:.1e}",))
        for name, violation in findings.checks.items()
    ]
    return Section(
        "made",
        "How it was made",
        (
            Table("How it was made", columns("", Column("", align="text")), rows, kind="made"),
            Details(
                "Checks on our own arrays: largest violation of each rule",
                (table("Checks", ("Rule", "Largest relative violation"), checks),),
            ),
        ),
    )
