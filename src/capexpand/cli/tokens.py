"""``capexpand tokens``: what chips serve of a model, and how far such answers are from measurements."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from capexpand.cli.options import AsJson
from capexpand.reporting.console import output, print_json

if TYPE_CHECKING:
    from capexpand.api.serving import TradeCurve
    from capexpand.hardware.estimate import Serving
    from capexpand.hardware.pareto import TokenCosts


def tokens(
    model: Annotated[str | None, typer.Argument(help="A model, such as 'DeepSeek R1'.")] = None,
    chip: Annotated[str | None, typer.Argument(help="A chip, such as H20.")] = None,
    *,
    count: Annotated[int | None, typer.Option(help="Chips to use; one server without it.")] = None,
    input_tokens: Annotated[
        float, typer.Option("--input", "--input-tokens", help="Mean prompt, in tokens.")
    ] = 1024.0,
    output_tokens: Annotated[
        float, typer.Option("--output", "--output-tokens", help="Mean answer, in tokens.")
    ] = 1024.0,
    cached: Annotated[float, typer.Option(help="Share of the prompt that a cache holds.")] = 0.0,
    tpot: Annotated[str | None, typer.Option(help="Longest time per output token: 50ms.")] = None,
    ttft: Annotated[str | None, typer.Option(help="Longest time to the first token: 2s.")] = None,
    weights: Annotated[
        str | None, typer.Option(help="Format of the weights: bf16, fp8, int8, fp4 or int4.")
    ] = None,
    cache: Annotated[str | None, typer.Option(help="Format of the cache: bf16, fp8 or fp4.")] = None,
    way: Annotated[str, typer.Option(help="Prefill and decode: together, apart or best.")] = "best",
    layout: Annotated[str | None, typer.Option(help="One layout only: TP8, DEP16, TP8xPP2.")] = None,
    suite: Annotated[
        str, typer.Option(help="Whose software to expect: typical, report or community.")
    ] = "typical",
    config: Annotated[Path | None, typer.Option(help="A model's config.json in place of its name.")] = None,
    chip_file: Annotated[
        Path | None,
        typer.Option("--chip", "--chip-file", help="A chip's data sheet in YAML in place of its name."),
    ] = None,
    draft: Annotated[
        int, typer.Option(help="Tokens proposed ahead in each step (speculative decoding).")
    ] = 0,
    acceptance: Annotated[float, typer.Option(help="Probability that a proposed token is accepted.")] = 0.0,
    software: Annotated[
        str | None, typer.Option(help="Day of the software, 2026-06-30; mature without it.")
    ] = None,
    calibration: Annotated[Path | None, typer.Option(help="What capexpand calibrate wrote.")] = None,
    offload: Annotated[
        float | None, typer.Option(help="Cached prompts lie in host memory, read at so many GB/s a chip.")
    ] = None,
    hourly_price: Annotated[
        float | None, typer.Option(help="Price of a chip for an hour: adds costs.")
    ] = None,
    pareto: Annotated[
        bool, typer.Option("--pareto", help="Show tokens per chip against tokens per user.")
    ] = False,
    validate: Annotated[
        bool, typer.Option("--validate", help="Compare with measurements: the packaged ones, or FILE.")
    ] = False,
    picture: Annotated[Path | None, typer.Option(help="With --validate or --pareto: draw it as SVG.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what chips serve of a model: tokens per second, layout, what bounds it, energy."""
    from capexpand.api.serving import TradeCurve
    from capexpand.api.serving import tokens as serve
    from capexpand.errors import CaseError, Problem

    if validate:
        from capexpand.cli.tokens_validation import show_validation

        show_validation(None if model is None else Path(model), as_json=as_json, picture=picture)
        return
    if picture is not None and not pareto:
        raise CaseError([Problem("--picture: draws what --validate or --pareto finds; add one of them")])
    found = serve(
        model, chip, count=count, input_tokens=input_tokens, output_tokens=output_tokens, cached=cached,
        tpot=tpot, ttft=ttft, weights=weights, cache=cache, way=way, layout=layout, suite=suite,
        config=config, chip_file=chip_file, draft=draft, acceptance=acceptance, software=software,
        calibration=calibration, offload=offload, hourly_price=hourly_price, pareto=pareto,
    )  # fmt: skip
    if isinstance(found, TradeCurve) and picture is not None:
        from capexpand.cli.tokens_picture import save_trade

        save_trade(found.points, picture)
    if as_json:
        print_json(found.document)
    elif isinstance(found, TradeCurve):
        _print_trade(found)
    else:
        _print_serving(found.answer, found.costs)


