#!/usr/bin/env python
"""Writes the tables and the picture of docs/explanation/throughput.md from the packaged measurements.

Usage: reproductions/explain_throughput.py

The text between the marks ``<!-- NAME -->`` and ``<!-- end NAME -->`` is replaced; the rest is left alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from capexpand.catalogue.throughput_facts import throughput_facts
from capexpand.cli.tokens_picture import SUITE_LABELS, save_picture
from capexpand.hardware.chips import chip_named, chip_register
from capexpand.hardware.efficiency import SHARES, EvaluationPoint, efficiency_of, fitted_factors, power_ratio
from capexpand.hardware.estimate import ServingQuestion, serve
from capexpand.hardware.precision import default_precision
from capexpand.hardware.specs import Load
from capexpand.hardware.training import train
from capexpand.hardware.validation import Validation, validate_packaged

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "throughput.md"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table; every column but the first is aligned to the right."""
    rule = ["---"] + ["---:"] * (len(headings) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (headings, rule, *rows))


def headline(found: Validation) -> str:
    """Say the overall error in a sentence."""
    rows = [
        (one.name, str(one.used), f"{one.median_abs_error:.1%}", f"{one.p90_abs_error:.1%}")
        for one in reversed(found.accuracies)
    ]
    numbers = len(fitted_factors().logs)
    return (
        f"{found.used} of {found.rows} packaged rows are inference rates that can be compared, "
        f"{found.coverage:.1%} of those whose model and chip are in the catalogue; {numbers} numbers are "
        f"fitted on them. With their sources left out, half are within **{found.median_abs_error:.1%}**, "
        f"nine in ten within {found.p90_abs_error:.1%}, {found.within_factor:.1%} within 1.5 times; the "
        f"80 % bands hold **{found.band_coverage:.1%}**.\n\n"
        + table(("the fit did not see", "rows", "median", "nine in ten below"), rows)
    )


def errors_by(found: Validation, field: str) -> str:
    """Write the errors of the rows that share a field."""
    rows = [
        (
            SUITE_LABELS.get(group.name, group.name),
            str(group.used),
            f"{group.median_error:+.0%}",
            f"{group.median_abs_error:.0%}",
            f"{group.worst_factor:.2f}",
        )
        for group in found.by(field)
    ]
    return table((field, "rows", "median error", "median absolute", "worst factor"), rows)


def worst(found: Validation) -> str:
    """List the rows that miss by more than a factor of 1.5."""
    missed = [one for one in found.comparisons if abs(math.log1p(one.error)) > math.log(1.5)]
    missed.sort(key=lambda one: -abs(math.log1p(one.error)))
    rows = [
        (
            f"{one.measurement.model} on {one.measurement.chips} × {one.measurement.chip}",
            SUITE_LABELS.get(one.measurement.suite, one.measurement.suite),
            f"{one.measurement.input_tokens:.0f}/{one.measurement.output_tokens:.0f}",
            f"{one.measurement.tokens_per_chip_s:,.0f}",
            f"{one.predicted_tokens_per_chip_s:,.0f}",
            f"{one.error:+.0%}",
        )
        for one in missed
    ]
    return table(("model and chips", "source", "in/out", "measured", "computed", "error"), rows)


def factors() -> str:
    """List the efficiencies of families of chips for a dense model."""
    families: dict[str, str] = {}
    for name in sorted(chip_register().names):
        families.setdefault(chip_named(name).family, name)
    measured = {chip_named(one.measurement.chip).family for one in validate_packaged().comparisons}
    rows = []
    for family, name in sorted(families.items()):
        if family not in measured:
            continue
        chip = chip_named(name)
        point = EvaluationPoint(
            family,
            default_precision(chip).weights,
            "typical",
            False,
            True,
            power=power_ratio(chip, default_precision(chip).weights),
        )
        found, _ = efficiency_of([point], fitted_factors())
        rows.append(
            (family, default_precision(chip).weights, *(f"{getattr(found, s)[0]:.2f}" for s in SHARES))
        )
    return table(("family", "weights", *(share.replace("_", " ") for share in SHARES)), rows)


