"""Reads the manifest of a study: which cases, variants, dates and attitudes to risk are to be planned."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from capexpand.case.document import DocumentNode, Mark, read_document
from capexpand.case.loading import copies_of, read_declaration
from capexpand.case.reading import parse_day, suggest
from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem
from capexpand.executing.versions import made_with
from capexpand.policy.risk_attitudes import read_risk
from capexpand.studies.comparison.rates import day_rates
from capexpand.units import QuantityError

Read = TypeVar("Read")

AS_DECLARED = "as declared"
ALL = "all"
PLAN = "plan"
"""The attitude of a plan for the mean path; every other one asks for a policy."""
FIELDS = (
    "title",
    "cases",
    "variants",
    "dates",
    "risks",
    "scenarios",
    "iterations",
    "seed",
    "currency",
    "rates",
)
CASE_FIELDS = ("case", "variants")
MOST_ITEMS = 1_000_000
USUAL_SCENARIOS = 1000
LEAST_SCENARIOS = 10


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be planned.

    Args:
        number: from 1, in the order of the study.
        case: label of the case.
        variant: applied to it; None for the case as it stands.
        day: on which it is planned; None for the case's own.
        risk: ``plan``, or the attitude of a policy.
    """

    number: int
    case: str
    variant: str | None
    day: date | None
    risk: str

    @property
    def wants_policy(self) -> bool:
        """Whether a policy is asked for."""
        return self.risk != PLAN


@dataclass(frozen=True, slots=True)
class StudyCase:
    """A case of a study.

    Args:
        label: by which rows name it.
        file: where it stands.
        title: of the case.
        as_of: its own date.
        currency: of its money.
        content_hash: of the case as declared.
    """

    label: str
    file: Path
    title: str
    as_of: date
    currency: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Study:
    """All that a manifest asks for.

    Args:
        title: of the study.
        cases: in order.
        items: in order: cases, variants, dates, attitudes to risk, the last changing fastest.
        scenarios: through which each policy is followed.
        iterations: limit of each training; the usual one if None.
        seed: of all random numbers.
        currency: of all money in the table.
        factors: by currency, how many of ``currency`` one of it is.
        rates: where the exchange rates are from, in words.
        name: fingerprint of all that the result depends on.
    """

    title: str
    cases: tuple[StudyCase, ...]
    items: tuple[Item, ...]
    scenarios: int
    iterations: int | None
    seed: int
    currency: str
    factors: dict[str, float]
    rates: tuple[str, ...]
    name: str

    def copies(self) -> dict[Path, bytes]:
        """Return the content of every file of its cases, by path, for machines that cannot see them."""
        files = {case.label: case.file for case in self.cases}
        wanted = dict.fromkeys((item.case, item.variant) for item in self.items)
        return {
            path: content
            for label, variant in wanted
            for path, content in copies_of(files[label], variant).items()
        }


def read_study(path: Path) -> Study:
    """Read a manifest and the cases that it names.

    Args:
        path: a YAML file.

    Raises:
        CaseError: with everything that is wrong with it, or with a case.
    """
    node = read_document(path)
    fields, problems = node.mapping or {}, list[Problem]()
    problems += _unknown(node, FIELDS)
    title = _text(node, "title", problems) or path.stem
    risks = _list(node, "risks", problems, _risk) or [PLAN]
    days = _list(node, "dates", problems, _day) or [None]
    everywhere = _list(node, "variants", problems, _variant) if "variants" in fields else None
    scenarios = _whole(node, "scenarios", problems, LEAST_SCENARIOS) or USUAL_SCENARIOS
    iterations = _whole(node, "iterations", problems, 1)
    seed = _whole(node, "seed", problems, 0)
    currency = _text(node, "currency", problems)
    rates = [text for text in _list(node, "rates", problems, _plain_text) or [] if text is not None]
    named = _named_cases(node, problems)
    cases, loaded, items = _expanded(
        path, named, everywhere=everywhere, days=days, risks=risks, node=node, problems=problems
    )
    if problems:
        raise CaseError(list({str(problem): problem for problem in problems}.values()))
    own = {case.currency for case in cases}
    wanted = currency or (own.pop() if len(own) == 1 else "USD")
    day = day_rates(max(case.as_of for case in cases), wanted, loaded, rates)
    factors = {case.currency: day.factor(case.currency) for case in cases}
    chosen_seed = 1 if seed is None else seed
    stated = [
        (one.label, one.content_hash, _variants_text(each)) for one, each in zip(cases, loaded, strict=True)
    ]
    settings = [title, scenarios, iterations, chosen_seed, wanted, sorted(factors.items())]
    content = [made_with(), stated, items, settings]
    return Study(
        title=title,
        cases=tuple(cases),
        items=tuple(items),
        scenarios=scenarios,
        iterations=iterations,
        seed=chosen_seed,
        currency=wanted,
        factors=factors,
        rates=tuple(rate.source for rate in day.rates),
        name=hashlib.sha256(repr(content).encode()).hexdigest(),
    )


def _variants_text(case: Case) -> str:
    return str([(name, sorted(map(str, variant.set.items()))) for name, variant in case.variants.items()])


Named = tuple[str, list[str | None] | None, Mark]


