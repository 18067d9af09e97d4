"""Relations that must hold between the plans of a random case and of a case changed from it.

    python benchmarks/relations.py --cases 200 --seed 1

Order of keys, variants that change nothing and offers that nobody can use leave the value as it is; another
currency scales it; a site split in two leaves it; more money, or an offer more, never lowers it.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from capexpand.case.loading import load_case
from capexpand.pipeline import evaluate, optimise

Document = dict[str, Any]
RATE = 7.25
"""CNY for a USD."""


def random_case(seed: int) -> Document:
    """Return a small case as a user would write it: two sites, two or three offers, one or two workloads."""
    dice = random.Random(seed)
    offers = {f"server-{number}": _offer(dice) for number in range(dice.choice((2, 3)))}
    return {
        "title": f"Random {seed}",
        "as_of": "2025-03-31",
        "currency": "CNY",
        "reason": "invented",
        "calendar": {"start": "2025-04-01", "quarters": 6},
        "finance": {
            "discount_rate": f"{dice.choice((0, 6, 12))} %/year",
            "tax_rate": f"{dice.choice((0, 25))} %",
            "server_life": "5 years",
            "building_life": "20 years",
            "server_end_value": f"{dice.choice((0, 40))} %",
            "building_end_value": "50 %",
        },
        "programme": {
            "buyer": "Cloud",
            "headquarters": "CN",
            "window_start": "2025-04-01",
            "window_quarters": 4,
            "cap": f"{dice.randint(5, 60)} mn CNY",
            "renewal_budget": f"{dice.randint(0, 3)} mn CNY/quarter",
        },
        "opening": {"sites": {"east": {"power": f"{dice.choice((1, 2, 4))} MW"}}},
        "sites": {"east": _site(dice), "west": _site(dice)},
        "offers": offers,
        "workloads": {f"work-{number}": _workload(dice, offers) for number in range(dice.choice((1, 2)))},
    }


def _site(dice: random.Random) -> Document:
    return {
        "title": "Site",
        "destination": "CN",
        "grid": f"{dice.randint(2, 9)} MW",
        "power_usage_effectiveness": dice.choice((1.0, 1.2, 1.4)),
        "energy_price": {"value": "0.4 CNY/kWh", "growth": f"{dice.choice((0, 5))} %/year"},
        "build": {
            "cost": f"{dice.randint(2, 9)} mn CNY/MW",
            "lead_time": "3 months",
            "deposit": "30 %",
            "maintenance": "50 CNY/kW/month",
        },
    }


def _offer(dice: random.Random) -> Document:
    return {
        "title": "Server",
        "power": f"{dice.choice((50, 100, 130))} kW",
        "lead_time": f"{dice.choice((0, 3))} months",
        "attrition": f"{dice.choice((0, 4))} %/year",
        "maintenance": "2 %/year",
        "buy": {"price": f"{dice.uniform(0.5, 2):.3f} mn CNY", "deposit": f"{dice.choice((0, 30))} %"},
        "supply": {"CN": {"limit": f"{dice.randint(2, 30)} units/quarter"}},
    }


def _workload(dice: random.Random, offers: Document) -> Document:
    return {
        "title": "Work",
        "role": "external",
        "unit": "token",
        "demand": f"{dice.randint(5, 60)} tn token/quarter",
        "price": f"{dice.uniform(0.2, 1.2):.3f} CNY/Mtoken",
        "usable_share": "80 %",
        "throughput": {name: f"{dice.uniform(0.3, 2):.3f} tn token/quarter" for name in offers},
    }


def value(document: Document, variant: str | None = None) -> tuple[float, float]:
    """Return the objective and the programme's net present value [million of the case's currency]."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "case.yaml"
        file.write_text(json.dumps(document), encoding="utf-8")
        found = evaluate(optimise(load_case(file, variant)))
    return found.result.plan.solver.objective, float(found.metrics.npv)


