"""One builder of small cases, compiled by hand so that these tests need no case file."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, timedelta

import numpy as np
import pytest

from capexpand.model.data import (
    Budget,
    ModelData,
    OfferOptions,
    OpeningState,
    PowerOptions,
    Sites,
    Taxes,
    Times,
    Workloads,
)
from capexpand.timevalue import discount_factors, end_discount_factor, quarter_starts

Builder = Callable[..., ModelData]


@pytest.fixture(scope="session")
def build() -> Builder:
    """Return the builder.

    By default: one site with ample free power, one offer bought for 100 and delivered at once, one external
    workload of which a unit serves 1 a quarter, no tax, no discount. Each group of ModelData takes changes
    that are broadcast to the shape of the default.
    """
    return build_model


def build_model(
    *,
    quarters=4,
    destinations=1,
    power_options=1,
    product=(0,),
    site_groups=(0,),
    roles=("external",),
    tranches=1,
    discount_rate=0.0,
    window=None,
    vat=0.0,
    vat_recovery=None,
    **changes,
) -> ModelData:
    t, d, o, j = quarters, destinations, power_options, len(roles)
    s, k, g = len(site_groups), len(product), max(product) + 1
    starts = quarter_starts(date(2025, 4, 1), t + 1)
    times = Times(
        starts=starts[:t],
        ends=tuple(day - timedelta(days=1) for day in starts[1:]),
        discount=discount_factors(discount_rate, t),
        discount_end=end_discount_factor(discount_rate, t),
        window=window or (0, t),
    )
    m = ModelData(
        title="small",
        currency="CNY",
        times=times,
        destinations=names("D", d),
        sites=Sites(
            names=names("site", s),
            titles=names("Site", s),
            destination=np.arange(s) % d,
            grid_mw=np.full((s, t), 1e3),
            committed_grid_mw=np.full((s, t), 1e3),
            power_usage_effectiveness=np.ones(s),
            energy_price=np.zeros((s, t)),
            group=np.array(site_groups),
        ),
        power=PowerOptions(
            names=names("power", o),
            site=np.arange(o) % s,
            owned=np.ones(o, dtype=bool),
            lead_quarters=np.zeros(o, dtype=np.int64),
            term_quarters=np.zeros(o, dtype=np.int64),
            limit_mw=np.zeros((o, t)),
            price=np.zeros((o, t)),
            deposit_fraction=np.zeros(o),
            running_cost=np.zeros((o, t)),
            exit_cost=np.zeros((o, t)),
            hall_mw=np.zeros(o),
            end_value=np.zeros(o),
        ),
        offers=OfferOptions(
            names=names("offer", k),
            products=names("product", g),
            product_titles=names("Product", g),
            product=np.array(product),
            owned=np.ones(k, dtype=bool),
            lead_quarters=np.zeros(k, dtype=np.int64),
            term_quarters=np.zeros(k, dtype=np.int64),
            price=np.full((k, d, t), 100.0),
            export_fee=np.zeros((k, d, t)),
            import_duty=np.zeros((k, d, t)),
            deposit_fraction=np.zeros(k),
            running_cost=np.zeros((k, t)),
            exit_cost=np.zeros((k, t)),
            power_kw=np.full(k, 1000.0),
            draw_fraction=np.ones(k),
            attrition=np.zeros(k),
            orderable=np.ones((k, d, t), dtype=bool),
            limit=np.full((g, d, t), np.inf),
            least=np.zeros((g, d, t)),
            stock=np.full(g, np.inf),
            delayed=np.zeros(k, dtype=bool),
            released=np.ones((k, t)),
            lot=np.zeros(k),
            end_value=np.zeros(k),
            accelerators=np.full(g, 8.0),
            compute_pflops=np.full(g, 2.0),
        ),
        workloads=Workloads(
            names=names("workload", j),
            titles=names("Workload", j),
            roles=tuple(roles),
            units=("token",) * j,
            tranches=tranches,
            service=np.ones((k, j)),
            served_by=np.ones((max(site_groups) + 1, j), dtype=bool),
            productivity=np.ones((j, t)),
            demand=np.ones((j, tranches, t)),
            price=np.full((j, tranches, t), 80.0),
            must_serve=np.zeros(j, dtype=bool),
            penalty=np.zeros((j, t)),
            margin_fraction=np.ones((j, t)),
            usable_fraction=np.ones(j),
        ),
        budget=Budget(
            cap=np.full(t, np.inf),
            floor=0.0,
            floor_penalty=2.0,
            renewal=np.full(t, np.inf),
            renewal_without_programme=np.zeros(t),
        ),
        taxes=Taxes(
            rate=0.0,
            server_life_quarters=2,
            building_life_quarters=2,
            value_added_tax=vat,
            recovery_quarters=vat_recovery,
            payment_factor=np.ones(t),
            server_shield=np.zeros(t),
            building_shield=np.zeros(t),
        ),
        opening=OpeningState(
            power_mw=np.full(o, 100.0),
            power_due_mw=np.zeros((o, t)),
            installed=np.zeros((s, k)),
            units_due=np.zeros((k, d, t)),
            payments_due=np.zeros(t),
            other_revenue=np.zeros(t),
            other_cost=np.zeros(t),
            depreciation=np.zeros(t),
        ),
        whole_sizes=changes.pop("whole_sizes", False),
        hours_per_quarter=2000.0,
    )
    m = replace(m, **{group: altered(getattr(m, group), parts) for group, parts in changes.items()})
    return replace(m, taxes=with_present_values(m))


def names(kind, count):
    return tuple(f"{kind} {i + 1}" for i in range(count))


def altered(group, parts):
    """Return a group with some fields changed; numbers and short arrays are broadcast to its shape."""
    known = {f.name: getattr(group, f.name) for f in fields(group)}
    new = {}
    for name, value in parts.items():
        default = known[name]
        if isinstance(default, np.ndarray):
            new[name] = np.array(np.broadcast_to(np.asarray(value, dtype=default.dtype), default.shape))
        else:
            new[name] = value
    return replace(group, **new)


def with_present_values(m):
    """Return the taxes with what the objective needs, each present value summed quarter by quarter."""
    taxes, count = m.taxes, m.times.count
    discount, end = list(m.times.discount), m.times.discount_end
    factor = []
    for t in range(count):
        back = 0.0
        if taxes.recovery_quarters is not None:
            later = t + taxes.recovery_quarters
            back = discount[later] if later < count else end
        factor.append(1.0 + taxes.value_added_tax * (1.0 - back / discount[t]))
    lost = taxes.value_added_tax if taxes.recovery_quarters is None else 0.0

    def shield(life):
        result = []
        for t in range(count):
            written_off = [discount[u] / life for u in range(t, min(t + life, count))]
            left = 1.0 - len(written_off) / life
            result.append((1.0 + lost) * taxes.rate * (sum(written_off) + left * end))
        return np.array(result)

    return replace(
        taxes,
        payment_factor=np.array(factor),
        server_shield=shield(taxes.server_life_quarters),
        building_shield=shield(taxes.building_life_quarters),
    )


@pytest.fixture(scope="session")
def random_model() -> Callable[[int], ModelData]:
    """Return a function that makes a small case with everything in it from a seed."""
    return random_case


def random_case(seed: int) -> ModelData:
    """Make a case of two sites in two destinations, each with own and rented power.

    It has four offer options of three products, one of them leased, and workloads of every role.
    """
    rng = np.random.default_rng(seed)
    u = rng.uniform
    t, s, d, o, k, g, j, i = 8, 2, 2, 4, 4, 3, 4, 2
    own_power = np.array([True, True, False, False])
    bought = np.array([True, True, False, True])
    fee, duty = (np.where(bought[:, None, None], u(0, 5, (k, d, t)), 0.0) for _ in range(2))
    price = np.where(bought[:, None, None], u(20, 60, (k, d, t)), 0.0) + fee + duty
    first = int(rng.integers(0, 3))
    window = (first, first + 4)
    inside = (np.arange(t) >= first) & (np.arange(t) < first + 4)
    served_by = rng.random((2, j)) < 0.8
    served_by[0] = True
    return build_model(
        quarters=t,
        site_groups=(0, 1),
        destinations=d,
        power_options=o,
        product=(0, 1, 1, 2),
        roles=("external", "internal", "obligation", "external"),
        tranches=i,
        discount_rate=float(u(0.0, 0.2)),
        window=window,
        vat=float(rng.choice([0.0, 0.13])),
        vat_recovery=[None, 0, 1, 3][int(rng.integers(4))],
        whole_sizes=bool(rng.random() < 0.2),
        sites={
            "grid_mw": np.sort(u(1, 30, (s, t)), axis=1),
            "committed_grid_mw": np.full((s, t), 40.0),
            "power_usage_effectiveness": u(1.1, 1.5, s),
            "energy_price": u(0, 1e-3, (s, t)),
        },
        power={
            "owned": own_power,
            "lead_quarters": rng.integers(0, 4, o),
            "term_quarters": np.where(own_power, 0, rng.integers(1, 4, o)),
            "limit_mw": u(0, 8, (o, t)),
            "price": np.where(own_power[:, None], u(2, 10, (o, t)), 0.0),
            "deposit_fraction": np.where(own_power, u(0, 1, o), 0.0),
            "running_cost": u(0, 0.5, (o, t)),
            "exit_cost": np.where(own_power[:, None], 0.0, u(0, 0.2, (o, t))),
            "hall_mw": np.where(own_power, 0.5, 0.0),
            "end_value": np.where(own_power, u(0, 2, o), 0.0),
        },
        offers={
            "owned": bought,
            "lead_quarters": rng.integers(0, 3, k),
            "term_quarters": np.where(bought, 0, rng.integers(1, 4, k)),
            "price": price,
            "export_fee": fee,
            "import_duty": duty,
            "deposit_fraction": np.where(bought, u(0, 1, k), 0.0),
            "running_cost": np.where(bought[:, None], u(0, 1, (k, t)), u(5, 12, (k, t))),
            "exit_cost": np.where(bought[:, None], 0.0, u(0, 2, (k, t))),
            "power_kw": u(200, 900, k),
            "draw_fraction": u(0.5, 1, k),
            "attrition": np.where(bought, u(0, 0.1, k), 0.0),
            "orderable": rng.random((k, d, t)) < 0.8,
            "limit": u(0, 6, (g, d, t)),
            "stock": np.array([np.inf, 25.0, 12.0]),
            "lot": np.array([0.0, 0.5, 0.0, 0.0]),
            "end_value": np.where(bought, u(0, 15, k), 0.0),
        },
        workloads={
            "units": ("token", "token", "FLOP", "accelerator_hour"),
            "service": u(0.5, 2, (k, j)) * (rng.random((k, j)) < 0.8),
            "served_by": served_by,
            "productivity": np.cumprod(u(1.0, 1.2, (j, t)), axis=1),
            "demand": u(0, 8, (j, i, t)),
            "price": u(5, 25, (j, i, t)),
            "penalty": u(0, 40, (j, t)),
            "margin_fraction": u(0.5, 1.0, (j, t)),
        },
        budget={
            "cap": np.where(inside, u(100, 400), np.inf),
            "floor": float(rng.choice([0.0, 300.0])),
            "renewal": np.where(inside, np.inf, u(0, 40, t)),
            "renewal_without_programme": u(0, 20, t),
        },
        taxes={
            "rate": float(rng.choice([0.0, 0.25])),
            "server_life_quarters": int(rng.integers(1, 10)),
            "building_life_quarters": int(rng.integers(1, 30)),
        },
        opening={
            "power_mw": u(0, 4, o),
            "power_due_mw": np.where(own_power[:, None], u(0, 1, (o, t)), 0.0),
            "installed": u(0, 4, (s, k)),
            "units_due": np.where(bought[:, None, None], u(0, 1, (k, d, t)), 0.0),
            "payments_due": u(0, 5, t),
            "other_revenue": u(0, 30, t),
            "other_cost": u(0, 40, t),
            "depreciation": u(0, 10, t),
        },
    )
