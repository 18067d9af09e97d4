"""The trade between tokens for each chip and tokens for each user, and what a million tokens cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.hardware.estimate import Serving, ServingQuestion, serve_within
from capexpand.hardware.specs import Load


@dataclass(frozen=True, slots=True)
class TradePoint:
    """One way to serve, none other being better both for the chips and for the users.

    Args:
        tokens_per_user_s: tokens that one user gets [tokens/s].
        tokens_per_chip_s: tokens generated [tokens/s and chip].
        time_per_token_s: time per output token [s].
        time_to_first_token_s: prefill of a prompt on an idle copy [s].
        answer: the whole answer.
    """

    tokens_per_user_s: float
    tokens_per_chip_s: float
    time_per_token_s: float
    time_to_first_token_s: float
    answer: Serving


USER_RATES = tuple(float(rate) for rate in np.geomspace(5, 500, 24))
"""Tokens a second for each user that are asked for [tokens/s]."""


def trade_curve(
    question: ServingQuestion, *, user_rates: Sequence[float] = USER_RATES
) -> tuple[TradePoint, ...]:
    """Give the curve of tokens for each chip against tokens for each user, from slow users to fast ones.

    Args:
        question: what is asked; its load's limit on the time per token is replaced.
        user_rates: tokens a second for each user to ask for.

    Raises:
        CaseError: see :func:`capexpand.hardware.estimate.serve`.
    """
    found: list[TradePoint] = []
    answers = serve_within([1 / rate for rate in sorted(user_rates, reverse=True)], question)
    for answer in answers:
        if not answer.fits:
            continue
        per_chip = answer.output_tokens_per_s / answer.chips
        if found and per_chip <= found[-1].tokens_per_chip_s * (1 + 1e-9):
            continue
        found.append(
            TradePoint(
                1 / answer.time_per_token_s, per_chip, answer.time_per_token_s, answer.prefill_s, answer
            )
        )
    return tuple(reversed(found))


@dataclass(frozen=True, slots=True)
class TokenCosts:
    """The cost of tokens at a price for an hour of a chip, in its currency.

    Args:
        per_million_input: a million prompt tokens that are computed.
        per_million_cached: a million prompt tokens that a cache holds.
        per_million_output: a million tokens generated.
        per_million_all: a million tokens of both kinds.
    """

    per_million_input: float
    per_million_cached: float
    per_million_output: float
    per_million_all: float


_CACHED_SHARE = 0.1
"""Cost of a cached prompt token over a computed one: the share at which operators price hits."""


def token_costs(
    answer: Serving, load: Load, *, hourly_price: float, prompt_share: float | None = None
) -> TokenCosts:
    """Split the price of the chips over input, cached and output tokens by the time each takes.

    Args:
        load: lengths, with the share of the prompt that a cache holds.
        hourly_price: price of one chip for an hour.
        prompt_share: share of the chips' time that prompts take; by default as the answer's times say.

    Raises:
        CaseError: for a price below zero, and where nothing is served.
    """
    if not (np.isfinite(hourly_price) and hourly_price >= 0):
        raise CaseError([Problem(f"the hourly price {hourly_price:g} is not zero or more")])
    if not answer.fits:
        raise CaseError([Problem(f"nothing is served, so no token has a cost: {answer.reason}")])
    cached = float(np.max(load.cached_fraction))
    per_second = hourly_price * answer.chips / 3600
    share = answer.prompt_time_share if prompt_share is None else prompt_share
    weighed = answer.input_tokens_per_s * (1 - cached + cached * _CACHED_SHARE)
    computed = per_second * share / weighed * 1e6 if weighed else 0.0
    return TokenCosts(
        per_million_input=computed,
        per_million_cached=computed * _CACHED_SHARE,
        per_million_output=per_second * (1 - share) / answer.output_tokens_per_s * 1e6,
        per_million_all=per_second / (answer.input_tokens_per_s + answer.output_tokens_per_s) * 1e6,
    )
