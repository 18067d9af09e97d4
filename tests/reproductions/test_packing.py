"""Packing against the plain formulas, and small clusters worked out by hand."""

import numpy as np
import pytest
from reference_packing import make_cluster, place

from capexpand.replay.packing.tasks import (
    PlacementRule,
    TaskClass,
    find_typical_tasks,
    make_nodes,
    model_mask,
)
from capexpand_reproductions.packing import make_arrivals, pack

EXACT = [rule for rule in PlacementRule if rule is not PlacementRule.RANDOM]


def whole(count, models=""):
    return TaskClass(1000, 1000, count, models, 0)


def share(milli):
    return TaskClass(1000, milli, 1, "", 0)


def cluster(*accelerators, models=None):
    count = len(accelerators)
    return make_nodes([64_000] * count, [1 << 20] * count, accelerators, models or ["A"] * count)


def random_case(seed):
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 9))
    sizes = random.choice([0, 1, 2, 4, 8, 16], count).tolist()
    nodes = make_nodes(
        random.choice([16_000, 64_000, 128_000, 384_000], count).tolist(),
        random.choice([2000, 9000], count).tolist(),
        sizes,
        [random.choice(["A", "B", "C"]) if size else "" for size in sizes],
    )
    tasks = []
    for _ in range(60):
        number = int(random.choice([0, 1, 1, 1, 2, 4]))
        milli = int(random.choice([250, 300, 500, 1000])) if number == 1 else 1000 * (number > 0)
        models = str(random.choice(["", "", "", "A", "A|B", "B|B|C", "Z"])) if number else ""
        tasks.append(
            TaskClass(
                int(random.choice([0, 1000, 4000])), milli, number, models, int(random.choice([0, 900]))
            )
        )
    return nodes, tasks


@pytest.mark.parametrize("rule", EXACT)
@pytest.mark.parametrize("seed", range(15))
def test_every_placement_is_that_of_the_plain_formulas(rule, seed):
    nodes, tasks = random_case(seed)
    arrivals = make_arrivals(tasks)
    outcome = pack(nodes, arrivals, rule=rule)
    plain = make_cluster(nodes)
    for i, task in enumerate(tasks):
        node, chosen = place(plain, task, rule, arrivals.typical)
        assert outcome.node[i] == node
        assert outcome.accelerator_bits[i] == sum(1 << k for k in chosen)
        used = nodes.total_accelerators * 1000 - sum(sum(one.left) for one in plain)
        assert outcome.used_milli[i] == used


@pytest.mark.parametrize("rule", PlacementRule)
@pytest.mark.parametrize("seed", range(5))
def test_no_rule_gives_away_what_is_not_there(rule, seed):
    nodes, tasks = random_case(seed)
    outcome = pack(nodes, make_arrivals(tasks), rule=rule, seed=seed)
    left = [[1000] * int(count) for count in nodes.accelerators]
    cpu, memory = nodes.cpu_milli.copy(), nodes.memory_mib.copy()
    for task, n, bits in zip(tasks, outcome.node, outcome.accelerator_bits, strict=True):
        if n < 0:
            continue
        taken = [k for k in range(16) if bits >> k & 1]
        assert len(taken) == task.accelerators
        for k in taken:
            left[n][k] -= task.accelerator_milli
        cpu[n] -= task.cpu_milli
        memory[n] -= task.memory_mib
        mask = model_mask(task.models, nodes.model_names)
        assert mask == 0 or mask & nodes.model_bit[n]
    assert min((min(one, default=0) for one in left), default=0) >= 0
    assert min(cpu) >= 0
    assert min(memory) >= 0
    assert outcome.used_milli[-1] == nodes.total_accelerators * 1000 - sum(map(sum, left))


def test_best_fit_takes_the_node_with_least_left_over():
    """Nodes with 8, 2 and 4 accelerators and the same CPU; a task of 2 leaves 6, 0 and 2.

    Sensitivity: without the accelerators in the score the first node would win the tie.
    """
    outcome = pack(cluster(8, 2, 4), make_arrivals([whole(2)]), rule=PlacementRule.BEST_FIT)
    assert outcome.node.tolist() == [1]


def test_packing_fills_a_shared_accelerator_before_an_idle_one():
    """A share of 300 goes to an idle node (all are); the next goes to the same accelerator, with 700 left.

    Sensitivity: without the order shared, used node, idle node the second share would take a fresh
        accelerator.
    """
    outcome = pack(cluster(2, 2), make_arrivals([share(300), share(300)]), rule=PlacementRule.PACKING)
    assert outcome.node.tolist() == [0, 0]
    assert outcome.accelerator_bits.tolist() == [1, 1]


def test_gradient_descent_keeps_whole_accelerators_for_tasks_that_want_them():
    """Half the tasks want a share of 500, half a whole one. One node has an accelerator with 500 in use.

    On that node a share makes no whole accelerator unusable; on the fresh node it would turn 1000 usable by
    both kinds into 500 usable by one. Sensitivity: by the dot product the share goes where more is idle.
    """
    tasks = [share(500), share(500)]
    workload = [share(500), whole(1)]
    arrivals = make_arrivals(tasks, workload=workload)
    together = pack(cluster(1, 1), arrivals, rule=PlacementRule.FRAGMENTATION_GRADIENT)
    assert together.node.tolist() == [0, 0]


def test_fragmentation_is_what_a_typical_task_cannot_use():
    """One node with 2 accelerators; the workload is half shares of 400 and half whole ones.

    After a share of 400: 600 and 1000 idle. A share can use both; a whole task only the second, so 600 are
    fragments for half of the tasks: 300. Sensitivity: counting only tasks that do not fit at all it would be
    0.
    """
    arrivals = make_arrivals([share(400)], workload=[share(400), whole(1)])
    outcome = pack(cluster(2), arrivals, rule=PlacementRule.BEST_FIT)
    assert outcome.fragment_milli.tolist() == [300.0]


def test_tasks_that_name_a_model_twice_get_that_model():
    nodes = cluster(1, 1, models=["A", "B"])
    outcome = pack(nodes, make_arrivals([whole(1, "A|A"), whole(1, "A|A")]), rule=PlacementRule.BEST_FIT)
    assert outcome.node.tolist() == [0, -1]
    assert outcome.unplaced == 1


def test_a_model_that_the_cluster_lacks_fits_nowhere():
    outcome = pack(cluster(8), make_arrivals([whole(1, "Z")]), rule=PlacementRule.BEST_FIT)
    assert outcome.node.tolist() == [-1]


def test_typical_tasks_cover_the_share_asked_for_and_sum_to_one():
    tasks = [whole(1)] * 90 + [whole(2)] * 6 + [whole(4)] * 4
    typical = find_typical_tasks(tasks, coverage=0.95)
    assert [one.task.accelerators for one in typical] == [1, 2]
    assert sum(one.frequency for one in typical) == pytest.approx(1)


def test_many_arrivals_do_not_outgrow_the_log_of_changes():
    tasks = [share(1 + i % 7) for i in range(20_000)]
    nodes = make_nodes([1 << 40] * 40, [1 << 40] * 40, [8] * 40, ["A"] * 40)
    outcome = pack(nodes, make_arrivals(tasks), rule=PlacementRule.PACKING)
    assert outcome.unplaced == 0
    assert outcome.used_milli[-1] == sum(task.total_milli for task in tasks)


def test_more_accelerators_in_a_node_than_allowed_are_refused():
    with pytest.raises(ValueError, match="at most 16"):
        cluster(17)
