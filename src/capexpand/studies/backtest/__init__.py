"""Backtests: plans and forecasts of a day compared with later reports."""
