"""The world of the compiled loop over jobs: all that it reads and writes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from capexpand.replay.packing.cluster import ClusterState
from capexpand.replay.packing.kernel import Classes, Nodes, TypicalArrays

NONE = -1
# places in JobState.counters
WAITING, RUNNING_HEAP, ACTIVE, FREE_PART, EVENTS, PREEMPTIONS, BIN, USED_MILLI, ANY_BLOCKED = range(9)
COUNTERS = 9
# places in JobState.clocks
NOW, LAST_CHANGE, BUSY_MILLI_S = range(3)
CLOCKS = 3
# causes for which an accelerator is idle, columns of Timeline.idle_milli
NO_DEMAND, OTHER_MODEL, LACKS_MEMORY, LACKS_CPU, TOO_FEW_ON_NODE, REST_OF_GANG, HELD_BACK = range(7)


class Rules(NamedTuple):
    """The policy as numbers, and whether nodes have whole accelerators only, and no other limit."""

    fair: bool
    backfill: bool
    preempt: bool
    keep_progress: bool
    whole: bool
    placement: int


class Jobs(NamedTuple):
    """The jobs, by arrival.

    Time [s], running time [s], group, place in the line of its group, rank, level, tenant, job at each place.

    A group is the jobs of one shape, under fair share of one shape and tenant; ``at`` gives the job at each
    place. Levels number the priorities from the lowest.
    """

    arrival_s: np.ndarray
    duration_s: np.ndarray
    group: np.ndarray
    place: np.ndarray
    rank: np.ndarray
    level: np.ndarray
    tenant: np.ndarray
    at: np.ndarray


class Shapes(NamedTuple):
    """What jobs ask for: ``parts`` tasks of class ``part``, and one of class ``rest`` unless that is -1."""

    parts: np.ndarray
    part: np.ndarray
    rest: np.ndarray
    milli: np.ndarray


class Groups(NamedTuple):
    """The groups: shape, tenant, first place and last + 1 in the line, first waiting place and its rank."""

    shape: np.ndarray
    tenant: np.ndarray
    start: np.ndarray
    end: np.ndarray
    head: np.ndarray
    head_rank: np.ndarray
    active: np.ndarray
    active_at: np.ndarray


class Pools(NamedTuple):
    """Nodes with whole accelerators by model and by how many are free; sets as bits in words of 32.

    Pool and free accelerators of each node; free accelerators and bit of the model of each pool;
    by pool and number of free accelerators: how many nodes, the words, a word before which all are 0.
    """

    of_node: np.ndarray
    free: np.ndarray
    pool_free: np.ndarray
    model: np.ndarray
    members: np.ndarray
    words: np.ndarray
    hint: np.ndarray


class JobState(NamedTuple):
    """The state of each job and of the loop.

    Remaining time [s], finish of the present run [s] or infinite, start of the present run [s], since when it
    waits [s], first part held, neighbours among the running jobs of its level, last of each level and what
    the level holds [0.001]; the heap of ends; parts held (node, class, bits, next); trees of waiting places;
    shapes known not to fit; milli held by tenant; victims of a preemption; counters and clocks.
    """

    remaining_s: np.ndarray
    finish_s: np.ndarray
    started_s: np.ndarray
    queued_s: np.ndarray
    first_part: np.ndarray
    before: np.ndarray
    after: np.ndarray
    last_of_level: np.ndarray
    level_milli: np.ndarray
    heap_time: np.ndarray
    heap_job: np.ndarray
    part_node: np.ndarray
    part_class: np.ndarray
    part_bits: np.ndarray
    part_next: np.ndarray
    waiting_words: np.ndarray
    waiting_offsets: np.ndarray
    blocked: np.ndarray
    held_milli: np.ndarray
    victims: np.ndarray
    counters: np.ndarray
    clocks: np.ndarray


class JobResults(NamedTuple):
    """What became of each job: first start, end, time waited [s], times preempted, a node, its parts."""

    start_s: np.ndarray
    finish_s: np.ndarray
    waited_s: np.ndarray
    preempted: np.ndarray
    node: np.ndarray
    parts: np.ndarray


class Timeline(NamedTuple):
    """What happens over time: ends of the intervals [s], use and jobs waiting integrated over each.

    ``idle_milli`` holds the idle accelerators at the end of each interval by cause [0.001].
    """

    end_s: np.ndarray
    used_milli_s: np.ndarray
    waiting_s: np.ndarray
    idle_milli: np.ndarray


class JobWorld(NamedTuple):
    """Everything that the loop needs, in one argument.

    The policy; the jobs by arrival, what they ask for and the lines in which they wait; the nodes; the parts
    of which the shapes consist, and the typical ones for gradient descent; nodes with whole accelerators
    only, where that is all that matters, or their state otherwise; the state of jobs and loop; results.
    """

    rules: Rules
    jobs: Jobs
    nodes: Nodes
    shapes: Shapes
    groups: Groups
    tasks: Classes
    typical: TypicalArrays
    pools: Pools
    cluster: ClusterState
    state: JobState
    results: JobResults
    timeline: Timeline
