"""The loop over jobs against the plain one, and small clusters worked out by hand."""

import itertools

import numpy as np
import pytest
from reference_jobs import Cluster
from reference_packing import give_back, make_cluster, place

from capexpand.errors import CaseError
from capexpand.replay.jobs.bits import add, discard, level_offsets, next_member
from capexpand.replay.jobs.compile import number_rows
from capexpand.replay.jobs.policies import Order, SchedulingPolicy
from capexpand.replay.jobs.run import replay_jobs
from capexpand.replay.packing.tasks import PlacementRule, TaskClass, find_typical_tasks, make_nodes
from capexpand.replay.traces import JobDetails, make_job_trace

POLICIES = [
    SchedulingPolicy(order, backfill=backfill, preempt=preempt, keep_progress=keep)
    for order, backfill, (preempt, keep) in itertools.product(
        Order, (False, True), ((False, True), (True, True), (True, False))
    )
    if order is Order.PRIORITY or not preempt
]


def policy_name(policy):
    words = [policy.order.name.lower()]
    words += ["backfill"] * policy.backfill + ["preempt"] * policy.preempt
    return "-".join(words + ["restart"] * (not policy.keep_progress))


def whole_nodes(*accelerators, models=None):
    count = len(accelerators)
    return make_nodes([0] * count, [0] * count, accelerators, models or ["A"] * count)


def jobs(*rows, **columns):
    """Make a trace of (arrival, duration, accelerators)."""
    arrival, duration, accelerators = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return make_job_trace("small", arrival, duration, accelerators, details=JobDetails(**columns))


def random_case(seed):
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 8))
    sizes = random.choice([1, 2, 4, 8], count).tolist()
    nodes = whole_nodes(*sizes, models=random.choice(["A", "B", "C"], count).tolist())
    number = int(random.integers(1, 50))
    steps = random.integers(0, 4, number) if seed % 2 else random.exponential(2, number)
    lengths = random.integers(0, 30, number) if seed % 3 else random.exponential(10, number)
    trace = make_job_trace(
        "r",
        np.cumsum(steps),
        lengths,
        random.choice([1, 2, 3, 4, 8, 9, 12], number),
        details=JobDetails(
            members=random.choice([1, 1, 1, 2, 3], number),
            models=random.choice(["", "", "A", "A|B", "B", "C|A|C"], number).tolist(),
            tenants=random.choice(["x", "y", "z"], number).tolist(),
            priority=random.integers(0, 4, number),
        ),
    )
    return trace, nodes


@pytest.mark.parametrize("policy", POLICIES, ids=policy_name)
@pytest.mark.parametrize("seed", range(12))
def test_every_start_end_and_node_is_that_of_the_plain_loop(policy, seed):
    trace, nodes = random_case(seed)
    try:
        outcome = replay_jobs(trace, nodes, policy, leave_out_bad=True)
    except CaseError:
        return  # none of the jobs fits
    plain = Cluster(outcome.trace, nodes, policy).run()
    assert outcome.start_s == pytest.approx([one.start for one in plain], abs=1e-9)
    assert outcome.finish_s == pytest.approx([one.end for one in plain], abs=1e-9)
    assert outcome.wait_s == pytest.approx([one.waited for one in plain], abs=1e-9)
    assert outcome.preempted.tolist() == [one.preempted for one in plain]
    assert outcome.node.tolist() == [one.node for one in plain]


def shared_case(seed):
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 6))
    sizes = random.choice([0, 2, 4], count).tolist()
    nodes = make_nodes(
        random.choice([8000, 32_000], count).tolist(),
        random.choice([2000, 9000], count).tolist(),
        sizes,
        [random.choice(["A", "B"]) if size else "" for size in sizes],
    )
    number = 40
    accelerators = random.choice([0, 1, 1, 1, 2], number)
    trace = make_job_trace(
        "s",
        np.cumsum(random.exponential(1, number)),
        random.exponential(15, number),
        accelerators,
        details=JobDetails(
            accelerator_milli=np.where(accelerators == 1, random.choice([300, 500, 1000], number), 1000),
            cpu_milli=random.choice([0, 1000, 4000], number),
            memory_mib=random.choice([0, 900], number),
            models=np.where(accelerators > 0, random.choice(["", "A", "A|B"], number), "").tolist(),
        ),
    )
    return trace, nodes