def _expanded(
    path: Path,
    named: Sequence[Named],
    *,
    everywhere: Sequence[str | None] | None,
    days: Sequence[date | None],
    risks: Sequence[str],
    node: DocumentNode,
    problems: list[Problem],
) -> tuple[list[StudyCase], list[Case], list[Item]]:
    """The cases, loaded, and every item."""
    cases: list[StudyCase] = []
    loaded: list[Case] = []
    keys: list[tuple[str, str | None, date | None, str]] = []
    used: set[str | None] = {None}
    for written, own, mark in named:
        beside = path.parent / written
        try:
            case = read_declaration(beside if beside.exists() else written).load()
        except CaseError as error:
            problems += error.problems
            continue
        label = _label(case)
        if label in {one.label for one in cases}:
            problems.append(mark.problem(f"'{label}' is named twice; name each case once", "cases"))
            continue
        origin = case.provenance
        file = origin.path.absolute()
        cases.append(StudyCase(label, file, case.title, case.as_of, case.currency, origin.content_hash))
        loaded.append(case)
        having = list(case.variants)
        if own is not None:
            for name in own:
                if name not in (None, ALL, *having):
                    there = suggest(name or "", having) or (
                        f"; there are {', '.join(having)}" if having else ""
                    )
                    problems.append(mark.problem(f"{label} has no variant '{name}'{there}", "cases"))
        wanted = own if own is not None else [None] if everywhere is None else list(everywhere)
        chosen = [None, *having] if ALL in wanted else [one for one in wanted if one is None or one in having]
        used |= {*chosen, ALL}
        dates = dict.fromkeys(None if day == case.as_of else day for day in days)
        keys += [
            (label, variant, day, risk)
            for variant in dict.fromkeys(chosen)
            for day in dates
            for risk in risks
        ]
    for name in everywhere or ():
        if name not in used and len(loaded) == len(named):
            problems.append(_mark(node, "variants").problem(f"no case has a variant '{name}'", "variants"))
    if len(keys) > MOST_ITEMS:
        message = f"asks for {len(keys):,} plans; at most {MOST_ITEMS:,} are made, split it"
        problems.append(node.mark.problem(message))
    elif not keys and not problems:
        problems.append(node.mark.problem("asks for nothing: no case has such a variant"))
    return cases, loaded, [Item(number, *key) for number, key in enumerate(keys, start=1)]


def _label(case: Case) -> str:
    path = case.provenance.path.absolute()
    return path.parent.name if path.name == "case.yaml" else path.stem


def _named_cases(node: DocumentNode, problems: list[Problem]) -> list[Named]:
    """The cases as written, each with variants of its own if it has any."""
    entries = _list(node, "cases", problems, lambda each: each)
    if entries is None and "cases" not in (node.mapping or {}):
        problems.append(node.mark.problem("is missing; list the cases, as cases: [two-sites]", "cases"))
    found: list[Named] = []
    for entry in entries or []:
        if entry is None:
            continue
        if isinstance(entry.value, str) and entry.value.strip():
            found.append((entry.value, None, entry.mark))
            continue
        written = (entry.mapping or {}).get("case")
        if written is None or not isinstance(written.value, str):
            message = "is a case, or a case with variants, as {case: two-sites, variants: [all]}"
            problems.append(entry.mark.problem(message, "cases"))
            continue
        problems += _unknown(entry, CASE_FIELDS)
        own = _list(entry, "variants", problems, _variant) if "variants" in (entry.mapping or {}) else None
        found.append((written.value, own, entry.mark))
    return found


def _unknown(node: DocumentNode, known: Sequence[str]) -> list[Problem]:
    return [
        node.keys[name].problem(
            f"there is no field '{name}'" + (suggest(name, known) or f"; there are {', '.join(known)}"), name
        )
        for name in node.mapping or {}
        if name not in known
    ]


def _mark(node: DocumentNode, name: str) -> Mark:
    return node.keys.get(name, node.mark)


def _list(
    node: DocumentNode, name: str, problems: list[Problem], read: Callable[[DocumentNode], Read]
) -> list[Read] | None:
    """The entries of a list, each read; None where the field is absent or wrong."""
    field = (node.mapping or {}).get(name)
    if field is None:
        return None
    if not isinstance(field.value, tuple) or not field.value:
        problems.append(_mark(node, name).problem("is a list with at least one entry, as [a, b]", name))
        return None
    found: list[Read] = []
    for entry in field.value:
        try:
            found.append(read(entry))
        except (QuantityError, CaseError) as error:
            said = error.problems[0].message if isinstance(error, CaseError) else str(error)
            problems.append(entry.mark.problem(said, name))
    return list(dict.fromkeys(found)) if all(map(_hashable, found)) else found


def _hashable(value: object) -> bool:
    return value is None or isinstance(value, str | date)


def _plain_text(node: DocumentNode) -> str:
    if not isinstance(node.value, str):
        raise QuantityError("is a text")
    return node.value


def _variant(node: DocumentNode) -> str | None:
    text = _plain_text(node)
    return None if text == AS_DECLARED else text


def _day(node: DocumentNode) -> date | None:
    return None if node.value == AS_DECLARED else parse_day(node.value)


def _risk(node: DocumentNode) -> str:
    text = _plain_text(node)
    if text != PLAN:
        try:
            read_risk(text)
        except CaseError:
            raise QuantityError(
                f"'{text}' is none of plan, mean, worst, cvar:LEVEL and cvar:LEVEL:WEIGHT, as cvar:0.9:0.5"
            ) from None
    return text


def _text(node: DocumentNode, name: str, problems: list[Problem]) -> str | None:
    field = (node.mapping or {}).get(name)
    if field is None:
        return None
    if not isinstance(field.value, str) or not field.value.strip():
        problems.append(_mark(node, name).problem("is a text", name))
        return None
    return field.value


def _whole(node: DocumentNode, name: str, problems: list[Problem], least: int) -> int | None:
    field = (node.mapping or {}).get(name)
    if field is None:
        return None
    value = field.value
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**31:
        problems.append(_mark(node, name).problem(f"is a whole number of at least {least}", name))
        return None
    return value
