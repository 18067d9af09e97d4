"""All rules that find contradictions, and what they find together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from capexpand.claims.findings import Finding
from capexpand.claims.rule_amounts import (
    calendar_against_fiscal,
    different_values,
    point_against_range,
    revised_figures,
    scopes_differ,
    total_against_bound,
)
from capexpand.claims.rule_rates import rates_disagree
from capexpand.claims.rule_shares import gains_differ, stake_against_price, sums_that_miss
from capexpand.claims.table import Claim

Rule = Callable[[Sequence[Claim]], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    total_against_bound,
    scopes_differ,
    rates_disagree,
    calendar_against_fiscal,
    different_values,
    point_against_range,
    gains_differ,
    stake_against_price,
    sums_that_miss,
)
"""Each finds one kind of contradiction, and nothing where claims agree."""


def find_contradictions(claims: Sequence[Claim], *, revisions: bool = False) -> tuple[Finding, ...]:
    """Find by rule where claims contradict each other.

    Args:
        claims: from ``list_claims``, or any others.
        revisions: also list figures that a later word replaced; these are no contradictions.

    Returns:
        The findings, by company.
    """
    rules = (*RULES, revised_figures) if revisions else RULES
    merged: dict[tuple[str, str, str], Finding] = {}
    for finding in (finding for rule in rules for finding in rule(claims)):
        key = (finding.rule, finding.company, finding.subject)
        merged[key] = _merge(merged[key], finding) if key in merged else finding
    return tuple(sorted(merged.values(), key=lambda finding: (finding.revised, finding.company.casefold())))


def _merge(one: Finding, two: Finding) -> Finding:
    """Make one finding of two about the same figure, as where it is told in two currencies.

    What is at issue is kept in the currency in which it is the larger number: that of the company where the
    other is the dollar.
    """
    first, second = sorted((one, two), key=lambda finding: -(finding.at_issue.amount or 0.0))
    said = {reading.words: reading for reading in first.readings}
    for reading in second.readings:
        before = said.get(reading.words)
        said[reading.words] = (
            reading if before is None else replace(before, claims=before.claims + reading.claims)
        )
    return replace(first, readings=tuple(said.values()))
