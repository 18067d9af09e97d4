"""Advance one replica in time: scheduled steps one by one, runs of decoding in closed form.

The rules of a step are those of vLLM's scheduler (version 1): requests that decode come first and take one
token each; then the one request whose prompt is partly done; then waiting ones in order, as long as tokens,
sequences and pages of memory remain. Where a decoding request finds no page, the request admitted last gives
up its pages and goes to the front of the queue; it will compute its prompt and what it had generated again.
In a step with such a preemption nothing is admitted.

A step takes ``base + per_prefill_token x + per_cached_token y + per_sequence z``. While the same n requests
only decode, y grows by n a step, so that the time of k steps is a quadratic in k, and the run is skipped at
once.
"""

from __future__ import annotations

import math

import numpy as np

from capexpand.replay import heap
from capexpand.replay.compiled import inline_kernel, kernel
from capexpand.replay.serving.lists import match_prefix, remember_prefix
from capexpand.replay.serving.state import (
    BUSY,
    CACHED_TOKENS,
    CLOCK,
    DECODES,
    ENDING,
    FREE_PAGES,
    HEAD,
    HEAP_SIZE,
    ITERATIONS,
    LAST_RUNNING,
    LOWEST_FREE,
    NEXT_EVENT,
    NONE,
    OUTSTANDING,
    PARTIAL,
    PREEMPTIONS,
    RUNNING,
    STEPS,
    TAIL,
    TOKEN_SECONDS,
    ReplicaState,
    Requests,
    RequestState,
    Served,
    Settings,
)


@inline_kernel
def steps_before(room_s: float, first_s: float, growth_s: float) -> int:
    """Return how many steps begin before ``room_s`` from now, at least one.

    Args:
        room_s: time until then [s], above 0.
        first_s: time of the first step [s].
        growth_s: by how much each step is longer than the one before [s].
    """
    if growth_s <= 0.0:
        guess = int(room_s / first_s)
    else:
        half = first_s - 0.5 * growth_s
        guess = int((-half + math.sqrt(half * half + 2.0 * growth_s * room_s)) / growth_s)
    guess = max(guess - 1, 0)
    # the root may be off by one in the last bit
    while guess * first_s + growth_s * 0.5 * guess * (guess - 1) < room_s:
        guess += 1
    return max(guess, 1)


