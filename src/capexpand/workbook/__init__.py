"""Workbooks: a run as a financial model with live formulas, and cases written and read as workbooks."""
