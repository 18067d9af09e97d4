"""Turns what a run found out into pages, tables and sentences."""
