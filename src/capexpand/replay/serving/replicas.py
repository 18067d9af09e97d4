"""Replicas of a model, and the routing of requests to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Routing(IntEnum):
    """How an arriving request finds its replica.

    Least outstanding is a good default. Round robin is faster to replay, since replicas do not see each
    other. Prefix-aware pays when prompts share beginnings and replicas remember them.
    """

    ROUND_ROBIN = 0
    LEAST_OUTSTANDING = 1
    PREFIX_AWARE = 2


@dataclass(frozen=True, slots=True)
class StepTime:
    """How long a step of a replica takes, linear in what it computes and reads.

    Args:
        base_s: of any step [s].
        per_prefill_token_s: for each token of a prompt computed in it [s/token].
        per_cached_token_s: for each token of context that it reads [s/token].
        per_sequence_s: for each request in it [s].
    """

    base_s: float
    per_prefill_token_s: float
    per_cached_token_s: float
    per_sequence_s: float

    def __post_init__(self) -> None:
        values = (self.base_s, self.per_prefill_token_s, self.per_cached_token_s, self.per_sequence_s)
        if any(value < 0 for value in values) or self.base_s <= 0:
            raise ValueError("the base of a step time must be above 0 s, its other parts not below 0")


@dataclass(frozen=True, slots=True)
class Replica:
    """One copy of a model that serves requests by continuous batching.

    Args:
        step_time: how long its steps take.
        step_tokens: most tokens computed in a step; a longer prompt is cut into chunks [token].
        sequences: most requests in a step.
        memory_tokens: room for the state of running requests; None for no limit [token].
        page_tokens: tokens in a page of that memory [token].
        cache_tokens: room for prefixes beside it; 0 for none, None for no limit [token].
    """

    step_time: StepTime
    step_tokens: int = 2048
    sequences: int = 256
    memory_tokens: int | None = None
    page_tokens: int = 16
    cache_tokens: int | None = 0

    def __post_init__(self) -> None:
        if not 1 <= self.sequences <= self.step_tokens:
            raise ValueError("a step must allow at least one sequence, and a token for each")
        if self.page_tokens < 1 or (self.memory_tokens is not None and self.memory_tokens < self.page_tokens):
            raise ValueError("memory must hold at least one page of at least one token")

    @property
    def pages(self) -> int | None:
        """Pages of memory, None for no limit."""
        return None if self.memory_tokens is None else self.memory_tokens // self.page_tokens
