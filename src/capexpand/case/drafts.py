"""The parts of a case that are valid, where the whole is not: so that one mistake does not hide another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from capexpand.case.announcement import Announcement
from capexpand.case.clouds import Cloud
from capexpand.case.figures import ExchangeRateSeries
from capexpand.case.financing import Financing
from capexpand.case.hedges import Hedge
from capexpand.case.reading import Reading
from capexpand.case.schema import Calendar, Case, Declared, Finance, Offer, Opening, Programme, Site, Workload
from capexpand.case.solve import Solve
from capexpand.case.uncertainty import Uncertainty
from capexpand.case.values import Series
from capexpand.units.currencies import CURRENCIES

Part = TypeVar("Part")
Block = TypeVar("Block", bound=Declared)


@dataclass(frozen=True, slots=True)
class Draft:
    """A case of which parts may be missing because they are not valid.

    ``exchange_rates`` is None where it could not be read; ``whole_sizes`` is whether sizes are whole, and
    ``contract_reserve`` whether capacity is kept free for contracts.
    """

    as_of: date | None
    currency: str | None
    exchange_rates: Mapping[str, Series] | None
    calendar: Calendar | None
    finance: Finance | None
    programme: Programme | None
    opening: Opening | None
    uncertainty: Uncertainty | None = None
    announcement: Announcement | None = None
    financing: Financing | None = None
    hedges: Mapping[str, Hedge] = field(default_factory=dict)
    sites: Mapping[str, Site] = field(default_factory=dict)
    offers: Mapping[str, Offer] = field(default_factory=dict)
    workloads: Mapping[str, Workload] = field(default_factory=dict)
    clouds: Mapping[str, Cloud] = field(default_factory=dict)
    contract_reserve: bool = False
    whole_sizes: bool = False
    solve: Solve | None = None

    @property
    def blocks(self) -> dict[str, object]:
        """The blocks whose numbers may be money or series, by their names in the file."""
        return {
            "finance": self.finance,
            "programme": self.programme,
            "sites": self.sites,
            "offers": self.offers,
            "workloads": self.workloads,
            "clouds": self.clouds,
            "opening": self.opening,
            "announcement": self.announcement,
            "financing": self.financing,
        }


def whole_draft(case: Case) -> Draft:
    """Return a valid case as a draft."""
    return Draft(
        as_of=case.as_of,
        currency=case.currency,
        exchange_rates=case.exchange_rates,
        calendar=case.calendar,
        finance=case.finance,
        programme=case.programme,
        opening=case.opening,
        uncertainty=case.uncertainty,
        announcement=case.announcement,
        financing=case.financing,
        hedges=case.hedges,
        sites=case.sites,
        offers=case.offers,
        workloads=case.workloads,
        clouds=case.clouds,
        contract_reserve=case.contract_reserve is not None,
        whole_sizes=case.solve.whole_sizes,
        solve=case.solve,
    )


def partial_draft(data: Mapping[str, Any], reading: Reading) -> Draft:
    """Return the valid parts of a case that is not valid as a whole.

    Args:
        data: the merged document.
        reading: what reading numbers needs to know.
    """

    def block(kind: type[Block], written: object) -> Block | None:
        try:
            return kind.model_validate(written, context=reading)
        except ValidationError:
            return None

    def blocks(kind: type[Block], name: str) -> dict[str, Block]:
        written = data.get(name)
        found = {key: block(kind, each) for key, each in written.items()} if isinstance(written, dict) else {}
        return {key: each for key, each in found.items() if each is not None}

    try:
        rates = TypeAdapter(dict[str, ExchangeRateSeries]).validate_python(
            data.get("exchange_rates", {}), context=reading
        )
    except ValidationError:
        rates = None
    solve = data.get("solve")
    return Draft(
        as_of=reading.as_of,
        currency=next((code for code in CURRENCIES if code == data.get("currency")), None),
        exchange_rates=rates,
        calendar=block(Calendar, data.get("calendar")),
        finance=block(Finance, data.get("finance")),
        programme=block(Programme, data.get("programme")),
        opening=block(Opening, data.get("opening", {})),
        uncertainty=block(Uncertainty, data.get("uncertainty", {})),
        announcement=block(Announcement, data["announcement"]) if data.get("announcement") else None,
        financing=block(Financing, data["financing"]) if data.get("financing") else None,
        hedges=blocks(Hedge, "hedges"),
        sites=blocks(Site, "sites"),
        offers=blocks(Offer, "offers"),
        workloads=blocks(Workload, "workloads"),
        clouds=blocks(Cloud, "clouds"),
        contract_reserve=data.get("contract_reserve") is not None,
        whole_sizes=isinstance(solve, dict) and solve.get("whole_sizes") is True,
        solve=block(Solve, solve) if solve else None,
    )
