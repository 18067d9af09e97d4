"""``capexpand tokens``: what chips serve of a model, and how far such answers are from measurements."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from capexpand.errors import CaseError, Problem
from capexpand.reporting.console import output, print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from capexpand.hardware.calibration import Calibration
    from capexpand.hardware.estimate import Serving
    from capexpand.hardware.layouts import Layout
    from capexpand.hardware.pareto import TokenCosts, TradePoint
    from capexpand.hardware.specs import ChipSpec, Load, ModelSpec

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?(?:e-?\d+)?)\s*(us|µs|ms|s|min)\s*", re.IGNORECASE)
_SECONDS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}


def register(app: typer.Typer) -> None:
    """Add the command to an application."""

    @app.command("tokens")
    def tokens(
        model: Annotated[str | None, typer.Argument(help="A model, such as 'DeepSeek R1'.")] = None,
        chip: Annotated[str | None, typer.Argument(help="A chip, such as H20.")] = None,
        *,
        count: Annotated[
            int | None, typer.Option("--count", help="Chips to use; one server without it.")
        ] = None,
        input_tokens: Annotated[float, typer.Option("--input", help="Mean prompt, in tokens.")] = 1024.0,
        output_tokens: Annotated[float, typer.Option("--output", help="Mean answer, in tokens.")] = 1024.0,
        cached: Annotated[
            float, typer.Option("--cached", help="Share of the prompt that a cache holds.")
        ] = 0.0,
        tpot: Annotated[
            str | None, typer.Option("--tpot", help="Longest time per output token: 50ms.")
        ] = None,
        ttft: Annotated[
            str | None, typer.Option("--ttft", help="Longest time to the first token: 2s.")
        ] = None,
        weights: Annotated[
            str | None, typer.Option("--weights", help="Format of the weights: bf16, fp8, int8, fp4 or int4.")
        ] = None,
        cache: Annotated[
            str | None, typer.Option("--cache", help="Format of the cache: bf16 or fp8.")
        ] = None,
        way: Annotated[
            str, typer.Option("--way", help="Prefill and decode: together, apart or best.")
        ] = "best",
        layout: Annotated[
            str | None, typer.Option("--layout", help="One layout only: TP8, DEP16, TP8xPP2.")
        ] = None,
        suite: Annotated[
            str, typer.Option("--suite", help="Whose software to expect: typical, report or community.")
        ] = "typical",
        config: Annotated[
            Path | None, typer.Option("--config", help="A model's config.json in place of its name.")
        ] = None,
        chip_file: Annotated[
            Path | None, typer.Option("--chip", help="A chip's data sheet in YAML in place of its name.")
        ] = None,
        draft: Annotated[
            int, typer.Option("--draft", help="Tokens proposed ahead in each step (speculative decoding).")
        ] = 0,
        acceptance: Annotated[
            float, typer.Option("--acceptance", help="Probability that a proposed token is accepted.")
        ] = 0.0,
        software: Annotated[
            str | None, typer.Option("--software", help="Day of the software, 2026-06-30; mature without it.")
        ] = None,
        calibration: Annotated[
            Path | None, typer.Option("--calibration", help="What capexpand calibrate wrote.")
        ] = None,
        hourly_price: Annotated[
            float | None, typer.Option("--hourly-price", help="Price of a chip for an hour: adds costs.")
        ] = None,
        pareto: Annotated[
            bool, typer.Option("--pareto", help="Show tokens per chip against tokens per user.")
        ] = False,
        validate: Annotated[
            bool, typer.Option("--validate", help="Compare with measurements: the packaged ones, or FILE.")
        ] = False,
        picture: Annotated[
            Path | None, typer.Option("--picture", help="With --validate or --pareto: draw it as SVG.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    ) -> None:
        """Show what chips serve of a model: tokens per second, layout, what bounds it, energy."""
        if validate:
            from capexpand.cli.tokens_validation import show_validation

            show_validation(None if model is None else Path(model), as_json=as_json, picture=picture)
            return
        if config is not None and chip is None:  # the one name given is the chip's
            model, chip = None, model
        if (model is None and config is None) or (chip is None and chip_file is None):
            raise CaseError([Problem("name a model and a chip: capexpand tokens 'DeepSeek R1' H20")])
        asked = Asked(
            count=count,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cached=cached,
            tpot=tpot,
            ttft=ttft,
            weights=weights,
            cache=cache,
            way=way,
            layout=layout,
            suite=suite,
            config=config,
            chip_file=chip_file,
            draft=draft,
            acceptance=acceptance,
            software=software,
            calibration=calibration,
        )
        if pareto:
            show_trade(model, chip, asked=asked, hourly_price=hourly_price, picture=picture, as_json=as_json)
            return
        answer = look_up_tokens(model, chip, asked=asked)
        show_serving(
            answer, question(model, chip, asked=asked).load, hourly_price=hourly_price, as_json=as_json
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """The options as they were written; times are text with a unit, None is not given."""

    count: int | None = None
    input_tokens: float = 1024.0
    output_tokens: float = 1024.0
    cached: float = 0.0
    tpot: str | None = None
    ttft: str | None = None
    weights: str | None = None
    cache: str | None = None
    way: str = "best"
    layout: str | None = None
    suite: str = "typical"
    config: Path | None = None
    chip_file: Path | None = None
    draft: int = 0
    acceptance: float = 0.0
    software: str | None = None
    calibration: Path | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """The options as the Python functions take them."""

    model: str | ModelSpec
    chip: str | ChipSpec
    load: Load
    layout: Layout | None
    way: Literal["together", "apart", "best"]
    software_on: date | None
    calibration: Calibration | None


def look_up_tokens(model: str | None, chip: str | None, *, asked: Asked) -> Serving:
    """Turn the options as written into the call of the Python function.

    Args:
        model: name of the model; None with a configuration.
        chip: name of the chip; None with a data sheet.
        asked: the options.

    Raises:
        CaseError: for unknown names, formats and suites, and impossible numbers; every problem at once.
    """
    from capexpand.hardware.estimate import serve

    put = question(model, chip, asked=asked)
    return serve(
        put.model,
        put.chip,
        chips=asked.count,
        load=put.load,
        weights=asked.weights,
        cache=asked.cache,
        way=put.way,
        layout=put.layout,
        suite=asked.suite,
        software_on=put.software_on,
        calibration=put.calibration,
    )


def question(model: str | None, chip: str | None, *, asked: Asked) -> Question:
    """Read the options as written.

    Args:
        model: name of the model; None with a configuration.
        chip: name of the chip; None with a data sheet.
        asked: the options.

    Raises:
        CaseError: for options that cannot be read; every problem at once.
    """
    from capexpand.hardware.layouts import Layout
    from capexpand.hardware.specs import Load

    problems: list[Problem] = []
    limits = _seconds("--tpot", asked.tpot, problems), _seconds("--ttft", asked.ttft, problems)
    problems += _mistakes(asked)
    layout = None
    try:
        layout = Layout.parse(asked.layout or "")
    except ValueError as error:
        problems.append(Problem(f"--layout: {error}"))
    software_on = _day("--software", asked.software, problems)
    if problems:
        raise CaseError(problems)
    load = Load(
        asked.input_tokens,
        asked.output_tokens,
        asked.cached,
        time_per_token_s=limits[0],
        time_to_first_token_s=limits[1],
        draft_tokens=float(asked.draft),
        acceptance=asked.acceptance,
    )
    return Question(
        model=_own_model(asked.config) if asked.config is not None else str(model),
        chip=_own_chip(asked.chip_file) if asked.chip_file is not None else str(chip),
        load=load,
        layout=layout,
        way=_WAYS[asked.way],
        software_on=software_on,
        calibration=_calibration(asked.calibration),
    )


def _own_model(path: Path) -> ModelSpec:
    from capexpand.hardware.own import read_model_config

    read = read_model_config(path)
    if read.not_read:
        say(f"{path}: not understood and left out: {', '.join(read.not_read)}", to_error=True)
    return read.spec


def _own_chip(path: Path) -> ChipSpec:
    from capexpand.hardware.own import read_chip

    return read_chip(path)


def _calibration(path: Path | None) -> Calibration | None:
    from capexpand.hardware.calibration import read_calibration

    return None if path is None else read_calibration(path)


def _day(option: str, text: str | None, problems: list[Problem]) -> date | None:
    """Read a day; what cannot be read is added to the problems."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.append(Problem(f"{option}: '{text}' is not a day; write it as 2026-06-30"))
        return None


