"""A plan says which workloads nothing could ever serve and which offers could never arrive."""

from __future__ import annotations

from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.pipeline import evaluate, optimise

TWO_SITES = Path(__file__).parents[2] / "cases/two-sites/case.yaml"


def warnings_with(folder: Path, *changes: tuple[str, str]) -> tuple[str, ...]:
    """What is doubted in the example of two sites with texts replaced."""
    text = TWO_SITES.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the example"
        text = text.replace(old, new)
    (folder / "case.yaml").write_text(text, encoding="utf-8")
    return evaluate(optimise(load_case(folder))).warnings


SHARE = ("usable_share: 50 %", "usable_share: 0 %")
RATE = ("server: 2 tn token/quarter", "server: 0 token/quarter")
USELESS = {
    "a usable share of nothing": ([SHARE], "Chat: can never be served: its usable share is 0"),
    "a throughput of nothing": ([RATE], "Chat: can never be served: its throughput is 0 on every offer"),
    "too little memory": (
        [
            ("    power: 10 kW", "    power: 10 kW\n    memory: 96 GB"),
            (SHARE[0], "usable_share: 50 %\n    memory: 97 GB"),
        ],
        "Chat: can never be served: no offer that serves it has 97 GB of memory",
    ),
    "no site that may serve": (
        [(SHARE[0], "usable_share: 50 %\n    excluded_sites: [coast, west]")],
        "Chat: can never be served: no site may, by its latency, destination or exclusion",
    ),
    "an offer that comes too late": (
        [("    lead_time: 3 months", "    lead_time: 24 months")],
        (
            "Server with eight accelerators: can never arrive: with a lead time of 24 months every order "
            "comes after the horizon"
        ),
    ),
    "an offer that is sold too late": (
        [("    lead_time: 3 months", "    lead_time: 3 months\n    available_from: 2027-01-01")],
        (
            "Server with eight accelerators: can never arrive: with a lead time of 3 months every order "
            "comes after the horizon"
        ),
    ),
}


@pytest.mark.parametrize(("changes", "expected"), USELESS.values(), ids=USELESS)
def test_what_has_no_use_is_a_warning(tmp_path: Path, changes: list[tuple[str, str]], expected: str) -> None:
    assert expected in warnings_with(tmp_path, *changes)


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [
            ("    lead_time: 3 months", "    lead_time: 21 months")
        ],  # the first order comes in the last quarter
        [("{limit: 600 units/quarter}", "{limit: 0 units/quarter}")],  # a ban is meant
    ],
)
def test_what_may_still_be_of_use_is_no_warning(tmp_path: Path, changes: list[tuple[str, str]]) -> None:
    assert not [doubt for doubt in warnings_with(tmp_path, *changes) if "can never" in doubt]