def keys_turned(case: Document) -> Document:
    """Turn the order of the fields and of the blocks round, but that of the sites, offers and workloads."""
    kept = ("sites", "offers", "workloads", "throughput")
    return {
        key: {name: keys_turned(inner) for name, inner in one.items()}
        if key in kept and isinstance(one, dict) and all(isinstance(inner, dict) for inner in one.values())
        else keys_turned(one)
        if isinstance(one, dict) and key not in kept
        else one
        for key, one in reversed(case.items())
    }


def with_idle_variant(case: Document) -> Document:
    """Add a variant that sets a field to the value that it has."""
    cap = case["programme"]["cap"]
    return {**case, "variants": {"same": {"title": "The same", "set": {"programme.cap": cap}}}}


def with_useless_offer(case: Document) -> Document:
    """Add an offer that serves nothing."""
    changed = copy.deepcopy(case)
    changed["offers"]["useless"] = _offer(random.Random(0))
    return changed


def without_last_offer(case: Document) -> Document:
    """Take an offer away, with its throughput."""
    changed = copy.deepcopy(case)
    name = list(changed["offers"])[-1]
    del changed["offers"][name]
    for workload in changed["workloads"].values():
        del workload["throughput"][name]
    return changed


def in_dollars(case: Document) -> Document:
    """Count in USD, with every amount as it is written."""
    changed = copy.deepcopy(case)
    changed["currency"] = "USD"
    changed["exchange_rates"] = {"CNY": f"{1 / RATE!r} USD/CNY"}
    return changed


def with_site_split(case: Document) -> Document:
    """Split a site without standing halls into two of half its grid."""
    changed = copy.deepcopy(case)
    half = f"{float(case['sites']['west']['grid'].split()[0]) / 2} MW"
    changed["sites"]["west"]["grid"] = half
    changed["sites"]["far-west"] = copy.deepcopy(changed["sites"]["west"])
    return changed


def with_more_money(case: Document) -> Document:
    """Raise the cap by a third."""
    changed = copy.deepcopy(case)
    changed["programme"]["cap"] = f"{float(case['programme']['cap'].split()[0]) * 4 / 3:.6f} mn CNY"
    return changed


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-6 * max(1.0, abs(one), abs(other))


Relation = Callable[[Document, tuple[float, float]], bool]


def _equal(
    change: Callable[[Document], Document], factor: float = 1.0, variant: str | None = None
) -> Relation:
    def holds(case: Document, before: tuple[float, float]) -> bool:
        after = value(change(case), variant)
        return _same(after[0], before[0] * factor)

    return holds


def _no_less(change: Callable[[Document], Document]) -> Relation:
    def holds(case: Document, before: tuple[float, float]) -> bool:
        return value(change(case))[0] >= before[0] - 1e-6 * max(1.0, abs(before[0]))

    return holds


def _no_more(change: Callable[[Document], Document]) -> Relation:
    def holds(case: Document, before: tuple[float, float]) -> bool:
        return value(change(case))[0] <= before[0] + 1e-6 * max(1.0, abs(before[0]))

    return holds


RELATIONS: dict[str, Relation] = {
    "the order of keys changes nothing": _equal(keys_turned),
    "a variant that sets nothing new changes nothing": _equal(with_idle_variant, variant="same"),
    "an offer that serves nothing changes nothing": _equal(with_useless_offer),
    "another currency scales the value": _equal(in_dollars, 1 / RATE),
    "a site split in two changes nothing": _equal(with_site_split),
    "more money never hurts": _no_less(with_more_money),
    "an offer less never helps": _no_more(without_last_offer),
}


def main() -> None:
    """Check every relation on many cases, and print which fail."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = dict.fromkeys(RELATIONS, 0)
    for seed in range(options.seed, options.seed + options.cases):
        case = random_case(seed)
        before = value(case)
        for name, holds in RELATIONS.items():
            if not holds(case, before):
                failed[name] += 1
                print(f"seed {seed}: it does not hold that {name}")
    for name, count in failed.items():
        print(f"{name:<52} {options.cases - count:>5} of {options.cases}")
    sys.exit(1 if any(failed.values()) else 0)


if __name__ == "__main__":
    main()
