"""What a case says to have throughput and export status worked out from its hardware."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from capexpand.case.declared import Declared, Name
from capexpand.case.figures import AnswerLength, Fraction, PromptLength, Ratio, VolumeRate, Wait

EndUser = Literal["company", "large tech", "state-funded"]


class Serving(Declared):
    """Tokens of a model of the catalogue: lengths and limits, from which throughput is computed."""

    model: str  # name in the catalogue of models
    input: PromptLength  # mean prompt
    output: AnswerLength  # mean answer
    cached: Fraction | None = None  # share of the prompt that a cache holds, 0 if absent
    input_variation: Ratio | None = None  # standard deviation over mean, 0 if absent
    output_variation: Ratio | None = None
    tpot: Wait | None = None  # longest time per output token
    ttft: Wait | None = None  # longest time to the first token, for 99 of 100 requests
    weights: Literal["bf16", "fp8", "int8", "fp4", "int4"] | None = None  # narrowest at speed if absent
    way: Literal["best", "together", "apart"] = "best"  # prefill and decode on the same chips or apart
    suite: Literal["typical", "report", "community"] = "typical"  # whose software to expect
    counted: Literal["all", "output"] = "all"  # tokens that the volume counts: in and out, or out only
    units_together: Annotated[int, Field(ge=1, le=1000)] = 1  # units that serve copies of the model together
    reached: Ratio | None = None  # share of the computed rate reached at the base date, 1 if absent


class TrainingRun(Declared):
    """Training of a model of the catalogue, from which the operations of a unit are computed."""

    model: str  # name in the catalogue of models
    accelerators: Annotated[int, Field(ge=1)] = 1024  # that train together
    weights: Literal["bf16", "fp8", "fp4"] = "bf16"  # format of the products
    reached: Ratio | None = None  # share of the computed rate reached at the base date, 1 if absent


class Relative(Declared):
    """A throughput beside that of another offer; beside the computed one where it names its own offer."""

    relative_to: Name
    times: Ratio


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

    licence_share: Fraction | None = (
        None  # of the limit, where a licence is decided case by case, 0 if absent
    )
    fee_passed_on: Fraction | None = None  # of the fee that the buyer pays on top of the price, 1 if absent
    in_country: bool = (
        False  # the units are there already: the rules are shown, and nothing follows from them
    )


def _rules(written: object) -> object:
    """Read ``true`` as rules without further terms, ``false`` as none."""
    if not isinstance(written, bool):
        return written
    return ExportRules() if written else None


Rules = Annotated[
    ExportRules | None, BeforeValidator(_rules, json_schema_input_type=ExportRules | bool | None)
]