def run_shared_plainly(trace, nodes, rule, *, backfill):
    """First come, first served on shares of accelerators, CPU and memory."""
    cluster = make_cluster(nodes)
    tasks = [
        TaskClass(
            int(trace.cpu_milli[i]),
            int(trace.accelerator_milli[i]) * (trace.accelerators[i] > 0),
            int(trace.accelerators[i]),
            trace.models[trace.model_index[i]],
            int(trace.memory_mib[i]),
        )
        for i in range(len(trace))
    ]
    typical = find_typical_tasks(tasks)
    waiting, running, result = [], [], {}
    arrivals = list(range(len(trace)))
    while arrivals or running:
        now = min([end for end, *_ in running] + [trace.arrival_s[i] for i in arrivals[:1]])
        for entry in [one for one in running if one[0] <= now]:
            running.remove(entry)
            give_back(cluster, tasks[entry[1]], entry[2], entry[3])
        while arrivals and trace.arrival_s[arrivals[0]] <= now:
            waiting.append(arrivals.pop(0))
        for i in list(waiting):
            node, chosen = place(cluster, tasks[i], rule, typical)
            if node >= 0:
                waiting.remove(i)
                running.append((now + trace.duration_s[i], i, node, chosen))
                result[i] = (now, node)
            elif not backfill:
                break
    return [result[i] for i in range(len(trace))]


@pytest.mark.parametrize("rule", [rule for rule in PlacementRule if rule is not PlacementRule.RANDOM])
@pytest.mark.parametrize("seed", range(8))
def test_shares_cpu_and_memory_are_placed_as_by_the_plain_formulas(rule, seed):
    trace, nodes = shared_case(seed)
    for backfill in (False, True):
        policy = SchedulingPolicy(placement=rule, backfill=backfill)
        try:
            outcome = replay_jobs(trace, nodes, policy, leave_out_bad=True)
        except CaseError:
            return
        plain = run_shared_plainly(outcome.trace, nodes, rule, backfill=backfill)
        assert outcome.start_s == pytest.approx([start for start, _ in plain], abs=1e-9)
        assert outcome.node.tolist() == [node for _, node in plain]


@pytest.mark.parametrize("rule", PlacementRule)
@pytest.mark.parametrize("seed", range(4))
def test_priorities_and_preemption_keep_every_resource_within_its_limits(rule, seed):
    """Jobs with shares and gangs: every job runs for as long as it asked, and nothing is used twice."""
    trace, nodes = shared_case(seed + 100)
    random = np.random.default_rng(seed)
    trace = make_job_trace(
        "p",
        trace.arrival_s,
        trace.duration_s,
        trace.accelerators,
        details=JobDetails(
            accelerator_milli=trace.accelerator_milli,
            members=np.where(trace.accelerators > 0, random.choice([1, 1, 2], len(trace)), 1),
            cpu_milli=trace.cpu_milli,
            priority=random.integers(0, 3, len(trace)),
        ),
    )
    policy = SchedulingPolicy(Order.PRIORITY, placement=rule, backfill=True, preempt=True)
    try:
        outcome = replay_jobs(trace, nodes, policy, leave_out_bad=True)
    except CaseError:
        return
    kept = outcome.trace
    assert np.isfinite(outcome.finish_s).all()
    assert (outcome.wait_s >= 0).all()
    # every job ran for as long as it asked
    assert outcome.finish_s - kept.arrival_s - outcome.wait_s == pytest.approx(kept.duration_s, abs=1e-6)
    milli = kept.accelerators * kept.members * kept.accelerator_milli
    assert outcome.busy_accelerator_s == pytest.approx((milli / 1000 * kept.duration_s).sum())
    assert outcome.used_fraction.max(initial=0) <= 1 + 1e-9


