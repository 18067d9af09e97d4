"""``capexpand train``: what a training run takes."""

from __future__ import annotations

from typing import Annotated

import typer

from capexpand.cli.options import AsJson
from capexpand.reporting.console import print_json, say


def train(
    model: Annotated[str, typer.Argument(help="A model, such as 'Llama 3.1 405B'.")],
    chip: Annotated[str, typer.Argument(help="A chip, such as H100.")],
    *,
    chips: Annotated[int, typer.Option(help="Chips to use.")],
    tokens: Annotated[float, typer.Option(help="Tokens to train on.")] = 1e12,
    weights: Annotated[str, typer.Option(help="Format of the products.")] = "bf16",
    context: Annotated[float, typer.Option(help="Tokens in a sequence.")] = 8192.0,
    hourly_price: Annotated[float, typer.Option(help="Price of a chip for an hour.")] = 0.0,
    goodput: Annotated[
        float, typer.Option(help="Share of the time without failures, restarts and checkpoints.")
    ] = 0.9,
    as_json: AsJson = False,
) -> None:
    """Show what a training run takes: days, chip-hours, utilisation, energy and cost."""
    from capexpand.api.answered import train as estimate

    answer = estimate(
        model, chip, chips=chips, tokens=tokens, weights=weights, context=context, hourly_price=hourly_price,
        goodput=goodput,
    )  # fmt: skip
    if as_json:
        print_json(answer.document)
        return
    found = answer.found
    for name, text in (
        ("operations", f"{found.operations:.3g}"),
        ("utilisation", f"{found.utilisation:.1%} of the rate in {weights}"),
        ("rate", f"{found.tokens_per_chip_s:,.0f} tokens/s a chip"),
        ("lost to failures and checkpoints", f"{1 - found.goodput:.1%}"),
        ("chip-hours", f"{found.chip_hours:,.0f}"),
        ("days", f"{found.days:,.1f}"),
        ("energy", f"{found.energy_mwh:,.0f} MWh"),
        *((("cost", f"{found.cost:,.0f}"),) if hourly_price else ()),
    ):
        say(f"{name:34}{text}")
