"""Keeps the books of many scenarios at once: what is done in a quarter, and the money that it moves.

Money follows from the program's own numbers, so no price is computed twice: the objective coefficient of a
column, undone of discount and tax, is its cash flow, and its coefficients in the payment rows add up to its
price.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from capexpand.model.blocks import ABSENT, Floats, Indices
from capexpand.model.data import ModelData
from capexpand.model.energy import charged_when_signed
from capexpand.model.hire import paid_over_term
from capexpand.model.lease_terms import paid_over
from capexpand.model.plants import has_plants, plant_options, worth_at_end
from capexpand.model.stage import Stage
from capexpand.policy.stage_numbers import StageNumbers


@dataclass(frozen=True, slots=True)
class Done:
    """What is done in one quarter; each array [scenario, ...] flattened as in the stage's blocks."""

    power_ordered: Floats  # [scenario, power option] MW
    power_returned: Floats  # [scenario, power option] MW
    power: Floats  # [scenario, power option] MW
    ordered: Floats  # [scenario, offer option and destination] units
    returned: Floats  # [scenario, site and offer option] units
    installed: Floats  # [scenario, site and offer option] units
    running: Floats  # [scenario, site and offer option] units
    sold: Floats  # [scenario, workload and tranche] base units
    unmet: Floats  # [scenario, workload] base units
    paid: Floats  # [scenario, 1] money
    shortfall: Floats  # [scenario, 1] money
    lacking: Floats  # [scenario, offer and destination] units less than by contract
    energy_signed: Floats  # [scenario, contract] MW
    energy_used: Floats  # [scenario, contract] MWh
    energy_surplus: Floats  # [scenario, contract] MWh
    grid_energy: Floats  # [scenario, site] MWh
    power_free: Floats  # [scenario, power option] MW rented and past its term
    units_free: Floats  # [scenario, offer option and place] leased units past their term
    power_not_taken: Floats  # [scenario, power option] MW paid for and not held
    units_not_taken: Floats  # [scenario, offer option] units paid for and not held
    hire_signed: Floats  # [scenario, hire option] units reserved from clouds
    hired: Floats  # [scenario, hire option] units hired without a commitment
    worn: Floats  # [scenario, offer option and destination] units beyond the age of wear
    signed: Floats  # [scenario, contract] part that is signed of those on offer


def done_columns(stage: Stage) -> tuple[Indices, ...]:
    """Returns the columns of a stage that ``Done`` holds, in its order."""
    return (
        stage.power.ordered,
        stage.power.returned,
        stage.power.energised,
        stage.orders.ordered.ravel(),
        stage.fleet.returned.ravel(),
        stage.fleet.installed.ravel(),
        stage.service.running.ravel(),
        stage.service.sold.ravel(),
        stage.service.unmet,
        stage.money.paid,
        stage.money.shortfall,
        stage.orders.lacking.ravel(),
        stage.energy.signed,
        stage.energy.used,
        stage.energy.surplus,
        stage.energy.grid,
        stage.power.free,
        stage.fleet.free.ravel(),
        stage.leases.power,
        stage.leases.units,
        stage.hire.signed,
        stage.hire.hired,
        stage.fleet.worn.ravel(),
        stage.signed,
    )


def read_done(columns: Floats, stage: Stage) -> Done:
    """Returns what solutions [scenario, column] do in a stage."""
    return Done(*(picked(columns, block) for block in done_columns(stage)))


def picked(values: Floats, columns: Indices) -> Floats:
    """Returns values [scenario, picked] of columns; one that does not exist is 0.

    They lie by scenario, so that a sum over a row is the same to the last digit in any company.
    """
    found = values[:, np.maximum(columns, 0)]
    return np.ascontiguousarray(np.where(columns == ABSENT, 0.0, found))


