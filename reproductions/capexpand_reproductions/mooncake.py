"""Mooncake's table of workloads (FAST 2025, table 2)."""

from __future__ import annotations

from capexpand.replay.traces import RequestTrace


def reusable_fraction(trace: RequestTrace) -> float:
    """Return the share of prompt tokens that a cache of any size would remember.

    Requests are taken in order of arrival. A prompt can reuse the blocks at its beginning that an earlier
    prompt had; the last block of a prompt may be partly filled, and counts with the tokens that the prompt
    has.

    Args:
        trace: requests with prefixes.
    """
    seen: set[int] = set()
    reused = 0
    blocks = trace.blocks.tolist()
    first = trace.first_block.tolist()
    for i, prompt in enumerate(trace.prompt_tokens.tolist()):
        matched = 0
        own = blocks[first[i] : first[i + 1]]
        for block in own:
            if block not in seen:
                break
            matched += 1
        reused += min(matched * trace.block_tokens, prompt)
        seen.update(own)
    return reused / float(trace.prompt_tokens.sum())
