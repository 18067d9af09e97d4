"""Programs put together from straight lines are those that the case gives; what bends has none."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_case import SMALL

import capexpand as cx
from capexpand.optimiser.brackets import PARTS
from capexpand.studies.sweep import findings as sweeping
from capexpand.studies.sweep.axes import Box
from capexpand.studies.sweep.findings import centre_of, program_at
from capexpand.studies.sweep.straight import StraightProgram


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return the folder of the small case, which waits a quarter for power of a grid that comes later."""
    case = json.loads(json.dumps(SMALL))
    case["programme"]["cap"] = "10 mn CNY"
    folder = tmp_path_factory.mktemp("case")
    (folder / "case.yaml").write_text(json.dumps(case), encoding="utf-8")
    return str(folder)


def lines(box, known=()):
    return StraightProgram.of(box.axes, centre_of(box.axes), lambda point: program_at(box, point), known)


@pytest.fixture(scope="module")
def moved(place):
    """Return a box of limits and prices, and its lines."""
    box = Box(
        place, None, ("programme.cap=0.3x:1.3x", "workloads.chat.price=0.5x:1.5x", "sites.*.grid=1x:1.4x")
    )
    return box, lines(box)


@given(cap=st.floats(0.3, 1.3), price=st.floats(0.5, 1.5), grid=st.floats(1.0, 1.4))
@settings(max_examples=20)
def test_the_program_of_any_point_is_the_one_that_the_case_gives(moved, cap, price, grid):
    box, straight = moved
    assert straight is not None
    given_by_lines, built = straight.at((cap, price, grid)), program_at(box, (cap, price, grid))
    for name in PARTS:
        assert np.allclose(getattr(given_by_lines, name), getattr(built, name), rtol=1e-12, atol=1e-9)
    assert given_by_lines.offset == pytest.approx(built.offset)


@pytest.mark.parametrize(
    "axes",
    [
        ("finance.discount_rate=7 %:12 %:3",),  # a power of it
        ("offers.server.lead_time=0 months:6 months:3",),  # another structure
        ("workloads.chat.price=0.5x:1.5x", "finance.tax_rate=0 %:30 %:3"),  # lines alone, together a product
    ],
)
def test_what_moves_in_no_line_has_none(place, axes):
    box = Box(place, None, axes)
    assert lines(box) is None
    for axis in axes[1:]:
        assert lines(Box(place, None, (axis,))) is not None


def test_a_point_that_was_planned_otherwise_leaves_no_line(place):
    """A kink between the places that are checked shows at a planned point, and all lines are given up."""
    box = Box(place, None, ("programme.cap=0.3x:1.3x",))
    assert lines(box) is not None
    other = program_at(box, (1.2,))
    assert lines(box, [((0.5,), other)]) is None


def test_brackets_are_looked_up_without_loading_the_case(place, monkeypatch):
    swept = cx.sweep(place, vary=["programme.cap=0.5x:1.5x:3", "workloads.chat.price=0.8x:1.2x:3"], workers=1)
    first = swept.bracket({"programme.cap": "0.7x", "workloads.chat.price": "1.1x"})
    built = swept.found.brackets.at(program_at(swept.found.box, (0.7, 1.1)))
    assert (first.lower, first.upper) == pytest.approx((built.lower, built.upper))

    def loaded(*_):
        raise AssertionError("the case was loaded")

    monkeypatch.setattr(sweeping, "program_at", loaded)
    assert swept.bracket({"programme.cap": "0.9x"}).lower == pytest.approx(27.0, rel=1e-6)
