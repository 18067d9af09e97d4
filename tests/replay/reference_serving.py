"""A plain loop over steps, written to be read: the rules of serving without any shortcut.

It shares no code with the engine. Every step looks at every running request; memory is counted afresh from
the requests, and the prefix cache is a list in order of last use.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from capexpand.replay.serving.replicas import Replica, Routing
from capexpand.replay.traces import RequestTrace


@dataclass(eq=False)
class Request:
    number: int
    arrival: float
    prompt: int
    output: int
    blocks: list[int]
    computed: int = 0
    emitted: int = 0
    first_token: float = 0.0
    finish: float = float("inf")
    preempted: int = 0
    reused: int = 0
    decoding: bool = False


@dataclass(eq=False)
class Server:
    replica: Replica
    block_tokens: int
    clock: float = 0.0
    busy: float = 0.0
    steps: int = 0
    token_seconds: float = 0.0
    peak_pages: int = 0
    waiting: list[Request] = field(default_factory=list)
    running: list[Request] = field(default_factory=list)
    assigned: list[Request] = field(default_factory=list)
    cache: list[int] = field(default_factory=list)  # newest first

    def pages(self, tokens: int) -> int:
        return -(-tokens // self.replica.page_tokens)

    def used_pages(self) -> int:
        return sum(self.pages(request.computed) for request in self.running)

    def free_pages(self, taken: int) -> int:
        total = self.replica.pages if self.replica.pages is not None else 10**15
        assert taken <= total, "more pages in use than there are"
        return total - taken

    def load(self, now: float) -> int:
        return sum(request.finish > now for request in self.assigned)

    def matched(self, request: Request) -> int:
        count = 0
        for block in request.blocks:
            if block not in self.cache:
                break
            count += 1
        return count

    def remember(self, request: Request) -> None:
        if self.block_tokens == 0 or self.replica.cache_tokens == 0:
            return
        for block in reversed(request.blocks):
            if block in self.cache:
                self.cache.remove(block)
            self.cache.insert(0, block)
            limit = self.replica.cache_tokens
            while limit is not None and len(self.cache) > limit // self.block_tokens:
                self.cache.pop()

    def enqueue(self, request: Request) -> None:
        if not self.running and not self.waiting:
            self.clock = max(self.clock, request.arrival)
        self.waiting.append(request)
        self.assigned.append(request)

    def advance(self, until: float) -> None:
        while (self.running or self.waiting) and self.clock < until:
            self.step()

    def preempt_last(self) -> Request:
        victim = self.running.pop()
        victim.computed = 0
        victim.decoding = False
        victim.preempted += 1
        self.waiting.insert(0, victim)
        return victim

    def step(self) -> None:
        work: list[tuple[Request, int]] = []
        taken = self.used_pages()
        preempted = False
        budget = self.replica.step_tokens
        for request in list(self.running):
            if request not in self.running or budget == 0:
                continue
            chunk = min(request.prompt + request.emitted - request.computed, budget)
            need = self.pages(request.computed + chunk) - self.pages(request.computed)
            while request in self.running and need > self.free_pages(taken):
                preempted = True
                taken -= self.pages(self.running[-1].computed)
                self.preempt_last()
            if request in self.running:
                taken += need
                work.append((request, chunk))
                budget -= chunk
        cached = sum(request.computed for request, _ in work)
        prefill = sum(chunk for request, chunk in work if not request.decoding)
        if not preempted:
            while self.waiting and budget > 0 and len(self.running) < self.replica.sequences:
                request = self.waiting[0]
                reused = 0
                if self.block_tokens and self.replica.cache_tokens != 0:
                    reused = min(self.matched(request) * self.block_tokens, request.prompt - 1)
                chunk = min(request.prompt + request.emitted - reused, budget)
                need = self.pages(reused + chunk)
                if need > self.free_pages(taken):
                    break
                taken += need
                self.running.append(self.waiting.pop(0))
                request.computed = reused
                request.reused += reused
                cached += reused
                prefill += chunk
                budget -= chunk
                work.append((request, chunk))
        self.finish_step(work, cached, prefill, taken)

    def finish_step(self, work: list[tuple[Request, int]], cached: int, prefill: int, taken: int) -> None:
        time = self.replica.step_time
        duration = time.base_s + time.per_prefill_token_s * prefill
        duration += time.per_cached_token_s * cached + time.per_sequence_s * len(work)
        self.clock += duration
        self.busy += duration
        self.steps += 1
        self.token_seconds += cached * duration
        self.peak_pages = max(self.peak_pages, taken)
        for request, chunk in work:
            was_prefill = not request.decoding
            request.computed += chunk
            if request.computed < request.prompt + request.emitted:
                continue
            if was_prefill:
                self.remember(request)
            if request.emitted == 0:
                request.first_token = self.clock
            request.emitted += 1
            request.decoding = True
            if request.emitted == request.output:
                request.finish = self.clock
                self.running.remove(request)
        assert self.used_pages() <= taken, "pages appeared from nowhere"


def choose(servers: list[Server], request: Request, routing: Routing, slack: int) -> Server:
    if routing is Routing.ROUND_ROBIN:
        return servers[request.number % len(servers)]
    loads = [server.load(request.arrival) for server in servers]
    least = min(loads)
    if routing is Routing.LEAST_OUTSTANDING or servers[0].block_tokens == 0:
        return servers[loads.index(least)]
    allowed = [k for k in range(len(servers)) if loads[k] <= least + slack]
    return servers[min(allowed, key=lambda k: (-servers[k].matched(request), loads[k], k))]


def serve_plainly(
    trace: RequestTrace,
    replica: Replica,
    *,
    replicas: int,
    routing: Routing,
    slack: int = 8,
) -> tuple[list[Request], list[Server]]:
    servers = [Server(replica, trace.block_tokens) for _ in range(replicas)]
    requests = []
    for i in range(len(trace)):
        blocks = trace.blocks[trace.first_block[i] : trace.first_block[i + 1]].tolist()
        request = Request(
            i,
            float(trace.arrival_s[i]),
            int(trace.prompt_tokens[i]),
            int(trace.output_tokens[i]),
            blocks,
        )
        requests.append(request)
    for request in requests:
        for server in servers:
            server.advance(request.arrival)
        choose(servers, request, routing, slack).enqueue(request)
    for server in servers:
        server.advance(float("inf"))
    return requests, servers
