"""``capexpand schema``: the JSON Schema of case files, for editors that check and complete."""

from __future__ import annotations

import json
from typing import Any

import typer


def register(app: typer.Typer) -> None:
    """Add the command to an application."""

    @app.command("schema")
    def schema() -> None:
        """Print the JSON Schema of a case file, for editors."""
        typer.echo(json.dumps(case_schema(), ensure_ascii=False, indent=2))


def case_schema() -> dict[str, Any]:
    """Return the JSON Schema of what users write: texts with units, mappings with sources, references."""
    from capexpand.case.schema import Case

    schema = Case.model_json_schema()
    schema["properties"]["extends"] = {"type": "string", "description": "Path of a case file to start from."}
    required = schema.pop("required")
    for block in schema["$defs"].values():
        block.pop("required", None)  # a file may leave out whatever the one that it extends says
    schema["anyOf"] = [{"required": ["extends"]}, {"required": required}]
    schema["$defs"].update(_definitions())
    named: dict[str, Any] = _with_numbers(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **named}


def _with_numbers(part: Any) -> Any:
    """Replace each mark of a number by a reference to the definition of how numbers are written."""
    if isinstance(part, list):
        return [_with_numbers(each) for each in part]
    if not isinstance(part, dict):
        return part
    if "x-number" not in part:
        return {key: _with_numbers(value) for key, value in part.items()}
    bare = "bare_" if part["x-bare"] else ""
    return {"$ref": f"#/$defs/{bare}{part['x-number']}", "description": part["description"]}


def _definitions() -> dict[str, Any]:
    from capexpand.case.figures import DAY_PATTERN
    from capexpand.case.reading import REFERENCE_FIELDS, TABLE_FIELDS

    day = {"type": "string", "pattern": DAY_PATTERN}
    origin = {"source": {"type": "string"}, "reason": {"type": "string"}, "basis_date": day}
    reference = {name: {"type": "string"} for name in REFERENCE_FIELDS} | {
        "row": {"type": ["string", "object"]},
        "times": {"type": ["string", "number", "object"]},
    }
    table = {name: {"type": "string"} for name in TABLE_FIELDS}
    found: dict[str, Any] = {}
    for prefix, plain in (("", {"type": "string"}), ("bare_", {"type": ["string", "number"]})):
        figure = {f"{prefix}figure": {"anyOf": [plain, _mapping({"value": plain, **origin, **reference})]}}
        dated = {DAY_PATTERN: {"$ref": f"#/$defs/{prefix}figure"}}
        by_date = {"type": "object", "patternProperties": dated, "additionalProperties": False}
        base = {"anyOf": [plain, by_date, _mapping({**origin, **reference, **table})]}
        rate = {"type": ["string", "number", "object"]}
        shape = {"growth": rate, "at": day, "changes": {"type": "object"}, "minimum": plain, "maximum": plain}
        fields = {"value": base, **origin, **reference, **table, **shape}
        series = {**_mapping(fields), "patternProperties": dated}
        found |= figure | {f"{prefix}series": {"anyOf": [plain, series]}}
    return found


def _mapping(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}
