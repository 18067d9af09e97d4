"""``chips``: what the catalogue and the export rules know about accelerators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from capexpand.api.shown import Documented

if TYPE_CHECKING:
    from polars import DataFrame

    from capexpand.catalogue import Accelerator, ExportRule, Fact, Reach
    from capexpand.hardware.export_rules import ExportStatus
    from capexpand.hardware.export_scope import Transaction

FIGURES = {
    "dense_fp16_tflops": "FP16, dense",
    "dense_fp8_tflops": "FP8, dense",
    "int8_tops": "INT8, dense",
    "memory_gb": "memory",
    "memory_bandwidth_gb_per_s": "memory bandwidth",
    "interconnect_gb_per_s": "links, both ways",
    "tdp_w": "power",
    "die_area_mm2": "die area",
    "process_nm": "process",
    "total_processing_performance": "total processing performance",
    "performance_density": "performance density",
    "unit_price_usd": "price",
}
"""Figures of an accelerator, in the order shown, and what people call them."""


@dataclass(frozen=True, slots=True)
class ChipView:
    """One accelerator as it is shown: its figures, each with its source, and the rules that reach it.

    ``status`` is what the rules say of the transaction that was asked about, None where none was.
    """

    accelerator: Accelerator
    figures: tuple[Fact, ...]
    rules: tuple[Reach, ...]
    status: ExportStatus | None = None


@dataclass(frozen=True, slots=True, repr=False)
class ChipsView(Documented):
    """All that the command shows: the accelerators, and those that were not known on the day."""

    on: date | None
    chips: tuple[ChipView, ...]
    not_yet_known: tuple[str, ...]
    transaction: Transaction | None = None

    @property
    def document(self) -> dict[str, object]:
        """Names, numbers and texts as one JSON object."""
        return as_data(self)

    @property
    def tables(self) -> dict[str, DataFrame]:  # pyrefly: ignore[missing-override-decorator]
        """Figures with their units and sources, one a row."""
        import polars as pl

        rows = [
            {
                "chip": chip.accelerator.name,
                "vendor": chip.accelerator.vendor,
                "figure": fact.field,
                "value": fact.value,
                "unit": fact.unit,
                "known_on": fact.known_on,
                "verified": fact.verified,
                "source": fact.source.title,
            }
            for chip in self.chips
            for fact in chip.figures
        ]
        return {"figures": pl.DataFrame(rows)}

    def _title(self) -> tuple[str, str]:
        return "chips", f"{len(self.chips)} accelerators"

    def __repr__(self) -> str:  # pyrefly: ignore[missing-override-decorator]
        names = ", ".join(chip.accelerator.name for chip in self.chips[:3])
        return f"<{len(self.chips)} accelerators: {names}{', …' if len(self.chips) > 3 else ''}>"


def chips(
    name: str | None = None,
    *,
    on: date | None = None,
    to: str | None = None,
    buyer_headquarters: str | None = None,
    end_user: str = "company",
    buyer: str = "",
) -> ChipsView:
    """Look accelerators up: specification, price, sources, export rules, and whether a sale is allowed.

    Args:
        name: a name or part of one; None for all accelerators.
        on: day to look from; None for all that is known and every rule that has no end.
        to: country of a sale to be judged, such as ``CN``; on ``on``, or today.
        buyer_headquarters: country of the buyer's parent; that of ``to`` if absent.
        end_user: kind of buyer: company, large tech or state-funded.
        buyer: the buyer's name, for grants by name.

    Raises:
        CaseError: nothing is called so, with near names; or a sale that cannot be judged.
    """
    sale = _sale(on, to=to, headquarters=buyer_headquarters, end_user=end_user, buyer=buyer)
    return look_up_chips(name, on=on, sale=sale)


def look_up_chips(name: str | None, on: date | None = None, *, sale: Transaction | None = None) -> ChipsView:
    """Gather what is shown about one accelerator, several or all.

    Args:
        name: a name or part of one; None for all accelerators.
        on: the day to look from, or None for all that is known and every rule that has no end.
        sale: a transaction to judge by the rules known and in force on its day, or None.

    Raises:
        CaseError: nothing is called so; near names are suggested.
    """
    from capexpand.catalogue import accelerators, find_accelerators, rules_in_force
    from capexpand.catalogue.names import not_yet_known

    every = accelerators() if name is None else find_accelerators(name)
    visible = {row.name: row for row in accelerators(on)}
    in_force = rules_in_force(on, as_of=on)
    judging = () if sale is None else rules_in_force(sale.on, as_of=sale.on)
    return ChipsView(
        on=on,
        chips=tuple(
            _chip_view(visible[row.name], in_force, judging, sale) for row in every if row.name in visible
        ),
        not_yet_known=tuple(not_yet_known(row, on) for row in every if row.name not in visible),
        transaction=sale,
    )


def _chip_view(
    row: Accelerator,
    in_force: Sequence[ExportRule],
    judging: Sequence[ExportRule],
    sale: Transaction | None,
) -> ChipView:
    from capexpand.catalogue import accelerator_fact, rules_reaching
    from capexpand.hardware.export_rules import export_status

    facts = (accelerator_fact(row, field) for field in FIGURES)
    return ChipView(
        accelerator=row,
        figures=tuple(fact for fact in facts if fact is not None),
        rules=rules_reaching(row, in_force),
        status=None if sale is None else export_status(row, judging, sale),
    )


def as_data(view: ChipsView) -> dict[str, object]:
    """Turn a view into what ``--json`` prints: names, numbers and texts only."""
    return {
        "on": _iso(view.on),
        "transaction": None if view.transaction is None else _sale_data(view.transaction),
        "chips": [_chip_data(chip) for chip in view.chips],
        "not_yet_known": list(view.not_yet_known),
    }


def _sale_data(sale: Transaction) -> dict[str, object]:
    return {
        "on": _iso(sale.on),
        "destination": sale.destination,
        "buyer_headquarters": sale.home,
        "end_user": sale.end_user,
        "buyer": sale.buyer,
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _chip_data(chip: ChipView) -> dict[str, object]:
    row = chip.accelerator
    return {
        "name": row.name,
        "vendor": row.vendor,
        "unit": row.unit,
        "release_date": _iso(row.release_date),
        "price_date": _iso(row.price_date),
        "figures": {
            fact.field: {
                "value": fact.value,
                "unit": fact.unit,
                "known_on": _iso(fact.known_on),
                "verified": fact.verified,
                "source": asdict(fact.source),
            }
            for fact in chip.figures
        },
        "export_rules": [_rule_data(reach) for reach in chip.rules],
        "status": None if chip.status is None else asdict(chip.status),
    }


def _rule_data(reach: Reach) -> dict[str, object]:
    rule = reach.rule
    return {
        "rule_id": rule.rule_id,
        "effect": rule.effect,
        "fee_share_fraction": rule.fee_share_fraction,
        "effective_date": _iso(rule.effective_date),
        "ended_on": _iso(rule.ended_on),
        "destination_scope": rule.destination_scope,
        "how": reach.how,
        "missing": list(reach.missing),
        "summary": rule.summary,
        "known_on": _iso(rule.known_on),
        "known_on_estimated": rule.known_on_estimated,
        "verified": rule.source.verified,
        "source": asdict(rule.source),
    }


def _sale(
    on: date | None, *, to: str | None, headquarters: str | None, end_user: str, buyer: str
) -> Transaction | None:
    """The transaction that the options describe; None where they ask about none."""
    from capexpand.errors import CaseError, Problem
    from capexpand.hardware.export_scope import Transaction, check_transaction

    if to is None:
        if headquarters is not None or end_user != "company" or buyer:
            raise CaseError([Problem("say where the chips are to stand: --to CN")])
        return None
    sale = Transaction(
        on=on or datetime.now(tz=UTC).date(),
        destination=to.upper(),
        headquarters=None if headquarters is None else headquarters.upper(),
        end_user=end_user,  # pyrefly: ignore[bad-argument-type] # the check refuses any other word
        buyer=buyer,
    )
    check_transaction(sale)
    return sale
