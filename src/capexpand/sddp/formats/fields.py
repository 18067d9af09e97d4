"""The fields that all program formats share: names, numbers in range, bounds, chances; and their messages."""

from __future__ import annotations

import math
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from capexpand.sddp.formats.document import ParsedFile, Place, clipped

LARGEST = 1e15
"""Beyond this a solver's tolerances mean nothing; HiGHS refuses larger coefficients."""
ENDLESS = 1e20
"""A bound of this size or more counts as infinite, as in HiGHS."""
_MOST_ITEMS = 1_000_000


class DocumentPart(BaseModel):
    """A part of a document; keys that it does not name are left alone."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


def _in_range(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"must be a finite number, not {_named(value)}")
    if abs(value) > LARGEST:
        raise ValueError(f"must lie between -1e15 and 1e15, not {value:g}")
    return value


def _chance(value: float) -> float:
    if not 0.0 <= value <= 1.0 + 1e-6:
        raise ValueError(f"must be a probability between 0 and 1, not {_named(value)}")
    return value


def _lower(value: float) -> float:
    return -_above(-value, "lower")


def _upper(value: float) -> float:
    return _above(value, "upper")


def _above(value: float, side: str) -> float:
    if value >= ENDLESS:
        return math.inf
    if not value > -ENDLESS:
        raise ValueError(f"is no {side} bound: it must be a number, or null where there is none")
    return value


def _named(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, f"{value:g}")


def _lower_or_none(value: Any) -> Any:
    return -math.inf if value is None else _as_float(value)


def _upper_or_none(value: Any) -> Any:
    return math.inf if value is None else _as_float(value)


def _as_float(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return value


def _as_name(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _bounded(value: Any) -> Any:
    if isinstance(value, list) and len(value) > _MOST_ITEMS:
        raise ValueError(f"has {len(value):,} items; at most {_MOST_ITEMS:,} are read")
    return value


_Plain = Annotated[float, BeforeValidator(_as_float)]
Number = Annotated[_Plain, AfterValidator(_in_range)]
Chance = Annotated[_Plain, AfterValidator(_chance)]
Lower = Annotated[float, BeforeValidator(_lower_or_none), AfterValidator(_lower)]
Upper = Annotated[float, BeforeValidator(_upper_or_none), AfterValidator(_upper)]
Name = Annotated[str, BeforeValidator(_as_name), Field(max_length=1000)]
Item = TypeVar("Item")
Many = Annotated[list[Item], BeforeValidator(_bounded)]
Model = TypeVar("Model", bound=BaseModel)


def read_as(model: type[Model], document: ParsedFile) -> Model:
    """Read a document as one of the formats.

    Raises:
        CaseError: with every problem and its place.
    """
    try:
        return model.model_validate(document.content)
    except ValidationError as error:
        raise document.refuse(
            [(_place(each, document.content), _message(each)) for each in error.errors()]
        ) from None


def _place(error: ErrorDetails, content: object) -> Place:
    """Return where an error is in the document: pydantic also names branches of its own."""
    found: list[str | int] = []
    here = content
    for number, part in enumerate(error["loc"]):
        if isinstance(here, list) and str(part).isdigit():
            found.append(int(part))
            here = here[int(part)] if int(part) < len(here) else None
        elif isinstance(here, dict) and (part in here or number == len(error["loc"]) - 1):
            found.append(part)
            here = here.get(part)
    return tuple(found)


_WORDS = {
    "missing": "is missing",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "extra_forbidden": "is not known here",
}


def _message(error: ErrorDetails) -> str:
    """Return an error in words that speak of the document."""
    kind = error["type"]
    if kind in {"missing", "extra_forbidden"}:
        return _WORDS[kind]
    if kind == "value_error":
        return str(error.get("ctx", {}).get("error", error["msg"]))
    if kind == "literal_error":
        return f"is {clipped(error['input'])}; known are {error.get('ctx', {}).get('expected')}"
    if kind in {"too_short", "too_long"}:
        expected = error.get("ctx", {}).get("min_length", error.get("ctx", {}).get("max_length"))
        items = "item" if expected == 1 else "items"
        return f"must have at {'least' if kind == 'too_short' else 'most'} {expected} {items}"
    if kind == "string_too_long":
        return "is longer than 1,000 characters"
    wanted = _WORDS.get(kind)
    return (
        f"{wanted}, not {clipped(error['input'])}" if wanted else f"{error['msg']}: {clipped(error['input'])}"
    )
