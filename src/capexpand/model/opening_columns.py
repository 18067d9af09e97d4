"""The columns that stand before the first quarter of a program."""

from __future__ import annotations

import numpy as np

from capexpand.model.ages import standing
from capexpand.model.blocks import ABSENT, Blocks
from capexpand.model.churn import unknown_before
from capexpand.model.data import ModelData
from capexpand.model.energy import energy_history
from capexpand.model.funding import opening_funding
from capexpand.model.hire import hire_history
from capexpand.model.leases import remembered_quarters
from capexpand.model.signing import nothing_signed
from capexpand.model.stage import State


def opening_columns(lp: Blocks, m: ModelData) -> State:
    """Adds the state before the first quarter as columns fixed at the opening values.

    Their reduced costs are the worth of one more of each thing at the start.
    """
    options, places = m.offers.names, m.destinations
    ages = [options, places]
    power_age = int(np.max(m.power.lead_quarters + m.power.term_quarters, initial=0))
    rented_age, leased_age = remembered_quarters(m)
    power_age = max(power_age, rented_age)
    aging, wearing, wear = m.aging, m.wearing, m.offers.wear
    kept_for = m.offers.term_quarters + np.maximum(
        np.where(aging, 0 if (life := m.offers.life_quarters) is None else life, 0),
        np.where(wearing, 0 if wear is None else wear.after_quarters, 0),
    )
    settles = m.offers.coming_into_use.shape[1] - 1
    offer_age = max(int(np.max(m.offers.lead_quarters + kept_for, initial=0)), leased_age)
    if m.churn is not None and m.churn.orders:  # the last order is asked for
        power_age, offer_age = max(power_age, 1), max(offer_age, 1)
    running, serving = unknown_before(m)
    waits = [m.power.lead_quarters, m.offers.lead_quarters]
    if m.energy is not None:
        waits.append(m.energy.lead_quarters[m.energy.bought])
    payment_age = max(int(wait.max(initial=0)) for wait in waits)
    stood, installed = m.opening.power_mw, m.opening.installed
    finite = np.isfinite(m.offers.stock)
    stock = np.where(finite, m.offers.stock, 0.0)
    free = np.zeros((len(options), len(places)))
    np.add.at(free.T, m.sites.destination, np.where(m.offers.owned, 0.0, installed))
    living = np.zeros_like(free)
    np.add.at(living.T, m.sites.destination, np.where(aging | wearing, installed, 0.0))
    fresh = np.where(wearing, standing(m)[1][:, 0], 0.0)[:, None] * living
    worn = np.where(wearing[:, None], living - fresh, 0.0)
    living = np.where(aging[:, None], living, 0.0)
    return State(
        power=lp.columns("opening power", [m.power.names], lower=stood, upper=stood),
        power_history=np.full((len(m.power.names), power_age), ABSENT, dtype=np.int64),
        power_free=lp.columns(
            "opening free power", [m.power.names], lower=stood, upper=stood, where=~m.power.owned
        ),
        installed=lp.columns(
            "opening units", [m.sites.names, options], lower=installed, upper=installed, where=installed > 0
        ),
        order_history=np.full((len(options), len(places), offer_age), ABSENT, dtype=np.int64),
        units_free=lp.columns("opening free units", ages, lower=free, upper=free, where=free > 0),
        waiting=np.full((len(options), len(places)), ABSENT, dtype=np.int64),
        within_life=lp.columns("opening life", ages, lower=living, upper=living, where=living > 0),
        young=lp.columns("opening short of wear", ages, lower=fresh, upper=fresh, where=fresh > 0),
        worn=lp.columns("opening worn", ages, lower=worn, upper=worn, where=worn > 0),
        placed_history=np.full((*installed.shape, settles), ABSENT, dtype=np.int64),
        stock=lp.columns("opening stock", [m.offers.products], lower=stock, upper=stock, where=finite),
        spent=lp.columns("opening spent", [("opening",)], upper=0.0),
        due=np.full(payment_age, ABSENT, dtype=np.int64),
        end_book=np.full(2, ABSENT, dtype=np.int64),
        energy_signings=energy_history(m)[0],
        generators=energy_history(m)[1],
        signings=hire_history(m),
        running=running,
        serving=serving,
        contracts=nothing_signed(m),
        funding=opening_funding(lp, m),
    )