def test_first_come_first_served_waits_behind_a_job_that_does_not_fit():
    """4 accelerators: A takes 3 for 10 s; B wants 2; C wants 1, fits, and waits for B without backfill."""
    trace = jobs((0, 10, 3), (1, 10, 2), (2, 1, 1))
    strict = replay_jobs(trace, whole_nodes(4))
    assert strict.start_s.tolist() == [0, 10, 10]
    passing = replay_jobs(trace, whole_nodes(4), SchedulingPolicy(backfill=True))
    assert passing.start_s.tolist() == [0, 10, 2]


def test_shortest_first_lowers_the_mean_wait():
    """One accelerator, jobs of 10, 5 and 1 s at about the same time: order 10 (first there), 1, 5.

    Sensitivity: by arrival the last would wait 13 s and not 8.
    """
    trace = jobs((0, 10, 1), (1, 5, 1), (2, 1, 1))
    outcome = replay_jobs(trace, whole_nodes(1), SchedulingPolicy(Order.SHORTEST_FIRST))
    assert outcome.start_s.tolist() == [0, 11, 10]


def test_a_preempted_job_goes_on_where_it_stopped_or_begins_again():
    """A runs 4 of its 10 s when B, more important, takes the accelerator for 3 s.

    A ends at 13 when it keeps its progress (4 + 3 + 6), else at 17. Sensitivity: without preemption B waits 6
    s.
    """
    trace = jobs((0, 10, 1), (4, 3, 1), priority=np.array([0, 1]))
    for keep, end in ((True, 13), (False, 17)):
        policy = SchedulingPolicy(Order.PRIORITY, preempt=True, keep_progress=keep)
        outcome = replay_jobs(trace, whole_nodes(1), policy)
        assert outcome.finish_s.tolist() == [end, 7]
        assert outcome.preempted.tolist() == [1, 0]
    waiting = replay_jobs(trace, whole_nodes(1), SchedulingPolicy(Order.PRIORITY))
    assert waiting.wait_s.tolist() == [0, 6]


def test_victims_whose_accelerators_are_not_needed_keep_them():
    """Two nodes of 2. Low jobs: 1 (first node), 2 (second node). An important job wants 2 on one node.

    The latest, of 2, is taken first, and that is enough. Had the small one been taken first it would be put
    back.
    """
    trace = jobs((0, 50, 1), (1, 50, 2), (2, 5, 2), priority=np.array([0, 0, 1]))
    outcome = replay_jobs(trace, whole_nodes(2, 2), SchedulingPolicy(Order.PRIORITY, preempt=True))
    assert outcome.preempted.tolist() == [0, 1, 0]
    reverse = jobs((0, 50, 2), (1, 50, 1), (2, 5, 2), priority=np.array([0, 0, 1]))
    outcome = replay_jobs(reverse, whole_nodes(2, 2), SchedulingPolicy(Order.PRIORITY, preempt=True))
    # the job of 1 goes first and makes room on its node
    assert outcome.preempted.tolist() == [0, 1, 0]


def test_fair_share_lets_the_tenant_with_less_go_first():
    """2 accelerators; tenant x has both and two more jobs waiting when y's job comes. Both end at 10.

    y holds nothing: its job goes before x's second waiting one. Sensitivity: by arrival it would start at 20.
    """
    trace = jobs((0, 10, 2), (1, 10, 1), (2, 10, 1), (3, 10, 1), tenants=["x", "x", "x", "y"])
    outcome = replay_jobs(trace, whole_nodes(2), SchedulingPolicy(Order.FAIR_SHARE))
    assert outcome.start_s.tolist() == [0, 10, 20, 10]


def test_a_large_job_takes_as_few_nodes_as_possible():
    outcome = replay_jobs(jobs((0, 1, 12)), whole_nodes(8, 8, 8))
    assert outcome.parts.tolist() == [2]


def test_a_gang_starts_whole_or_not_at_all():
    """Two nodes of 2, free from 5 s and from 9 s: a gang of two members of 2 waits for the later one."""
    trace = jobs((0, 5, 1), (0, 9, 2), (1, 3, 2), members=np.array([1, 1, 2]))
    outcome = replay_jobs(trace, whole_nodes(2, 2))
    assert outcome.start_s.tolist() == [0, 0, 9]


