"""The terms of a statement as formulas over the case's own numbers, so that a workbook follows its inputs.

Each is computed from the inputs by rows and then held against what the compiled case says. Where they agree,
the formula stands in the workbook; where they do not, what the compiled case says becomes an input itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, cast

import numpy as np

from capexpand.case.blended_prices import listed_price
from capexpand.case.schema import Build, Case, Colocate
from capexpand.case.values import Series
from capexpand.files.json_text import JsonObject
from capexpand.finance.debt_lines import DebtTerms
from capexpand.finance.money_lines import Terms
from capexpand.finance.rows import Label, Rows, nothing, whole_quarters
from capexpand.model.data import ModelData
from capexpand.model.plants import has_plants
from capexpand.reporting.limits import VOLUME_UNITS
from capexpand.workbook.agreed_terms import AgreedTerms
from capexpand.workbook.debt_terms import FinancingTerms
from capexpand.workbook.inputs import INPUTS, THOUSAND, InputCell, Inputs, Line
from capexpand.workbook.offer_terms import OfferTerms
from capexpand.workbook.term_builder import PRICES, Clock, TermBuilder

AGREE = 1e-12  # relative difference between a formula and the compiled case that is only rounding


@dataclass(frozen=True, slots=True)
class CaseTerms:
    """Terms as formulas over inputs.

    Args:
        terms: of the statements.
        clock: the timeline.
        inputs: what each input is.
        stated: names of the terms that are inputs themselves, since no formula gives them.
        financing: its terms; None where the case has none.
    """

    terms: Terms
    clock: Clock
    inputs: Inputs
    stated: tuple[str, ...]
    financing: DebtTerms | None


def case_terms(case: Case, m: ModelData) -> CaseTerms:
    """Return the terms of a case as formulas over its inputs.

    Args:
        case: as loaded.
        m: the same, compiled.
    """
    inputs = Inputs(case)
    made = _Terms(case, m, inputs)
    clock = made.clock()
    compiled = Terms.of(m)
    derived = made.all(clock)
    stated: list[str] = []
    terms = _followed(compiled, derived, inputs, stated)
    debt = DebtTerms.of(m)
    financing = None if debt is None else cast("DebtTerms", _followed(debt, derived, inputs, stated))
    return CaseTerms(cast("Terms", terms), clock, inputs, tuple(stated), financing)


def _followed(compiled: Any, derived: Mapping[str, Rows], inputs: Inputs, stated: list[str]) -> Any:
    """The same terms as formulas where these agree; the names of the others are added to ``stated``."""
    found: JsonObject = {}
    for each in fields(compiled):
        rows = getattr(compiled, each.name)
        if is_dataclass(rows) and not isinstance(rows, Rows):
            found[each.name] = _followed(rows, derived, inputs, stated)
        elif isinstance(rows, Rows):
            ours = derived.get(each.name)
            if ours is not None and _agree(ours, rows):
                found[each.name] = ours
            else:
                found[each.name] = _stated(each.name, rows, inputs)
                if np.any(rows.values):
                    stated.append(each.name)
    return replace(compiled, **found)


def _agree(ours: Rows, theirs: Rows) -> bool:
    if ours.axes != theirs.axes or ours.timed != theirs.timed or ours.values.shape != theirs.values.shape:
        return False
    return bool(np.allclose(ours.values, theirs.values, rtol=AGREE, atol=0.0))


def _stated(name: str, rows: Rows, inputs: Inputs) -> Rows:
    """What the compiled case says, as an input."""
    there = rows.values != 0.0
    detail = there.any(axis=-1) if rows.timed and rows.axes else there if rows.axes else None
    title = name.replace("_", " ").capitalize()
    found = replace(rows, detail=detail, label=Label(name, title, "", INPUTS))
    for index in np.ndindex(*rows.values.shape[: len(rows.axes)]):
        inputs.cells[id(found), index] = InputCell("", title, "")
    inputs.kept.append(found)
    return found


@dataclass(frozen=True, slots=True)
class _Terms(TermBuilder):
    """Builds each term from the inputs."""

    def clock(self) -> Clock:
        """The timeline and what money of its quarters is worth at the start."""
        finance, quarters = self.case.finance, self.m.times.count
        number = Rows(np.arange(1.0, quarters + 1.0), label=Label("number", "Quarter", "number", "time"))
        count = Rows(
            np.asarray(float(quarters)), (), False, label=Label("count", "Quarters", "number", "time")
        )
        self.inputs.kept += [number, count]
        per_year = self.inputs.number("", "Quarters in a year", "quarters", value=4.0)
        half = self.inputs.number("", "Middle of a quarter", "quarters", value=0.5)
        rate = self.inputs.number(
            "finance.discount_rate", "Discount rate", "per year", value=finance.discount_rate.value,
            figure=finance.discount_rate, written="/year",
        )  # fmt: skip
        factor = (1.0 + rate).named("growth", "What 1 grows to in a year", "ratio", "time")
        years = ((number - half) / per_year).named(
            "years", "Years to the middle of the quarter", "years", "time"
        )
        end = (count / per_year).named("years_end", "Years to the end", "years", "time")
        return Clock(
            number,
            count,
            (1.0 / factor**years).named("discount", "Discount factor", "ratio", "time"),
            (1.0 / factor**end).named("discount_end", "Discount factor of the end", "ratio", "time"),
            per_year,
            rate,
            half,
        )

    def all(self, clock: Clock) -> dict[str, Rows]:
        """Every term that can be computed."""
        three = self.inputs.number("", "Months in a quarter", "months", value=3.0)
        thousand = self.inputs.number("", "Thousand", "ratio", value=THOUSAND)
        year_hours = self.inputs.number("", "Hours in a year", "hours", value=8766.0)
        hours = (year_hours / clock.quarters_per_year).named("hours", "Hours in a quarter", "hours", "time")
        agreed = AgreedTerms(self.case, self.m, self.inputs)
        workloads = self._workloads(agreed)
        return {
            "hours": hours,
            **workloads,
            **self._sites(thousand),
            **self._power(three),
            **OfferTerms(self.case, self.m, self.inputs).all(clock, three, thousand),
            **self._finance(clock, three),
            **agreed.all(clock, three, thousand, price=workloads["price"]),
            **FinancingTerms(self.case, self.m, self.inputs).all(clock, three, clock.half),
        }

    def _workloads(self, agreed: AgreedTerms) -> dict[str, Rows]:
        case, workloads = self.case, list(self.case.workloads.items())
        lever = self.lever("All prices of workloads")
        currency = case.currency
        tranches = self.m.workloads.tranches
        stated = {name: listed_price(w, self.inputs.calendar) for name, w in workloads}
        prices = [
            self.inputs.series_line(
                f"workloads.{name}.price" if w.price is not None else "",
                f"{w.title}: price" + ("" if w.price is not None else ", of all kinds of token together"),
                stated[name], unit=f"{_currency(stated[name], currency)}/{VOLUME_UNITS[w.unit]}",
            )
            for name, w in workloads
        ]  # fmt: skip
        listed = self.inputs.table("workload", "workload_price", prices)
        currencies = [_currency(stated[name], currency) for name, _ in workloads]
        listed = self.settled(
            listed, currencies, named=("price_own", "Price in own currency", f"{currency}/volume")
        )
        levels = np.zeros((len(workloads), tranches))
        there = np.zeros((len(workloads), tranches), dtype=np.bool_)
        level = Rows(
            levels,
            ("workload", "tranche"),
            False,
            detail=there,
            label=Label("level", "Level", "ratio", INPUTS),
        )
        for j, (name, w) in enumerate(workloads):
            parts = [(i, tranche.price) for i, tranche in enumerate(w.tranches)]
            for i, figure in parts or [(0, None)]:
                levels[j, i], there[j, i] = 1.0 if figure is None else figure.value, True
                place = f"workloads.{name}.tranches.{i}.price" if parts else ""
                title = f"{w.title}: price of tranche {i + 1}, share of its price"
                line = self.inputs.figure_line(
                    place, title, figure, otherwise=1.0, unit="share", written="ratio"
                )
                if line is not None:
                    self.inputs.cells[id(level), (j, i)] = line.cell
        self.inputs.kept.append(level)
        price = listed * level * lever
        renewal = agreed.renewal("workload", "renewal_price")
        if renewal is not None:
            factor, whose = renewal
            ends = np.array([name in whose for name, _ in workloads])
            price = price.only("workload", ~ends) + price * factor
        price = price.named("price", "Price", f"{currency}/volume", PRICES)
        return {"price": price, "ordinary_share": self._ordinary_costs()}

    def _ordinary_costs(self) -> Rows:
        finance = self.case.finance
        workloads = list(self.case.workloads.items())
        lines: list[Line | None] = [
            self.inputs.series_line(
                "finance.ordinary_costs", "Ordinary costs of external workloads", finance.ordinary_costs,
                unit="share", written="ratio",
            )
        ]  # fmt: skip
        places: list[int] = []
        for name, w in workloads:
            own = self.inputs.series_line(
                f"workloads.{name}.ordinary_costs", f"{w.title}: ordinary costs", w.ordinary_costs,
                unit="share",
                written="ratio",
            )  # fmt: skip
            if own is None and w.role == "external":
                places.append(0)
            else:
                places.append(len(lines))
                lines.append(own)
        return self.inputs.table("item", "ordinary_costs", lines).take("item", "workload", places)

    def _sites(self, thousand: Rows) -> dict[str, Rows]:
        sites = [(f"sites.{name}", site.title, site) for name, site in self.case.sites.items()]
        lever = self.lever("All energy prices")
        priced = self.amounts(
            "site", "energy_price",
            [(f"{p}.energy_price", f"{title}: energy price", site.energy_price) for p, title, site in sites],
            unit="{}/kWh", factor=THOUSAND,
        )  # fmt: skip
        effectiveness = self.figures("site", "effectiveness", [
            (f"{p}.power_usage_effectiveness", f"{title}: power usage effectiveness",
             site.power_usage_effectiveness)
            for p, title, site in sites
        ], unit="ratio")  # fmt: skip
        paid = (priced * lever / thousand).named("energy_price", "Energy price", f"{self.money}/MWh", PRICES)
        return {"energy_price": paid, "effectiveness": effectiveness}

    def _power(self, three: Rows) -> dict[str, Rows]:
        m, sites = self.m.power, list(self.case.sites.items())
        chosen = [(*sites[s], bool(own)) for s, own in zip(m.site, m.owned, strict=True)]
        built = [(f"sites.{n}.build", s.title, s.build if own else None) for n, s, own in chosen]
        hosted = [(f"sites.{n}.colocate", s.title, None if own else s.colocate) for n, s, own in chosen]
        lever = self.lever("All costs of halls")
        costs = self.amounts("power", "hall_cost", [
            (f"{p}.cost", f"{title}: cost of halls", b and b.cost) for p, title, b in built
        ], unit="mn {}/MW")  # fmt: skip
        price = (costs * lever).named("hall_price", "Cost of halls", f"{self.money}/MW", PRICES)
        lead = self._power_lead([b if b[2] else h for b, h in zip(built, hosted, strict=True)], three)
        deposit = self.figures("power", "hall_deposit", [
            (f"{p}.deposit", f"{title}: deposit on halls", b and b.deposit) for p, title, b in built
        ])  # fmt: skip
        upkeep = self.inputs.table("power", "hall_maintenance", [
            None if b is None else self.inputs.figure_line(
                f"{p}.maintenance", f"{title}: maintenance of halls", b.maintenance,
                unit=f"mn {b.maintenance.currency or self.case.currency}/MW/quarter",
            )
            for p, title, b in built
        ], quarterly=False)  # fmt: skip
        kept = self.settled(upkeep, [b and b.maintenance.currency for *_, b in built], first=True)
        fees = self.amounts("power", "hall_rent", [
            (f"{p}.fee", f"{title}: rent of power", h and h.fee) for p, title, h in hosted
        ], unit="mn {}/MW/quarter")  # fmt: skip
        exits = self.amounts("power", "hall_exit", [
            (f"{p}.exit_cost", f"{title}: exit cost of rented power", h and h.exit_cost)
            for p, title, h in hosted
        ], unit="mn {}/MW")  # fmt: skip
        share = self._stated(
            "building_end_value", "End value of halls, share of their cost", "share", written="ratio"
        )
        per = f"{self.money}/MW"
        return {
            **({"plant_fraction": share} if has_plants(self.m) else {}),
            "hall_price": price,
            "hall_lead": lead,
            "hall_deposit": deposit,
            "power_running": (kept + fees).named(
                "power_running", "Maintenance or rent of power", f"{per}/quarter", PRICES
            ),
            "power_exit": exits.named("power_exit", "Exit cost of rented power", per, PRICES),
            "hall_end_value": (share * price.last()).named(
                "hall_end_value", "Worth of halls at the end", per, PRICES
            ),
        }

    def _power_lead(self, chosen: Sequence[tuple[str, str, Build | Colocate | None]], three: Rows) -> Rows:
        months = self.inputs.table("power", "power_lead", [
            self.inputs.given_line(f"{title}: lead time of power", 0.0, "months") if power is None
            else self.inputs.figure_line(
                f"{p}.lead_time", f"{title}: lead time of power", power.lead_time, unit="months",
                written="months",
            )
            for p, title, power in chosen
        ], quarterly=False)  # fmt: skip
        return whole_quarters(months, three).named("hall_lead", "Lead time of power", "quarters", PRICES)

    def _stated(self, name: str, title: str, unit: str, *, written: str) -> Rows:
        """A number of the case's finance; 0 where it is not stated."""
        figure = getattr(self.case.finance, name)
        value = 0.0 if figure is None else figure.value
        return self.inputs.number(f"finance.{name}", title, unit, value=value, figure=figure, written=written)

    def _finance(self, clock: Clock, three: Rows) -> dict[str, Rows]:
        opening = self.case.opening

        def life(name: str, title: str) -> Rows:
            months = self._stated(name, title, "months", written="months")
            return whole_quarters(months, three).named(name, title, "quarters", PRICES)

        found = {
            "tax_rate": self._stated("tax_rate", "Tax rate", "share", written="ratio"),
            "server_life": life("server_life", "Life of servers in the books"),
            "building_life": life("building_life", "Life of halls in the books"),
            "value_added_tax": self._stated("value_added_tax", "Value-added tax", "share", written="ratio"),
        }
        if self.case.finance.value_added_tax_recovery is not None:
            found["recovery"] = life("value_added_tax_recovery", "Time until value-added tax is recovered")
        found |= dict.fromkeys(
            ("opening_payments", "opening_depreciation"), nothing(shape=(self.m.times.count,), timed=True)
        )
        for name, title in (("other_revenue", "Other revenue"), ("other_cost", "Other cost")):
            series = getattr(opening, name)
            found[name] = found["opening_payments"] if series is None else self.amounts(
                "item", name, [(f"opening.{name}", title, series)], unit=f"{self.money}/quarter"
            ).sum("item").named(name, title, "money", PRICES)  # fmt: skip
        if opening.payments_due:
            found["opening_payments"] = self.inputs.quarterly(
                "opening.payments_due", "Payments due at the start", self.money,
                values=list(self.m.opening.payments_due), written=self.money,
                stated=next(iter(opening.payments_due.values())),
            )  # fmt: skip
        if opening.book_value is not None and opening.book_life is not None:
            book = self.amount(
                "opening.book_value", "Book value of what stands at the start", opening.book_value
            )
            months = self.inputs.number(
                "opening.book_life", "Life of what stands at the start", "months",
                value=opening.book_life.value, figure=opening.book_life, written="months",
            )  # fmt: skip
            span = whole_quarters(months, three).named("book_life", "Life of what stands", "quarters", PRICES)
            running = clock.number.below(1.0 + span).named("book_flag", "Still written off", "flag", PRICES)
            found["opening_depreciation"] = (book / span * running).named(
                "depreciation_opening", "Depreciation of what stood at the start", "money", PRICES
            )
        return found


def _currency(series: Series | None, own: str) -> str:
    return (series.currency if series is not None else None) or own