@dataclass(frozen=True, slots=True)
class Books:
    """Money of a strategy through many scenarios, in the case's millions [quarter, scenario].

    Flows are those of the whole business that the case describes; ``objective`` is in present value.
    """

    objective: Floats
    revenue: Floats  # cash, of external workloads
    transfer: Floats  # value of internal workloads; no cash
    ordinary: Floats  # ordinary costs of both
    energy: Floats
    contracts: Floats  # of it, for energy under contract, fixed when signed
    running: Floats  # maintenance, leases, fees, hire
    hire: Floats  # of it, hire from clouds, reservations in the quarters in which they are paid
    fixed_fees: Floats  # of it, leases at fees fixed when signing
    exits: Floats  # less what units are sold for
    paid: Floats  # for orders, without value-added tax
    commitments: Floats  # full price at order
    servers_ordered: Floats  # of it, servers by quarter of delivery
    buildings_ordered: Floats  # of it, halls by quarter of delivery
    plants_ordered: Floats  # of it, generators and storage by quarter of delivery
    plants_written: Floats  # of their price, what is written off, each over its own term
    penalty: Floats  # present value of what steers and is no money
    end_value: Floats  # before tax; of the last quarter only
    unmet: Floats  # share of the volume owed that was not served
    power_mw: Floats  # energised
    installed: Floats  # accelerators
    idle_power_mw: Floats  # energised and not used
    idle_units: Floats  # accelerators installed and not running
    cash: Floats  # revenue less all costs and payments, before tax and value-added tax
    prepaid: Floats  # of contracts that were on offer, on signing less what is credited; in no other line
    signed: Floats  # [contract, scenario] part that is signed of those on offer
    lent_on: Floats  # [facility and quarter, scenario] of servers ordered, what such loans pay for

    @staticmethod
    def empty(quarters: int, scenarios: int, *, contracts: int = 0, facilities: int = 0) -> Books:
        """Returns books in which nothing is written yet.

        Args:
            contracts: number of contracts with customers.
            facilities: number of facilities, where some lend on certain servers.
        """
        flows = (np.zeros((quarters, scenarios)) for _ in fields(Books)[:-2])
        told = (np.zeros((rows, scenarios)) for rows in (contracts, facilities * quarters))
        return Books(*flows, *told)

    @staticmethod
    def of(m: ModelData, scenarios: int) -> Books:
        """Returns empty books of a case."""
        return Books.empty(
            m.times.count,
            scenarios,
            contracts=0 if m.contracts is None else len(m.contracts.workload),
            facilities=0 if m.lent_on is None else len(m.lent_on),
        )

    def first(self, count: int) -> Books:
        """Returns the books of the first scenarios."""
        return Books(*(getattr(self, field.name)[:, :count] for field in fields(Books)))

    @staticmethod
    def joined(parts: list[Books]) -> Books:
        """Returns the books of all scenarios from those of some each, in order."""
        return Books(
            *(
                np.concatenate([getattr(part, field.name) for part in parts], axis=1)
                for field in fields(Books)
            )
        )

    @property
    def value(self) -> Floats:
        """Objective of each scenario, without what no decision changes [scenario]."""
        return self.objective.sum(axis=0)