_WAYS: dict[str, Literal["together", "apart", "best"]] = {
    "together": "together",
    "apart": "apart",
    "best": "best",
}


def _mistakes(asked: Asked) -> list[Problem]:
    """Find what is wrong with the options that are words or counts."""
    from capexpand.hardware.estimate import SUITE_NAMES

    problems: list[Problem] = []
    if asked.count is not None and asked.count < 1:
        problems.append(Problem(f"--count: {asked.count} is less than one chip"))
    if asked.way not in _WAYS:
        problems.append(Problem(f"--way: '{asked.way}' is not one of {', '.join(_WAYS)}"))
    if asked.suite not in SUITE_NAMES:
        problems.append(Problem(f"--suite: '{asked.suite}' is not one of {', '.join(SUITE_NAMES)}"))
    return problems


def _seconds(option: str, text: str | None, problems: list[Problem]) -> float:
    """Read a time; what cannot be read is added to the problems."""
    if text is None:
        return math.inf
    found = _DURATION.fullmatch(text)
    if not found or float(found[1]) <= 0:
        problems.append(Problem(f"{option}: '{text}' is not a time; write it as 50ms or 2s"))
        return math.inf
    return float(found[1]) * _SECONDS[found[2].lower()]


def show_serving(
    answer: Serving, load: Load, *, hourly_price: float | None = None, as_json: bool = False
) -> None:
    """Print one answer, with what its tokens cost where a price is given.

    Args:
        answer: what is served.
        load: the load that was asked for.
        hourly_price: price of one chip for an hour; None for no costs.
        as_json: print one JSON object instead of a table.

    Raises:
        CaseError: for a price below zero, and a price where nothing is served.
    """
    from capexpand.hardware.pareto import token_costs

    costs = None if hourly_price is None else token_costs(answer, load, hourly_price=hourly_price)
    if as_json:
        added = {} if costs is None else {"costs": asdict(costs)}
        print_json({**asdict(answer), **added})
        return
    _print_serving(answer, costs)


