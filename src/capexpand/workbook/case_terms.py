"""The terms of a statement as formulas over the case's own numbers, so that a workbook follows its inputs.

Each is computed from the inputs by rows and then held against what the compiled case says. Where they agree,
the formula stands in the workbook; where they do not, what the compiled case says becomes an input itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, cast

import numpy as np

from capexpand.case.blended_prices import listed_price
from capexpand.case.schema import Case
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
        rates = self.exchange("workload", [_currency(stated[name], currency) for name, _ in workloads])
        if rates is not None:
            listed = (listed * rates).named(
                "price_own", "Price in own currency", f"{currency}/volume", PRICES
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
        sites, currency = list(self.case.sites.items()), self.case.currency
        lever = self.lever("All energy prices")
        price = self.inputs.table("site", "energy_price", [
            self.inputs.series_line(
                f"sites.{name}.energy_price", f"{site.title}: energy price", site.energy_price,
                unit=f"{site.energy_price.currency or currency}/kWh", factor=THOUSAND,
            )
            for name, site in sites
        ])  # fmt: skip
        rates = self.exchange("site", [site.energy_price.currency for _, site in sites])
        priced = price if rates is None else price * rates
        effectiveness = self.inputs.table("site", "effectiveness", [
            self.inputs.figure_line(
                f"sites.{name}.power_usage_effectiveness", f"{site.title}: power usage effectiveness",
                site.power_usage_effectiveness, unit="ratio",
            )
            for name, site in sites
        ], quarterly=False)  # fmt: skip
        paid = (priced * lever / thousand).named("energy_price", "Energy price", f"{self.money}/MWh", PRICES)
        return {"energy_price": paid, "effectiveness": effectiveness}

    def _power(self, three: Rows) -> dict[str, Rows]:
        m, sites, money = self.m.power, self.case.sites, self.case.currency
        names = list(sites)
        chosen = [(names[m.site[o]], sites[names[m.site[o]]], bool(m.owned[o])) for o in range(len(m.names))]
        builds = [(n, s, s.build if own else None) for n, s, own in chosen]
        hosted = [(n, s, s.colocate if not own else None) for n, s, own in chosen]
        lever = self.lever("All costs of halls")
        costs = self.inputs.table("power", "hall_cost", [
            None if b is None else self.inputs.series_line(
                f"sites.{n}.build.cost", f"{s.title}: cost of halls", b.cost,
                unit=f"mn {b.cost.currency or money}/MW",
            )
            for n, s, b in builds
        ])  # fmt: skip
        rates = self.exchange("power", [b.cost.currency if b else None for _, _, b in builds])
        price = ((costs if rates is None else costs * rates) * lever).named(
            "hall_price", "Cost of halls", f"{self.money}/MW", PRICES
        )
        months = self.inputs.table("power", "power_lead", [
            self.inputs.figure_line(
                f"sites.{n}.{'build' if b else 'colocate'}.lead_time", f"{s.title}: lead time of power",
                (b or h[2]).lead_time, unit="months", written="months",  # pyrefly: ignore
            ) if (b or h[2]) else self.inputs.given_line(f"{s.title}: lead time of power", 0.0, "months")
            for (n, s, b), h in zip(builds, hosted, strict=True)
        ], quarterly=False)  # fmt: skip
        lead = whole_quarters(months, three).named("hall_lead", "Lead time of power", "quarters", PRICES)
        deposit = self.inputs.table("power", "hall_deposit", [
            None if b is None else self.inputs.figure_line(
                f"sites.{n}.build.deposit", f"{s.title}: deposit on halls", b.deposit, unit="share",
                written="ratio",
            )
            for n, s, b in builds
        ], quarterly=False)  # fmt: skip
        upkeep = self.inputs.table("power", "hall_maintenance", [
            None if b is None else self.inputs.figure_line(
                f"sites.{n}.build.maintenance", f"{s.title}: maintenance of halls", b.maintenance,
                unit=f"mn {b.maintenance.currency or money}/MW/quarter",
            )
            for n, s, b in builds
        ], quarterly=False)  # fmt: skip
        kept = self.exchange(
            "power", [b.maintenance.currency if b else None for _, _, b in builds], first=True
        )
        fees = self.inputs.table("power", "hall_rent", [
            None if h is None else self.inputs.series_line(
                f"sites.{n}.colocate.fee", f"{s.title}: rent of power", h.fee,
                unit=f"mn {h.fee.currency or money}/MW/quarter",
            )
            for n, s, h in hosted
        ])  # fmt: skip
        rented = self.exchange("power", [h.fee.currency if h else None for _, _, h in hosted])
        running = (upkeep if kept is None else upkeep * kept) + (fees if rented is None else fees * rented)
        exits = self.inputs.table("power", "hall_exit", [
            None if h is None else self.inputs.series_line(
                f"sites.{n}.colocate.exit_cost", f"{s.title}: exit cost of rented power", h.exit_cost,
                unit=f"mn {(h.exit_cost and h.exit_cost.currency) or money}/MW",
            )
            for n, s, h in hosted
        ])  # fmt: skip
        left = self.exchange(
            "power", [h.exit_cost.currency if h and h.exit_cost else None for _, _, h in hosted]
        )
        finance = self.case.finance
        share = self.inputs.number(
            "finance.building_end_value", "End value of halls, share of their cost", "share",
            value=finance.building_end_value.value, figure=finance.building_end_value, written="ratio",
        )  # fmt: skip
        return {
            **({"plant_fraction": share} if has_plants(self.m) else {}),
            "hall_price": price,
            "hall_lead": lead,
            "hall_deposit": deposit,
            "power_running": running.named(
                "power_running", "Maintenance or rent of power", f"{self.money}/MW/quarter", PRICES
            ),
            "power_exit": (exits if left is None else exits * left).named(
                "power_exit", "Exit cost of rented power", f"{self.money}/MW", PRICES
            ),
            "hall_end_value": (share * price.last()).named(
                "hall_end_value", "Worth of halls at the end", f"{self.money}/MW", PRICES
            ),
        }

    def _finance(self, clock: Clock, three: Rows) -> dict[str, Rows]:
        finance, opening, money = self.case.finance, self.case.opening, self.money

        def number(name: str, title: str, unit: str, written: str) -> Rows:
            figure = getattr(finance, name)
            value = 0.0 if figure is None else figure.value
            return self.inputs.number(
                f"finance.{name}", title, unit, value=value, figure=figure, written=written
            )

        def life(name: str, title: str) -> Rows:
            months = number(name, title, "months", "months")
            return whole_quarters(months, three).named(name, title, "quarters", PRICES)

        def flow(name: str, title: str) -> Rows | None:
            series = getattr(opening, name)
            line = self.inputs.series_line(f"opening.{name}", title, series, unit=f"{money}/quarter")
            if line is None:
                return None
            currency = series.currency
            row = self.inputs.table("item", name, [line])
            rates = self.exchange("item", [currency])
            return (row if rates is None else row * rates).sum("item").named(name, title, "money", PRICES)

        found = {
            "tax_rate": number("tax_rate", "Tax rate", "share", "ratio"),
            "server_life": life("server_life", "Life of servers in the books"),
            "building_life": life("building_life", "Life of halls in the books"),
            "value_added_tax": number("value_added_tax", "Value-added tax", "share", "ratio"),
        }
        if finance.value_added_tax_recovery is not None:
            found["recovery"] = life("value_added_tax_recovery", "Time until value-added tax is recovered")
        none = nothing(shape=(self.m.times.count,), timed=True)
        found |= dict.fromkeys(("opening_payments", "opening_depreciation"), none)
        for name, title in (("other_revenue", "Other revenue"), ("other_cost", "Other cost")):
            found[name] = flow(name, title) or none
        if opening.payments_due:
            found["opening_payments"] = self.inputs.quarterly(
                "opening.payments_due", "Payments due at the start", money,
                values=list(self.m.opening.payments_due), written=money,
                stated=next(iter(opening.payments_due.values())),
            )  # fmt: skip
        if opening.book_value is not None and opening.book_life is not None:
            book = self.inputs.number(
                "opening.book_value", "Book value of what stands at the start",
                f"mn {opening.book_value.currency}",
                value=opening.book_value.value, figure=opening.book_value,
                written=f"mn {opening.book_value.currency}",
            )  # fmt: skip
            rates = self.exchange("item", [opening.book_value.currency], first=True)
            if rates is not None:
                book = (book * rates).sum("item")
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
