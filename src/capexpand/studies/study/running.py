"""Plans the items of a study by whatever engine, and keeps them in a journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import numpy as np

from capexpand.executing.carrying import Carrying
from capexpand.executing.engine import AHEAD, Engine, answer_of, first_completed
from capexpand.studies.study.manifest import Item, Study
from capexpand.studies.study.planning import Planner, Row
from capexpand.studies.sweep.journal import Journal

PLANS_AT_ONCE = 8
"""Plans of a chunk: of most cases one to some seconds of work. Policies go one at a time."""


def plan_items(
    study: Study,
    items: Sequence[Item],
    *,
    journal: Journal,
    engine: Engine,
    say: Callable[[str], None],
) -> list[Row]:
    """Plan those items that the journal does not hold yet.

    Args:
        items: of it, or of a shard.
        journal: keeps the rows; it is left open.
        engine: what plans them; the rows are the same with any.
        say: sees how far it is.

    Raises:
        SolverError: a worker was lost, and nobody else could do its work.
        RunError: the journal cannot be written.
    """
    wanted = {item.number for item in items}
    known: dict[int, Row] = {}
    for record in journal.records:
        for row in json.loads(str(record["rows"])):
            if row["item"] in wanted:
                known[row["item"]] = row
    left = [item for item in items if item.number not in known]
    done = len(known)
    say(f"Planning item {done + 1} of {len(items)} (Ctrl-C keeps those planned)")
    chunks = _chunks(left)
    if chunks:
        with engine.pool(Carrying(Planner.of(study), study.copies), most=len(chunks)) as pool:
            waiting = iter(chunks)
            running: set[Future[list[Row]]] = set()
            while True:
                room = (AHEAD * pool.slots if pool.slots > 1 else 1) - len(running)
                running |= {pool.submit(chunk) for _, chunk in zip(range(room), waiting, strict=False)}
                if not running:
                    break
                for future in first_completed(running):
                    running.discard(future)
                    rows = answer_of(future)
                    journal.append({"rows": np.array(json.dumps(rows))})
                    known |= {int(row["item"] or 0): row for row in rows}
                    done += len(rows)
                    say(f"Planned {done} of {len(items)} items (Ctrl-C keeps these)")
    return [known[item.number] for item in items]


def _chunks(items: Sequence[Item]) -> list[tuple[Item, ...]]:
    """Items of one case and one kind at a time."""
    chunks: list[list[Item]] = []
    for item in items:
        last = chunks[-1] if chunks else []
        fits = last and not item.wants_policy and not last[-1].wants_policy and last[-1].case == item.case
        if fits and len(last) < PLANS_AT_ONCE:
            last.append(item)
        else:
            chunks.append([item])
    return [tuple(chunk) for chunk in chunks]