def _print_trade(found: TradeCurve) -> None:
    from rich.table import Table

    first = found.points[0].answer
    table = Table(title=f"{first.model} on {first.chips} × {first.chip}", title_justify="left")
    for heading in ("tokens/s a user", "tokens/s a chip", "TPOT", "TTFT", "layout", "per million out"):
        table.add_column(heading, justify="right")
    for one, cost in zip(found.points, found.costs, strict=True):
        table.add_row(
            f"{one.tokens_per_user_s:,.0f}",
            f"{one.tokens_per_chip_s:,.0f}",
            f"{one.time_per_token_s * 1000:,.1f} ms",
            f"{one.time_to_first_token_s * 1000:,.0f} ms",
            one.answer.layout,
            "" if cost is None else f"{cost.per_million_output:,.3f}",
        )
    output().print(table)


def _print_serving(answer: Serving, costs: TokenCosts | None = None) -> None:
    from rich.table import Table

    console = output()
    title = f"{answer.model} on {answer.chips} × {answer.chip}, weights in {answer.weights}"
    if not answer.fits:
        console.print(f"{title}: {answer.reason}")
        return
    table = Table(title=title, show_header=False, title_justify="left")
    together = "prefill and decode together"
    if answer.prefill_layout:
        share = answer.prefill_chip_fraction
        together = f"apart: {share:.0%} of the chips prefill as {answer.prefill_layout}"
    shares = zip(("compute", "memory bandwidth", "links", "overhead"), answer.time_shares, strict=True)
    memory = (
        f"{answer.weights_gb_per_chip:,.1f} GB weights, {answer.cache_gb_per_chip:,.1f} GB cache, "
        f"of {answer.memory_gb_per_chip:,.1f} GB"
    )
    rows = (
        ("tokens out", _with_band(answer)),
        ("tokens in", f"{answer.input_tokens_per_s:,.0f} /s"),
        ("requests", f"{answer.requests_per_s:,.2f} /s"),
        ("layout", f"{answer.layout}, {together}"),
        ("sequences on a rank", f"{answer.batch_per_rank:,.0f}, held by {answer.batch_limited_by}"),
        ("time per token", f"{answer.time_per_token_s * 1000:,.1f} ms"),
        ("prefill of a prompt", f"{answer.prefill_s * 1000:,.1f} ms"),
        ("memory of a chip", memory),
        ("bound by", f"{answer.bound_by} ({', '.join(f'{name} {share:.0%}' for name, share in shares)})"),
        ("power", f"{answer.power_kw:,.2f} kW"),
        ("energy", f"{answer.energy_kwh_per_million_tokens:,.3f} kWh per million tokens out"),
    )
    for name, text in rows:
        table.add_row(name, text)
    if costs is not None:
        table.add_row(
            "cost per million",
            f"{costs.per_million_input:,.3f} in, {costs.per_million_cached:,.3f} cached, "
            f"{costs.per_million_output:,.3f} out",
        )
    console.print(table)


def _with_band(answer: Serving) -> str:
    """Write the tokens generated with their band and what they rest on."""
    rate = answer.output_tokens_per_s
    band = f"{rate * answer.low:,.0f} to {rate * answer.high:,.0f}"
    return f"{rate:,.0f} /s, in 80 of 100 cases {band} ({answer.evidence})"
