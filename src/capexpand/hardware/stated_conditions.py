"""Conditions that a row of measurements states in the words of its metric."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from capexpand.hardware.conditions import Conditions

_PAIR = re.compile(
    r"(?<![\d.])(\d+(?:\.\d+)?)\s*(k?)\s*(?:/|in\s*/|:|→|->)\s*(\d+(?:\.\d+)?)\s*(k?)(?![\d.])", re.IGNORECASE
)
_PROMPT = re.compile(
    r"(\d+(?:\.\d+)?)\s*(k?)[\s-]*(?:tokens?[\s-]*)?(?:long\s*)?(?:inputs?|prompts?|context|isl)\b",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"(\d+(?:\.\d+)?)\s*(k?)[\s-]*(?:tokens?[\s-]*)?(?:outputs?|answers?|osl)\b", re.IGNORECASE
)
_NAMED_LENGTH = re.compile(
    r"\b(isl|osl|input|output)(?:[\s_-]*len(?:gth)?)?\s*[=:]?\s*(\d+(?:\.\d+)?)\s*(k?)\b", re.IGNORECASE
)
_TIME_LIMIT = re.compile(
    r"(?:(?:tpot|itl|time per (?:output )?token)\s*(?:<=?|≤|under|within|of|at|:|=)?\s*(\d+(?:\.\d+)?)\s*ms)"
    r"|(?:(\d+(?:\.\d+)?)\s*ms\s*(?:tpot|itl|latency|per (?:output )?token))",
    re.IGNORECASE,
)
_USER_RATE = re.compile(
    r"(\d+(?:\.\d+)?)\s*"
    r"(?:tok(?:en)?s?\s*/\s*s(?:ec)?\s*/\s*user|tps\s*/\s*user|tokens? per second per user)",
    re.IGNORECASE,
)
_FIRST_LIMIT = re.compile(
    r"ttft\s*(?:<=?|≤|under|within|of|at|:|=)?\s*(\d+(?:\.\d+)?)\s*(ms|s)\b", re.IGNORECASE
)
_RUNNING = re.compile(
    r"(?:concurrency|\bconc|in flight|batch(?: size)?)\s*(?:of|at|:|=)?\s*(\d+)\b(?!\s*(?:k|m|/|per\b))"
    r"|\b(\d+)\s*(?:concurrent|concurrency|(?:requests?|sequences?) in flight)\b",
    re.IGNORECASE,
)
_DRAFTS = re.compile(r"\b(?:mtp|eagle\d?|speculative decoding)\s*[-=:×x]?\s*(\d)?(?!\d)", re.IGNORECASE)
_WITHOUT_DRAFTS = re.compile(
    r"\b(?:no|without|w/o|off:?)\s+(?:mtp|eagle\d?|speculative decoding)|\bmtp\s*[-=:]?\s*(?:off|0)\b",
    re.IGNORECASE,
)

ACCEPTANCE = 0.7
"""Probability that a proposed token is accepted where a row does not say: an assumption."""


def _number(digits: str, kilo: str) -> float:
    """Read a length; ``8k`` means 8192 and ``1k`` 1024, as benchmarks write them."""
    return float(digits) * (1024.0 if kilo else 1.0)


def stated(known: Conditions, metric: str) -> Conditions:
    """Overwrite a benchmark's usual conditions by what a row itself states.

    Args:
        known: what the benchmark fixes.
        metric: the row's metric in words.
    """
    bare = _USER_RATE.sub(" ", metric)
    prompt, answer = known.input_tokens, known.output_tokens
    named = {name.lower(): _number(digits, kilo) for name, digits, kilo in _NAMED_LENGTH.findall(bare)}
    prompt = named.get("isl", named.get("input", prompt))
    answer = named.get("osl", named.get("output", answer))
    pair = _PAIR.search(bare)
    if pair:
        prompt, answer = _number(pair.group(1), pair.group(2)), _number(pair.group(3), pair.group(4))
    elif found := _PROMPT.search(bare):
        prompt = _number(found.group(1), found.group(2))
        if found_answer := _ANSWER.search(bare):
            answer = _number(found_answer.group(1), found_answer.group(2))
    per_token, first = known.time_per_token_s, known.time_to_first_token_s
    if found := _USER_RATE.search(metric):
        per_token = 1 / float(found.group(1))
    elif found := _TIME_LIMIT.search(metric):
        per_token = float(found.group(1) or found.group(2)) / 1000
    if found := _FIRST_LIMIT.search(metric):
        first = float(found.group(1)) / (1000 if found.group(2).lower() == "ms" else 1)
    cached = known.cached_fraction
    if re.search(r"incl\S* (?:the )?cache|including cache", metric, re.IGNORECASE) and not cached:
        cached = 0.563  # the only published share of hits beside a rate that counts them
    running = min((float(number) for number in _numbers(_RUNNING, metric)), default=math.inf)
    drafted = known.draft_tokens, known.acceptance
    if _WITHOUT_DRAFTS.search(metric):
        drafted = 0.0, 0.0
    elif found := _DRAFTS.search(metric):
        drafted = float(found.group(1) or 1), drafted[1] or ACCEPTANCE
    return replace(
        known,
        running_max=min(known.running_max, running),
        draft_tokens=drafted[0],
        acceptance=drafted[1],
        input_tokens=prompt,
        output_tokens=answer,
        time_per_token_s=per_token,
        time_to_first_token_s=first,
        cached_fraction=cached,
    )


def _numbers(pattern: re.Pattern[str], metric: str) -> list[str]:
    """List the numbers that a pattern of alternatives finds."""
    return [next(group for group in found.groups() if group) for found in pattern.finditer(metric)]
