"""The throughput of a unit of an offer on a workload, kept by the content of the question.

The key of an answer is a hash over everything that it depends on: model, chip, number of chips, lengths,
limits, formats and the fitted factors. A changed name of an offer or a case file elsewhere changes no key.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.errors import CaseError, RunError
from capexpand.files import read_content, write_file
from capexpand.hardware.chips import chip_named, model_named, model_row
from capexpand.hardware.efficiency import fitted_factors
from capexpand.hardware.estimate import Serving, ServingQuestion, serve
from capexpand.hardware.serving import Way
from capexpand.hardware.specs import Load

if TYPE_CHECKING:
    from pydantic import TypeAdapter

ANSWER_LIMIT_BYTES = 1_000_000
EVIDENCE_KNOWN_ON = date(2026, 11, 1)
"""Day by which all measurements behind the fitted factors were public: their table was closed then."""


@dataclass(frozen=True, slots=True)
class OfferUnit:
    """One unit of an offer: a number of chips of one kind.

    Args:
        offer: the offer's name.
        chip: the chip's name in the catalogue.
        chips: chips in a unit, such as 8 in a server or 72 in a rack.
    """

    offer: str
    chip: str
    chips: int


@dataclass(frozen=True, slots=True)
class TokenService:
    """The service that one workload asks of a unit.

    Args:
        workload: the workload's name.
        model: the model's name in the catalogue.
        load: lengths and limits.
        weights: format of the weights; None for the narrowest that each chip computes with at speed.
        way: prefill and decode together, apart, or the better of both.
        suite: whose software and tuning to expect.
        software_on: day of the software; None for mature software.
    """

    workload: str
    model: str
    load: Load
    weights: str | None = None
    way: Way = "best"
    suite: str = "typical"
    software_on: date | None = None


@cache
def _formulas() -> str:
    """A hash of this layer's source, so that no answer outlives the formulas that gave it."""
    digest = hashlib.sha256()
    for file in sorted(files("capexpand.hardware").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".py"):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def content_key(unit: OfferUnit, service: TokenService) -> str:
    """Give the hash of everything that a cell's answer depends on.

    Raises:
        CaseError: for unknown names.
    """
    content = {
        "formulas": _formulas(),
        "factors": fitted_factors().logs,
        "model": asdict(model_named(service.model)),
        "stored": model_row(service.model).stored_weights,
        "chip": asdict(chip_named(unit.chip)),
        "chips": unit.chips,
        "load": {name: str(value) for name, value in asdict(service.load).items()},
        "weights": service.weights,
        "way": service.way,
        "suite": service.suite,
        "software_on": service.software_on,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def answer_for(unit: OfferUnit, service: TokenService, *, folder: Path | None = None) -> Serving:
    """Give the answer of a cell, computed once for its content.

    Args:
        folder: where answers are kept between runs; a damaged answer is computed anew, and where nothing
            can be written every answer is.

    Raises:
        CaseError: for unknown names and impossible figures.
    """
    if folder is None:
        return _computed(unit.chip, unit.chips, service)
    path = folder / f"{content_key(unit, service)}.json"
    kept = _kept(path)
    if kept is not None:
        return kept
    answer = _computed(unit.chip, unit.chips, service)
    with suppress(OSError, RunError):
        folder.mkdir(parents=True, exist_ok=True)
        write_file(path, json.dumps(asdict(answer)), ours=lambda _: True)
    return answer


@cache
def _computed(chip: str, chips: int, service: TokenService) -> Serving:
    return serve(
        ServingQuestion(
            service.model,
            chip,
            chips=chips,
            load=service.load,
            weights=service.weights,
            way=service.way,
            suite=service.suite,
            software_on=service.software_on,
        )
    )


def _kept(path: Path) -> Serving | None:
    from pydantic import ValidationError

    try:
        return _reader().validate_json(read_content(path, ANSWER_LIMIT_BYTES))
    except (CaseError, ValidationError):
        return None


@cache
def _reader() -> TypeAdapter[Serving]:
    from pydantic import TypeAdapter

    return TypeAdapter(Serving)
