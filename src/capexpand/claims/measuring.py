"""Measures how well articles are read: precision and recall against answers made by hand."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from capexpand.claims.companies import canonical
from capexpand.claims.documents import read_document
from capexpand.claims.proposals import Proposal, propose_claims
from capexpand.errors import CaseError, Problem
from capexpand.files import read_text
from capexpand.files.json_text import JsonObject

ANSWERS = "answers.csv"
LARGEST_ANSWERS = 4_000_000
"""The most that a file of answers may hold [byte]."""

_NAME = re.compile(r"[\w. -]{1,100}")
COLUMNS = (
    "article",
    "paragraph",
    "company",
    "amount",
    "amount_high",
    "unit",
    "kind",
    "period_basis",
    "period_start",
    "period_end",
)


@dataclass(frozen=True, slots=True)
class ExpectedClaim:
    """A claim as a careful reader writes it down; dates as text, empty where there is none."""

    article: str
    paragraph: int
    company: str
    amount: float
    amount_high: float | None
    unit: str
    kind: str
    period_basis: str
    period_start: str
    period_end: str

    @property
    def words(self) -> str:
        """The claim in one line."""
        high = "" if self.amount_high is None else f" to {self.amount_high:.6g}"
        period = " ".join(part for part in (self.period_basis, self.period_start, self.period_end) if part)
        return (
            f"{self.company or '(nobody)'} {self.amount:.6g}{high} {self.unit} {self.kind} {period}".rstrip()
        )


def as_answer(article: str, proposal: Proposal) -> ExpectedClaim:
    """Write a proposal as an answer, so that both can be compared."""
    period = proposal.period
    return ExpectedClaim(
        article,
        proposal.sentence.paragraph,
        proposal.company,
        proposal.amount,
        proposal.amount_high,
        proposal.unit,
        proposal.kind,
        period.basis,
        "" if period.start is None else period.start.isoformat(),
        "" if period.end is None else period.end.isoformat(),
    )


def _same_amount(one: ExpectedClaim, two: ExpectedClaim) -> bool:
    highs = (one.amount_high or one.amount, two.amount_high or two.amount)
    return math.isclose(one.amount, two.amount, rel_tol=1e-6) and math.isclose(*highs, rel_tol=1e-6)


FIELDS: dict[str, Callable[[ExpectedClaim, ExpectedClaim], bool]] = {
    "amount": _same_amount,
    "currency": lambda one, two: one.unit == two.unit,
    "company": lambda one, two: canonical(one.company) == canonical(two.company),
    "kind": lambda one, two: one.kind == two.kind,
    "period": lambda one, two: (
        (one.period_basis, one.period_start, one.period_end)
        == (two.period_basis, two.period_start, two.period_end)
    ),
}
"""The fields of a claim, and when two have the same."""


@dataclass(frozen=True, slots=True)
class Score:
    """How many there were and how many were right.

    Args:
        right: proposals that are as the answer says.
    """

    right: int
    proposed: int
    due: int

    @property
    def precision(self) -> float:
        """Share of the proposals that are right [fraction]; one where nothing was proposed."""
        return self.right / self.proposed if self.proposed else 1.0

    @property
    def recall(self) -> float:
        """Share of the answers that were found [fraction]; one where nothing was due."""
        return self.right / self.due if self.due else 1.0


@dataclass(frozen=True, slots=True)
class ProposalPair:
    """A proposal and the answer it is held against; None where there is no counterpart."""

    proposed: ExpectedClaim | None
    due: ExpectedClaim | None

    @property
    def wrong(self) -> tuple[str, ...]:
        """The fields that differ; all of them where there is no counterpart."""
        if self.proposed is None or self.due is None:
            return tuple(FIELDS)
        return tuple(name for name, same in FIELDS.items() if not same(self.proposed, self.due))


@dataclass(frozen=True, slots=True)
class Measured:
    """The scores of a folder of articles, all fields together and each apart, and the pairs behind them."""

    name: str
    articles: int
    whole: Score
    fields: tuple[tuple[str, Score], ...]
    pairs: tuple[ProposalPair, ...]


@dataclass(frozen=True, slots=True)
class MeasuredReading:
    """How well the articles of one or several folders are read."""

    sets: tuple[Measured, ...]

    def as_data(self, *, misses: bool = False) -> JsonObject:
        """Return the scores as names and numbers; with ``misses`` also each claim missed or wrong."""
        return {"sets": [_measured_data(one, misses=misses) for one in self.sets]}


def claims_measure(folder: Path) -> MeasuredReading:
    """Measure how well articles are read, by precision and recall against answers made by hand.

    Args:
        folder: with ``answers.csv`` beside the articles ``NAME.txt``, or with such folders.

    Raises:
        CaseError: there are no answers, an article is missing, or a file does not hold.
    """
    return MeasuredReading(measure_folder(folder))


def _measured_data(one: Measured, *, misses: bool) -> JsonObject:
    scores = (("whole claim", one.whole), *one.fields)
    data: JsonObject = {
        "name": one.name,
        "articles": one.articles,
        "proposed": one.whole.proposed,
        "due": one.whole.due,
        "scores": {
            name: {"right": score.right, "precision": score.precision, "recall": score.recall}
            for name, score in scores
        },
    }
    if misses:
        data["misses"] = [asdict(pair) | {"wrong": list(pair.wrong)} for pair in one.pairs if pair.wrong]
    return data


def read_answers(path: Path) -> tuple[ExpectedClaim, ...]:
    """Read answers that were made by hand.

    Raises:
        CaseError: the file cannot be read, or rows do not hold; every problem with its line.
    """
    content = read_text(path, LARGEST_ANSWERS)
    try:
        rows = list(csv.DictReader(io.StringIO(content, newline=""), strict=True))
    except csv.Error as error:
        raise CaseError([Problem(f"is not a table of comma-separated values: {error}", file=path)]) from None
    if not rows or set(rows[0]) != set(COLUMNS):
        raise CaseError(
            [Problem(f"needs the columns {', '.join(COLUMNS)} and a row for each claim", file=path, line=1)]
        )
    answers: list[ExpectedClaim] = []
    problems: list[Problem] = []
    for line, row in enumerate(rows, start=2):
        try:
            answers.append(_answer(row))
        except (ValueError, TypeError, OverflowError):
            message = "paragraph, amount and amount_high must be finite numbers"
            problems.append(Problem(message, file=path, line=line))
    if problems:
        raise CaseError(problems)
    return tuple(answers)


def _answer(row: dict[str, str]) -> ExpectedClaim:
    amount = float(row["amount"])
    high = float(row["amount_high"]) if row["amount_high"] else None
    if not (math.isfinite(amount) and math.isfinite(high or 0.0)):
        raise ValueError("not finite")
    if not _NAME.fullmatch(row["article"]):
        raise CaseError([Problem(f"'{row['article']}' is no name of an article beside the answers")])
    return ExpectedClaim(
        row["article"],
        int(row["paragraph"]),
        row["company"],
        amount,
        high,
        row["unit"],
        row["kind"],
        row["period_basis"],
        row["period_start"],
        row["period_end"],
    )


def measure_folder(folder: Path) -> tuple[Measured, ...]:
    """Measure the articles of a folder, or of each folder in it that has answers.

    Args:
        folder: with ``answers.csv`` beside the articles ``NAME.txt``, or with such folders.

    Raises:
        CaseError: there are no answers, an article is missing, or a file does not hold.
    """
    if (folder / ANSWERS).is_file():
        return (_measure_one(folder),)
    inside = sorted(path.parent for path in folder.glob(f"*/{ANSWERS}")) if folder.is_dir() else []
    if not inside:
        raise CaseError([Problem(f"has no {ANSWERS}, nor has a folder in it", file=folder)])
    return tuple(_measure_one(path) for path in inside)


def _measure_one(folder: Path) -> Measured:
    answers = read_answers(folder / ANSWERS)
    names = dict.fromkeys(answer.article for answer in answers)
    pairs: list[ProposalPair] = []
    for name in names:
        proposals = propose_claims(read_document(folder / f"{name}.txt"))
        due = [answer for answer in answers if answer.article == name]
        pairs += pair_up([as_answer(name, one) for one in proposals], due)
    return measured(folder.name, len(names), pairs)


def measured(name: str, articles: int, pairs: Sequence[ProposalPair]) -> Measured:
    """Count what is right in pairs of proposals and answers.

    Args:
        pairs: from ``pair_up``.
    """
    proposed = sum(pair.proposed is not None for pair in pairs)
    due = sum(pair.due is not None for pair in pairs)

    def score(wrong: Callable[[ProposalPair], bool]) -> Score:
        return Score(sum(not wrong(pair) for pair in pairs), proposed, due)

    fields = tuple((field, score(lambda pair, field=field: field in pair.wrong)) for field in FIELDS)
    return Measured(name, articles, score(lambda pair: bool(pair.wrong)), fields, tuple(pairs))


def pair_up(proposed: Sequence[ExpectedClaim], due: Sequence[ExpectedClaim]) -> Iterator[ProposalPair]:
    """Pair proposals with answers of the same paragraph: by amount, then by how much they have in common."""
    left, open_answers = list(proposed), list(due)
    options = sorted(
        (
            (-len(FIELDS) + len(ProposalPair(one, two).wrong), i, j)
            for i, one in enumerate(proposed)
            for j, two in enumerate(due)
            if one.paragraph == two.paragraph and (_same_amount(one, two) or one.unit == two.unit)
        ),
        key=lambda option: (not _same_amount(proposed[option[1]], due[option[2]]), *option),
    )
    taken: set[int] = set()
    given: set[int] = set()
    for _, i, j in options:
        if i not in taken and j not in given:
            taken.add(i)
            given.add(j)
            yield ProposalPair(proposed[i], due[j])
    yield from (ProposalPair(one, None) for i, one in enumerate(left) if i not in taken)
    yield from (ProposalPair(None, two) for j, two in enumerate(open_answers) if j not in given)
