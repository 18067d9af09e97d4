"""Deployments that reports of prefill and decode apart describe: the chips of one instance."""

from __future__ import annotations

import re

from capexpand.hardware.layouts import Layout

_RANKS: tuple[tuple[str, str, int], ...] = (
    (r"open-infra|inference system overview", "prefill", 32),
    (r"open-infra|inference system overview", "decode", 144),
    (r"deepseek/profile-data", "prefill", 32),
    (r"deepseek/profile-data", "decode", 128),
    (r"on 96 h100", "prefill", 32),
    (r"on 96 h100", "decode", 72),
    (r"cloudmatrix384", "prefill", 16),
    (r"cloudmatrix384", "decode", 160),
)
"""Source, phase, and the chips over which attention's data and all experts are spread.

DeepSeek's overview: "Routed Expert EP32, MLA/Shared Expert DP32" to prefill, EP144 and DP144 to decode; its
published profiles: EP32 and EP128. LMSYS on 96 H100: four nodes to prefill, nine to decode. CloudMatrix384
(arXiv 2506.12708): 16 chips of two dies to prefill, 160 to decode.
"""


def deployed(source: str, phase: str) -> Layout | None:
    """Give the layout that a report describes; None where it describes none.

    Args:
        source: the row's source and quote.
        phase: ``prefill``, ``decode`` or ``together``.
    """
    words = source.lower()
    ranks = next((ranks for mark, of, ranks in _RANKS if of == phase and re.search(mark, words)), 0)
    return Layout(data=ranks) if ranks else None
