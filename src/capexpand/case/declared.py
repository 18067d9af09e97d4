"""What every block that a user writes has in common, and the names that blocks are known by."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationInfo, model_validator

from capexpand.case.figures import Day
from capexpand.case.reading import Reading, inherited

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]


class Declared(BaseModel):
    """Anything a user writes: unknown fields are errors, values never change.

    ``source``, ``reason`` and ``basis_date`` on a block speak for every number inside that has none itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None = None
    reason: str | None = None
    basis_date: Day | None = None

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
