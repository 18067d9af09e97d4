"""Generate requests from ServeGen's statistics of clients.

Each client sends, in each window of ten minutes, at a measured rate with gaps from a gamma or Weibull
distribution of measured shape; the lengths of its requests come from measured quantiles of the six hours
around.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.replay.sources.tables import read_columns
from capexpand.replay.traces import LAST_TIME_S, MOST_TOKENS, RequestTrace, make_request_trace

if TYPE_CHECKING:
    import polars as pl

WINDOW_S = 600.0
MOST_SPAN_S = 10_000 * 3600.0
MOST_REQUESTS = 20_000_000
_LEVELS = (0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 100)
_INPUTS = ("input_tokens", "text_tokens")


def generate_servegen(
    folder: Path,
    *,
    model: str,
    start_s: float = 0.0,
    span_s: float = 3600.0,
    load: float = 1.0,
    seed: int = 0,
) -> RequestTrace:
    """Draw requests for a model over a span of the measured days.

    Clients whose lengths are not in the statistics are left out and counted by their expected requests.

    Args:
        folder: the folder that holds ``client_rates.parquet`` and ``client_length_quantiles.parquet``.
        model: a model of the statistics, such as ``m-mid``.
        start_s: where in the measured days to begin [s]; rounded down to a window.
        span_s: how long [s]; rounded up to windows.
        load: factor on every rate.

    Raises:
        CaseError: the files lack what is needed, or the model or the span holds no request.
    """
    import polars as pl

    if not 0 < span_s <= MOST_SPAN_S or not 0 < load <= 1e6 or not 0 <= start_s <= LAST_TIME_S:
        raise CaseError([Problem(f"--span-hours must be above 0 and at most {MOST_SPAN_S / 3600:.0f}")])
    rates = read_columns(
        folder / "client_rates.parquet",
        {"model": pl.String, "client": pl.Int64, "t": pl.Int64, "rate": pl.Float64, "pat": pl.String}
        | {"p1": pl.Float64},
    )
    rates = _only_finite(folder / "client_rates.parquet", rates, load)
    models = sorted(rates["model"].unique().to_list())
    if model not in models:
        problem = Problem(f"unknown model {model!r}; there are {', '.join(models)}", file=folder)
        raise CaseError([problem])
    begin = start_s // WINDOW_S * WINDOW_S
    end = begin + math.ceil(span_s / WINDOW_S) * WINDOW_S
    rates = rates.filter((pl.col("model") == model) & (pl.col("t") >= begin) & (pl.col("t") < end))
    expected = float((rates["rate"] * (load * WINDOW_S)).sum())
    if expected > MOST_REQUESTS:
        message = (
            f"makes about {expected:.3g} requests; at most {MOST_REQUESTS:,} are drawn, shorten --span-hours"
        )
        raise CaseError([Problem(message, file=folder)])
    lengths = _read_lengths(folder, model)
    random = np.random.default_rng(seed)
    pieces: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    unknown = 0.0
    for client, window, rate, pattern, shape in rates.select("client", "t", "rate", "pat", "p1").iter_rows():
        if client not in lengths:
            unknown += rate * load * WINDOW_S
            continue
        times = window + _draw_arrivals(random, rate * load, pattern, shape)
        tables = lengths[client]
        nearest = min(tables, key=lambda t: abs(t - window))
        prompt, output = (
            np.interp(random.random(len(times)), np.array(_LEVELS) / 100, tables[nearest][kind])
            for kind in ("input", "output")
        )
        pieces.append((times, np.maximum(np.round(prompt), 1), np.maximum(np.round(output), 1)))
    if not pieces or not sum(len(piece[0]) for piece in pieces):
        raise CaseError(
            [Problem(f"no request of {model} between {begin:.0f} s and {end:.0f} s", file=folder)]
        )
    times, prompt, output = (np.concatenate(columns) for columns in zip(*pieces, strict=True))
    order = np.argsort(times, kind="stable")
    trace = make_request_trace(f"servegen-{model}", times[order], prompt[order], output[order])
    if not unknown:
        return trace
    counted = trace.exclusions.plus({"expected of clients without lengths": round(unknown)})
    return RequestTrace(
        trace.name,
        trace.arrival_s,
        trace.prompt_tokens,
        trace.output_tokens,
        trace.first_block,
        trace.blocks,
        0,
        type(counted)(counted.rows + round(unknown), counted.counts),
    )


def _only_finite(path: Path, rates: pl.DataFrame, load: float) -> pl.DataFrame:
    """Leave out windows without requests, and refuse rates and shapes from which nothing can be drawn."""
    import polars as pl

    empty = pl.col("rate") == 0
    wrong = rates.filter(
        ~(
            empty
            | (pl.col("rate").is_between(1e-9, 1e6 / load) & pl.col("p1").is_between(0.01, 1e4))
            & pl.col("t").is_between(0, int(LAST_TIME_S))
        ).fill_null(value=False)
    )
    if len(wrong):
        row = wrong.row(0, named=True)
        message = (
            f"client {row['client']} at {row['t']} s has the rate {row['rate']} and the shape {row['p1']}"
        )
        raise CaseError([Problem(f"{message}; both are finite and above 0", file=path)])
    return rates.filter(~empty & pl.col("model").is_not_null())


def _read_lengths(folder: Path, model: str) -> dict[int, dict[int, dict[str, np.ndarray]]]:
    """Return the quantiles of prompt and output by client and time; clients that lack one are left out."""
    import polars as pl

    levels = [f"q{level:02d}" for level in _LEVELS]
    table = read_columns(
        folder / "client_length_quantiles.parquet",
        {"model": pl.String, "client": pl.Int64, "t": pl.Int64, "field": pl.String}
        | dict.fromkeys(levels, pl.Float64),
    ).filter(pl.col("model") == model)
    if not table.select(
        pl.all_horizontal(pl.col(levels).is_between(0, MOST_TOKENS)).fill_null(value=False).all()
    ).item():
        message = f"a quantile of a length of {model} is missing or not from 0 to {MOST_TOKENS:,} tokens"
        raise CaseError([Problem(message, file=folder / "client_length_quantiles.parquet")])
    result: dict[int, dict[int, dict[str, np.ndarray]]] = {}
    for row in table.select("client", "t", "field", *levels).iter_rows():
        client, time, field, *values = row
        kind = "input" if field in _INPUTS else "output" if field == "output_tokens" else ""
        if kind:
            result.setdefault(client, {}).setdefault(time, {})[kind] = np.array(values)
    complete = {
        client: {time: kinds for time, kinds in times.items() if len(kinds) == 2}
        for client, times in result.items()
    }
    return {client: times for client, times in complete.items() if times}


def _draw_arrivals(random: np.random.Generator, rate: float, pattern: str, shape: float) -> np.ndarray:
    """Draw arrivals within a window as a renewal process, of which the window is a stationary cut.

    The gaps have the measured shape and the mean that the rate asks for. The process is begun some gaps
    before the window, so that it does not start afresh with each.
    """
    mean = 1.0 / rate
    lead = min(20 * mean, WINDOW_S)
    times = np.zeros(0)
    last = -lead * random.random()
    while last < WINDOW_S:
        count = int((WINDOW_S - last) * rate * 1.2) + 16
        if pattern == "Weibull":
            gaps = random.weibull(shape, count) * (mean / math.gamma(1 + 1 / shape))
        else:
            gaps = random.gamma(shape, mean / shape, count)
        more = last + np.cumsum(gaps)
        times = np.concatenate((times, more))
        last = float(more[-1])
    return times[(times >= 0) & (times < WINDOW_S)]
