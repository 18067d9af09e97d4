"""Revenue and cost of customer contracts beside the price of deliveries, as rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.rows import Rows, decided, maximum, nothing, stated
from capexpand.model.data import Flags, Integers, ModelData
from capexpand.optimiser.plan import Plan

MONEY = "money"


@dataclass(frozen=True, slots=True)
class ContractTerms:
    """Terms of contracts; of none where there are none."""

    contract_volume: Rows  # [contract, quarter] to be delivered if all is signed
    contract_price: Rows  # [contract, quarter] money per volume
    contract_damages: Rows  # [contract, quarter] money per volume not delivered
    contract_unused: Rows  # [contract, quarter] money paid for what is not taken
    contract_prepaid: Rows  # [contract] share of all bills paid on signing
    contract_signing: Rows  # [contract, quarter] 1 in the quarter of signing
    workload: Integers  # [contract] position among the workloads
    first_tranche: Flags  # [tranche]

    @classmethod
    def of(cls, m: ModelData) -> ContractTerms:
        """Return the terms of a compiled case."""
        c, count = m.contracts, m.times.count
        first = np.arange(m.workloads.tranches) == 0
        if c is None:
            none = stated(np.zeros((0, count)), "contract")
            prepaid = stated(np.zeros(0), "contract", timed=False)
            return cls(none, none, none, none, prepaid, none, np.zeros(0, dtype=np.int64), first)
        signing = (np.arange(count) == c.signing[:, None]) & (c.prepaid > 0.0)[:, None]
        return cls(
            contract_volume=stated(c.volume, "contract"),
            contract_price=stated(c.price, "contract"),
            contract_damages=stated(c.damages, "contract"),
            contract_unused=stated(c.unused, "contract"),
            contract_prepaid=stated(c.prepaid, "contract", timed=False),
            contract_signing=stated(signing.astype(np.float64), "contract"),
            workload=c.workload,
            first_tranche=first,
        )


def signed_rows(plan: Plan) -> Rows:
    """Return the part of each contract that is signed [contract], a decision."""
    none = plan.data.contracts is None or plan.signed is None
    values = np.zeros(0) if none else np.asarray(plan.signed)
    return decided(
        values, "contract", timed=False, called=("signed", "Part of the contract signed", "share", "service")
    )


@dataclass(frozen=True, slots=True)
class ContractLines:
    """Money under contracts beside what is delivered."""

    unused: Rows  # [workload, quarter]
    damages: Rows  # [quarter]
    prepayments: Rows  # [quarter]


def contract_rows(terms: ContractTerms, signed: Rows, sold: Rows) -> ContractLines:
    """Return what is paid and not taken, what lacks, and what is paid before.

    Args:
        signed: [contract].
        sold: [workload, tranche, quarter].
    """
    workloads, count = sold.values.shape[0], sold.values.shape[-1]
    if not terms.workload.size:
        none = nothing(shape=(count,), timed=True)
        return ContractLines(nothing(("workload",), (workloads, count), timed=True), none, none)
    untaken = (signed * terms.contract_unused).named("untaken", "Paid and not taken", MONEY, "contracts")
    mask = terms.workload == np.arange(workloads)[:, None]
    unused = untaken.only(("contract", "workload"), mask.T).sum("contract")
    delivered = sold.take("workload", "contract", terms.workload).only("tranche", terms.first_tranche)
    delivered = delivered.sum("tranche")
    asked = (signed * terms.contract_volume).named("asked", "Asked for under contract", "volume", "contracts")
    lacking = maximum(0.0, asked - delivered).named(
        "lacking", "Asked for, not delivered", "volume", "contracts"
    )
    damages = (terms.contract_damages * lacking).named(
        "contract_penalty", "Damages by contract", MONEY, "contracts"
    )
    bills = (terms.contract_price * terms.contract_volume + terms.contract_unused).named(
        "bills", "Bills if all is signed and delivered", MONEY, "contracts"
    )
    all_bills = bills.total().named("all_bills", "All bills of the contract", MONEY, "contracts")
    before = terms.contract_prepaid * (terms.contract_signing * all_bills - bills)
    paid = (signed * before).named("prepaid", "Paid on signing, less what is credited", MONEY, "contracts")
    return ContractLines(
        unused.named("unused", "Paid and not taken", MONEY, "revenue"),
        damages.sum("contract").named("damages", "Damages under contracts", MONEY, "operation"),
        paid.sum("contract").named("prepayments", "Prepayments by customers", MONEY, "cash"),
    )
