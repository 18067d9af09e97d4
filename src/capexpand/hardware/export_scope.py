"""To whom and where an export rule applies: its scope as written in the table, against one transaction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from capexpand.errors import CaseError, Problem

EndUser: TypeAlias = Literal["company", "large tech", "state-funded"]

ARMS_EMBARGOED = frozenset(
    {
        "AF",
        "BY",
        "CD",
        "CF",
        "CN",
        "CU",
        "ER",
        "ET",
        "HT",
        "IQ",
        "IR",
        "KH",
        "KP",
        "LB",
        "LY",
        "MM",
        "MO",
        "NI",
    }
    | {"RU", "SD", "SO", "SS", "SY", "VE", "ZW"}
)
"""Country group D:5 with Macau, which the rules name beside it; general knowledge of 2023 to 2025."""

OTHER_CONTROLLED = frozenset(
    {
        "AE",
        "AM",
        "AZ",
        "BH",
        "EG",
        "GE",
        "JO",
        "KG",
        "KW",
        "KZ",
        "LA",
        "MD",
        "MN",
        "OM",
        "PK",
        "QA",
        "SA",
        "TJ",
    }
    | {"TM", "UZ", "VN", "YE"}
)
"""Country groups D:1 and D:4 less those in A:5 or A:6; general knowledge of the same years."""

_CHINA = frozenset({"CN", "HK"})


@dataclass(frozen=True, slots=True)
class Transaction:
    """Who buys for where, and when.

    Args:
        on: day of the shipment.
        destination: country where the chips will stand, as two letters.
        headquarters: country of the buyer's headquarters or its ultimate parent's; the destination if None.
        end_user: kind of buyer, as far as rules tell them apart.
        buyer: the buyer's name, for grants to named customers; may be empty.
    """

    on: date
    destination: str = "CN"
    headquarters: str | None = None
    end_user: EndUser = "company"
    buyer: str = ""

    @property
    def home(self) -> str:
        """Give the country of the headquarters."""
        return self.destination if self.headquarters is None else self.headquarters


def check_transaction(transaction: Transaction) -> None:
    """Refuse a destination, headquarters or end user that cannot be judged.

    Args:
        transaction: who buys for where.

    Raises:
        CaseError: with every problem.
    """
    problems = [
        Problem(f"{name} '{code}' is not a country code; write two letters, such as CN or MY")
        for name, code in (("destination", transaction.destination), ("headquarters", transaction.home))
        if not re.fullmatch(r"[A-Z]{2}", code)
    ]
    if transaction.end_user not in ("company", "large tech", "state-funded"):
        problems.append(
            Problem(f"end user '{transaction.end_user}' is none of company, large tech, state-funded")
        )
    if problems:
        raise CaseError(problems)


def applies(scope: str, transaction: Transaction) -> bool:
    """Tell whether a rule's scope covers a transaction.

    Hong Kong counts as China for the United States' rules, and as a customs territory of its own for China's.

    Args:
        scope: the rule's scope as in the table.
        transaction: who buys for where.
    """
    if scope in _SPECIAL or "state-funded" in scope or "large tech" in scope:
        return _applies_specially(scope, transaction)
    covered = _countries(scope)
    by_home = "HQ" in scope and transaction.home in covered
    if scope.startswith("entities HQd"):
        return by_home
    return scope.startswith("worldwide") or transaction.destination in covered or by_home


_SPECIAL = ("imports into US", "CN imports")


def _applies_specially(scope: str, transaction: Transaction) -> bool:
    """Judge the scopes that are about a border or a kind of buyer."""
    if scope == "imports into US":  # what goes on from there to China pays on its way
        return transaction.destination in _CHINA | {"MO"}
    if scope == "CN imports":
        return transaction.destination == "CN"
    if "state-funded" in scope:
        return transaction.destination == "CN" and transaction.end_user == "state-funded"
    return transaction.home == "CN" and transaction.end_user == "large tech"


def _countries(scope: str) -> frozenset[str]:
    """Read the countries of a scope: two-letter codes and country groups."""
    found = set(re.findall(r"\b[A-Z]{2}\b", scope)) - {"HQ"}
    if "D:5" in scope:
        found |= ARMS_EMBARGOED
    if "D:1" in scope or "D:4" in scope:
        found |= OTHER_CONTROLLED
    if "CN" in found:
        found |= _CHINA
    return frozenset(found)