def serving_day() -> str:
    """Reproduce DeepSeek's published day."""
    day = {f.metric: f.value for f in throughput_facts() if "system overview" in f.source.title.lower()}
    read, cached, out = (
        day[f"{n} per day"] for n in ("input tokens", "cached input tokens", "output tokens")
    )
    servers = day["average nodes occupied over 24 h"]
    load = Load(3619.0, 1000.0, cached_fraction=cached / read, time_per_token_s=1 / 21)
    answer = serve(ServingQuestion(
        "DeepSeek V3", "H800", chips=1816, load=load, weights="fp8", cache="bf16", way="apart",
        suite="report", software_on=date(2025, 2, 28),
    ))  # fmt: skip
    needed = out / 86400 / answer.output_tokens_per_s * 227
    cost = needed * 8 * 24 * day["lease price assumed"]
    income = (cached * 0.14 + (read - cached) * 0.55 + out * 2.19) / 1e6
    billed = day["theoretical daily revenue"]
    rows = (
        ("servers of eight H800 on average", f"{servers:.0f}", f"{needed:.0f}",
         f"{needed / servers - 1:+.0%}"),
        ("cost of the day at 2 USD an hour [USD]", f"{day['daily cost']:,.0f}", f"{cost:,.0f}",
         f"{cost / day['daily cost'] - 1:+.0%}"),
        ("income if every token were billed [USD]", f"{billed:,.0f}", f"{income:,.0f}",
         f"{income / billed - 1:+.1%}"),
    )  # fmt: skip
    return table(("quantity", "published", "computed", "difference"), rows)


RUNS = (
    ("DeepSeek-V3 (671B/37B active)", "pre-training GPU hours", "DeepSeek V3", "H800", 2048, 14.8e12, "fp8"),
    ("Llama 3.1 405B", "training GPU hours", "Llama 3.1 405B", "H100", 16384, 15.6e12, "bf16"),
    ("Llama 3.1 70B", "training GPU hours", "Llama 3.1 70B", "H100", 2048, 15e12, "bf16"),
    ("Llama 3.1 8B", "training GPU hours", "Llama 3.1 8B", "H100", 1024, 15e12, "bf16"),
)


def training_runs() -> str:
    """Compare published chip-hours of whole runs."""
    hours = {(f.model, f.metric): f.value for f in throughput_facts() if f.unit == "GPU-h"}
    rows = []
    for label, metric, model, chip, chips, tokens, weights in RUNS:
        context = 4096.0 if "DeepSeek" in model else 8192.0
        published = hours[label, metric]
        run = train(model, chip, chips=chips, tokens=tokens, weights=weights, context_tokens=context)
        rows.append(
            (f"{model}, {tokens / 1e12:.1f} T tokens", f"{chips:,} × {chip}", f"{published / 1e6:.2f}",
             f"{run.chip_hours / 1e6:.2f}", f"{run.chip_hours / published - 1:+.0%}")
        )  # fmt: skip
    return table(("run", "chips", "published [M hours]", "computed [M hours]", "error"), rows)


def training_rates() -> str:
    """Compare published rates of training."""
    from fit_training import published_rates

    rows = []
    for run in published_rates():
        computed = run.published * math.exp(run.error())
        unit = "TFLOPS/GPU" if run.counted_in_operations else "tokens/s/GPU"
        rows.append(
            (f"{run.model} on {run.chips:,} × {run.chip}, {run.weights}", unit,
             f"{run.published:,.0f}", f"{computed:,.0f}", f"{math.expm1(run.error()):+.0%}")
        )  # fmt: skip
    return table(("run", "unit", "published", "computed", "error"), rows)


def main() -> None:
    """Rewrite the marked parts of the page, and the picture beside it."""
    found = validate_packaged()
    save_picture(found, PAGE.with_suffix(".svg"))
    parts: dict[str, Callable[[], str]] = {
        "headline": lambda: headline(found),
        "by chip": lambda: errors_by(found, "chip"),
        "by model": lambda: errors_by(found, "model"),
        "by source": lambda: errors_by(found, "suite").replace("| suite |", "| source |", 1),
        "worst": lambda: worst(found),
        "factors": factors,
        "serving day": serving_day,
        "training runs": training_runs,
        "training rates": training_rates,
    }
    page = PAGE.read_text(encoding="utf-8")
    for name, write in parts.items():
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        if not mark.search(page):
            raise SystemExit(f"{PAGE}: the mark '{name}' is missing")
        text = write()
        page = mark.sub(lambda match, text=text: f"{match[1]}{text}\n{match[2]}", page)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
