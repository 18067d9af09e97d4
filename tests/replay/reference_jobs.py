"""A plain loop over arrivals and ends of jobs, written to be read: sorted lists and no shortcut.

Whole accelerators of equal importance only, best fit: the node with the fewest free accelerators that
suffice, the first among equals. Whatever runs and whatever waits is looked through each time, and what is
free is counted afresh after every event.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from capexpand.replay.jobs.policies import Order, SchedulingPolicy
from capexpand.replay.packing.tasks import NodeArrays, model_mask
from capexpand.replay.traces import JobTrace


@dataclass(eq=False)
class Job:
    number: int
    arrival: float
    remaining: float
    sizes: list[int]
    mask: int
    tenant: int
    priority: int
    duration: float
    start: float | None = None
    run_start: float = 0.0
    finish: float = float("inf")
    queued: float = 0.0
    waited: float = 0.0
    preempted: int = 0
    held: list[tuple[int, int]] = field(default_factory=list)  # node, accelerators
    end: float = 0.0
    node: int = -1

    @property
    def total(self) -> int:
        return sum(self.sizes)


class Cluster:
    def __init__(self, trace: JobTrace, nodes: NodeArrays, policy: SchedulingPolicy) -> None:
        self.nodes = nodes
        self.policy = policy
        self.free = nodes.accelerators.tolist()
        self.models = list(dict.fromkeys(nodes.model_bit.tolist()))
        self.waiting: list[Job] = []
        self.running: list[Job] = []  # in order of their present start
        self.now = 0.0
        self.jobs = [self.make_job(trace, i) for i in range(len(trace))]

    def make_job(self, trace: JobTrace, i: int) -> Job:
        mask = model_mask(trace.models[trace.model_index[i]], self.nodes.model_names)
        width = max(
            (
                count
                for count, bit in zip(self.nodes.accelerators, self.nodes.model_bit, strict=True)
                if mask == 0 or mask & bit
            ),
            default=0,
        )
        size, members = int(trace.accelerators[i]), int(trace.members[i])
        sizes = [size] * members
        if members == 1 and size > width > 0:
            sizes = [int(width)] * int(size // width)
            if size % width:
                sizes.append(int(size % width))
        duration = float(trace.duration_s[i])
        return Job(
            i,
            float(trace.arrival_s[i]),
            duration,
            sizes,
            mask,
            int(trace.tenant_index[i]),
            int(trace.priority[i]),
            duration,
        )

    def check(self) -> None:
        held = [0] * len(self.free)
        for job in self.running:
            for node, count in job.held:
                held[node] += count
        capacity = self.nodes.accelerators.tolist()
        assert [a + b for a, b in zip(held, self.free, strict=True)] == capacity
        assert min(self.free) >= 0

    def place(self, job: Job) -> bool:
        for model in self.models:
            if job.mask and not job.mask & model:
                continue
            held: list[tuple[int, int]] = []
            for size in job.sizes:
                fitting = [
                    (self.free[n], n)
                    for n in range(len(self.free))
                    if self.nodes.model_bit[n] == model and self.free[n] >= size
                ]
                if not fitting:
                    break
                node = min(fitting)[1]
                self.free[node] -= size
                held.append((node, size))
            if len(held) == len(job.sizes):
                job.held = held
                return True
            for node, size in held:
                self.free[node] += size
        return False

    def give_back(self, job: Job) -> None:
        for node, size in job.held:
            self.free[node] += size

    def key(self, job: Job) -> tuple[float, ...]:
        order = self.policy.order
        if order is Order.SHORTEST_FIRST:
            return (job.duration, job.number)
        if order is Order.PRIORITY:
            return (-job.priority, job.number)
        if order is Order.FAIR_SHARE:
            held = sum(other.total for other in self.running if other.tenant == job.tenant)
            return (held, job.number)
        return (job.number,)

    def preempt_for(self, job: Job) -> bool:
        victims: list[Job] = []
        placed = False
        candidates = [other for other in self.running if other.priority < job.priority]
        lower = sorted({other.priority for other in candidates})
        if sum(self.free) + sum(other.total for other in candidates) < job.total:
            return False
        for priority in lower:
            for victim in reversed([other for other in candidates if other.priority == priority]):
                if placed or (job.mask and not job.mask & self.nodes.model_bit[victim.held[0][0]]):
                    continue
                self.give_back(victim)
                victims.append(victim)
                placed = self.place(job)
        for victim in reversed(victims):
            need: dict[int, int] = {}
            for node, size in victim.held:
                need[node] = need.get(node, 0) + size
            if all(self.free[node] >= size for node, size in need.items()):
                for node, size in victim.held:
                    self.free[node] -= size
            else:
                victim.held = []
                self.running.remove(victim)
                if self.policy.keep_progress:
                    victim.remaining -= self.now - victim.run_start
                victim.preempted += 1
                victim.queued = self.now
                victim.finish = float("inf")
                self.waiting.append(victim)
        return placed

    def start(self, job: Job) -> None:
        self.waiting.remove(job)
        job.waited += self.now - job.queued
        job.start = self.now if job.start is None else job.start
        job.run_start = self.now
        job.finish = self.now + job.remaining
        job.node = job.held[0][0]
        self.running.append(job)

    def schedule(self) -> None:
        while self.waiting:
            started = False
            for job in sorted(self.waiting, key=self.key):
                if self.place(job) or (self.policy.preempt and self.preempt_for(job)):
                    self.start(job)
                    started = True
                    break
                if not self.policy.backfill:
                    break
            if not started:
                return

    def run(self) -> list[Job]:
        arrivals = list(self.jobs)
        while arrivals or self.running:
            self.now = min([job.finish for job in self.running] + [job.arrival for job in arrivals[:1]])
            for job in [job for job in self.running if job.finish <= self.now]:
                job.end = job.finish
                self.give_back(job)
                self.running.remove(job)
            while arrivals and arrivals[0].arrival <= self.now:
                job = arrivals.pop(0)
                job.queued = self.now
                self.waiting.append(job)
            self.schedule()
            self.check()
        assert not self.waiting, "a job was lost in the queue"
        return self.jobs
