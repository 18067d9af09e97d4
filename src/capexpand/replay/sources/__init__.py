"""Readers of traces of jobs and requests."""
