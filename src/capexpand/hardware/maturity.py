"""How far the software of a day has come with a model on a chip."""

from __future__ import annotations

from datetime import date
from functools import cache

from capexpand.hardware.chips import chip_named, chip_released, model_named, model_row
from capexpand.hardware.efficiency import youth
from capexpand.hardware.estimate import efficiency_for
from capexpand.hardware.precision import default_precision


@cache
def share_of_mature(model: str, chip: str, *, on: date) -> float:
    """Give the share of mature software's rate that a model reaches on a chip with the software of a day.

    Args:
        model: the model's name in the catalogue.
        chip: the chip's name in the catalogue.
        on: the software's day; before the release of chip or model as on that day.

    Raises:
        CaseError: for unknown names.
    """
    row, spec = model_row(model), model_named(model)
    precision = default_precision(chip_named(chip))
    young = youth(chip_released(chip), on), youth(row.released_on, on)
    _, dated = efficiency_for(spec, chip_named(chip), precision, young=young)
    _, mature = efficiency_for(spec, chip_named(chip), precision)
    return dated / mature
