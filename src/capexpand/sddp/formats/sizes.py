"""How large a problem may be that a file states: its arrays have to fit into memory."""

from __future__ import annotations

from collections.abc import Sequence

from capexpand.sddp.formats.document import ParsedFile, Place

MOST_NODES = 4_000
"""The graph is a dense matrix of nodes by nodes."""
MOST_NUMBERS = 60_000_000
"""Numbers in all arrays of a problem; training holds them several times."""


def check_sizes(
    document: ParsedFile,
    subproblems: Sequence[tuple[int, int, int]],
    *,
    states: int,
    nodes: Sequence[tuple[int, int, bool]],
) -> None:
    """Refuse a problem whose arrays would not fit.

    Args:
        subproblems: columns, rows and entries of each.
        nodes: for each its subproblem, its outcomes, and whether they change entries of the matrix.

    Raises:
        CaseError: it is too large.
    """
    problems: list[tuple[Place, str]] = []
    if len(nodes) > MOST_NODES:
        problems.append((("nodes",), f"there are {len(nodes):,}; at most {MOST_NODES:,} are solved"))
    numbers = len(nodes) ** 2 + sum(columns * (rows + states) for columns, rows, _ in subproblems)
    for subproblem, outcomes, changing in nodes:
        columns, rows, entries = subproblems[subproblem]
        each = 3 * columns + 2 * rows + (entries if changing else 0)
        numbers += max(1, outcomes) * each + rows * states * (max(1, outcomes) if changing else 1)
    if numbers > MOST_NUMBERS:
        message = f"the problem has {numbers:,} numbers in its arrays; at most {MOST_NUMBERS:,} are solved"
        problems.append(((), message))
    if problems:
        raise document.refuse(problems)
