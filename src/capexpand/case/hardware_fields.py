"""Fields from which throughput and export status are computed: model, chip, lengths, limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from capexpand.case.calibrated import CalibrationFile
from capexpand.case.declared import Declared, Name
from capexpand.case.figures import AnswerLength, Fraction, PromptLength, Ratio, VolumeRate, Wait

EndUser = Literal["company", "large tech", "state-funded"]
Maturity = Literal["mature", "dated"]


def _spread(written: object) -> str:
    return "by offer" if isinstance(written, Mapping) else "for all"


Software = Annotated[
    Annotated[Maturity, Tag("for all")] | Annotated[Mapping[Name, Maturity], Tag("by offer")],
    Discriminator(_spread),
]


class Serving(Declared):
    """Tokens of a model of the catalogue: lengths and limits, from which throughput is computed."""

    model: str
    """Name in the catalogue of models."""
    input: PromptLength
    """Mean length of a prompt."""
    output: AnswerLength
    """Mean length of an answer."""
    cached: Fraction | None = None
    """Share of the prompt that a cache holds; 0 if absent."""
    input_variation: Ratio | None = None
    """Standard deviation of the prompt's length over its mean; 0 if absent."""
    output_variation: Ratio | None = None
    """Standard deviation of the answer's length over its mean; 0 if absent."""
    tpot: Wait | None = None
    """Longest time for each output token; no limit if absent."""
    ttft: Wait | None = None
    """Longest time to the first token, for 99 of 100 requests; no limit if absent."""
    weights: Literal["bf16", "fp8", "int8", "fp4", "int4"] | None = None
    """Format of the weights; the narrowest that the chip computes at full speed if absent."""
    way: Literal["best", "together", "apart"] = "best"
    """Whether prefill and decode share chips (`together`), stand `apart`, or whichever is `best`."""
    suite: Literal["typical", "report", "community"] = "typical"
    """Whose software to expect: a tuned report, a community's installation, or what is typical."""
    software: Software = "mature"
    """Software as it is after some years (`mature`), or as of each quarter (`dated`): it starts below and
    gains while chip and model are young. Also by offer; one that is not named has mature software."""
    counted: Literal["all", "output"] = "all"
    """Tokens that the volume counts: prompts and answers (`all`), or answers only (`output`)."""
    units_together: Annotated[int, Field(ge=1, le=1000)] = 1
    """Units that serve copies of the model together."""
    reached: Ratio | None = None
    """Share of the computed rate that is reached at the base date; 1 if absent."""
    calibration: CalibrationFile | None = None
    """File of one's own measurements beside the model, from `capexpand calibrate FILE --out`."""

    def is_dated(self, offer: str) -> bool:
        """Tell whether an offer is taken with the software of each quarter.

        Args:
            offer: name of the offer.
        """
        asked = self.software if isinstance(self.software, str) else self.software.get(offer, "mature")
        return asked == "dated"


class TrainingRun(Declared):
    """Training of a model of the catalogue, from which the operations of a unit are computed."""

    model: str
    """Name in the catalogue of models."""
    accelerators: Annotated[int, Field(ge=1)] = 1024
    """Accelerators that train together."""
    weights: Literal["bf16", "fp8", "fp4"] = "bf16"
    """Format in which products are computed."""
    reached: Ratio | None = None
    """Share of the computed rate that is reached at the base date; 1 if absent."""


class Relative(Declared):
    """A throughput beside that of another offer; beside the computed one where it names its own offer."""

    relative_to: Name
    """Offer beside which this one is measured; its own name stands for the computed throughput."""
    times: Ratio
    """Multiple of the other's throughput."""


def _kind(written: object) -> str:
    relative = isinstance(written, Relative) or (isinstance(written, Mapping) and "relative_to" in written)
    return "relative" if relative else "stated"


Throughput = Annotated[
    Annotated[VolumeRate, Tag("stated")] | Annotated[Relative, Tag("relative")], Discriminator(_kind)
]


class ExportRules(Declared):
    """Status, quantity and fee of a supply follow the export rules known at ``as_of``.

    For each quarter the rules count that are in force on the first day of the quarter in which an order
    arrives, for the destination and for the headquarters and kind of the programme's buyer.
    """

    licence_share: Fraction | None = None
    """Share of the limit that is granted where licences are decided case by case; 0 if absent."""
    fee_passed_on: Fraction | None = None
    """Share of an export fee that the buyer pays on top of the price; 1 if absent."""
    in_country: bool = False
    """Whether the units are in the country already, so that the rules are shown and nothing follows from
    them."""


def _rules(written: object) -> object:
    """Read ``true`` as rules without further terms, ``false`` as none."""
    if not isinstance(written, bool):
        return written
    return ExportRules() if written else None


Rules = Annotated[
    ExportRules | None, BeforeValidator(_rules, json_schema_input_type=ExportRules | bool | None)
]
