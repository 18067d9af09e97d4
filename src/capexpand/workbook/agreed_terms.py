"""Terms of contracts with customers, leases, hire and energy as formulas over the case's own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capexpand.case.clouds import Reserved
from capexpand.case.contracts import Contract
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
        signed = self.signed
        c = self.m.contracts
        if not signed or c is None:
            return {}
        inputs, money = self.inputs, self.case.currency
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
        if renewal is not None:
            factor, whose = renewal
            ends = np.array([n in whose for n, _, _ in signed])
            volume = volume.only("contract", ~ends) + volume * factor
        taken = inputs.table("contract", "taken", [
            inputs.series_line(
                f"workloads.{n}.contract.taken", f"{w.title}: share of the volume that is taken", t.taken,
                otherwise=1.0, unit="share", written="ratio",
            )
            for n, w, t in signed
        ])  # fmt: skip
        least = inputs.table("contract", "take_or_pay", [
            inputs.figure_line(
                f"workloads.{n}.contract.take_or_pay", f"{w.title}: take or pay", t.take_or_pay, unit="share",
                written="ratio",
            )
            for n, w, t in signed
        ], quarterly=False)  # fmt: skip
        each = price.take("workload", "contract", c.workload)
        each = each.only("tranche", np.arange(self.m.workloads.tranches) == 0).sum("tranche")
        each = each.named("contract_price", "Price by contract", f"{money}/volume", PRICES)
        owed = np.array([t.take_or_pay is not None for _, _, t in signed])
        unused = maximum(0.0, (least - taken).only("contract", owed)) * volume * each
        penalty = inputs.table("contract", "penalty", [
            None if t.penalty is None else inputs.series_line(
                f"workloads.{n}.contract.penalty", f"{w.title}: damages", t.penalty,
                unit=f"{t.penalty.currency or money}/{VOLUME_UNITS[w.unit]}",
            )
            for n, w, t in signed
        ])  # fmt: skip
        rates = self.exchange("contract", [t.penalty.currency if t.penalty else None for *_, t in signed])
        quarter = np.arange(self.m.times.count)
        return {
            "contract_volume": (taken * volume).named(
                "contract_volume", "Volume under contract if all is signed", "volume", PRICES
            ),
            "contract_price": each,
            "contract_unused": unused.named(
                "contract_unused", "Paid and not taken if all is signed", "money", PRICES
            ),
            "contract_damages": penalty if rates is None else (penalty * rates).named(
                "contract_damages", "Damages in own currency", f"{money}/volume", PRICES
            ),
            "contract_prepaid": inputs.table("contract", "prepayment", [
                inputs.figure_line(
                    f"workloads.{n}.contract.prepayment", f"{w.title}: share paid on signing", t.prepayment,
                    unit="share", written="ratio",
                )
                for n, w, t in signed
            ], quarterly=False),
            "contract_signing": inputs.table("contract", "signing", [
                None if t.prepayment is None else inputs.given_line(
                    f"{w.title}: 1 in the quarter of signing", (quarter == s) * (c.prepaid[i] > 0.0), "flag"
                )
                for i, ((_, w, t), s) in enumerate(zip(signed, c.signing, strict=True))
            ]),
        }  # fmt: skip

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
            months = self.inputs.table(axis, f"{key}_term_months", [
                None if t is None else self.inputs.figure_line(
                    f"{place}.term", f"{title}: term of lease", t.term, unit="months", written="months"
                )
                for place, title, t in named
            ], quarterly=False)  # fmt: skip
            found[f"{key}_term"] = whole_quarters(months, three).named(
                f"{key}_term", "Term of lease", "quarters", PRICES
            )
            found[f"{key}_escalation"] = self.inputs.table(axis, f"{key}_escalation", [
                None if t is None else self.inputs.figure_line(
                    f"{place}.escalation", f"{title}: yearly rise of a fixed fee", t.escalation,
                    unit="per year", written="/year",
                )
                for place, title, t in named
            ], quarterly=False)  # fmt: skip
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
        money = self.case.currency
        ways, titles = hirings(self.case), self.m.hire.titles
        fees = self.inputs.table("hire", "hire_fee", [
            self.inputs.series_line(
                f"{one.place}.fee", f"{title}: fee", one.terms.fee,
                unit=f"mn {one.terms.fee.currency or money}/unit/quarter",
                written=f"mn {one.terms.fee.currency or money}/quarter",
            )
            for title, one in zip(titles, ways, strict=True)
        ])  # fmt: skip
        rates = self.exchange("hire", [one.terms.fee.currency for one in ways])

        def months(name: str, title: str) -> Rows:
            rows = self.inputs.table("hire", f"hire_{name}_months", [
                self.inputs.figure_line(
                    f"{one.place}.{name}", f"{of}: {title}", getattr(one.terms, name), unit="months",
                    written="months",
                ) if isinstance(one.terms, Reserved) else None
                for of, one in zip(titles, ways, strict=True)
            ], quarterly=False)  # fmt: skip
            return whole_quarters(rows, three).named(f"hire_{name}", title.capitalize(), "quarters", PRICES)

        return {
            "hire_fee": fees if rates is None else (fees * rates).named(
                "hire_fee", "Fee of a hired unit", f"{self.money}/unit/quarter", PRICES
            ),
            "hire_lead": months("lead_time", "time to the first use"),
            "hire_term": months("term", "term of hire"),
        }  # fmt: skip

    # changing course

    def _churn(self) -> dict[str, Rows]:
        stated, own = self.case.finance.churn, self.case.currency
        found: dict[str, Rows] = {}
        for name, title, unit in (
            ("use", "Cost of a unit that takes up another use", "unit"),
            ("site", "Cost of a unit whose work moves to another site", "unit"),
            ("order", "Cost of a unit by which an order changes", "unit"),
            ("power_order", "Cost of a MW by which an order of power changes", "MW"),
        ):
            figure = None if stated is None else getattr(stated, name)
            if figure is None:
                continue
            currency = figure.currency or own
            row = self.inputs.number(
                f"finance.churn.{name}", title, f"mn {currency}/{unit}", value=figure.value, figure=figure,
                written=f"mn {currency}" if unit == "unit" else f"mn {currency}/MW",
            )  # fmt: skip
            rates = self.exchange("item", [currency], first=True)
            found[f"churn_{name}"] = row if rates is None else (row * rates).sum("item")
        return found

    # energy

    def _energy(self, three: Rows, thousand: Rows) -> dict[str, Rows]:
        if self.m.energy is None:
            return {}
        case, inputs, money = self.case, self.inputs, self.case.currency
        signed = [(one.place, one.terms) for one in supplies(case)]

        def own(rows: Rows, currencies: list[str | None], key: str, title: str, unit: str) -> Rows:
            rates = self.exchange(rows.axes[0], currencies)
            return rows if rates is None else (rows * rates).named(key, title, unit, PRICES)

        def months(name: str, title: str) -> Rows:
            rows = inputs.table("agreement", f"energy_{name}_months", [
                inputs.figure_line(f"{p}.{name}", f"{c.title}: {title}", getattr(c, name), unit="months",
                                   written="months", otherwise=None if c.cost is None else 0.0)
                for p, c in signed
            ], quarterly=False)  # fmt: skip
            return whole_quarters(rows, three).named(f"energy_{name}", title.capitalize(), "quarters", PRICES)

        def shares(name: str, title: str, unit: str, written: str) -> Rows:
            return inputs.table("agreement", f"energy_{name}", [
                inputs.figure_line(f"{p}.{name}", f"{c.title}: {title}", getattr(c, name), unit=unit,
                                   written=written)
                for p, c in signed
            ], quarterly=False)  # fmt: skip

        strike = inputs.table("agreement", "energy_strike", [
            None if c.price is None else inputs.series_line(
                f"{p}.price", f"{c.title}: price", c.price, unit=f"{c.price.currency or money}/kWh",
                factor=THOUSAND,
            )
            for p, c in signed
        ])  # fmt: skip
        strike = own(strike, [c.price.currency if c.price else None for _, c in signed], "strike_own",
                     "Price in own currency", f"{money}/kWh")  # fmt: skip
        fee = inputs.table("agreement", "energy_fee", [
            inputs.series_line(f"{p}.fee", f"{c.title}: fee", c.fee,
                               unit=f"mn {(c.fee and c.fee.currency) or money}/MW/quarter")
            for p, c in signed
        ])  # fmt: skip
        output: list[Line | None] = [
            inputs.series_line(f"{p}.output", f"{c.title}: share of its power that is produced", c.output,
                               otherwise=1.0, unit="share", written="ratio")
            for p, c in signed
        ]  # fmt: skip
        cost = inputs.table("agreement", "plant_cost", [
            None if c.cost is None else inputs.series_line(
                f"{p}.cost", f"{c.title}: price of a MW that is bought", c.cost,
                unit=f"mn {c.cost.currency or money}/MW",
            )
            for p, c in signed
        ])  # fmt: skip
        deposit: list[Line | None] = [
            None if c.cost is None else inputs.figure_line(
                f"{p}.deposit", f"{c.title}: share of its price paid at order", c.deposit, otherwise=1.0,
                unit="share", written="ratio",
            )
            for p, c in signed
        ]  # fmt: skip
        sites = [(f"sites.{n}.energy", s.title, s.energy) for n, s in case.sites.items()]
        charge = inputs.table("site", "capacity_charge", [
            None if e is None or e.capacity_charge is None else inputs.series_line(
                f"{p}.capacity_charge", f"{title}: charge on reserved power", e.capacity_charge,
                unit=f"mn {e.capacity_charge.currency or money}/MW/quarter",
            )
            for p, title, e in sites
        ])  # fmt: skip
        found = {
            "energy_strike": (strike / thousand).named(
                "energy_strike", "Price under contracts", f"{self.money}/MWh", PRICES
            ),
            "energy_fee": own(fee, [c.fee.currency if c.fee else None for _, c in signed],
                              "energy_fee", "Fee in own currency", f"{self.money}/MW/quarter"),
            "energy_output": inputs.table("agreement", "energy_output", output),
            "energy_lead": months("lead_time", "time to the first energy"),
            "energy_term": months("term", "term of an energy contract"),
            "plant_cost": own(cost, [c.cost.currency if c.cost else None for _, c in signed],
                              "plant_cost", "Price of power plants", f"{self.money}/MW"),
            "plant_deposit": inputs.table("agreement", "plant_deposit", deposit, quarterly=False),
            "energy_surplus": shares("surplus", "share of the site's price for the rest", "share", "ratio"),
            "energy_emitted": shares("carbon_intensity", "carbon dioxide emitted", "t/MWh", "t/MWh"),
            "capacity_charge": own(charge,
                [e.capacity_charge.currency if e and e.capacity_charge else None for *_, e in sites],
                "charge_own", "Charge in own currency", f"{self.money}/MW/quarter",
            ),
            "grid_emitted": inputs.table("site", "grid_emitted", [
                None if e is None else inputs.figure_line(
                    f"{p}.carbon_intensity", f"{title}: carbon dioxide emitted by the grid",
                    e.carbon_intensity, unit="t/MWh",
                )
                for p, title, e in sites
            ], quarterly=False),
        }  # fmt: skip
        carbon = case.finance.carbon_price
        if carbon is not None:
            line = inputs.series_line(
                "finance.carbon_price",
                "Price of emissions",
                carbon,
                unit=f"mn {carbon.currency or money}/t",
            )
            row = inputs.table("item", "carbon_price", [line])
            found["carbon_price"] = own(row, [carbon.currency], "carbon_own", "Price of emissions",
                                        f"{self.money}/t").sum("item")  # fmt: skip
        return found
