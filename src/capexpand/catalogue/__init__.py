"""The shipped facts: typed tables in which every figure has a source and the day on which it became known."""

from capexpand.catalogue.facts import Fact, RowKey, accelerator_fact, fact
from capexpand.catalogue.names import find_accelerator, find_accelerators
from capexpand.catalogue.rows import (
    Accelerator,
    Actual,
    ExportRule,
    Guidance,
    HistoricFigure,
    ModelPrice,
    Programme,
    SiteCost,
    Source,
    TokenDemand,
)
from capexpand.catalogue.screening import Reach, rules_in_force, rules_reaching
from capexpand.catalogue.views import (
    accelerators,
    actuals,
    export_rules,
    guidance,
    history,
    model_prices,
    programmes,
    site_costs,
    token_demand,
)

__all__ = [
    "Accelerator",
    "Actual",
    "ExportRule",
    "Fact",
    "Guidance",
    "HistoricFigure",
    "ModelPrice",
    "Programme",
    "Reach",
    "RowKey",
    "SiteCost",
    "Source",
    "TokenDemand",
    "accelerator_fact",
    "accelerators",
    "actuals",
    "export_rules",
    "fact",
    "find_accelerator",
    "find_accelerators",
    "guidance",
    "history",
    "model_prices",
    "programmes",
    "rules_in_force",
    "rules_reaching",
    "site_costs",
    "token_demand",
]
