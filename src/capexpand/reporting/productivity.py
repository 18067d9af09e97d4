"""What productivity is made of: smaller models, software and the rest, beside the peak of servers."""

from __future__ import annotations

from capexpand.files.json_text import JsonObject
from capexpand.finance.peak import productivity_parts
from capexpand.optimiser.plan import Plan
from capexpand.reporting.blocks import Block, Column, Heading, Paragraph, Row, table
from capexpand.reporting.context import ReportContext
from capexpand.wording import number, share

BOUNDS = (
    "Productivity is how much more a unit serves at the horizon's end than at its start, and a token of "
    "the end is named by its use, not by the model of the start. Smaller models take fewer operations for "
    "the same use; their bound is the density of models, which doubled every 3.3 months in 2023 and 2024 "
    "(Xiao et al., Densing Law of LLMs, arXiv 2412.04315, remembered). Software makes a server compute "
    "more a second; its bound is the server's peak by its data sheet, and a plan beyond that is refused. "
    "The rest is answers from caches and shorter ones, where a case states software apart; its bound is "
    "the 2.3-fold of a service that took 56 % of its prompts from a cache (DeepSeek, account of a day, "
    "2025-03-01)."
)


def productivity_document(plan: Plan) -> list[JsonObject]:
    """Return the productivity of each workload whose grows, taken apart, as plain data."""
    m = plan.data
    return [
        {
            "workload": m.workloads.names[part.workload],
            "growth": part.growth,
            "smaller_models": part.smaller_models,
            "software": part.software,
            "rest": part.rest,
            "nearest_to_peak": None if part.offer is None else m.offers.names[part.offer],
            "quarter": None if part.quarter is None else m.times.starts[part.quarter].isoformat(),
            "share_of_peak": part.share_of_peak,
        }
        for part in productivity_parts(plan)
    ]


def productivity_blocks(context: ReportContext) -> tuple[Block, ...]:
    """Return the table of what productivity is made of; nothing where none grows."""
    plan = context.findings.result.plan
    parts = productivity_parts(plan)
    if not parts:
        return ()
    rows: list[Row] = []
    for part in parts:
        nearest = "–"
        if part.offer is not None and part.quarter is not None and part.share_of_peak is not None:
            title = context.offers[int(plan.data.offers.product[part.offer])]
            nearest = f"{share(part.share_of_peak)} ({title}, {context.labels[part.quarter]})"
        split = [
            "–" if factor is None else f"{number(factor)}×"
            for factor in (part.smaller_models, part.software, part.rest)
        ]
        rows.append(Row(context.workloads[part.workload], (f"{number(part.growth)}×", *split, nearest)))
    head = (
        "Workload", "Productivity", "Smaller models", "Software", "Rest",
        Column("Nearest to a server's peak", align="text"),
    )  # fmt: skip
    made = table("What productivity is made of", head, rows)
    return Heading(made.title), Paragraph(BOUNDS), made
