"""What the rows and columns of a program are called in a price: every block has its words here."""

from __future__ import annotations

from collections.abc import Sequence

BALANCES = frozenset(
    {
        "delivery", "fleet", "unit term", "life", "wear", "retired by age", "worn",
        "worn of those that stand", "failures with age", "run", "sharing", "payment", "due",
        "spending", "power balance", "power term", "end book",
    }
)  # fmt: skip
"""Rows that only balance, along which one more of an order is followed."""

_LENDERS = "what lenders ask"
_ROWS = {
    "service": "serves {0}",
    "running power": "halls and power at {0}",
    "grid": "grid at {0}",
    "commitment": "grid at {0}",
    "supply": "limit of supply",
    "stock": "limit of stock",
    "budget": "limit of the budget",
    "renewal": "limit of the renewal budget",
    "floor": "least spending",
    "release": "held-back deliveries",
    "end value by the market": "end value",
    "end value by the books": "end value",
    "taking up": "moving work to another use",
    "use moved": "moving work to another use",
    "site moved": "moving work to another site",
    "order changed": "changing orders from quarter to quarter",
    "power order changed": "changing orders from quarter to quarter",
    "hired units": "capacity hired from clouds",
    "energy produced": "energy under contract at {0}",
    "energy matched": "energy under contract at {0}",
    "energy balance": "energy at {0}",
    "curtailed": "curtailment at {0}",
    "curtailed units": "curtailment at {0}",
    "generators ever signed": "generators at {0}",
    "renewable share": "target of renewable energy",
    "longest rented": "longest time for which power may be rented",
    "longest leased": "longest time for which units may be leased",
    "least rented power": "least volume of rented power",
    "least leased units": "least volume of leased units",
    "power ordered, whole lots": "whole halls",
    "ordered, whole lots": "whole lots",
    "under contract": "contract {0}",
    "units to lease back": "sale and leaseback",
    "leaseback limit": "limit of sale and leaseback",
    "units to the lessor": "sale and leaseback",
    "units leased back stand": "sale and leaseback",
    "worn units leased back": "sale and leaseback",
    "kept free for a contract": "capacity kept free for contract {0}",
    "signed before": "contract {0}",
    "leaseback proceeds": "sale and leaseback",
    "books leased back": "sale and leaseback",
    "EBITDA": "earnings of operation, as owners value them",
    "paid for servers": "price, as paid and financed",
    "paid for halls": "price, as paid and financed",
    "paid to the vendor": "credit of the vendor",
    "servers added": "tax saved by writing it off",
    "halls added": "tax saved by writing it off",
    "plants added": "tax saved by writing it off",
    "tax": "tax",
    "tax at the end": "tax",
    "cash": "cash",
    "minimum cash": "least cash",
    "equity over the horizon": "limit of equity",
    "debt": "debt {0}",
    "signed": "limit of debt {0}",
    "line": "limit of debt {0}",
    "share of cost": "limit of debt {0}",
    "share of book": "limit of debt {0}",
    "share of backlog": "limit of debt {0}",
    "repayment": "repayment of debt {0}",
    "cover of a sculpted loan": "repayment of debt {0}",
    "sweep": "repayment of debt {0}",
    "debt service": "interest and repayments",
    "debt_service_cover": f"{_LENDERS}: cover of debt service",
    "loan_to_value": f"{_LENDERS}: loan to value",
    "leverage": f"{_LENDERS}: leverage",
    "liquidity": f"{_LENDERS}: liquidity",
    "what is forced": "what is forced",
}
_COLUMNS = {
    "paid": "price, as paid",
    "units": "maintenance or lease fee",
    "units returned": "cost of handing back, less resale",
    "sold and leased back": "sale and leaseback",
    "leaseback proceeds": "sale and leaseback",
    "books leased back": "sale and leaseback",
    "worn": "upkeep that comes with age",
    "units past their term": "lease fee past its term",
    "running": "energy",
    "power": "maintenance or fee of halls",
    "power returned": "cost of handing back",
    "power past its term": "fee of halls past its term",
    "end value": "end value",
    "ordered": "lease fee fixed at order",
    "power ordered": "fee of halls fixed at order",
    "sold": "what is sold",
    "unmet": "penalty for what is owed",
    "lacking": "penalty for orders by contract",
    "shortfall": "penalty for spending below the floor",
    "use moved": "moving work to another use",
    "site moved": "moving work to another site",
    "order raised": "changing orders from quarter to quarter",
    "order lowered": "changing orders from quarter to quarter",
    "power order raised": "changing orders from quarter to quarter",
    "power order lowered": "changing orders from quarter to quarter",
    "reserved": "capacity reserved from clouds",
    "hired": "capacity hired from clouds",
    "signed energy": "energy under contract",
    "energy used": "energy under contract",
    "energy left over": "energy left over",
    "grid energy": "energy from the grid",
    "rented power not taken": "least volume of rented power",
    "leased units not taken": "least volume of leased units",
    "contract": "contracts that may be signed",
    "signed": "fees of debt",
    "drawn": "debt drawn",
    "repaid": "debt repaid",
    "owed": "interest",
    "cash": "cash",
    "equity": "equity",
    "dividends": "dividends",
    "taxable": "tax",
    "losses": "tax",
    "EBITDA": "earnings of operation, as owners value them",
    "paid for servers": "price, as paid and financed",
    "paid for halls": "price, as paid and financed",
    "servers added": "tax saved by writing it off",
    "halls added": "tax saved by writing it off",
    "plants added": "tax saved by writing it off",
    "end book": "end value",
}


def title_of_row(block: str, labels: Sequence[str]) -> str:
    """Return what a row that is charged is called.

    Args:
        block: its block in the program.
        labels: its places there.

    Raises:
        KeyError: the block has no words yet.
    """
    return _ROWS[block].format(*labels)


def title_of_column(block: str) -> str:
    """Return what a column that costs something is called.

    Args:
        block: its block in the program.

    Raises:
        KeyError: the block has no words yet.
    """
    return _COLUMNS[block]
