"""How often intervals hold: on the catalogue's histories and on companies that do not exist.

Run ``python benchmarks/forecasts.py [--each 6] [--seed 21] [--alone]``. Every forecast is made from what was
known on its day; the scale from which a company starts comes from the others. ``--alone`` forecasts each
company beside the catalogue only, as a file of one company is.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from made_up_companies import companies

from capexpand.forecasting.forecast import catalogue_series, forecasts_of
from capexpand.forecasting.panel import Panel
from capexpand.forecasting.rolling import Case, rolling_cases
from capexpand.forecasting.scores import SHARES, Covered, company_years, covered, grouped, skills

AIMS = ((0.42, 0.58), (0.75, 0.85))  # of the intervals of 50 and 80 %


def main() -> int:
    """Print the tables; return 1 where the intervals of the made-up companies miss their aims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=6, help="companies of each of the twelve sorts")
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--alone", action="store_true", help="each company beside the catalogue only")
    options = parser.parse_args()
    catalogue = catalogue_series()
    found = forecasts_of(catalogue, {})
    _print("Histories of the catalogue", found.cases)
    made = companies(options.each, seed=options.seed)
    groups = [(one,) for one in made] if options.alone else [made]
    cases: list[Case] = []
    for group in groups:
        cases += rolling_cases(Panel((*group, *catalogue)), {one.company for one in group})
    _print("Companies that do not exist", tuple(cases))
    shares = covered("all", cases).shares
    return int(not all(low <= share <= high for share, (low, high) in zip(shares, AIMS, strict=False)))


def _print(title: str, cases: tuple[Case, ...]) -> None:
    print(f"\n{title}: {len(cases)} forecasts of {len({case.company for case in cases})} companies")
    print(f"{'':26}" + "".join(f"{share:>8.0%}" for share in SHARES) + "   cases")
    rows: list[Covered] = [covered("all", cases)]
    rows += grouped(cases, lambda case: case.kind)
    rows += grouped(cases, lambda case: f"{case.kind}, {case.horizon} ahead")
    rows += grouped(cases, lambda case: case.company.rstrip(" 0123456789"))
    for row in rows:
        print(f"{row.name:26}" + "".join(f"{share:8.1%}" for share in row.shares) + f"{row.cases:8}")
    years = np.array([each.shares[1] for each in company_years(cases)])
    below = int((years < 0.65).sum())
    print(f"company-years of 20 or more below 65 %: {below} of {years.size}; least {years.min():.0%}")
    for each in skills(cases):
        if each.low is not None:
            ends = f"{each.low:+.2f} to {each.high:+.2f}"
            print(f"skill beside {each.rival}, {each.company}: {each.skill:+.2f} ({ends})")


if __name__ == "__main__":
    sys.exit(main())
