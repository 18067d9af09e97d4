"""The common fields of every block of a case, and the names of blocks."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from capexpand.case.figures import Day
from capexpand.case.reading import Reading, inherited

RESERVED_NAMES = ("all",)
"""Rows of the tables that sum over everything with a name."""


def _not_reserved(name: str) -> str:
    if name in RESERVED_NAMES:
        message = "'{name}' is the row of a sum in the tables; choose another name"
        raise PydanticCustomError("reserved_name", message, {"name": name})
    return name


def _printable(text: str) -> str:
    wrong = next((character for character in text if not character.isprintable()), None)
    if wrong is not None:
        message = "holds the character {code}, which cannot be printed; leave it out"
        raise PydanticCustomError("not_printable", message, {"code": f"U+{ord(wrong):04X}"})
    return text


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60), AfterValidator(_not_reserved)]
Title = Annotated[str, AfterValidator(_printable)]
"""A text in one line, without control characters."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Destination = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166 country code, such as CN")]


class Declared(BaseModel):
    """Anything a user writes: unknown fields are errors, values never change.

    ``source``, ``reason`` and ``basis_date`` on a block speak for every number inside that has none itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None = None
    """Where the numbers inside come from: a report, a page, a catalogue row. Speaks for every number
    inside that names none itself."""
    reason: str | None = None
    """Why a number without a source is assumed as it is."""
    basis_date: Day | None = None
    """Day on which the numbers inside were known; later than `as_of` marks them as hindsight."""

    @model_validator(mode="wrap")
    @classmethod
    def _speak_for_numbers_inside(
        cls, written: object, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        """Let the numbers inside inherit this block's source, reason and date while they are read."""
        if not isinstance(written, dict) or not isinstance(info.context, Reading):
            return handler(written)
        blocks = info.context.blocks
        blocks.append(inherited(written, info.context.origin))
        try:
            return handler(written)
        finally:
            blocks.pop()
