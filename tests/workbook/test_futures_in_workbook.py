"""The distribution of a policy's run stands beside that of the plan, each with its percentiles."""

from types import SimpleNamespace

import numpy as np
import pytest
from workbook_engines import ENGINES, cached

from capexpand.workbook.formulas import CONSTANT, FIRST
from capexpand.workbook.writing import save_workbook


def test_every_strategy_has_a_column_with_its_percentiles(small, tmp_path):
    """Sensitivity: without the columns of a policy there would be no sheet; the case declares no future."""
    rng = np.random.default_rng(1)
    returns = {
        way: SimpleNamespace(npv=rng.normal(5.0, 20.0, n)) for way, n in (("policy", 40), ("rolling", 25))
    }
    policy = SimpleNamespace(strategies=SimpleNamespace(returns=returns))
    path = save_workbook(small, tmp_path / "book.xlsx", policy)
    rows = {line[0]: i for i, line in enumerate(cached(path)["Scenarios"]) if line and line[0]}
    for make in ENGINES.values():
        opened = make(path)
        opened.calculate()
        for column, way in ((CONSTANT, "policy"), (FIRST, "rolling")):
            values = returns[way].npv
            assert opened.read("Scenarios", rows["Futures"], column) == values.size
            assert float(opened.read("Scenarios", rows["Mean"], column)) == pytest.approx(values.mean())
            for part in (5, 50, 95):
                found = opened.read("Scenarios", rows[f"Percentile {part}%"], column)
                assert float(found) == pytest.approx(np.quantile(values, part / 100.0))
    heads = cached(path)["Scenarios"][3]
    assert heads[CONSTANT] == "The policy"
    assert heads[FIRST] == "A new plan each quarter"
    assert "Scenarios" not in cached(save_workbook(small, tmp_path / "plain.xlsx"))
