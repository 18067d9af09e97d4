"""Statements of a plan, the programme's part in them, returns, unit costs, and checks."""
