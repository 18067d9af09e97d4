"""The terms of offers as formulas: prices with fee and duty, lead times, keeping, worth at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.case.schema import Offer
from capexpand.finance.rows import Label, Rows, minimum, whole_quarters
from capexpand.model.data import Flags, Floats
from capexpand.workbook.inputs import INPUTS, InputCell
from capexpand.workbook.term_builder import PRICES, Clock, TermBuilder

_Offers = list[tuple[str, Offer, bool]]
"""Name of the product, what is declared of it, and whether it is owned, of each option."""


@dataclass(frozen=True, slots=True)
class OfferTerms(TermBuilder):
    """Builds the terms of offers."""

    def all(self, clock: Clock, three: Rows, thousand: Rows) -> dict[str, Rows]:
        """Return every term of offers."""
        m = self.m.offers
        offers: _Offers = [
            (m.products[g], self.case.offers[m.products[g]], bool(own))
            for g, own in zip(m.product, m.owned, strict=True)
        ]
        listed = self._listed(offers)
        fee, duty = self._added(offers)
        export = (listed * fee).named("export_fee", "Export fee", f"{self.money}/unit", PRICES)
        border = (listed * duty).named("import_duty", "Import duty", f"{self.money}/unit", PRICES)
        reached = listed.only(("option", "destination"), self._supplied(offers))
        price = (reached + export + border).named(
            "unit_price", "Price with duty and fee", f"{self.money}/unit", PRICES
        )
        products = [(f"offers.{n}", o.title, o) for n, o in self.case.offers.items()]
        of_option = ("item", "option", self.m.offers.product)
        months = self.figures("item", "unit_lead", [
            (f"{p}.lead_time", f"{title}: lead time", o.lead_time) for p, title, o in products
        ], unit="months", written="months").take(*of_option)  # fmt: skip
        power = self.figures("item", "unit_power", [
            (f"{p}.power", f"{title}: power", o.power) for p, title, o in products
        ], unit="kW", written="kW").take(*of_option)  # fmt: skip
        draw = self.figures("item", "draw", [
            (f"{p}.average_draw", f"{title}: average draw", o.average_draw) for p, title, o in products
        ], otherwise=1.0).take(*of_option)  # fmt: skip
        deposit = self.figures("option", "unit_deposit", [
            (f"offers.{n}.buy.deposit", f"{o.title}: deposit", o.buy.deposit if own and o.buy else None)
            for n, o, own in offers
        ])  # fmt: skip
        return {
            "unit_price": price,
            "export_fee": export,
            "import_duty": border,
            "unit_lead": whole_quarters(months, three).named(
                "unit_lead", "Lead time of units", "quarters", PRICES
            ),
            "unit_deposit": deposit,
            "reserve_mw": (power / thousand).named("reserve_mw", "Power reserved for a unit", "MW", PRICES),
            "draw_mw": (power / thousand * draw).named("draw_mw", "Power drawn by a unit", "MW", PRICES),
            **(keeping := self._keeping(offers, listed, clock)),
            "unit_end_value": self._within_resale(self._end_value(offers, listed), keeping["unit_exit"]),
            **self._leasebacks(offers, three),
        }

    def _leasebacks(self, offers: _Offers, three: Rows) -> dict[str, Rows]:
        """Price and fee of units sold and leased back, their age at the sale, and the term."""
        if self.m.leasebacks is None:
            return {}
        named = [
            (f"offers.{n}.buy.leaseback", o.title, o.buy.leaseback if own and o.buy else None)
            for n, o, own in offers
        ]
        found: dict[str, Rows] = {}
        for field, title, unit in (
            ("price", "price at sale and leaseback", "unit"),
            ("fee", "fee of a unit leased back", "unit/quarter"),
        ):
            found[f"leaseback_{field}"] = self.amounts("option", f"sold_{field}", [
                (f"{p}.{field}", f"{of}: {title}", getattr(t, field, None)) for p, of, t in named
            ], unit=f"mn {{}}/{unit}",
            named=(f"leaseback_{field}", title.capitalize(), f"{self.money}/{unit}"))  # fmt: skip
        for field, title in (("age", "age at sale and leaseback"), ("term", "term of the lease back")):
            found[f"leaseback_{field}"] = self.quarters("option", f"sold_{field}", [
                (f"{p}.{field}", f"{of}: {title}", getattr(t, field, None)) for p, of, t in named
            ], three, named=(f"leaseback_{field}", title.capitalize()))  # fmt: skip
        return found

    def _within_resale(self, worth: Rows, exits: Rows) -> Rows:
        """The worth at the end, no more than a used unit is sold for where the case states that."""
        resold = self.m.offers.resold
        if resold.any():
            sold = minimum(worth.only("option", resold), 0.0 - exits.last())
            worth = worth.only("option", ~resold) + sold.only("option", resold)
        return worth.named("unit_end_value", "Worth of a unit at the end", f"{self.money}/unit", PRICES)

    def _listed(self, offers: _Offers) -> Rows:
        invoice = self.amounts("option", "list_price", [
            (f"offers.{n}.buy.price", f"{o.title}: price", o.buy.price if own and o.buy else None)
            for n, o, own in offers
        ], unit="mn {}/unit")  # fmt: skip
        lever = self.lever("All prices of servers")
        return (invoice * lever).named("list_price", "List price", f"{self.money}/unit", PRICES)

    def _supplied(self, offers: _Offers) -> Flags:
        return np.array(
            [
                [own and o.buy is not None and d in o.supply for d in self.m.destinations]
                for _, o, own in offers
            ]
        )

    def _added(self, offers: _Offers) -> tuple[Rows, Rows]:
        """Export fee and import duty as shares of the list price [option, destination]."""
        m, quarters = self.m, self.m.times.count
        shape = (len(offers), len(m.destinations))
        fees, fee_there = np.zeros((*shape, quarters)), np.zeros(shape, dtype=np.bool_)
        duties, duty_there = np.zeros(shape), np.zeros(shape, dtype=np.bool_)
        axes = ("option", "destination")
        fee = Rows(fees, axes, detail=fee_there, label=Label("fee", "fee", "share", INPUTS))
        duty = Rows(duties, axes, False, detail=duty_there, label=Label("duty", "duty", "share", INPUTS))
        for k, (name, offer, own) in enumerate(offers):
            for d, destination in enumerate(m.destinations):
                supply = offer.supply.get(destination)
                if supply is None or not own or offer.buy is None:
                    continue
                where = f"{offer.title} for {destination}"
                stated = self.inputs.series_line(
                    f"offers.{name}.supply.{destination}.fee", f"{where}: export fee", supply.fee,
                    unit="share",
                    written="ratio",
                )  # fmt: skip
                if supply.rules is not None:
                    stated = None
                    charged = _share(
                        m.offers.export_fee[k, d], m.offers.price[k, d], m.offers.import_duty[k, d]
                    )
                    if np.any(charged):
                        stated = self.inputs.given_line(
                            f"{where}: export fee",
                            charged,
                            "share",
                            "by the export rules known on the case's day",
                        )
                if stated is not None:
                    fees[k, d], fee_there[k, d] = stated.values, True
                    self.inputs.cells[id(fee), (k, d)] = stated.cell
                border = self.inputs.figure_line(
                    f"offers.{name}.supply.{destination}.import_duty", f"{where}: import duty",
                    supply.import_duty, unit="share", written="ratio",
                )  # fmt: skip
                if border is not None:
                    duties[k, d], duty_there[k, d] = border.values, True
                    self.inputs.cells[id(duty), (k, d)] = border.cell
        self.inputs.kept += [fee, duty]
        return fee, duty

    def _keeping(self, offers: _Offers, listed: Rows, clock: Clock) -> dict[str, Rows]:
        upkeep = self.figures("option", "unit_maintenance", [
            (f"offers.{n}.maintenance", f"{o.title}: maintenance, share of the price at the start",
             o.maintenance if own and o.buy else None)
            for n, o, own in offers
        ], unit="per year", written="/year")  # fmt: skip
        fees = self.amounts("option", "unit_lease", [
            (f"offers.{n}.lease.fee", f"{o.title}: lease", o.lease.fee if not own and o.lease else None)
            for n, o, own in offers
        ], unit="mn {}/unit/quarter")  # fmt: skip
        exits = self._exits(offers)
        worn = self.figures("option", "unit_wear_share", [
            (f"offers.{n}.wear.maintenance", f"{o.title}: maintenance of a worn unit",
             o.wear.maintenance if own and o.wear else None)
            for n, o, own in offers
        ], unit="per year", written="/year")  # fmt: skip
        ages = np.array([bool(own and o.wear) for _, o, own in offers])
        wear = (worn - upkeep.only("option", ages)) / clock.quarters_per_year * listed.first()
        kept = (upkeep / clock.quarters_per_year * listed.first()).named(
            "unit_upkeep", "Maintenance of a unit", f"{self.money}/unit/quarter", PRICES
        )
        return {
            "unit_running": (kept + fees).named(
                "unit_running", "Maintenance or lease of a unit", f"{self.money}/unit/quarter", PRICES
            ),
            "unit_exit": exits,
            "unit_wear": wear.named(
                "unit_wear", "Upkeep of a unit that comes with age", f"{self.money}/unit/quarter", PRICES
            ),
        }

    def _exits(self, offers: _Offers) -> Rows:
        """What it costs to give back a leased unit, less what an own one is sold for."""
        exits = self.amounts("option", "unit_exit", [
            (f"offers.{n}.lease.exit_cost", f"{o.title}: exit cost",
             o.lease.exit_cost if not own and o.lease else None)
            for n, o, own in offers
        ], unit="mn {}/unit")  # fmt: skip
        used = self.amounts("option", "unit_resale", [
            (f"offers.{n}.buy.resale", f"{o.title}: price of a used unit",
             o.buy.resale if own and o.buy else None)
            for n, o, own in offers
        ], unit="mn {}/unit")  # fmt: skip
        return (exits - used).named(
            "unit_exit", "Exit cost of a leased unit, less resale", f"{self.money}/unit", PRICES
        )

    def _end_value(self, offers: _Offers, listed: Rows) -> Rows:
        """A share of the least that any unit on sale at the end asks for the same service."""
        finance, m = self.case.finance, self.m
        share = self.inputs.number(
            "finance.server_end_value", "End value of units, share of their competitive value", "share",
            value=finance.server_end_value.value, figure=finance.server_end_value, written="ratio",
        )  # fmt: skip
        last, service = listed.values[:, -1], m.workloads.service
        sold = m.offers.owned & m.offers.orderable[:, :, -1].any(axis=1) & (last > 0.0)
        count = len(offers)
        ratios, there = np.zeros((count, count)), np.zeros((count, count), dtype=np.bool_)
        ratio = Rows(
            ratios,
            ("option", "successor"),
            False,
            detail=there,
            label=Label("ratio", "Ratio", "ratio", INPUTS),
        )
        for k in np.flatnonzero(last > 0.0):
            serves = service[k] > 0.0
            for other in range(count):
                if other == k:
                    found = 1.0
                elif not sold[other] or not serves.any():
                    continue
                else:
                    with np.errstate(divide="ignore"):
                        found = float(np.max(service[k, serves] / service[other, serves]))
                if np.isfinite(found):
                    ratios[k, other], there[k, other] = found, True
                    title = f"{offers[k][1].title}: service of a unit in units of {offers[other][1].title}"
                    self.inputs.cells[id(ratio), (int(k), other)] = InputCell("", title, "ratio")
        self.inputs.kept.append(ratio)
        prices = listed.last().take("option", "successor", range(count))
        asked = (prices * ratio).named("asked", "Price of the same service", f"{self.money}/unit", PRICES)
        least = asked.least("successor").named(
            "competitive", "Competitive value", f"{self.money}/unit", PRICES
        )
        return share * least


def _share(fee: Floats, price: Floats, duty: Floats) -> Floats:
    """The fee as a share of the list price."""
    listed = price - fee - duty
    return np.divide(fee, listed, out=np.zeros_like(fee), where=listed > 0.0)
