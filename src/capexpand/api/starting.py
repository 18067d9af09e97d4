"""``new`` and ``schema``: a starter case, and the JSON Schema of case files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from capexpand.files.json_text import JsonObject


def new(folder: Path | str, *, like: Path | str | None = None, excel: bool = False) -> Path:
    """Write a commented starter case that loads and runs into a folder, which is made if need be.

    Args:
        folder: where the case goes.
        like: a case, with its variants, to start from in place of the starter; what it extends is merged in.
        excel: whether to write an input workbook, ``case.xlsx``, in place of ``case.yaml``.

    Returns:
        The case file.

    Raises:
        CaseError: the case to start from cannot be read.
        RunError: a case stands there already, or nothing can be written there.
    """
    from importlib.resources import as_file, files

    from capexpand.case.plain_document import merged_document, yaml_text
    from capexpand.files import write_file

    place = Path(folder)
    starter = files("capexpand.case").joinpath("starter.yaml")
    with as_file(starter) as path:
        document = merged_document(like or path, place) if like or excel else {}
    content: str | bytes = yaml_text(document) if like else starter.read_text(encoding="utf-8")
    if excel:
        from capexpand.workbook.form import form_bytes

        content = form_bytes(document)
    file = place_for(place, "case.xlsx" if excel else "case.yaml")
    write_file(file, content, ours=lambda _: False)
    return file


def place_for(folder: Path, name: str) -> Path:
    """Return the place of a new case, whose folder is made if need be.

    Args:
        folder: of the case.
        name: of its file.

    Raises:
        RunError: a case stands there already, or the folder cannot be made.
    """
    from capexpand.errors import RunError

    file = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for other in (folder / "case.yaml", folder / "case.xlsx"):
            if other.is_symlink() or other.exists():
                raise RunError(f"{other} exists already; nothing was written")
    except FileExistsError:
        raise RunError(f"{folder} exists already; nothing was written") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"{file}: cannot be written: {reason}") from None
    return file


def schema() -> dict[str, Any]:
    """Return the JSON Schema of case files: texts with units, mappings with sources, references."""
    from capexpand.case.described import DescribedSchema
    from capexpand.case.schema import Case

    schema = Case.model_json_schema(schema_generator=DescribedSchema)
    schema["properties"]["extends"] = {"type": "string", "description": "Path of a case file to start from."}
    required = schema.pop("required")
    for block in schema["$defs"].values():
        block.pop("required", None)  # a file may leave out whatever the one that it extends says
    schema["anyOf"] = [{"required": ["extends"]}, {"required": required}]
    schema["$defs"].update(_definitions())
    named: JsonObject = _with_numbers(schema)
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


def _definitions() -> JsonObject:
    from capexpand.case.figures import DAY_PATTERN
    from capexpand.case.reading import REFERENCE_FIELDS, TABLE_FIELDS

    day = {"type": "string", "pattern": DAY_PATTERN}
    origin = {"source": {"type": "string"}, "reason": {"type": "string"}, "basis_date": day}
    reference = {name: {"type": "string"} for name in REFERENCE_FIELDS} | {
        "row": {"type": ["string", "object"]},
        "times": {"type": ["string", "number", "object"]},
    }
    table = {name: {"type": "string"} for name in TABLE_FIELDS}
    found: JsonObject = {}
    for prefix, plain in (("", {"type": "string"}), ("bare_", {"type": ["string", "number"]})):
        written = [plain, _mapping({"value": plain, **origin, **reference})]
        figure = {f"{prefix}figure": {"anyOf": written}}
        texts = {name: {"type": "string"} for name in ("from_series", "company", "measure")}
        from_series = _mapping({**texts, "times": reference["times"], **origin})
        figure |= {f"{prefix}deviation": {"anyOf": [*written, from_series]}}
        dated = {DAY_PATTERN: {"$ref": f"#/$defs/{prefix}figure"}}
        by_date = {"type": "object", "patternProperties": dated, "additionalProperties": False}
        base = {"anyOf": [plain, by_date, _mapping({**origin, **reference, **table})]}
        rate = {"type": ["string", "number", "object"]}
        shape = {"growth": rate, "at": day, "changes": {"type": "object"}, "minimum": plain, "maximum": plain}
        fields = {"value": base, **origin, **reference, **table, **shape}
        series = {**_mapping(fields), "patternProperties": dated}
        found |= figure | {f"{prefix}series": {"anyOf": [plain, series]}}
    return found


def _mapping(properties: JsonObject) -> JsonObject:
    return {"type": "object", "properties": properties, "additionalProperties": False}
