"""The pictures of a comparison: bars by programme, each with a title that states its finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from capexpand.reporting.charts import palette
from capexpand.reporting.charts.bars import grouped_bars, share_bars
from capexpand.reporting.charts.drawing import Chart, Part, Series, Spec
from capexpand.studies.comparison.comparing import Comparison
from capexpand.studies.comparison.measures import Measures
from capexpand.studies.comparison.wording import announced_word, headings
from capexpand.wording import MINUS, MoneyScale, listing, number

Read = Callable[[Measures], float | None]


def comparison_charts(comparison: Comparison) -> tuple[Chart, ...]:
    """Return the charts of a comparison.

    Args:
        comparison: the programmes side by side.
    """
    charts = (_worth(comparison), _hours(comparison), _yearly(comparison), _costs(comparison))
    charts += (_unit_price(comparison, "accelerator"), _unit_price(comparison, "h100"))
    return tuple(chart for chart in charts if chart.rows)


def _worth(comparison: Comparison) -> Chart:
    parts: tuple[tuple[str, str, Read], ...] = (
        ("in cash", palette.SERVERS, lambda m: m.worth.npv),
        ("in cash, without end value", palette.BUILDINGS, lambda m: m.worth.npv_without_end_value),
        ("with transfer values", palette.GOOD, lambda m: m.worth.npv_with_transfer),
    )
    values = [
        abs(value) for one in comparison.programmes for *_, read in parts if (value := read(one.measures))
    ]
    scale = MoneyScale.of(max(values, default=0.0), comparison.currency)
    rows = _rows(comparison, parts, 1.0 / scale.divisor)
    named = list(zip(headings(comparison), comparison.programmes, strict=True))
    losing = [name for name, one in named if (npv := one.measures.worth.npv) is not None and npv < 0.0]
    title = "Every programme pays in cash"
    if len(losing) == len(named):
        title = "No programme pays in cash"
    elif losing:
        title = f"In cash every programme pays but {listing(losing)}"
    note = (
        f"Net present value of each programme at its own discount rate, in {scale.unit}. "
        "Transfer values count what is used inside."
    )
    return _grouped("worth", title, note=note, rows=rows, parts=parts, unit=scale.unit)


def _yearly(comparison: Comparison) -> Chart:
    parts: tuple[tuple[str, str, Read], ...] = (
        (announced_word(comparison).lower(), palette.BASE, lambda m: m.amounts.announced_a_year),
        ("ordered by the plan", palette.BUILDINGS, lambda m: m.amounts.ordered_a_year),
        ("of it, AI part", palette.SERVERS, lambda m: m.amounts.ai_ordered_a_year),
    )
    largest = max(
        (value for one in comparison.programmes for *_, read in parts if (value := read(one.measures))),
        default=0.0,
    )
    scale = MoneyScale.of(largest, comparison.currency)
    rows = _rows(comparison, parts, 1.0 / scale.divisor)
    most = _largest(comparison, parts[1][2])
    title = "Nothing is ordered" if most is None else f"In twelve months {most} orders most"
    whole = announced_word(comparison).lower()
    note = f"Money of twelve months, in {scale.unit}; {whole}: the amount of the whole programme."
    return _grouped("yearly", title, note=note, rows=rows, parts=parts, unit=scale.unit)


def _hours(comparison: Comparison) -> Chart:
    parts: tuple[tuple[str, str, Read], ...] = (
        ("needed", palette.NAIVE, lambda m: m.hours.needed),
        ("brought in the case", palette.GOOD, lambda m: m.hours.earned),
    )
    rows = [{**row, "t": f"{row['v']:,.2f}".replace("-", MINUS)} for row in _rows(comparison, parts, 1.0)]
    short = [
        name
        for name, one in zip(headings(comparison), comparison.programmes, strict=True)
        if one.measures.hours.needed is not None
        and one.measures.hours.earned is not None
        and one.measures.hours.earned < one.measures.hours.needed
    ]
    title = "An hour brings more than it must in every case, at the cases' own prices"
    if short:
        title = f"An hour brings less than it must for {listing(short)}, at the cases' own prices"
    note = (
        f"Per hour that an accelerator runs, after ordinary costs, in {comparison.currency}. Accelerators of "
        "different programmes are not alike: the table has the same by hours of an H100."
    )
    unit = f"{comparison.currency}/accelerator-hour"
    return _grouped("hours", title, note=note, rows=rows, parts=parts, unit=unit)


def _unit_price(comparison: Comparison, what: str) -> Chart:
    read: Read = (
        (lambda m: m.prices.per_accelerator) if what == "accelerator" else (lambda m: m.prices.per_h100)
    )
    parts: tuple[tuple[str, str, Read], ...] = (("cost", palette.SERVERS, read),)
    rows = _rows(comparison, parts, 1e-3)
    unit = f"thousand {comparison.currency}"
    called = "An accelerator" if what == "accelerator" else "The compute of an H100"
    most = _largest(comparison, read)
    title = f"{called} costs most for {most}" if most and len(rows) > 1 else f"What {called.lower()} costs"
    note = f"Its server and a new hall for it, in {unit}."
    if what == "h100":
        note += " By dense FP8 or INT8 operations, which rules for exports hold down."
    return _grouped(f"price-{what}", title, note=note, rows=rows, parts=parts, unit=unit)


SHARES: tuple[tuple[str, str, Read], ...] = (
    ("accelerators", palette.CATEGORIES[0], lambda m: m.shares.cost_accelerators),
    ("other servers", palette.CATEGORIES[4], lambda m: m.shares.cost_other_servers),
    ("halls and power", palette.CATEGORIES[1], lambda m: m.shares.cost_halls),
    ("leases", palette.CATEGORIES[3], lambda m: m.shares.cost_leases),
    ("energy", palette.CATEGORIES[2], lambda m: m.shares.cost_energy),
    ("upkeep", palette.OTHERS, lambda m: m.shares.cost_upkeep),
)


def _costs(comparison: Comparison) -> Chart:
    rows = _rows(comparison, SHARES, 100.0)
    energy = [
        value for one in comparison.programmes if (value := one.measures.shares.cost_energy) is not None
    ]
    title = "Where the money goes"
    if energy:
        low, high = (round(100.0 * bound) for bound in (min(energy), max(energy)))
        span = f"{low} %" if low == high else f"{low} to {high} %"
        title = f"Energy is {span} of what a programme costs"
    note = "Share of all cost to the end of the horizon but sales and staff, as present values, in percent."
    spec = share_bars(rows, _parts(SHARES))
    return _chart("costs", title, note=note, spec=spec, rows=rows, parts=SHARES)


def _grouped(
    identifier: str,
    title: str,
    *,
    note: str,
    rows: list[Spec],
    parts: Sequence[tuple[str, str, Read]],
    unit: str,
) -> Chart:
    """Bars beside each other for every programme, with their values written at the end."""
    spec = grouped_bars(rows, _parts(parts), unit)
    return _chart(identifier, title, note=note, spec=spec, rows=rows, parts=parts)


def _chart(
    identifier: str,
    title: str,
    *,
    note: str,
    spec: Spec,
    rows: list[Spec],
    parts: Sequence[tuple[str, str, Read]],
) -> Chart:
    legend = tuple(Series(name, colour, ()) for name, colour, _ in parts)
    return Chart(identifier, title, note, spec, legend, tuple(rows), shaded=False)


def _rows(comparison: Comparison, parts: Sequence[tuple[str, str, Read]], factor: float) -> list[Spec]:
    rows: list[Spec] = []
    for name, one in zip(headings(comparison), comparison.programmes, strict=True):
        for order, (part, _, read) in enumerate(parts):
            value = read(one.measures)
            if value is not None:
                shown = float(f"{value * factor:.5g}")
                rows.append({"p": name, "s": part, "v": shown, "t": number(value * factor), "o": order})
    return rows


def _largest(comparison: Comparison, read: Read) -> str | None:
    """The programme with the largest value, if any has one above zero."""
    found = [
        (value, name)
        for name, one in zip(headings(comparison), comparison.programmes, strict=True)
        if (value := read(one.measures)) is not None and value > 0.0
    ]
    return max(found)[1] if found else None


def _parts(parts: Sequence[tuple[str, str, Read]]) -> tuple[Part, ...]:
    return tuple(Part(name, colour) for name, colour, _ in parts)
