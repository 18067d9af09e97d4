"""What the compiled serving loop reads and writes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# columns of ReplicaState.numbers
STEPS, DECODES, FREE_PAGES, HEAP_SIZE, PARTIAL, HEAD, TAIL, LAST_RUNNING, RUNNING = range(9)
OUTSTANDING, ITERATIONS, PREEMPTIONS, LOWEST_FREE, CACHE_SIZE, CACHE_NEWEST, CACHE_OLDEST = range(9, 16)
ENDING = 16
NUMBER_COLUMNS = 17
# columns of ReplicaState.clocks
CLOCK, CACHED_TOKENS, BUSY, TOKEN_SECONDS, NEXT_EVENT = range(5)
CLOCK_COLUMNS = 5

NONE = -1
UNLIMITED = 1 << 60


class Settings(NamedTuple):
    """How a replica works: step time [s], limits of a step, memory [pages], prefix cache [blocks]."""

    base_s: float
    per_prefill_token_s: float
    per_cached_token_s: float
    per_sequence_s: float
    step_tokens: int
    sequences: int
    page_tokens: int
    pages: int
    cache_blocks: int
    block_tokens: int


class Requests(NamedTuple):
    """The requests, sorted by arrival: arrival [s], prompt and output [token], blocks of the prompt's prefix.

    The prefix of request i is ``blocks[first_block[i] : first_block[i + 1]]``, numbers from 0.
    """

    arrival_s: np.ndarray
    prompt: np.ndarray
    output: np.ndarray
    first_block: np.ndarray
    blocks: np.ndarray


class RequestState(NamedTuple):
    """What is known of each request while it runs, each of shape (requests,).

    Tokens emitted, tokens of which the state is held, the step of the replica at which it finishes (or -1),
    what the context held less the steps done when it began to decode, and the neighbours in the two lists.
    """

    emitted: np.ndarray
    computed: np.ndarray
    finish_step: np.ndarray
    offset: np.ndarray
    next_waiting: np.ndarray
    before: np.ndarray
    after: np.ndarray


class ReplicaState(NamedTuple):
    """The replicas: numbers and clocks by column, heaps of ends, page crossings by step, caches, scratch."""

    numbers: np.ndarray
    clocks: np.ndarray
    heap_step: np.ndarray
    heap_request: np.ndarray
    crossings: np.ndarray
    cache_newer: np.ndarray
    cache_older: np.ndarray
    scratch: np.ndarray


class Served(NamedTuple):
    """The results, each of shape (requests,): times [s], replica, times preempted, tokens reused."""

    first_token_s: np.ndarray
    finish_s: np.ndarray
    replica: np.ndarray
    preempted: np.ndarray
    reused: np.ndarray