@inline_kernel
def steps_within_pages(limit: int, free: int, decodes: int, now: int, crossings: np.ndarray) -> int:
    """Return for how many steps, at most ``limit``, the free pages suffice."""
    page = len(crossings)
    if free >= (limit // page + 1) * decodes:
        return limit
    done = 0
    if limit > page:
        cycles = min(free // decodes, limit // page)
        done = cycles * page
        free -= cycles * decodes
    while done < limit:
        need = crossings[(now + done) % page]
        if need > free:
            break
        free -= need
        done += 1
    return done


@inline_kernel
def pages_crossed(count: int, decodes: int, now: int, crossings: np.ndarray) -> int:
    """Return how many pages ``count`` steps take."""
    page = len(crossings)
    taken = (count // page) * decodes
    slot = now % page
    for _ in range(count % page):
        taken += crossings[slot]
        slot += 1
        if slot == page:
            slot = 0
    return taken


@inline_kernel
def enqueue(r: int, i: int, now: float, request: RequestState, replica: ReplicaState) -> None:
    """Put an arriving request at the end of a replica's queue."""
    numbers = replica.numbers[r]
    clocks = replica.clocks[r]
    if numbers[RUNNING] == 0 and numbers[HEAD] == NONE and clocks[CLOCK] < now:
        clocks[CLOCK] = now
    request.next_waiting[i] = NONE
    if numbers[HEAD] == NONE:
        numbers[HEAD] = i
    else:
        request.next_waiting[numbers[TAIL]] = i
    numbers[TAIL] = i
    numbers[OUTSTANDING] += 1
    clocks[NEXT_EVENT] = clocks[CLOCK]


@inline_kernel
def _start_running(r: int, i: int, request: RequestState, replica: ReplicaState) -> None:
    """Take the head of the queue and append it to the running requests."""
    numbers = replica.numbers[r]
    numbers[HEAD] = request.next_waiting[i]
    last = numbers[LAST_RUNNING]
    request.before[i] = last
    request.after[i] = NONE
    if last != NONE:
        request.after[last] = i
    numbers[LAST_RUNNING] = i
    numbers[RUNNING] += 1


@inline_kernel
def _stop_running(r: int, i: int, request: RequestState, replica: ReplicaState) -> None:
    """Take a request out of the running ones, wherever it stands among them."""
    numbers = replica.numbers[r]
    up = request.before[i]
    down = request.after[i]
    if up != NONE:
        request.after[up] = down
    if down != NONE:
        request.before[down] = up
    else:
        numbers[LAST_RUNNING] = up
    numbers[RUNNING] -= 1


@inline_kernel
def _start_decoding(
    r: int, i: int, requests: Requests, settings: Settings, request: RequestState, replica: ReplicaState
) -> None:
    """Let a request with its prompt computed and its next token out decode from the next step on."""
    numbers = replica.numbers[r]
    computed = request.computed[i]
    offset = computed - numbers[STEPS]
    request.offset[i] = offset
    replica.crossings[r, -offset % settings.page_tokens] += 1
    replica.clocks[r, CACHED_TOKENS] += computed
    numbers[DECODES] += 1
    # it ends with the step that emits the last token
    finish = numbers[STEPS] + requests.output[i] - (computed - requests.prompt[i] + 1)
    request.finish_step[i] = finish
    numbers[HEAP_SIZE] = heap.push(
        replica.heap_step[r], replica.heap_request[r], numbers[HEAP_SIZE], finish, i, request.finish_step
    )


@kernel
def _preempt_last(
    r: int,
    requests: Requests,
    settings: Settings,
    request: RequestState,
    replica: ReplicaState,
    served: Served,
) -> None:
    """Take the pages of the request admitted last and put it at the front of the queue."""
    numbers = replica.numbers[r]
    page = settings.page_tokens
    victim = numbers[LAST_RUNNING]
    if victim == numbers[PARTIAL]:
        numbers[PARTIAL] = NONE
    else:
        offset = request.offset[victim]
        request.computed[victim] = offset + numbers[STEPS]
        request.emitted[victim] = request.computed[victim] - requests.prompt[victim] + 1
        replica.crossings[r, -offset % page] -= 1
        replica.clocks[r, CACHED_TOKENS] -= request.computed[victim]
        numbers[DECODES] -= 1
    _stop_running(r, victim, request, replica)
    numbers[FREE_PAGES] += (request.computed[victim] + page - 1) // page
    request.finish_step[victim] = NONE
    request.computed[victim] = 0
    request.next_waiting[victim] = numbers[HEAD]
    if numbers[HEAD] == NONE:
        numbers[TAIL] = victim
    numbers[HEAD] = victim
    numbers[PREEMPTIONS] += 1
    served.preempted[victim] += 1


@inline_kernel
def _finish(
    r: int,
    i: int,
    now: float,
    settings: Settings,
    request: RequestState,
    replica: ReplicaState,
    served: Served,
) -> None:
    """Record the end of a request and free its pages."""
    numbers = replica.numbers[r]
    page = settings.page_tokens
    served.finish_s[i] = now
    _stop_running(r, i, request, replica)
    numbers[FREE_PAGES] += (request.computed[i] + page - 1) // page
    numbers[OUTSTANDING] -= 1
    numbers[ENDING] += 1


@inline_kernel
def _finish_decodes(
    r: int, now: float, settings: Settings, request: RequestState, replica: ReplicaState, served: Served
) -> None:
    """End every decoding request whose last step is done."""
    numbers = replica.numbers[r]
    step = replica.heap_step[r]
    ends = replica.heap_request[r]
    while numbers[HEAP_SIZE] > 0 and step[0] <= numbers[STEPS]:
        i = ends[0]
        valid = request.finish_step[i] == step[0]
        numbers[HEAP_SIZE] = heap.pop(step, ends, numbers[HEAP_SIZE])
        if valid:
            offset = request.offset[i]
            request.computed[i] = offset + numbers[STEPS]
            request.finish_step[i] = NONE
            replica.crossings[r, -offset % settings.page_tokens] -= 1
            replica.clocks[r, CACHED_TOKENS] -= request.computed[i]
            numbers[DECODES] -= 1
            _finish(r, i, now, settings, request, replica, served)


@inline_kernel
def _reusable(r: int, i: int, requests: Requests, settings: Settings, replica: ReplicaState) -> int:
    """Return how many tokens of a prompt need not be computed, leaving at least one to compute."""
    if settings.cache_blocks == 0:
        return 0
    first, last = requests.first_block[i], requests.first_block[i + 1]
    matched = match_prefix(replica.cache_newer[r], requests.blocks, first, last)
    return min(matched * settings.block_tokens, requests.prompt[i] - 1)


@inline_kernel
def _scheduled_step(
    r: int,
    requests: Requests,
    settings: Settings,
    request: RequestState,
    replica: ReplicaState,
    served: Served,
) -> None:
    """Do one step by the full rules."""
    numbers = replica.numbers[r]
    clocks = replica.clocks[r]
    page = settings.page_tokens
    before = numbers[PREEMPTIONS]
    slot = numbers[STEPS] % page
    while replica.crossings[r, slot] > numbers[FREE_PAGES]:
        _preempt_last(r, requests, settings, request, replica, served)
    numbers[FREE_PAGES] -= replica.crossings[r, slot]
    decodes = numbers[DECODES]
    cached = clocks[CACHED_TOKENS]
    budget = settings.step_tokens - decodes
    prefill = 0
    sequences = decodes
    done = replica.scratch
    finished = 0
    i = numbers[PARTIAL]
    if i != NONE and budget > 0:
        target = requests.prompt[i] + request.emitted[i]
        chunk = min(target - request.computed[i], budget)
        held = (request.computed[i] + page - 1) // page
        pages = (request.computed[i] + chunk + page - 1) // page - held
        if pages > numbers[FREE_PAGES]:
            _preempt_last(r, requests, settings, request, replica, served)
        else:
            numbers[FREE_PAGES] -= pages
            cached += request.computed[i]
            request.computed[i] += chunk
            prefill += chunk
            budget -= chunk
            sequences += 1
            if request.computed[i] == target:
                numbers[PARTIAL] = NONE
                done[finished] = i
                finished += 1
    if numbers[PREEMPTIONS] == before:
        while numbers[HEAD] != NONE and budget > 0 and numbers[RUNNING] < settings.sequences:
            i = numbers[HEAD]
            target = requests.prompt[i] + request.emitted[i]
            reused = _reusable(r, i, requests, settings, replica)
            chunk = min(target - reused, budget)
            pages = (reused + chunk + page - 1) // page
            if pages > numbers[FREE_PAGES]:
                break
            numbers[FREE_PAGES] -= pages
            _start_running(r, i, request, replica)
            served.reused[i] += reused
            cached += reused
            request.computed[i] = reused + chunk
            prefill += chunk
            budget -= chunk
            sequences += 1
            if request.computed[i] == target:
                done[finished] = i
                finished += 1
            else:
                numbers[PARTIAL] = i
    numbers[LOWEST_FREE] = min(numbers[LOWEST_FREE], numbers[FREE_PAGES])
    duration = (
        settings.base_s
        + settings.per_prefill_token_s * prefill
        + settings.per_cached_token_s * cached
        + settings.per_sequence_s * sequences
    )
    clocks[CLOCK] += duration
    clocks[BUSY] += duration
    clocks[TOKEN_SECONDS] += cached * duration
    clocks[CACHED_TOKENS] += decodes
    numbers[STEPS] += 1
    numbers[ITERATIONS] += 1
    now = clocks[CLOCK]
    numbers[ENDING] = 0
    _finish_decodes(r, now, settings, request, replica, served)
    for place in range(finished):
        i = done[place]
        if settings.cache_blocks > 0:
            remember_prefix(
                numbers,
                replica.cache_newer[r],
                replica.cache_older[r],
                requests.blocks,
                requests.first_block[i],
                requests.first_block[i + 1],
                settings.cache_blocks,
            )
        if request.emitted[i] == 0:
            served.first_token_s[i] = now
        request.emitted[i] += 1
        if request.emitted[i] == requests.output[i]:
            _finish(r, i, now, settings, request, replica, served)
        else:
            _start_decoding(r, i, requests, settings, request, replica)


@inline_kernel
def _head_must_wait(
    r: int, requests: Requests, settings: Settings, request: RequestState, replica: ReplicaState
) -> bool:
    """Tell whether nothing can be admitted while the same requests decode."""
    numbers = replica.numbers[r]
    i = numbers[HEAD]
    if i == NONE or numbers[RUNNING] >= settings.sequences:
        return True
    budget = settings.step_tokens - numbers[DECODES]
    if budget <= 0:
        return True
    if numbers[FREE_PAGES] * settings.page_tokens >= requests.prompt[i] + request.emitted[i]:
        return False
    reused = _reusable(r, i, requests, settings, replica)
    tokens = reused + min(requests.prompt[i] + request.emitted[i] - reused, budget)
    return (tokens + settings.page_tokens - 1) // settings.page_tokens > numbers[FREE_PAGES]


@kernel
def advance(
    r: int,
    until: float,
    requests: Requests,
    settings: Settings,
    request: RequestState,
    replica: ReplicaState,
    served: Served,
) -> None:
    """Do every step of a replica that begins before a time, and note when its load can next change.

    Args:
        until: the time [s]; infinite to finish everything in the queue.
        served: filled in.
    """
    numbers = replica.numbers[r]
    clocks = replica.clocks[r]
    heap_step = replica.heap_step[r]
    heap_request = replica.heap_request[r]
    crossings = replica.crossings[r]
    while True:
        decodes = numbers[DECODES]
        if numbers[RUNNING] == 0 and numbers[HEAD] == NONE:
            clocks[NEXT_EVENT] = np.inf
            return
        now = clocks[CLOCK]
        skip = 0
        limit = 0
        if (
            decodes > 0
            and numbers[PARTIAL] == NONE
            and _head_must_wait(r, requests, settings, request, replica)
        ):
            numbers[HEAP_SIZE] = heap.drop_stale(
                heap_step, heap_request, numbers[HEAP_SIZE], request.finish_step
            )
            limit = heap_step[0] - numbers[STEPS]
            skip = steps_within_pages(limit, numbers[FREE_PAGES], decodes, numbers[STEPS], crossings)
        growth = settings.per_cached_token_s * decodes
        first = (
            settings.base_s
            + settings.per_cached_token_s * clocks[CACHED_TOKENS]
            + settings.per_sequence_s * decodes
        )
        if now >= until:
            # the load changes at the end of this run, or at any step when the rules come into play
            clocks[NEXT_EVENT] = now
            if skip > 0 and numbers[ENDING] == 0:
                clocks[NEXT_EVENT] = now + skip * first + growth * 0.5 * skip * (skip - 1)
            return
        if skip == 0:
            _scheduled_step(r, requests, settings, request, replica, served)
            continue
        if until < np.inf and now + (skip - 1) * first + growth * 0.5 * (skip - 1) * (skip - 2) >= until:
            skip = min(skip, steps_before(until - now, first, growth))
        duration = skip * first + growth * 0.5 * skip * (skip - 1)
        numbers[FREE_PAGES] -= pages_crossed(skip, decodes, numbers[STEPS], crossings)
        numbers[LOWEST_FREE] = min(numbers[LOWEST_FREE], numbers[FREE_PAGES])
        tokens = clocks[CACHED_TOKENS]
        total = skip * tokens + decodes * 0.5 * skip * (skip - 1)
        squares = (
            skip * tokens * tokens
            + tokens * decodes * skip * (skip - 1)
            + decodes * decodes * (skip - 1) * skip * (2.0 * skip - 1) / 6.0
        )
        fixed = settings.base_s + settings.per_sequence_s * decodes
        clocks[TOKEN_SECONDS] += fixed * total + settings.per_cached_token_s * squares
        clocks[CLOCK] = now + duration
        clocks[BUSY] += duration
        clocks[CACHED_TOKENS] += decodes * skip
        numbers[STEPS] += skip
        numbers[ITERATIONS] += skip
        numbers[ENDING] = 0
        if skip == limit:
            _finish_decodes(r, clocks[CLOCK], settings, request, replica, served)
