"""Answers that are a document alone: forecasts, training runs, calibrations, solutions, claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from capexpand.api.shown import Documented
from capexpand.errors import CaseError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from capexpand.claims.adding import AddedClaims, Choose
    from capexpand.claims.measuring import MeasuredReading
    from capexpand.forecasting.forecast import Forecasts
    from capexpand.hardware.calibration import Calibration
    from capexpand.hardware.training import Training
    from capexpand.sddp.solving import TrainedSolution, TreeSolution
    from capexpand.sddp.training import Progress
    from capexpand.studies.claims.listing import ClaimsResult

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, repr=False)
class Answered(Documented, Generic[Found]):
    """An answer with its document, ready to be shown and saved.

    Args:
        found: everything that was found out.
        kind: of the answer, in a word.
        title: of its sheet.
        data: the answer as one JSON object.
    """

    found: Found
    kind: str
    title: str
    data: Mapping[str, Any]

    @property
    def document(self) -> Mapping[str, Any]:
        """The answer as one JSON object."""
        return self.data

    def _title(self) -> tuple[str, str]:
        return self.kind, self.title


def train(
    model: str,
    chip: str,
    *,
    chips: int,
    tokens: float = 1e12,
    weights: str = "bf16",
    context: float = 8192.0,
    hourly_price: float = 0.0,
    goodput: float = 0.9,
) -> Answered[Training]:
    """Say what a training run takes: days, chip-hours, utilisation, energy and cost.

    Args:
        model: name in the catalogue of models.
        chip: name in the catalogue of accelerators.
        chips: that train together.
        tokens: to train on.
        weights: format of the products.
        context: tokens in a sequence.
        hourly_price: price of a chip for an hour, in any currency.
        goodput: share of the time in which the run makes progress; the rest goes to failures, restarts and
            checkpoints.

    Raises:
        CaseError: unknown names or impossible numbers.
    """
    from capexpand.hardware.training import train as estimate

    found = estimate(
        model,
        chip,
        chips=chips,
        tokens=tokens,
        weights=weights,
        context_tokens=context,
        price_per_chip_hour=hourly_price,
        goodput=goodput,
    )
    title = f"{found.model} on {found.chips:,} × {found.chip}: {found.days:,.1f} days"
    return Answered(found, "training", title, asdict(found))


def calibrate(
    file: Path | str,
    *,
    model: str | None = None,
    chip: str | None = None,
    count: int | None = None,
    weights: str | None = None,
    out: Path | str | None = None,
) -> Answered[Calibration]:
    """Find the level of one's own measurements beside the model.

    Args:
        file: measurements: a CSV, or the output of vLLM's, SGLang's or genai-perf's benchmark.
        model: model of a benchmark's runs that do not name it.
        chip: chip of a benchmark's runs that do not name it.
        count: chips of a benchmark's runs that do not say how many.
        weights: format of the weights of a benchmark's runs that do not name it.
        out: where the calibration is written, for ``tokens`` and cases; nothing is written where it is None.

    Raises:
        CaseError: the file cannot be read, or holds no measurements.
        RunError: the calibration cannot be written.
    """
    from capexpand.files import check_file
    from capexpand.hardware.calibration import calibrate_file, is_calibration, write_calibration

    if out is not None:
        check_file(Path(out), ours=is_calibration, inputs=[Path(file)])
    ran = {"model": model, "chip": chip, "chips": count, "weights": weights}
    found = calibrate_file(Path(file), ran={name: value for name, value in ran.items() if value is not None})
    if out is not None:
        write_calibration(found, Path(out))
    return Answered(found, "calibration", f"Calibration on {found.rows} measurements", asdict(found))


def forecast(
    series: Path | str,
    guidance: Path | str | None = None,
    *,
    quarters: int = 8,
    as_of: date | str | None = None,
    table: Path | str | None = None,
) -> Answered[Forecasts]:
    """Forecast spending, revenue or demand by quarter, and score the forecasts on the past.

    Args:
        series: a CSV file with company, measure, quarter_end, value, unit.
        guidance: a CSV file with what companies said that they would spend.
        quarters: how many to forecast, 1 to 8.
        as_of: the day on which the forecast is made; nothing counts that became known later. The newest
            figure's day if None.
        table: file for the quarters by date, reported and forecast, which a case can name as a ``csv``; none
            if None.

    Raises:
        CaseError: a file cannot be read, or holds too little; the day is none.
        RunError: the table cannot be written.
    """
    from capexpand.case.reading import parse_day
    from capexpand.forecasting.forecast import forecast as make
    from capexpand.forecasting.table import write_forecast_table
    from capexpand.units import QuantityError

    try:
        day = None if as_of is None else parse_day(as_of)
    except QuantityError as error:
        raise CaseError([Problem(str(error), path="as-of")]) from None
    found = make(series, guidance, quarters=quarters, as_of=day)
    if table is not None:
        inputs = [Path(file) for file in (series, guidance) if file is not None]
        write_forecast_table(Path(table), found, inputs=inputs)
    return Answered(found, "forecast", f"Forecasts from {Path(series).name}", found.document())


def solve(
    file: Path | str,
    *,
    method: Literal["sddp", "extensive"] = "sddp",
    iterations: int = 3000,
    seconds: float = 120.0,
    gap: float = 1.0,
    seed: int = 1,
    paths: int | None = None,
    streams: int = 1,
    workers: int = 1,
    cuts: Literal["single", "multi"] = "single",
    back_end: str = "auto",
    checkpoint: Path | str | None = None,
    weight: float | None = None,
    stages: int | None = None,
    progress: Progress | None = None,
) -> Answered[TrainedSolution] | Answered[TreeSolution]:
    """Solve a multistage stochastic linear program and say how good the policy is.

    Args:
        file: in JSON: sddp-case/1, its compact form, or StochOptFormat; also compressed with gzip.
        method: train a policy, or solve the whole tree at once (small trees only).
        iterations: limit of the training.
        seconds: limit of time for reading, training and simulation together [s]; a training that it ends is
            not reproducible to the last digit.
        gap: in percent, at which a sampled check counts as converged.
        seed: of all random numbers.
        paths: to simulate with the final policy; 1000 if None, 100 with whole numbers.
        streams: forward-pass streams of training; part of the result.
        workers: processes; never part of the result.
        cuts: one cut each time (``single``), or one for each outcome (``multi``).
        back_end: stage solver, ``auto``, ``highs``, ``kernel`` or ``check``.
        checkpoint: file to resume from and to write checkpoints to.
        weight: deficit weight of a compact hydro-thermal file, in [0, 1].
        stages: number of stages of a compact hydro-thermal file.
        progress: is called while training.

    Raises:
        CaseError: the file or an option is wrong.
        InfeasibleError: the program has no feasible point.
        SolverError: a solver failed, or a stage has no feasible point at a state that is reached.
        RunError: the checkpoint cannot be read or written.
    """
    from capexpand.sddp.solving import SolveSettings, TreeSolution
    from capexpand.sddp.solving import solve as solved

    chosen = SolveSettings(
        method=method, iterations=iterations, seconds=seconds, gap=gap, seed=seed, paths=paths,
        streams=streams, workers=workers, cuts=cuts, back_end=back_end,
        checkpoint=None if checkpoint is None else Path(checkpoint), weight=weight, stages=stages,
    )  # fmt: skip
    found = solved(Path(file), chosen, progress)
    title = f"Solution of {Path(file).name}"
    if isinstance(found, TreeSolution):
        return Answered(found, "solution", title, found.document())
    return Answered(found, "solution", title, found.document())


def claims(
    *,
    company: str | None = None,
    contradictions: bool = False,
    revisions: bool = False,
    case: Path | str | None = None,
    on: date | None = None,
    extra: Sequence[Path | str] | None = None,
) -> Answered[ClaimsResult]:
    """List what was claimed, by company; or find where claims contradict each other.

    Args:
        company: only about this company, by any of its names.
        contradictions: find contradictions.
        revisions: with ``contradictions``, also find figures that a later word replaced.
        case: with ``contradictions``, plan this case by each reading; only findings about its buyer count.
        on: only what was known on that day; that of the case where one is given.
        extra: files of confirmed claims to read along.

    Raises:
        CaseError: a file or the case does not hold, options do not go together, or nothing is claimed about
            the company (near names are suggested).
        InfeasibleError: no plan satisfies the case.
    """
    from capexpand.studies.claims import claims as find

    found = find(
        company=company,
        contradictions=contradictions,
        revisions=revisions,
        case=case,
        on=on,
        extra=[Path(one) for one in extra or ()],
    )
    return Answered(found, "claims", repr(found).strip("<>"), found.as_data())


def claims_add(
    file: Path | str,
    *,
    to: Path | str | None = None,
    published: date | None = None,
    title: str | None = None,
    address: str | None = None,
    yes: bool = False,
    choose: Choose | None = None,
) -> Answered[AddedClaims]:
    """Read a news article, propose its claims, and add those that are accepted to a file.

    Args:
        file: the article, as plain text.
        to: the file of claims; ``claims.csv`` beside the article if None.
        published: day of the article, where its text does not give it.
        title: of the article, its first heading if None.
        address: where it was found, an address that begins with https://.
        yes: accept every proposal.
        choose: picks the proposals to accept; none are accepted without it unless ``yes``.

    Raises:
        CaseError: the article or the file of claims does not hold, or no figure was found.
        RunError: the file of claims cannot be written.
    """
    from capexpand.claims.adding import claims_add as read

    target = None if to is None else Path(to)
    found = read(
        Path(file), to=target, published=published, title=title, address=address, yes=yes, choose=choose
    )
    return Answered(found, "proposals", repr(found).strip("<>"), found.as_data())


def claims_measure(folder: Path | str, *, misses: bool = False) -> Answered[MeasuredReading]:
    """Measure how well articles are read, by precision and recall against answers made by hand.

    Args:
        folder: with ``answers.csv`` beside the articles ``NAME.txt``, or with such folders.
        misses: whether the document lists what was missed or wrong.

    Raises:
        CaseError: there are no answers, an article is missing, or a file does not hold.
    """
    from capexpand.claims.measuring import claims_measure as measure

    found = measure(Path(folder))
    return Answered(found, "reading", f"Reading of {Path(folder).name}", found.as_data(misses=misses))