def show_trade(
    model: str | None,
    chip: str | None,
    *,
    asked: Asked,
    hourly_price: float | None = None,
    picture: Path | None = None,
    as_json: bool = False,
) -> None:
    """Print the curve of tokens for each chip against tokens for each user.

    Args:
        model: name of the model; None with a configuration.
        chip: name of the chip; None with a data sheet.
        asked: the options.
        hourly_price: price of one chip for an hour; None for no costs.
        picture: where to draw the curve as SVG; None for no picture.
        as_json: print one JSON object instead of a table.

    Raises:
        CaseError: for options that cannot be read, and where nothing can be served.
    """
    from capexpand.hardware.pareto import trade_curve

    put = question(model, chip, asked=asked)
    curve = trade_curve(
        put.model,
        put.chip,
        chips=asked.count,
        load=put.load,
        weights=asked.weights,
        cache=asked.cache,
        way=put.way,
        suite=asked.suite,
        software_on=put.software_on,
        calibration=put.calibration,
    )
    if not curve:
        raise CaseError([Problem("nothing can be served at any speed that users may ask for")])
    if picture is not None:
        from capexpand.cli.tokens_picture import save_trade

        save_trade(curve, picture)
    _print_trade(curve, put.load, hourly_price=hourly_price, as_json=as_json)


def _print_trade(
    curve: Sequence[TradePoint], load: Load, *, hourly_price: float | None, as_json: bool
) -> None:
    from rich.table import Table

    from capexpand.hardware.pareto import token_costs

    costs = [
        None if hourly_price is None else token_costs(one.answer, load, hourly_price=hourly_price)
        for one in curve
    ]
    if as_json:
        points = [
            {**asdict(one), "costs": None if cost is None else asdict(cost)}
            for one, cost in zip(curve, costs, strict=True)
        ]
        print_json({"points": points})
        return
    first = curve[0].answer
    table = Table(title=f"{first.model} on {first.chips} × {first.chip}", title_justify="left")
    for heading in ("tokens/s a user", "tokens/s a chip", "TPOT", "TTFT", "layout", "per million out"):
        table.add_column(heading, justify="right")
    for one, cost in zip(curve, costs, strict=True):
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
