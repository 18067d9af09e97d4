"""``capexpand schema``: the JSON Schema of case files, for editors that check and complete."""

from __future__ import annotations

from capexpand.reporting.console import print_json


def schema() -> None:
    """Print the JSON Schema of a case file, for editors."""
    from capexpand.api.starting import schema as case_schema

    print_json(case_schema())
