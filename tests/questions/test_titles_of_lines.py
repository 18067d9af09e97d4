"""Every row and every column that costs something has words for a reader, in cases that use every block."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from random_financing import random_financing
from random_models import random_model, with_leasebacks

from capexpand.case.loading import load_case
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import build_program
from capexpand.studies.why.line_titles import BALANCES, title_of_column, title_of_row

CASES = Path(__file__).parents[2] / "cases"
SOURCE = Path(__file__).parents[2] / "src/capexpand/model"


@pytest.fixture(scope="module")
def programs():
    found = [build_program(with_leasebacks(random_model(seed, demands=True), seed))[0] for seed in range(16)]
    found.append(build_program(random_model(1, whole_sizes=True))[0])
    financed = with_leasebacks(replace(random_model(2), contracts=None), 2)
    found += [
        build_program(replace(financed, financing=random_financing(financed, seed, hard=True)))[0]
        for seed in range(4)
    ]
    found += [
        build_program(compile_case(load_case(CASES / name)))[0]
        for name in ("two-sites-financed", "neocloud-2025")
    ]
    return found


def test_every_row_has_words(programs):
    rows = {block.name: block for program in programs for block in program.row_blocks}
    assert len(rows) > 45
    for name, block in rows.items():
        if name not in BALANCES:
            words = title_of_row(name, [axis[0] for axis in block.labels])
            assert "{" not in words
            assert words


def test_every_column_that_costs_something_has_words(programs):
    costly = {
        block.name
        for program in programs
        for block in program.column_blocks
        if np.any(program.cost[block.first : block.first + block.positions.size])
    }
    assert len(costly) > 20
    assert all(title_of_column(name) for name in costly)


def test_the_programs_walked_have_every_row_that_the_model_can_write(programs):
    """A block that is added to the model must be in a case here, so that its words are asked for."""
    written = set()
    for file in SOURCE.glob("*.py"):
        written |= set(re.findall(r'lp\.rows\(\s*"([^"]+)"', file.read_text("utf-8")))
    walked = {block.name for program in programs for block in program.row_blocks}
    rare = {"release", "paid to the vendor", "cover of a sculpted loan", "share of backlog"}
    rare.add("kept free for a contract")  # of a policy's offers
    assert len(written) > 40
    assert written - walked <= rare
    assert all(title_of_row(name, ["x"] * 4) for name in rare)