class Bookkeeper:
    """Writes the books of a quarter.

    Args:
        m: the compiled case as the policy sees it.
        numbers: of the quarter.
    """

    def __init__(self, m: ModelData, numbers: StageNumbers) -> None:
        self._m, self._numbers = m, numbers
        self.stage = numbers.built.stage
        self._columns = done_columns(self.stage)
        self._order_entries = [
            _price_entries(numbers, block) for block in (self._columns[0], self._columns[3])
        ]

    def prices(self, factors: Floats) -> tuple[Floats, Floats]:
        """Returns prices at order [scenario, power option] and [scenario, offer option and place]."""
        values = self._numbers.coefficients(factors)
        power, units = (
            np.stack([-values[:, rows].sum(axis=1) for rows in entries], axis=1)
            for entries in self._order_entries
        )
        return power, units

    def write(self, books: Books, here: Indices, done: Done, factors: Floats) -> None:
        """Writes what some scenarios do in the quarter.

        Args:
            here: [done] positions of the scenarios in the books.
            factors: [entry, done] of the quarter.
        """
        m, t = self._m, self._numbers.quarter
        cost = self._numbers.costs(factors)
        parts = [picked(cost, block) for block in self._columns]
        amounts = [getattr(done, field.name) for field in fields(Done)]
        everything = [part * amount for part, amount in zip(parts, amounts, strict=True)]
        b, b_back, power, x, back, fleet, run, sold, unmet, _, short, lacking, *more = everything
        contracts, *flows = more[:4]
        *loose, signed, hired, worn, under = more[4:]
        agreed = self._agreed(books, here, under, done.signed)
        self._contracts(books, here, contracts, done.energy_signed)
        plants = self._plants(books, here, done.energy_signed)
        self._fixed_fees(books, here, b, x)
        kept = m.times.discount[t] * (1.0 - m.taxes.rate)
        tranches = m.workloads.tranches
        margin = -sold.reshape(len(sold), -1, tranches).sum(axis=2) / kept  # [scenario, workload]
        fraction = m.workloads.margin_fraction[:, t]
        gross = np.divide(margin, fraction, out=np.zeros_like(margin), where=fraction > 0)
        external = np.array([role == "external" for role in m.workloads.roles])
        power_price, unit_price = self.prices(factors)
        halls, servers = done.power_ordered * power_price, done.ordered * unit_price
        self._deliver(books, here, halls, servers)
        end = self._end_value(done, books, here) if t == m.times.count - 1 else np.zeros(len(sold))
        at_end = m.times.discount_end * (1.0 - m.taxes.rate) * end
        apart = at_end if m.end_value_within_book else 0.0  # it then has columns of its own
        per_unit = m.offers.accelerators[m.offers.product]
        accelerators = np.tile(per_unit, len(m.sites.names))
        used_mw = done.running @ np.tile(m.offers.power_kw / 1000.0, len(m.sites.names))
        owed = np.array([role == "obligation" for role in m.workloads.roles])
        demand = (m.workloads.demand[:, :, t].sum(axis=1) / m.workloads.productivity[:, t])[owed].sum()
        self._hire(books, here, signed, hired)
        entries = {
            "objective": apart - sum((part.sum(axis=1) for part in everything), np.zeros(len(sold))),
            "revenue": gross[:, external].sum(axis=1) + agreed,
            "transfer": gross[:, ~external].sum(axis=1),
            "ordinary": (gross - margin).sum(axis=1),
            "energy": sum((part.sum(axis=1) for part in flows), run.sum(axis=1)) / kept
            + books.contracts[t, here],
            "running": (power.sum(axis=1) + fleet.sum(axis=1) + worn.sum(axis=1) + at_end - apart) / kept
            + books.hire[t, here]
            + books.fixed_fees[t, here]
            + sum((part.sum(axis=1) for part in loose), np.zeros(len(sold))) / kept,
            "exits": (b_back.sum(axis=1) + back.sum(axis=1)) / kept,
            "paid": done.paid[:, 0],
            "commitments": halls.sum(axis=1) + servers.sum(axis=1) + plants,
            "penalty": unmet.sum(axis=1) + short[:, 0] + lacking.sum(axis=1),
            "end_value": books.end_value[t, here] + end,
            "unmet": done.unmet.sum(axis=1) / demand if demand > 0 else np.zeros(len(sold)),
            "power_mw": done.power.sum(axis=1),
            "installed": done.installed @ accelerators,
            "idle_power_mw": np.maximum(done.power.sum(axis=1) - used_mw, 0.0),
            "idle_units": (done.installed - done.running) @ accelerators,
        }  # fmt: skip
        for name, values in entries.items():
            getattr(books, name)[t, here] = values
        out = ("ordinary", "energy", "running", "exits", "paid")
        books.cash[t, here] = entries["revenue"] - sum(entries[name] for name in out)

    def _agreed(self, books: Books, here: Indices, cost: Floats, signed: Floats) -> Floats:
        """Writes prepayments; returns what signed contracts earn if nothing is delivered [scenario]."""
        m, t = self._m, self._numbers.quarter
        if m.contracts is None:
            return np.zeros(len(here))
        books.signed[:, here] = np.maximum(books.signed[:, here], signed.T)
        prepaid = signed @ m.contracts.prepayments[:, t]
        books.prepaid[t, here] = prepaid
        disc = m.times.discount[t]
        return np.asarray((-cost.sum(axis=1) / disc - prepaid) / (1.0 - m.taxes.rate))

    def _hire(self, books: Books, here: Indices, signed: Floats, hired: Floats) -> None:
        """Writes the fees of reservations into the quarters in which they are paid, and those of now."""
        m, t = self._m, self._numbers.quarter
        if m.hire is None:
            return
        kept = m.times.discount * (1.0 - m.taxes.rate)
        weight = paid_over_term(m.hire, kept, t)
        fees = np.divide(signed, weight, out=np.zeros_like(signed), where=weight > 0.0)
        for h in np.flatnonzero(m.hire.reserved):
            first = t + int(m.hire.lead_quarters[h])
            for paid in range(first, min(first + int(m.hire.term_quarters[h]), m.times.count)):
                books.hire[paid, here] += fees[:, h]
        books.hire[t, here] += hired.sum(axis=1) / kept[t]

    def _contracts(self, books: Books, here: Indices, charged: Floats, signed: Floats) -> None:
        """Writes what contracts for energy cost into the quarters of their terms."""
        m, t = self._m, self._numbers.quarter
        if m.energy is None:
            return
        each = m.energy.fixed_cost(m.hours_per_quarter)[:, t]
        weight = charged_when_signed(m, m.energy, t)
        units = np.divide(charged, weight, out=np.zeros_like(charged), where=weight > 0.0)
        units = np.where(m.energy.bought, signed, units)  # what they cost is more than their fee
        for later in range(t, m.times.count):
            books.contracts[later, here] += units @ each[:, later]

    def _plants(self, books: Books, here: Indices, signed: Floats) -> Floats:
        """Writes generators and storage into the books of their terms; returns their price [scenario]."""
        m, t = self._m, self._numbers.quarter
        if not has_plants(m):
            return np.zeros(len(here))
        o, worth = plant_options(m), worth_at_end(m)
        prices = signed * o.cost[:, t]
        for p in np.flatnonzero(o.bought):
            first, term = t + int(o.lead_quarters[p]), int(o.term_quarters[p])
            if first < m.times.count:
                books.plants_ordered[first, here] += prices[:, p]
                books.plants_written[first : first + term, here] += prices[:, p] / term
        books.end_value[-1, here] += signed @ worth[:, t]
        return np.asarray(prices.sum(axis=1))

    def _fixed_fees(self, books: Books, here: Indices, b: Floats, x: Floats) -> None:
        """Writes fees that were fixed at order into the quarters of their terms."""
        m, t, terms = self._m, self._numbers.quarter, self._m.lease_terms
        if terms is None:
            return
        kept = m.times.discount * (1.0 - m.taxes.rate)
        by_offer = x.reshape(len(x), len(m.offers.names), -1).sum(axis=2)
        for part, charged, lead, term in (
            (terms.power, b, m.power.lead_quarters, m.power.term_quarters),
            (terms.units, by_offer, m.offers.lead_quarters, m.offers.term_quarters),
        ):
            weight = paid_over(part, kept, t, lead=lead, term=term)
            for k in np.flatnonzero(part.fixed & (weight > 0.0)):
                grown = part.growth(int(term[k]))[k]
                for age, raised in enumerate(grown[: m.times.count - t - int(lead[k])]):
                    books.fixed_fees[t + int(lead[k]) + age, here] += raised * charged[:, k] / weight[k]

    def _end_value(self, done: Done, books: Books, here: Indices) -> Floats:
        """What stands at the horizon's end is worth, no more than its book where that is asked [scenario]."""
        m = self._m
        units = done.installed @ np.tile(m.offers.end_value, len(m.sites.names))
        halls = done.power @ m.power.end_value
        if m.end_value_within_book:
            left, built = m.end_book_fractions
            units = np.minimum(units, left @ books.servers_ordered[:, here])
            halls = np.minimum(halls, built @ books.buildings_ordered[:, here])
        return units + halls

    def _deliver(self, books: Books, here: Indices, halls: Floats, servers: Floats) -> None:
        """Writes the price of orders in the quarter in which they arrive."""
        m, t = self._m, self._numbers.quarter
        for o, lead in enumerate(m.power.lead_quarters):
            if t + lead < m.times.count:
                books.buildings_ordered[t + lead, here] += halls[:, o]
        by_option = servers.reshape(len(servers), len(m.offers.names), -1).sum(axis=2)
        for k, lead in enumerate(m.offers.lead_quarters):
            if t + lead < m.times.count:
                books.servers_ordered[t + lead, here] += by_option[:, k]
                for f in () if m.lent_on is None else np.flatnonzero(m.lent_on[:, k]):
                    books.lent_on[f * m.times.count + t + lead, here] += by_option[:, k]


def _price_entries(numbers: StageNumbers, columns: Indices) -> list[Indices]:
    """The coefficients of each order column in the payment rows: they add up to minus its price."""
    money = numbers.rows_of({"payment", "due"})
    found: list[Indices] = []
    for column in columns:
        entries = numbers.entries_of(int(column)) if column != ABSENT else np.zeros(0, dtype=np.int64)
        found.append(entries[np.isin(numbers.entry_rows(entries), money)])
    return found