def test_idle_accelerators_are_explained():
    """Nodes of A and B with 2 each. One job holds 1 of A for long; the next wants 2 of A and waits.

    Of the idle 3, one is on A, too few there; two are on B, another model. Sensitivity: with a third job for
    B behind it those two are held back by the order instead.
    """
    nodes = whole_nodes(2, 2, models=["A", "B"])
    trace = jobs((0, 100, 1), (1, 1, 2), (50, 1, 2), models=["A", "A", "A"])
    causes = replay_jobs(trace, nodes, intervals=1).stranded_by_cause()
    assert causes["too few on the node"] == pytest.approx(1 / 4)
    assert causes["another model is wanted"] == pytest.approx(2 / 4)
    trace = jobs((0, 100, 1), (1, 1, 2), (2, 1, 2), (50, 1, 2), models=["A", "A", "B", "A"])
    causes = replay_jobs(trace, nodes, intervals=1).stranded_by_cause()
    assert causes["held back by the order"] == pytest.approx(2 / 4)


def test_series_over_time_add_up_to_the_total():
    trace, nodes = random_case(4)
    outcome = replay_jobs(trace, nodes, SchedulingPolicy(backfill=True), intervals=7, leave_out_bad=True)
    width = np.diff(outcome.interval_end_s, prepend=0)
    arriving = (outcome.used_fraction * width).sum() * outcome.total_accelerators
    assert arriving <= outcome.busy_accelerator_s + 1e-9
    begin = np.minimum(outcome.start_s, outcome.interval_end_s[-1])
    end = np.minimum(outcome.finish_s, outcome.interval_end_s[-1])
    count = outcome.trace.accelerators * outcome.trace.members
    assert arriving == pytest.approx(((end - begin) * count).sum())


def test_the_breakdown_covers_every_job_once():
    trace, nodes = random_case(5)
    outcome = replay_jobs(trace, nodes, leave_out_bad=True)
    for parts in (outcome.by_tenant(), outcome.by_model()):
        assert sum(one.jobs for one in parts) == len(outcome.trace)
        assert sum(one.accelerator_hours for one in parts) * 3600 == pytest.approx(
            outcome.trace.accelerator_seconds
        )


def test_a_job_larger_than_the_cluster_is_refused_or_counted():
    trace = jobs((0, 1, 1), (1, 1, 9))
    with pytest.raises(CaseError, match="1 jobs are larger than the cluster"):
        replay_jobs(trace, whole_nodes(8))
    outcome = replay_jobs(trace, whole_nodes(8), leave_out_bad=True)
    assert outcome.trace.exclusions.counts == {"larger than the cluster": 1}


def test_preemption_without_priorities_is_refused():
    with pytest.raises(ValueError, match="priority order"):
        SchedulingPolicy(preempt=True)


@pytest.mark.parametrize("size", [1, 31, 32, 33, 1025, 40_000])
def test_a_set_of_numbers_finds_its_next_member(size):
    random = np.random.default_rng(size)
    offsets = level_offsets(size)
    start = 7
    words = np.zeros(start + int(offsets[-1]), dtype=np.int64)
    members = set()
    for _ in range(200):
        number = int(random.integers(size))
        if random.random() < 0.5:
            add(words, start, offsets, number)
            members.add(number)
        else:
            discard(words, start, offsets, number)
            members.discard(number)
        asked = int(random.integers(size))
        expected = min((one for one in members if one >= asked), default=-1)
        assert next_member(words, start, offsets, asked) == expected


def test_rows_are_numbered_whatever_their_range():
    random = np.random.default_rng(0)
    for high in (3, 5000, 1 << 40):
        columns = [random.integers(0, high, 500) for _ in range(4)]
        number, example = number_rows(columns)
        rows = list(zip(*(column.tolist() for column in columns), strict=True))
        assert len(set(rows)) == len(example)
        for row, index in zip(rows, number.tolist(), strict=True):
            assert rows[example[index]] == row
