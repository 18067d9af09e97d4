"""The packaged table of language models: configurations as their authors published them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, cast

from capexpand.catalogue.columns import Count, OneOf
from capexpand.catalogue.reading import DATA_FOLDER, read_table
from capexpand.catalogue.rows import Source
from capexpand.catalogue.tables import Values, declared


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model's configuration; the fields are those of ``capexpand.hardware.architecture.Architecture``.

    ``stored_weights`` is the format in which the weights were published; ``aliases`` are other names, of
    fine-tuned models with the same architecture too.
    """

    name: str
    aliases: tuple[str, ...]
    parameters_total_bn: float
    parameters_active_bn: float
    layers: float
    hidden_size: float
    attention_heads: float
    key_value_heads: float
    head_size: float
    latent_size: float
    rope_size: float
    query_latent_size: float
    dense_layers: float
    feed_forward_size: float
    experts_total: float
    experts_active: float
    shared_experts: float
    expert_feed_forward_size: float
    vocabulary: float
    window_tokens: float
    windowed_share: float
    linear_share: float
    linear_heads: float
    linear_key_size: float
    linear_value_size: float
    index_heads: float
    index_size: float
    selected_tokens: float
    context_tokens: float
    tied_embeddings: bool
    stored_weights: Annotated[str, OneOf(("bf16", "fp8", "fp4", "int4"))]
    released_on: date
    source: Source


_COUNTS = (
    "parameters_total_bn",
    "parameters_active_bn",
    "layers",
    "hidden_size",
    "attention_heads",
    "key_value_heads",
    "head_size",
    "latent_size",
    "rope_size",
    "query_latent_size",
    "dense_layers",
    "feed_forward_size",
    "experts_total",
    "experts_active",
    "shared_experts",
    "expert_feed_forward_size",
    "vocabulary",
    "window_tokens",
    "windowed_share",
    "linear_share",
    "linear_heads",
    "linear_key_size",
    "linear_value_size",
    "index_heads",
    "index_size",
    "selected_tokens",
    "context_tokens",
)


def _check(values: Values) -> Iterator[str]:
    for name in ("layers", "hidden_size", "attention_heads", "key_value_heads", "head_size", "vocabulary"):
        if not values[name]:
            yield f"{name} is zero"
    active, total = values["experts_active"], values["experts_total"]
    if isinstance(active, float) and isinstance(total, float) and active > total:
        yield f"experts_active {active:g} is more than experts_total {total:g}"


TABLE = Table(
    "models",
    cast("type", ModelRow),
    ("name",),
    (
        text("name"),
        names("aliases"),
        *(number(name, unit=NO_UNIT, required=True) for name in _COUNTS),
        boolean("tied_embeddings"),
        choice("stored_weights", ("bf16", "fp8", "fp4", "int4")),
        day("released_on"),
    ),
    ("",),
    _check,
)


@cache
def model_rows() -> tuple[ModelRow, ...]:
    """Read the packaged table of models.

    Raises:
        CaseError: rows that do not hold; every problem with file and line.
    """
    return cast("tuple[ModelRow, ...]", read_table(TABLE, DATA_FOLDER / "models.csv"))
