"""Says in the user's words which limits of a case exclude each other."""

from __future__ import annotations

from collections.abc import Sequence

Description = tuple[str, tuple[str, ...]]

# what a user reads for a block of rows or columns; braces number the block's labels
_SENTENCES = {
    "supply": "{0} for {1} in {2}: the units that must be ordered, or that can be (offers.{0}.supply.{1})",
    "stock": "{0} in {1}: no more units than the stock holds (offers.{0}.stock)",
    "opening stock": "{0}: the stock at the start (offers.{0}.stock)",
    "commitment": "{0} in {1}: power ordered then must fit the grid when it arrives (sites.*.grid)",
    "grid": "{0} in {1}: running power within the grid connection (sites.{0}.grid)",
    "running power": "{0} in {1}: running power within the power energised there",
    "power balance": "{0} in {1}: power energised is what stood, arrives and is handed back",
    "power ordered": "{0} in {1}: the most power that can be ordered (sites.*.limit)",
    "budget": "{1}: spent and due {0} within the programme's cap (programme.cap)",
    "renewal": "{1}: what falls due {0} within the renewal budget (programme.renewal_budget)",
    "service": "{0} in {1}: an obligation without a penalty must be served in full (workloads.{0})",
    "delivery": "{0} for {1} in {2}: units arrive when their lead time has passed (offers.*.lead_time)",
    "fleet": "{1} at {0} in {2}: units are what stood, arrives and is handed back",
    "run": "{1} at {0} in {2}: no more units run than are installed",
    "sharing": "{1} in {2}: no more units serve than run",
    "opening units": "{1} at {0}: the units at the start (opening.sites.{0}.installed)",
    "opening power": "{0}: the power at the start (opening.sites)",
    "payment": "{0}: paid is what was due and the deposits of what is ordered",
    "due": "{1}: what is due {0} for orders placed",
    "spending": "{0}: spent is what was paid up to then",
}
# bookkeeping that links the limits of a conflict, and is no limit of its own
_BOOKKEEPING = {
    "power balance", "delivery", "fleet", "run", "sharing", "payment", "due", "spending", "opening units",
    "opening power", "opening free power", "opening free units", "opening spent", "power term", "unit term",
}  # fmt: skip


def explain(conflict: Sequence[Description]) -> list[str]:
    """Returns sentences for a conflicting set of rows and columns, the limits a user can change first.

    Args:
        conflict: block name and labels of each row and column of the conflict.
    """
    chosen = [item for item in conflict if item[0] not in _BOOKKEEPING]
    links = [item for item in conflict if item[0] in _BOOKKEEPING]
    sentences = [_sentence(item) for item in chosen]
    if links:
        names = sorted({name for name, _ in links})
        sentences.append(f"linked by {len(links)} balances ({', '.join(names)})")
    return list(dict.fromkeys(sentences))


def _sentence(item: Description) -> str:
    name, labels = item
    sentence = _SENTENCES.get(name)
    return sentence.format(*labels) if sentence else f"{name} ({', '.join(labels)})"
