"""``breakeven`` and ``compare``: studies of one case or several."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from capexpand.api.planning import Say, loaded_case, silent
from capexpand.api.questions import Questioned
from capexpand.errors import CaseError, Problem

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from capexpand.case.schema import Case
    from capexpand.reporting.inputs import Findings
    from capexpand.reporting.sheet import Sheet
    from capexpand.studies.breakeven.findings import BreakevenFindings
    from capexpand.studies.comparison.comparing import Comparison

Found = TypeVar("Found")


def breakeven(
    case: Path | str | Case,
    variant: str | None = None,
    out: Path | str | None = None,
    *,
    driver: Sequence[str] | None = None,
    pair: Sequence[str] | None = None,
    transfer: bool | None = None,
    policy_run: Path | str | None = None,
    scenarios: int = 500,
    seed: int = 2,
    workers: int = 2,
    on: str | Executor | None = None,
    progress: Say | None = None,
) -> Questioned[BreakevenFindings]:
    """Find break-even values: the price, volume and other levels at which a programme just pays.

    Args:
        case: a case file or folder, or a case.
        variant: of the case, to be applied.
        out: folder of the run; nothing is written where it is None.
        driver: such as ``price``, ``volume:NAME`` or ``chip-price``; all general ones if None.
        pair: two drivers each, such as ``volume,price``, or ``none``; price against volume if None.
        transfer: whether internal workloads count at their transfer value; decided by the case if None.
        policy_run: folder of a run with a policy, whose value is taken as the plan's.
        scenarios: futures to follow the plan through.
        seed: of all random numbers.
        workers: processes; the result is the same for any number.
        on: where the values are sought: ``ray`` or ``ray://HOST:PORT`` for a Ray cluster, an executor
            of ``concurrent.futures``, or processes of this machine if None; the result is the same.
        progress: sees how far it is.

    Raises:
        CaseError: the case is wrong, or has no such driver.
        InfeasibleError: no plan satisfies the case as declared.
        SolverError: a program could not be solved.
        RunError: the run with a policy cannot be read, or the folder not be written.
    """
    from capexpand.pipeline import refuse_objective
    from capexpand.studies.breakeven.distribution import of_policy_run
    from capexpand.studies.breakeven.findings import breakeven as find
    from capexpand.studies.breakeven.sheet import breakeven_sheet

    say = progress or silent
    loaded, pairs = loaded_case(case, variant), _pairs(pair)
    refuse_objective(loaded, "a break-even value")
    known = None if policy_run is None else of_policy_run(Path(policy_run))
    with _held(out):
        found = find(
            loaded,
            tuple(driver or ()),
            pairs=pairs,
            transfer=transfer,
            distribution=known,
            scenarios=scenarios,
            seed=seed,
            workers=workers,
            on=on,
            progress=lambda what: say(f"Looking for break-even: {what}"),
        )
        return _kept(found, breakeven_sheet(found), out, say)


def _pairs(written: Sequence[str] | None) -> tuple[tuple[str, str], ...] | None:
    """The pairs as written; None where none was, an empty tuple for the word none.

    Raises:
        CaseError: one is not two names with a comma between.
    """
    if written is None:
        return None
    if list(written) == ["none"]:
        return ()
    split = [tuple(part.strip() for part in text.split(",")) for text in written]
    wrong = [text for text, parts in zip(written, split, strict=True) if len(parts) != 2]
    if wrong:
        raise CaseError(
            [Problem(f"'{text}' is not a pair; write two drivers, as volume,price") for text in wrong]
        )
    return tuple((parts[0], parts[1]) for parts in split)


def compare(
    cases: Sequence[Path | str | Case | Findings],
    out: Path | str | None = None,
    *,
    currency: str | None = None,
    rates_of: date | str | None = None,
    rate: Sequence[str] | None = None,
    progress: Say | None = None,
) -> Questioned[Comparison]:
    """Lay programmes side by side: what the money buys, what a unit costs, what it must earn.

    Args:
        cases: two or more of: a case file or folder, ``FOLDER:VARIANT``, a run folder (its case is planned
            again), a loaded case, or findings, which are taken as they are.
        out: folder of the run; nothing is written where it is None.
        currency: of all money; the cases' own if they share one, else USD.
        rates_of: day of the exchange rates; the latest date of the cases if None.
        rate: exchange rates such as ``7.2 CNY/USD``, which come before all others.
        progress: sees how far it is.

    Raises:
        CaseError: nothing to compare, the same case twice, a case that is wrong, or a rate that is missing.
        InfeasibleError: a case has no plan; the message names it.
        SolverError: the solver failed on a case; the message names it.
        RunError: a run folder was changed or cannot be read, or the folder not be written.
    """
    from capexpand.case.reading import parse_day
    from capexpand.units import QuantityError

    try:
        day = parse_day(rates_of) if isinstance(rates_of, str) else rates_of
    except QuantityError as error:
        raise CaseError([Problem(f"--rates-of: {error}")]) from None
    from capexpand.studies.comparison.comparing import compare as lay_side_by_side
    from capexpand.studies.comparison.sheet import comparison_sheet

    say = progress or silent
    with _held(out):
        found = lay_side_by_side(
            cases,
            currency=currency,
            rates_of=day,
            rates=tuple(rate or ()),
            progress=lambda label: say(f"Planning {label}"),
        )
        return _kept(found, comparison_sheet(found), out, say)


def _held(out: Path | str | None) -> AbstractContextManager[object]:
    """Hold the folder of a run while it is made, against other processes."""
    from capexpand.runs.folder import hold_place

    return nullcontext() if out is None else hold_place(Path(out))


def _kept(found: Found, sheet: Sheet, out: Path | str | None, say: Say) -> Questioned[Found]:
    if out is not None:
        say("Writing the report")
        sheet.save(out)
    return Questioned(found, sheet)
