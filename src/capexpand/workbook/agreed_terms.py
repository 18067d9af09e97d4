"""Terms of contracts with customers, leases, hire and energy as formulas over the case's own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capexpand.case.clouds import Reserved
from capexpand.case.contracts import Contract
from capexpand.case.energy import EnergyContract
from capexpand.case.schema import Workload
from capexpand.case.standing import hirings, supplies
from capexpand.finance.rows import Rows, maximum, whole_quarters
from capexpand.reporting.limits import CANONICAL_VOLUMES, VOLUME_UNITS
from capexpand.workbook.inputs import THOUSAND, Line
from capexpand.workbook.term_builder import PRICES, Clock, TermBuilder

_Signed = list[tuple[str, Workload, Contract]]


@dataclass(frozen=True, slots=True)
class AgreedTerms(TermBuilder):
    """Builds the terms of everything that is signed for a time."""

    def all(self, clock: Clock, three: Rows, thousand: Rows, *, price: Rows) -> dict[str, Rows]:
        """Return every term.

        Args:
            clock: the timeline.
            three: months in a quarter.
            thousand: as an input.
            price: of workloads [workload, tranche, quarter].
        """
        return {
            **self._contracts(price),
            **self._leases(clock, three),
            **self._hire(three),
            **self._churn(),
            **self._energy(three, thousand),
        }

    # contracts with customers

    @property
    def signed(self) -> _Signed:
        """The workloads with a contract."""
        return [(n, w, w.contract) for n, w in self.case.workloads.items() if w.contract is not None]

    def renewal(self, axis: str, which: str) -> tuple[Rows, list[str]] | None:
        """Return the factor on price or volume after a contract's term [axis, quarter], and whose it is.

        Args:
            axis: ``workload`` or ``contract``.
            which: ``renewed`` or ``renewal_price``.
        """
        named = (
            list(self.case.workloads.items()) if axis == "workload" else [(n, w) for n, w, _ in self.signed]
        )
        ends = [None if w.contract is None else w.contract.ends for _, w in named]
        if not any(ends):
            return None
        starts = self.m.times.starts
        otherwise = 1.0 if which == "renewal_price" else 0.0
        word = "price" if which == "renewal_price" else "volume"
        within: list[Line | None] = []
        levels: list[Line | None] = []
        for (name, w), end in zip(named, ends, strict=True):
            if end is None or w.contract is None:
                within.append(None)
                levels.append(None)
                continue
            flags = [float(start <= end) for start in starts]
            within.append(
                self.inputs.given_line(f"{w.title}: 1 within the term of the contract", flags, "flag")
            )
            levels.append(self.inputs.figure_line(
                f"workloads.{name}.contract.{which}", f"{w.title}: {word} after its term, share of before",
                getattr(w.contract, which), otherwise=otherwise, unit="share", written="ratio",
            ))  # fmt: skip
        term = self.inputs.table(axis, f"{which}_term", within)
        level = self.inputs.table(axis, which, levels, quarterly=False)
        factor = (term + (1.0 - term) * level).named(
            f"{which}_factor", f"Factor on {word} by the contract's term", "ratio", PRICES
        )
        return factor, [name for (name, _), end in zip(named, ends, strict=True) if end is not None]

    def _contracts(self, price: Rows) -> dict[str, Rows]:
        signed, c = self.signed, self.m.contracts
        if not signed or c is None:
            return {}
        inputs, money = self.inputs, self.case.currency
        named = [(f"workloads.{n}.contract", w.title, t) for n, w, t in signed]
        volume = self._contract_volume(signed)
        taken = inputs.table("contract", "taken", [
            inputs.series_line(
                f"{p}.taken", f"{title}: share of the volume that is taken", t.taken, otherwise=1.0,
                unit="share", written="ratio",
            )
            for p, title, t in named
        ])  # fmt: skip
        least = self.figures("contract", "take_or_pay", [
            (f"{p}.take_or_pay", f"{title}: take or pay", t.take_or_pay) for p, title, t in named
        ])  # fmt: skip
        each = price.take("workload", "contract", c.workload)
        each = each.only("tranche", np.arange(self.m.workloads.tranches) == 0).sum("tranche")
        each = each.named("contract_price", "Price by contract", f"{money}/volume", PRICES)
        owed = np.array([t.take_or_pay is not None for *_, t in named])
        unused = maximum(0.0, (least - taken).only("contract", owed)) * volume * each
        penalty = inputs.table("contract", "penalty", [
            None if t.penalty is None else inputs.series_line(
                f"workloads.{n}.contract.penalty", f"{w.title}: damages", t.penalty,
                unit=f"{t.penalty.currency or money}/{VOLUME_UNITS[w.unit]}",
            )
            for n, w, t in signed
        ])  # fmt: skip
        damages = self.settled(
            penalty, [t.penalty.currency if t.penalty else None for *_, t in named],
            named=("contract_damages", "Damages in own currency", f"{money}/volume"),
        )  # fmt: skip
        quarter = np.arange(self.m.times.count)
        return {
            "contract_volume": (taken * volume).named(
                "contract_volume", "Volume under contract if all is signed", "volume", PRICES
            ),
            "contract_price": each,
            "contract_unused": unused.named(
                "contract_unused", "Paid and not taken if all is signed", "money", PRICES
            ),
            "contract_damages": damages,
            "contract_prepaid": self.figures("contract", "prepayment", [
                (f"{p}.prepayment", f"{title}: share paid on signing", t.prepayment) for p, title, t in named
            ]),
            "contract_signing": inputs.table("contract", "signing", [
                None if t.prepayment is None else inputs.given_line(
                    f"{title}: 1 in the quarter of signing", (quarter == s) * (c.prepaid[i] > 0.0), "flag"
                )
                for i, ((_, title, t), s) in enumerate(zip(named, c.signing, strict=True))
            ]),
        }  # fmt: skip

    def _contract_volume(self, signed: _Signed) -> Rows:
        """The volume under each contract if all of it is signed [contract, quarter]."""
        inputs = self.inputs
        volume = inputs.table("contract", "contract_demand", [
            inputs.series_line(
                f"workloads.{n}.demand", f"{w.title}: volume under contract", w.demand,
                unit=CANONICAL_VOLUMES[w.unit],
            )
            for n, w, _ in signed
        ])  # fmt: skip
        if any(w.market_share is not None for _, w, _ in signed):
            volume = volume * inputs.table("contract", "contract_share", [
                inputs.series_line(
                    f"workloads.{n}.market_share", f"{w.title}: market share", w.market_share, otherwise=1.0,
                    unit="share", written="ratio",
                )
                for n, w, _ in signed
            ])  # fmt: skip
        renewal = self.renewal("contract", "renewed")
        if renewal is None:
            return volume
        factor, whose = renewal
        ends = np.array([n in whose for n, _, _ in signed])
        return volume.only("contract", ~ends) + volume * factor

    # leases

    def _leases(self, clock: Clock, three: Rows) -> dict[str, Rows]:
        m, sites = self.m, list(self.case.sites.items())
        hosted = [
            (f"sites.{sites[s][0]}.colocate", sites[s][1].title, None if own else sites[s][1].colocate)
            for s, own in zip(m.power.site, m.power.owned, strict=True)
        ]
        offers = [(m.offers.products[g], self.case.offers[m.offers.products[g]]) for g in m.offers.product]
        leased = [
            (f"offers.{n}.lease", o.title, None if own else o.lease)
            for (n, o), own in zip(offers, m.offers.owned, strict=True)
        ]
        found: dict[str, Rows] = {}
        for key, axis, named, unit in (("power", "power", hosted, "MW"), ("unit", "option", leased, "unit")):
            found[f"{key}_term"] = self.quarters(axis, f"{key}_term_months", [
                (f"{place}.term", f"{title}: term of lease", None if t is None else t.term)
                for place, title, t in named
            ], three, named=(f"{key}_term", "Term of lease"))  # fmt: skip
            found[f"{key}_escalation"] = self.figures(axis, f"{key}_escalation", [
                (f"{place}.escalation", f"{title}: yearly rise of a fixed fee",
                 None if t is None else t.escalation)
                for place, title, t in named
            ], unit="per year", written="/year")  # fmt: skip
            found[f"{key}_least"] = self.inputs.table(axis, f"{key}_least", [
                None if t is None else self.inputs.series_line(
                    f"{place}.minimum", f"{title}: paid for whether held or not", t.minimum, unit=unit,
                    written="MW" if unit == "MW" else "units",
                )
                for place, title, t in named
            ])  # fmt: skip
        found["power_stood"] = self._stood(
            "power", hosted, np.where(m.power.owned, 0.0, m.opening.power_mw), "MW"
        )
        units = np.where(m.offers.owned, 0.0, m.opening.installed.sum(axis=0))
        found["units_stood"] = self._stood("option", leased, units, "unit")
        years = -(-m.times.count // 4)
        found["lease_year"] = self.inputs.table("year", "lease_year", [
            self.inputs.given_line(f"Full years before year {i + 1} of a term", float(i), "number")
            for i in range(years)
        ], quarterly=False)  # fmt: skip
        found["lease_quarters"] = clock.quarters_per_year
        return found

    def _stood(
        self, axis: str, named: Sequence[tuple[str, str, object]], values: np.ndarray, unit: str
    ) -> Rows:
        """What is rented at the start at a fixed fee."""
        return self.inputs.table(axis, f"stood_{axis}", [
            None if getattr(t, "escalation", None) is None or not value else self.inputs.given_line(
                f"{title}: leased at the start", float(value), unit
            )
            for (_, title, t), value in zip(named, values, strict=True)
        ], quarterly=False)  # fmt: skip

    # hire

    def _hire(self, three: Rows) -> dict[str, Rows]:
        if self.m.hire is None:
            return {}
        ways = list(zip(hirings(self.case), self.m.hire.titles, strict=True))
        fees = self.amounts("hire", "hire_fee", [
            (f"{one.place}.fee", f"{title}: fee", one.terms.fee) for one, title in ways
        ], unit="mn {}/unit/quarter",
        named=("hire_fee", "Fee of a hired unit", f"{self.money}/unit/quarter"))  # fmt: skip

        def months(name: str, title: str) -> Rows:
            return self.quarters("hire", f"hire_{name}_months", [
                (f"{one.place}.{name}", f"{of}: {title}",
                 getattr(one.terms, name) if isinstance(one.terms, Reserved) else None)
                for one, of in ways
            ], three, named=(f"hire_{name}", title.capitalize()))  # fmt: skip

        return {
            "hire_fee": fees,
            "hire_lead": months("lead_time", "time to the first use"),
            "hire_term": months("term", "term of hire"),
        }

    # changing course

    def _churn(self) -> dict[str, Rows]:
        stated = self.case.finance.churn
        found: dict[str, Rows] = {}
        for name, title, unit in (
            ("use", "Cost of a unit that takes up another use", "unit"),
            ("site", "Cost of a unit whose work moves to another site", "unit"),
            ("order", "Cost of a unit by which an order changes", "unit"),
            ("power_order", "Cost of a MW by which an order of power changes", "MW"),
        ):
            figure = None if stated is None else getattr(stated, name)
            if figure is not None:
                found[f"churn_{name}"] = self.amount(f"finance.churn.{name}", title, figure, per=f"/{unit}")
        return found

    # energy

    def _energy(self, three: Rows, thousand: Rows) -> dict[str, Rows]:
        if self.m.energy is None:
            return {}
        signed = [(one.place, one.terms.title, one.terms) for one in supplies(self.case)]

        def figures(name: str, title: str, unit: str, written: str) -> Rows:
            return self.figures("agreement", f"energy_{name}", [
                (f"{p}.{name}", f"{of}: {title}", getattr(c, name)) for p, of, c in signed
            ], unit=unit, written=written)  # fmt: skip

        strike = self.amounts("agreement", "energy_strike", [
            (f"{p}.price", f"{of}: price", c.price) for p, of, c in signed
        ], unit="{}/kWh", factor=THOUSAND,
        named=("strike_own", "Price in own currency", f"{self.case.currency}/kWh"))  # fmt: skip
        fee = self.amounts("agreement", "energy_fee", [
            (f"{p}.fee", f"{of}: fee", c.fee) for p, of, c in signed
        ], unit="mn {}/MW/quarter",
        named=("energy_fee", "Fee in own currency", f"{self.money}/MW/quarter"))  # fmt: skip
        cost = self.amounts("agreement", "plant_cost", [
            (f"{p}.cost", f"{of}: price of a MW that is bought", c.cost) for p, of, c in signed
        ], unit="mn {}/MW", named=("plant_cost", "Price of power plants", f"{self.money}/MW"))  # fmt: skip
        sites = [(f"sites.{n}.energy", s.title, s.energy) for n, s in self.case.sites.items()]
        charge = self.amounts("site", "capacity_charge", [
            (f"{p}.capacity_charge", f"{title}: charge on reserved power",
             getattr(e, "capacity_charge", None))
            for p, title, e in sites
        ], unit="mn {}/MW/quarter",
        named=("charge_own", "Charge in own currency", f"{self.money}/MW/quarter"))  # fmt: skip
        return {
            "energy_strike": (strike / thousand).named(
                "energy_strike", "Price under contracts", f"{self.money}/MWh", PRICES
            ),
            "energy_fee": fee,
            "energy_output": self.inputs.table("agreement", "energy_output", [
                self.inputs.series_line(f"{p}.output", f"{of}: share of its power that is produced", c.output,
                                   otherwise=1.0, unit="share", written="ratio")
                for p, of, c in signed
            ]),
            **self._agreed_times(signed, three),
            "plant_cost": cost,
            "plant_deposit": self.inputs.table("agreement", "plant_deposit", [
                None if c.cost is None else self.inputs.figure_line(
                    f"{p}.deposit", f"{of}: share of its price paid at order", c.deposit, otherwise=1.0,
                    unit="share", written="ratio",
                )
                for p, of, c in signed
            ], quarterly=False),
            "energy_surplus": figures("surplus", "share of the site's price for the rest", "share", "ratio"),
            "energy_emitted": figures("carbon_intensity", "carbon dioxide emitted", "t/MWh", "t/MWh"),
            "capacity_charge": charge,
            "grid_emitted": self.figures("site", "grid_emitted", [
                (f"{p}.carbon_intensity", f"{title}: carbon dioxide emitted by the grid",
                 getattr(e, "carbon_intensity", None))
                for p, title, e in sites
            ], unit="t/MWh", written="t/MWh"),
            **self._carbon(),
        }  # fmt: skip

    def _carbon(self) -> dict[str, Rows]:
        carbon, title = self.case.finance.carbon_price, "Price of emissions"
        if carbon is None:
            return {}
        price = self.amounts(
            "item", "carbon_price", [("finance.carbon_price", title, carbon)], unit="mn {}/t",
            named=("carbon_own", title, f"{self.money}/t"),
        )  # fmt: skip
        return {"carbon_price": price.sum("item")}

    def _agreed_times(
        self, signed: Sequence[tuple[str, str, EnergyContract]], three: Rows
    ) -> dict[str, Rows]:
        """Lead time and term of each agreement; of a plant that is bought they may be left out."""
        found: dict[str, Rows] = {}
        for key, name, title in (
            ("energy_lead", "lead_time", "time to the first energy"),
            ("energy_term", "term", "term of an energy contract"),
        ):
            months = self.inputs.table("agreement", f"energy_{name}_months", [
                self.inputs.figure_line(
                    f"{p}.{name}", f"{of}: {title}", getattr(c, name), unit="months", written="months",
                    otherwise=None if c.cost is None else 0.0,
                )
                for p, of, c in signed
            ], quarterly=False)  # fmt: skip
            found[key] = whole_quarters(months, three).named(
                f"energy_{name}", title.capitalize(), "quarters", PRICES
            )
        return found
