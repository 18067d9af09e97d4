"""What operations earn, hold and owe in many futures, as whoever finances them sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.schedule import depreciation
from capexpand.model.data import Floats, ModelData
from capexpand.policy.accounts import Books
from capexpand.policy.outlook import Operating


@dataclass(frozen=True, slots=True)
class Earned:
    """What operations earn and hold in every future [quarter, scenario]."""

    ebitda: Floats
    written: Floats
    before_tax: Floats  # free cash flow before tax
    paid: Floats  # for orders, without value-added tax
    unpaid: Floats  # of what is ordered
    servers: Floats  # delivered since the start, at cost
    halls: Floats
    lent_on: Floats  # [facility, quarter, scenario] of servers, what loans for certain ones pay for, at cost
    book_servers: Floats
    book_halls: Floats
    value: Floats  # books, and what is paid for and not delivered
    signed: Floats  # [contract, scenario] part of each contract with a customer
    end: Floats  # [scenario] value-added tax and end value
    end_profit: Floats  # [scenario] end value less books


def earned_in(m: ModelData, books: Books, outside: Floats) -> Earned:
    """Return what operations earn and hold.

    Args:
        m: the compiled case.
        books: of a strategy through many futures.
        outside: earned outside the case [quarter, scenario].
    """
    cost, opening, paid = 1.0 + m.taxes.lost, m.opening, books.paid
    servers, halls = cost * books.servers_ordered, cost * books.buildings_ordered
    written_servers = depreciation(servers.T, m.taxes.server_life_quarters).T
    written_halls = depreciation(halls.T, m.taxes.building_life_quarters).T
    plants, written_plants = cost * books.plants_ordered, cost * books.plants_written
    halls, written_halls = (
        halls + plants,
        written_halls + written_plants,
    )  # plants are paid and lent on with them
    told = cost * books.lent_on.reshape(-1, *servers.shape)
    written = written_servers + written_halls
    ebitda = books.cash + paid + outside[:, : paid.shape[1]]
    vat = m.taxes.value_added_tax * paid
    recovered, later = np.zeros_like(vat), np.zeros(vat.shape[1])
    wait = m.taxes.recovery_quarters
    if wait is not None:
        within = max(len(vat) - wait, 0)
        recovered[len(vat) - within :] = vat[:within]
        later = vat[within:].sum(axis=0)
    standing = opening.depreciation.sum() - np.cumsum(opening.depreciation)
    return Earned(
        ebitda=ebitda,
        written=written + opening.depreciation[:, None],
        before_tax=ebitda - paid + books.prepaid - vat + recovered - opening.payments_due[:, None],
        paid=paid,
        unpaid=np.cumsum(books.commitments - paid, axis=0),
        servers=np.cumsum(servers, axis=0),
        halls=np.cumsum(halls, axis=0),
        lent_on=np.cumsum(told, axis=1),
        book_servers=np.cumsum(servers - written_servers, axis=0),
        book_halls=np.cumsum(halls - written_halls, axis=0),
        value=np.cumsum(cost * paid - written, axis=0) + standing[:, None],
        signed=books.signed if m.contracts is None else m.contracts.share(books.signed.T).T,
        end=books.end_value[-1] + later,
        end_profit=books.end_value[-1] - (servers + halls).sum(axis=0) + written.sum(axis=0),
    )


def operating_of(m: ModelData, earned: Earned) -> Operating:
    """Return what operations bring, and of it what each facility lends a share of."""
    facilities = m.financed.facilities
    bills, books, backlog = (np.zeros((len(facilities.names), *earned.paid.shape)) for _ in range(3))
    for i in range(len(facilities.names)):
        servers, halls, first = facilities.servers[i], facilities.halls[i], int(facilities.first[i])
        certain = earned.lent_on.size > 0 and not facilities.offers[i].all()
        if servers and halls and not certain:
            came = np.cumsum(earned.paid, axis=0)
        else:  # what is delivered is paid; deposits for what is not count then
            came = servers * (earned.lent_on[i] if certain else earned.servers) + halls * earned.halls
        bills[i, first:] = came[first:] - (came[first - 1] if first else 0.0)
        books[i] = servers * earned.book_servers + halls * earned.book_halls
        if (lends := facilities.backlog_of(i)) is not None:
            backlog[i] = lends.T @ earned.signed
    return Operating(
        earned.ebitda,
        earned.written,
        earned.before_tax,
        earned.unpaid,
        bills,
        books,
        None if facilities.backlog is None else backlog,
    )
