"""A checkpoint holds the cuts that are still looked at, and a training goes on from them alike."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from multistage_cases import random_graph

from capexpand.errors import RunError
from capexpand.files.records import packed_record, whole_records
from capexpand.sddp.cuts import CutPool, TrialPoint
from capexpand.sddp.futures import CutKind
from capexpand.sddp.kept_cuts import KeptCuts, packed_cuts, unpacked_cuts
from capexpand.sddp.policy import Policy, TrainingRecord
from capexpand.sddp.risk import CVaR
from capexpand.sddp.training import TrainingSettings, train

_MAGIC = b"CXJ1"
_SETTINGS = TrainingSettings(
    iterations=60, streams=2, exact_limit=0, checkpoint_rounds=3, stall_iterations=1000, back_end="highs"
)


def _point(at: float) -> TrialPoint:
    """The tangent of x² / 2."""
    return TrialPoint(0, np.array([at]), np.array([-(at**2) / 2.0]), np.array([[at]]))


def _pool(places: np.ndarray) -> CutPool:
    pool = CutPool(np.arange(1), np.array([-100.0]))
    for at in places:
        pool.offer(_point(at))
    return pool


def test_a_restored_pool_answers_and_selects_as_the_one_with_all_cuts() -> None:
    """The first 150 tangents are highest nowhere near the last 200 trial points; at -100 all are below."""
    whole = _pool(np.concatenate((np.linspace(-9.0, -8.0, 150), np.linspace(1.0, 3.0, 300))))
    restored = CutPool(np.arange(1), np.array([-100.0]))
    restored.restore(unpacked_cuts(packed_cuts([whole.kept()]), 0))
    assert restored.count <= whole.count - 150
    for at in np.concatenate((np.linspace(3.0, 4.0, 60), [-8.5, 0.5])):
        height, number = restored.functions[0].highest(np.array([at]))
        assert height == whole.functions[0].highest(np.array([at]))[0]
        assert height == restored.intercepts[0, number] + restored.slopes[0, number] @ np.array([at])
        assert restored.offer(_point(at)) == whole.offer(_point(at))
    assert np.array_equal(restored.trial_states(20), whole.trial_states(20))
    one, other = restored.kept(), whole.kept()
    assert np.array_equal(one.cuts, other.cuts)
    assert np.array_equal(one.best, other.best)


def test_a_trial_point_that_one_function_looks_at_is_kept_of_all() -> None:
    """Nodes share a solver, and one starts from the cuts that the other left in it, with its own numbers.

    The second function falls with each trial point, so it looks at its first cut alone.
    """
    whole = CutPool(np.arange(1), np.array([-100.0, -100.0]))
    for at in np.linspace(1.0, 3.0, 40):
        falling = np.array([-(at**2) / 2.0, -at])
        whole.offer(TrialPoint(0, np.array([at]), falling, np.array([[at], [0.0]])))
    restored = CutPool(np.arange(1), np.array([-100.0, -100.0]))
    restored.restore(unpacked_cuts(packed_cuts([whole.kept()]), 0))
    assert whole.functions[1].selected.size < whole.functions[0].selected.size
    assert restored.count > 20
    own = restored.slopes[0, : restored.count, 0]
    assert np.array_equal(restored.intercepts[1, : restored.count], -own)


def test_a_cut_that_several_streams_hold_stands_once() -> None:
    pools = [_pool(np.linspace(0.0, last, 40)) for last in (1.0, 1.0, 1.37)]
    record = packed_cuts([pool.kept() for pool in pools])
    alone = [len(pool.kept().cuts) for pool in pools]
    assert len(record["cuts"]) == alone[0] + alone[2] - 1  # the tangent at 0 is of all three
    for number, pool in enumerate(pools):
        found, kept = unpacked_cuts(record, number), pool.kept()
        for name in KeptCuts.__slots__:
            assert np.array_equal(getattr(found, name), getattr(kept, name)), name
    last, second = unpacked_cuts(record, -1), unpacked_cuts(record, 2)
    assert np.array_equal(last.cuts, second.cuts)


def _in_two_parts(graph, settings: TrainingSettings, checkpoint: Path, stop: int) -> tuple[Policy, Policy]:
    """A training without a break, and the same one that was broken off at an iteration."""

    def ended(record: TrainingRecord) -> bool:
        return record.iterations >= stop

    whole = train(graph, settings=settings, checkpoint=checkpoint.with_suffix(".whole"))
    assert train(graph, settings=settings, checkpoint=checkpoint, progress=ended).status == "interrupted"
    return whole, train(graph, settings=settings, checkpoint=checkpoint)


@pytest.mark.parametrize("kind", [CutKind.SINGLE, CutKind.MULTI])
def test_a_training_goes_on_from_kept_cuts_to_the_same_end(tmp_path: Path, kind: CutKind) -> None:
    """The last file but one was written anew at round 24; with multi-cuts and risk there are mixing rows."""
    risk = CVaR(0.5)
    graph = random_graph(23, stages=4, risk=None if kind is CutKind.SINGLE else risk)
    settings = replace(_SETTINGS, cuts=kind, exact_limit=5000, exact_gap_fraction=-1.0)
    whole, resumed = _in_two_parts(graph, settings, tmp_path / "training", 49)
    assert [record.bound for record in resumed.records] == [record.bound for record in whole.records]
    assert [record.path_value for record in resumed.records] == [r.path_value for r in whole.records]
    assert resumed.assessment == whole.assessment
    assert whole.assessment is not None
    for one, other in zip(resumed.solvers().pools, whole.solvers().pools, strict=True):
        assert np.array_equal(one.kept().cuts, other.kept().cuts)


def _rows(file: Path) -> int:
    """Rows of cuts in a file, those of its rounds counted as often as they stand there."""
    records, _ = whole_records(_MAGIC, file.read_bytes())
    return sum(
        len(record.get("cuts", ())) + int(record.get("functions", np.zeros(0)).sum()) for record in records
    )


def test_a_checkpoint_does_not_grow_with_the_length_of_a_training(tmp_path: Path) -> None:
    """A training three times as long finds hundreds of cuts more, and its file has no more of them."""
    graph, settings = random_graph(21, outcomes=8), replace(_SETTINGS, stabilisation=0.0)
    sizes: dict[int, int] = {}
    for iterations in (60, 180):
        file = tmp_path / f"{iterations}"
        policy = train(graph, settings=replace(settings, iterations=iterations), checkpoint=file)
        sizes[iterations] = _rows(file)
        assert len(policy.records) == iterations / 2
    assert sizes[180] < 1.5 * sizes[60]


def test_kept_cuts_of_another_shape_are_called_damage(tmp_path: Path) -> None:
    file = tmp_path / "training"
    settings = replace(_SETTINGS, iterations=6)
    train(random_graph(23), settings=settings, checkpoint=file)
    records, end = whole_records(_MAGIC, file.read_bytes())
    assert end == file.stat().st_size
    kept = [dict(record) for record in records[2:]]

    def spoilt(**changed: np.ndarray) -> list[dict[str, np.ndarray]]:
        return [kept[0] | {name.replace("_of_", " "): array for name, array in changed.items()}, *kept[1:]]

    short = kept[0]["best 0"][:, 1:]
    far, before = kept[0]["owners 1"].copy(), kept[0]["cuts 0"] - 1000
    far.flat[-1] = kept[0]["selected 1"].shape[-1]  # the first number that is not there
    not_finite = kept[0]["cuts"] * np.nan
    for content in (
        kept[1:],
        [*kept, kept[0]],
        spoilt(best_of_0=short),
        spoilt(owners_of_1=far),
        spoilt(cuts_of_0=before),
        spoilt(cuts=not_finite),
        [{"cuts": kept[0]["cuts"]}, *kept[1:]],
    ):
        parts = [packed_record(_MAGIC, record, compressed=False) for record in (*records[:2], *content)]
        file.write_bytes(b"".join(parts))
        with pytest.raises(RunError, match="is damaged; remove it or name another file"):
            train(random_graph(23), settings=settings, checkpoint=file)


def test_an_asynchronous_training_goes_on_from_what_is_kept(tmp_path: Path) -> None:
    graph = random_graph(22)
    settings = replace(_SETTINGS, asynchronous=True)
    file = tmp_path / "training"
    first = train(graph, settings=replace(settings, iterations=30), checkpoint=file)
    records, _ = whole_records(_MAGIC, file.read_bytes())
    assert any("owners 0" in record and "owners 1" not in record for record in records)
    second = train(graph, settings=settings, checkpoint=file)
    assert second.records[-1].iterations == settings.iterations
    assert second.bound >= first.bound - 1e-9
