"""Forecast quarterly series of spending, revenue and demand, with intervals that score themselves."""
