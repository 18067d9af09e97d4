"""Random financings for small compiled cases."""

from dataclasses import replace

import numpy as np

from capexpand.model.data import ModelData
from capexpand.model.financing import Facilities, Financing, Threshold, Thresholds


def facilities(m: ModelData, rng: np.random.Generator, count: int = 3) -> Facilities:
    """Return a bullet, an annuity that may be repaid early with a sweep, and a revolving line."""
    t, k = m.times.count, len(m.offers.names)
    u = rng.uniform
    first, last, due = np.array([0, 1, 0]), np.array([3, 2, t - 2]), np.array([4, 3, 0])
    maturity = np.array([t + 2 if rng.random() < 0.5 else t - 2, t - 1, t - 1])
    quarter = np.arange(t)
    owed = np.full((3, t), np.nan)
    owed[0, 4:] = np.where(quarter[4:] >= maturity[0], 0.0, 1.0)
    owed[1, 3:] = 1.0 - (quarter[3:] - 2) / (maturity[1] - 2)
    owed[2, maturity[2] :] = 0.0
    drawn = np.array([float(u(0, 20)), 0.0, float(u(0, 10))])
    commitment = np.zeros((3, t))
    commitment[2, : t - 1] = float(rng.choice([0.0, 0.002]))
    commitment[0, :4] = float(rng.choice([0.0, 0.002]))
    here = slice(0, count)
    return Facilities(
        names=("bullet", "annuity", "line")[here],
        titles=("Bullet", "Annuity", "Line")[here],
        revolving=np.array([False, False, True])[here],
        amount=(drawn + u(20, 120, 3))[here],
        drawn=drawn[here],
        first=first[here],
        last=last[here],
        due=due[here],
        maturity=maturity[here],
        rate=u(0.0, 0.15, (3, t))[here],
        upfront=np.array([float(u(0, 0.03)), 0.0, 0.0])[here],
        commitment=commitment[here],
        owed=owed[here],
        early=np.array([False, True, False])[here],
        cover_ratio=np.zeros(3)[here],
        sweep=np.array([0.0, float(rng.choice([0.0, 0.5, 1.0])), 0.0])[here],
        share_of_cost=np.array([np.inf, 0.8, np.inf])[here],
        share_of_book=np.array([np.inf, np.inf, float(rng.choice([np.inf, 0.9]))])[here],
        servers=np.array([True, True, True])[here],
        halls=np.array([True, False, True])[here],
        offers=np.array([np.ones(k), rng.random(k) < 0.7, np.ones(k)], dtype=bool)[here],
        currencies=("USD", "CNY", "EUR")[here],
        settled=exchange_rates(rng, t)[here],
        **_backlog(m, rng, count),
    )


def _backlog(m: ModelData, rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    """The annuity, which may be repaid early, is lent on contracts where there are any."""
    if m.contracts is None or count < 2:
        return {}
    shape = (len(m.contracts.workload), m.times.count)
    backlog = np.zeros((3, *shape))
    backlog[1] = np.sort(rng.uniform(0, 40, shape), axis=1)[:, ::-1]
    return {"backlog": backlog[:count], "on_contracts": np.array([False, True, False])[:count]}


def exchange_rates(rng: np.random.Generator, quarters: int) -> np.ndarray:
    """Return rates over that of the first quarter of debt in two other currencies [facility, quarter]."""
    moved = np.exp(0.05 * rng.standard_normal((3, quarters)).cumsum(axis=1))
    moved[1] = 1.0
    return moved / moved[:, :1]


def random_financing(m: ModelData, seed: int, *, hard: bool = False) -> Financing:
    """Return a financing with everything in it; covenants limit nothing unless asked."""
    rng = np.random.default_rng(seed)
    u = rng.uniform
    covenants = Thresholds(
        cover=Threshold(float(u(1, 2)), 2, hard, 4),
        loan_to_value=Threshold(float(u(0.4, 1.2)), 1, hard),
        leverage=Threshold(float(u(1, 6)), 2, hard, 3),
        liquidity=Threshold(float(u(0, 20)), 1, hard),
    )
    return Financing(
        facilities=facilities(m, rng),
        covenants=covenants,
        opening_cash=float(u(0, 20)),
        minimum_cash=np.full(m.times.count, float(u(0, 10))),
        cash_rate=0.0,
        cost_of_equity=0.12,
        equity_limit=np.full(m.times.count, np.inf),
        equity_total=np.inf,
        issue_cost=float(rng.choice([0.0, 0.02])),
        dividends_from=int(rng.integers(0, 3)),
    )


def financed(m: ModelData, seed: int, **changes: object) -> ModelData:
    """Return a case with a random financing, of which some fields are changed."""
    hard = bool(changes.pop("hard", False))
    return replace(m, financing=replace(random_financing(m, seed, hard=hard), **changes))
