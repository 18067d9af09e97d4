"""Checks what a case says about the unknown: names, places that are moved, chances, correlations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from capexpand.case.reading import Place, suggest
from capexpand.case.references import Complaint
from capexpand.case.targets import DELAYABLE, MovableTarget, Quantity, matching_targets, movable_targets
from capexpand.case.uncertainty import Delay, Regimes, Uncertainty
from capexpand.case.values import Figure
from capexpand.files.json_text import JsonObject
from capexpand.units import format_number

_CONTINUOUS = ("trends", "reversions", "drifts", "shocks")
_NOT_SCALED: dict[Quantity, str] = {
    "export_fee": "an export fee is switched by regimes; a factor cannot move a share of zero",
    "delivery": "deliveries come late by a delay; nothing else moves them",
}


def broken_targets(data: Mapping[str, Any]) -> Iterator[Complaint]:
    """Yield each place that a process cannot move, and each workload of a market that does not exist.

    Args:
        data: the merged document, so that no other mistake hides one of these.
    """
    declared = _mapping(data.get("uncertainty"))
    targets = movable_targets(data)
    for kind in _CONTINUOUS:
        for name, process in _mapping(declared.get(kind)).items():
            place = ("uncertainty", kind, name, "moves")
            yield from _moves(_mapping(process).get("moves"), targets, place, kind)
    for name, process in _mapping(declared.get("regimes")).items():
        for state, held in _mapping(_mapping(process).get("states")).items():
            place = ("uncertainty", "regimes", name, "states", state, "moves")
            yield from _moves(_mapping(held).get("moves"), targets, place, "regimes")
    for name, process in _mapping(declared.get("delays")).items():
        patterns = _mapping(process).get("moves")
        for position, pattern in enumerate(patterns if isinstance(patterns, list) else ()):
            place = ("uncertainty", "delays", name, "moves", position)
            yield from _pattern(str(pattern), targets, place, "delays")
    yield from _markets(declared, _mapping(data.get("workloads")))


def _mapping(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _moves(moves: object, targets: tuple[MovableTarget, ...], place: Place, kind: str) -> Iterator[Complaint]:
    for pattern in _mapping(moves):
        yield from _pattern(pattern, targets, (*place, pattern), kind)


def _pattern(
    pattern: str, targets: tuple[MovableTarget, ...], place: Place, kind: str
) -> Iterator[Complaint]:
    picked = matching_targets(pattern, targets)
    if not picked:
        near = suggest(pattern, [target.path for target in targets])
        yield place, f"moves nothing: the case says nothing at '{pattern}'{near}"
    for target in picked:
        if kind in _CONTINUOUS and target.quantity in _NOT_SCALED:
            yield place, _NOT_SCALED[target.quantity]
            return
        if kind == "regimes" and target.quantity == "delivery":
            yield place, _NOT_SCALED["delivery"]
            return
        if kind == "delays" and target.quantity not in DELAYABLE:
            yield (
                place,
                "cannot be late; a delay moves sites.*.grid, offers.*.supply.*.limit, offers.*.delivery",
            )
            return


def _markets(declared: Mapping[str, Any], workloads: Mapping[str, Any]) -> Iterator[Complaint]:
    taken: dict[str, str] = {}
    for name, market in _mapping(declared.get("markets")).items():
        named = _mapping(market).get("workloads")
        for position, workload in enumerate(named if isinstance(named, list) else ()):
            place = ("uncertainty", "markets", name, "workloads", position)
            if workload not in workloads:
                yield place, f"there is no workload '{workload}'{suggest(str(workload), list(workloads))}"
            elif workload in taken:
                yield place, f"is in the market {taken[workload]} already; a workload is in one market"
            else:
                taken[workload] = name


def uncertainty_complaints(uncertainty: Uncertainty) -> Iterator[Complaint]:
    """Yield everything that is wrong between the parts of what is declared about the unknown."""
    used: dict[str, str] = {}
    for kind in (*_CONTINUOUS, "regimes", "delays"):
        for name in getattr(uncertainty, kind):
            if name in used:
                message = f"there is a process '{name}' under {used[name]} already; names are unique"
                yield ("uncertainty", kind, name), message
            used[name] = kind
    for name, regimes in uncertainty.regimes.items():
        yield from _regimes(regimes, ("uncertainty", "regimes", name))
    for name, delay in uncertainty.delays.items():
        yield from _delay(delay, ("uncertainty", "delays", name))
    yield from _correlations(uncertainty, used)


def _regimes(regimes: Regimes, place: Place) -> Iterator[Complaint]:
    known = list(regimes.states)
    if regimes.initial not in regimes.states:
        yield (*place, "initial"), f"there is no state '{regimes.initial}'{suggest(regimes.initial, known)}"
    units: set[str] = set()
    for state, row in regimes.transitions.items():
        where = (*place, "transitions", state)
        if state not in regimes.states:
            yield where, f"there is no state '{state}'{suggest(state, known)}"
        for target in row:
            if target not in regimes.states:
                yield (*where, target), f"there is no state '{target}'{suggest(target, known)}"
            elif target == state:
                yield (*where, target), "leads to itself; what is left of the chances stays anyway"
        units |= {chance.unit for chance in row.values()}
        total = sum(chance.value for chance in row.values() if chance.unit == "1")
        if total > 1.0 + 1e-9:
            yield where, f"the chances of leaving sum to {format_number(total)}, more than 1"
    if len(units) > 1:
        yield (*place, "transitions"), "mixes probabilities by quarter with rates per time; use one of them"
    for state, held in regimes.states.items():
        for target, factor in held.moves.items():
            if target.endswith((".price", ".productivity", ".cost")) and factor.value == 0:
                yield (*place, "states", state, "moves", target), "is zero; only limits and demand can vanish"


def _delay(delay: Delay, place: Place) -> Iterator[Complaint]:
    total = sum(chance.value for chance in delay.quarters.values())
    if abs(total - 1.0) > 1e-6:
        yield (*place, "quarters"), f"the chances sum to {format_number(total)}, not to 1"
    elif max((late for late, chance in delay.quarters.items() if chance.value > 0), default=0) == 0:
        yield (*place, "quarters"), "is never late; name the quarters of a delay, e.g. {0: 70 %, 2: 30 %}"


def _correlations(uncertainty: Uncertainty, used: Mapping[str, str]) -> Iterator[Complaint]:
    correlated = [*uncertainty.trends, *uncertainty.reversions]
    pairs: dict[tuple[str, str], Figure] = {}
    for position, each in enumerate(uncertainty.correlations):
        place = ("uncertainty", "correlations", position)
        wrong = [name for name in each.between if name not in correlated]
        for name in wrong:
            kind = used.get(name)
            hint = suggest(name, correlated)
            reason = f"'{name}' is one of the {kind}; only trends and reversions" if kind else None
            yield (*place, "between"), f"{reason} correlate" if reason else f"there is no '{name}'{hint}"
        one, other = sorted(each.between)
        if one == other:
            yield (*place, "between"), f"correlates '{one}' with itself"
        elif (one, other) in pairs:
            yield place, f"{one} and {other} have a correlation already"
        elif not wrong:
            pairs[one, other] = each.value
    if pairs and not _possible(correlated, pairs):
        message = "cannot hold together: the matrix of all correlations is not positive semidefinite"
        yield ("uncertainty", "correlations"), message


def _possible(names: list[str], pairs: Mapping[tuple[str, str], Figure]) -> bool:
    import numpy as np

    matrix = np.eye(len(names))
    for (one, other), value in pairs.items():
        matrix[names.index(one), names.index(other)] = matrix[names.index(other), names.index(one)] = (
            value.value
        )
    return float(np.linalg.eigvalsh(matrix).min()) > -1e-9
