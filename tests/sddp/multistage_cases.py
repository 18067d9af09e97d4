"""Where the multistage problems of the tests come from: own files, a folder outside, random ones."""

import json
import os
from itertools import pairwise
from pathlib import Path

import numpy as np

from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.problem import Node, PolicyGraph, Realisations, StageProgram
from capexpand.sddp.risk import Expectation

OWN = Path(__file__).parent / "data"
FOLDER = os.environ.get("CAPEXPAND_CASES")
WHY_ABSENT = "CAPEXPAND_CASES does not name a folder with the known-answer cases"


def own_files() -> list[Path]:
    return sorted(file for file in OWN.glob("*.json") if not file.name.endswith(".sof.json"))


def outside_files() -> list[Path]:
    return sorted(Path(FOLDER).glob("*.json")) if FOLDER else []


def known(file: Path) -> dict:
    return json.loads(file.read_text())["known"]


def random_graph(seed: int, *, stages: int = 3, nodes: int = 2, outcomes: int = 3, risk=None) -> PolicyGraph:
    """A small random expansion problem with recourse from everywhere: build, decay, serve or pay.

    States are capacities s. Each stage: s' = decay s + built, use <= (some of) s, use + unmet = demand.
    Prices of building and demands are random; the chain of nodes is Markov.
    """
    generator = np.random.default_rng(seed)
    states = int(generator.integers(1, 4))
    risk = risk or Expectation()
    programs = [_random_stage(generator, states) for _ in range(stages)]
    all_nodes, root, transition = [], [], []
    layers = [[0]] + [list(range(1 + nodes * t, 1 + nodes * (t + 1))) for t in range(stages - 1)]
    count = 1 + nodes * (stages - 1)
    transition = np.zeros((count, count))
    for layer, following in pairwise(layers):
        for node in layer:
            transition[node, following] = generator.dirichlet(np.ones(len(following)))
    root = np.zeros(count)
    root[0] = 1.0
    for t, layer in enumerate(layers):
        for node in layer:
            noise = _random_noise(generator, programs[t], states, 1 if t == 0 else outcomes)
            all_nodes.append(Node(f"{t + 1}:{node}", t, noise, risk))
    return PolicyGraph(
        stages=tuple(programs),
        nodes=tuple(all_nodes),
        root=root,
        transition=transition,
        initial_state=generator.uniform(0.0, 3.0, states),
        state_names=tuple(f"s{i}" for i in range(states)),
    )


def _random_stage(generator: np.random.Generator, states: int) -> StageProgram:
    """Columns: s.in, s.out, built (boxed), used, unmet."""
    n, rows, columns, values = 4 * states + 1, [], [], []
    lower, upper = np.zeros(n), np.full(n, np.inf)
    upper[2 * states : 3 * states] = generator.uniform(2.0, 6.0, states)
    cost = np.concatenate(
        [
            np.zeros(states),
            generator.uniform(0.0, 0.3, states),
            generator.uniform(0.5, 3.0, states),
            generator.uniform(0.0, 0.5, states),
            generator.uniform(3.0, 8.0, 1),
        ]
    )
    for i in range(states):
        rows += [i, i, i, states + i, states + i]
        columns += [states + i, i, 2 * states + i, 3 * states + i, i]
        values += [1.0, -float(generator.uniform(0.6, 1.0)), -1.0, 1.0, -1.0]
        rows.append(2 * states)
        columns.append(3 * states + i)
        values.append(float(generator.uniform(0.5, 2.0)))
    rows.append(2 * states)
    columns.append(4 * states)
    values.append(1.0)
    row_lower = np.concatenate([np.zeros(states), np.full(states, -np.inf), generator.uniform(2.0, 9.0, 1)])
    row_upper = np.concatenate([np.zeros(states), np.zeros(states), [np.inf]])
    return StageProgram(
        matrix=ColumnMatrix.from_entries(rows, columns, values, shape=(2 * states + 1, n)),
        cost=cost,
        lower=lower,
        upper=upper,
        row_lower=row_lower,
        row_upper=row_upper,
        incoming=np.arange(states),
        outgoing=np.arange(states, 2 * states),
        integer=np.zeros(n, dtype=bool),
        column_names=tuple(f"c{i}" for i in range(n)),
        row_names=tuple(f"r{i}" for i in range(2 * states + 1)),
    )


def _random_noise(generator, stage: StageProgram, states: int, outcomes: int) -> Realisations:
    row_lower = np.tile(stage.row_lower, (outcomes, 1))
    row_lower[:, -1] *= generator.uniform(0.3, 2.0, outcomes)
    cost, upper = np.tile(stage.cost, (outcomes, 1)), np.tile(stage.upper, (outcomes, 1))
    built = slice(2 * states, 3 * states)
    cost[:, built] *= generator.uniform(0.5, 1.5, (outcomes, states))
    upper[:, built] *= generator.uniform(0.3, 1.2, (outcomes, states))
    return Realisations(
        probability=generator.dirichlet(np.ones(outcomes)),
        cost=cost,
        upper=upper,
        row_lower=row_lower,
        row_upper=np.tile(stage.row_upper, (outcomes, 1)),
        constant=generator.uniform(-1.0, 1.0, outcomes),
    )
