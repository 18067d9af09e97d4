"""What a terminal shows of a shard that stands in its folder."""

from __future__ import annotations

from pathlib import Path

from capexpand.case.schema import Case
from capexpand.reporting.blocks import Answer, Fact
from capexpand.reporting.sheet import Sheet
from capexpand.runs.folder import read_manifest
from capexpand.wording import count, of_each


def shard_sheet(case: Case, folder: Path) -> Sheet:
    """Return the sheet of a shard; its folder has no page, which the merged run has."""
    about = read_manifest(folder)
    shown = ("shard", "shards", "points", "points_of_the_sweep", "sweep", "case", "case_hash", "made_with")
    held, whole = about["points"], about["points_of_the_sweep"]
    return Sheet(
        kind="sweep shard",
        title=f"{case.title}: shard {about['shard']} of {about['shards']} of a sweep",
        facts=(Fact("Case", str(about["case"])), Fact("As of", str(case.as_of))),
        answers=(
            Answer(
                "What does it hold?",
                f"{of_each(held, 'point', 'points').capitalize()} of {count(whole)}. "
                "capexpand merge joins all shards into the run.",
            ),
        ),
        sections=(),
        document={name: about[name] for name in shown},
        about={},
    )
