"""Which export rules were in force on a day, and which name an accelerator or reach it by a threshold.

This only compares figures in the tables. It does not say what a rule means for a buyer: destinations, end
users and exceptions are not judged here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from capexpand.catalogue.names import matching_accelerators
from capexpand.catalogue.rows import Accelerator, ExportRule
from capexpand.catalogue.views import export_rules


@dataclass(frozen=True, slots=True)
class Reach:
    """How a rule reaches an accelerator.

    Args:
        how: ``named``, ``thresholds met`` or ``cannot be told``.
        missing: figures of the accelerator that would be needed to tell.
    """

    rule: ExportRule
    how: str
    missing: tuple[str, ...] = ()


def rules_in_force(on: date | None = None, as_of: date | None = None) -> tuple[ExportRule, ...]:
    """List the rules that had taken effect and had not ended, by the day they took effect.

    Args:
        on: the day, or None for every rule that has no end.
        as_of: what was known then, or None for all that is known.
    """
    rules = [
        rule
        for rule in export_rules(as_of)
        if (on is None or rule.effective_date <= on)
        and (rule.ended_on is None or (on is not None and on < rule.ended_on))
    ]
    return tuple(sorted(rules, key=lambda rule: (rule.effective_date, rule.rule_id)))


def rules_reaching(accelerator: Accelerator, rules: Sequence[ExportRule]) -> tuple[Reach, ...]:
    """Pick the rules that name an accelerator, or whose thresholds its figures meet or may meet.

    Args:
        accelerator: the accelerator; racks have no processing performance of their own, so only names count.
    """
    return tuple(reach for rule in rules if (reach := _reach(accelerator, rule)) is not None)


def _reach(accelerator: Accelerator, rule: ExportRule) -> Reach | None:
    if rule.chips_named:
        named = any(matching_accelerators(name, (accelerator,)) for name in rule.chips_named)
        return Reach(rule, "named") if named else None
    if rule.threshold_test == "none" or accelerator.unit != "chip":
        return None
    tests = _tests(accelerator, rule)
    met = [result for _, result in tests]
    decided = any(result is True for result in met) if rule.threshold_test == "any" else all(met)
    if decided:
        return Reach(rule, "thresholds met")
    if rule.threshold_test == "all" and False in met:
        return None
    missing = tuple(dict.fromkeys(name for name, result in tests if result is None))
    return Reach(rule, "cannot be told", missing) if missing else None


def _tests(accelerator: Accelerator, rule: ExportRule) -> list[tuple[str, bool | None]]:
    """Compare each threshold that the rule has; None where the accelerator lacks the figure."""
    processing, density = accelerator.total_processing_performance, accelerator.performance_density
    memory, links = accelerator.memory_bandwidth_gb_per_s, accelerator.interconnect_gb_per_s
    at_least = (
        ("total_processing_performance", processing, rule.tpp_min),
        ("performance_density", density, rule.performance_density_min),
        ("memory_bandwidth_gb_per_s", memory, rule.memory_bandwidth_min_gb_per_s),
        ("interconnect_gb_per_s", links, rule.io_bandwidth_min_gb_per_s),
    )
    below = (
        ("total_processing_performance", processing, rule.tpp_below),
        ("performance_density", density, rule.performance_density_below),
        ("memory_bandwidth_gb_per_s", memory, rule.memory_bandwidth_below_gb_per_s),
    )
    tests = [(n, None if v is None else v >= limit) for n, v, limit in at_least if limit is not None]
    tests += [(n, None if v is None else v < limit) for n, v, limit in below if limit is not None]
    return tests
