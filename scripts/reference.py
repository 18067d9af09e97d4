#!/usr/bin/env python
"""Writes the reference pages that follow from the code: fields of a case, commands, Python names.

    .venv/bin/python scripts/reference.py

A test holds docs/reference to what this writes.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
import sys
import typing
from pathlib import Path
from typing import Any

import typer

import capexpand as cx
from capexpand.cli.main import build_app
from capexpand.runs.table_columns import STUDIES, parted

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs/reference"
sys.path.append(str(ROOT / "reproductions"))  # documented, installed or not
COMMON = ("source", "reason", "basis_date")
EXAMPLES = {
    "source": "the operator's letter of 2025-02-10", "reason": "as the servers that stand",
    "title": "Campus in Zhangbei", "calibration": "ours.json",
    "description": "380 bn yuan over three years", "extends": "../shared/china.yaml", "quarters": "32",
    "buyer": "Alibaba", "window_quarters": "12", "announced_quarters": "12", "spare_blocks": "5",
    "accelerator": "H20 96GB", "accelerators": "8", "lot": "16",
    "status": "licence needed",
    "utilisation": "{from_replay: derating.json, workload: chat}", "excluded_sites": "[ulanqab]",
    "excluded_clouds": "[big-cloud]", "model": "DeepSeek V3", "units_together": "40",
    "relative_to": "h20-server",
    "offer": "h100-server", "workloads": "[chat]", "initial": "free", "moves": "[sites.*.grid]",
    "between": "[adoption, price]", "company": "Alibaba", "price_lists": "{chat: deepseek-chat}",
    "years": "10", "contracts": "[reserved]",
    "months": "12", "offers": "[h100-server]", "relative_gap": "0.0001", "time_limit_seconds": "600",
    "set": "{programme.cap: 300 bn CNY}",
}  # fmt: skip
"""Of fields whose form shows none: texts, names and plain numbers."""
SHOWN = re.compile(r"such as |e\.g\. |`|\[below\]")
"""That a form has an example, says all that may be written, or leads to the block."""

CASE_OPENING = """\
# The fields of a case

A case is a YAML file. This page lists every block of it and every field, with how a value is written and
what stands where the field is left out. Names in capitals are yours to choose. `capexpand new DIR` writes a
commented case to start from; `capexpand check CASE` says what was understood.

This page is written by `scripts/reference.py` from the code.

## Numbers

A number is a text with its unit, such as `380 bn CNY`, `120 MW`, `9 %/year` or `6 months`. In its place may
stand:

* a mapping with `value` and its origin: `{value: 120 MW, source: the grid operator's list of 2025}`; `reason`
  says why it is assumed, `basis_date` when it was known;
* where the page says *by date*, a number for each date from which it holds, as in
  `{2025-04-01: 90 MW, 2026-01-01: 240 MW}`, or a value that grows:
  `{value: 90 MW, growth: 20 %/year, at: 2025-04-01}`, with `minimum` and `maximum`;
* a reference to the catalogue or to a table beside the case; the [catalogue](catalogue.md) has its tables.

Every block may carry `source`, `reason` and `basis_date`, which speak for each number inside that has none of
its own."""

COMMAND_OPENING = """\
# Commands

Every command of `capexpand`, with its arguments and options; `capexpand COMMAND --help` shows the same.

This page is written by `scripts/reference.py` from the code.

Exit codes: 0 good, 2 something in the case or the command is wrong, 3 no plan satisfies the case, 4 the
solver failed."""

PYTHON_OPENING = """\
# Python

Everything that `import capexpand as cx` offers. The commands of the command line are functions of the same
name and arguments; the types of their results stand below.

This page is written by `scripts/reference.py` from the code."""


STUDY_TABLES_OPENING = """\
# The tables of studies

Each study writes a run folder of its own with its tables in `tables/`, as Parquet and as CSV with the same
rows, and `tables/datapackage.json`, which describes every column as a
[Frictionless](https://datapackage.org) data package. The [tables of a run](tables.md) have a page of their
own. Money is in plain units of the case's currency unless the unit says million.

The tables `points` and `brackets` of a sweep have a column more for each axis, named by its place in the
case, with the value there. A backtest also writes `forecasts/` with every frozen forecast by day.

This page is written by `scripts/reference.py` from the code."""
STUDY_TITLES = {
    "difference": "capexpand diff",
    "comparison": "capexpand compare",
    "alternatives": "capexpand why CASE alternatives",
}


def pages() -> dict[str, str]:
    """Return the text of each page by its file name."""
    return {
        "case.md": case_page(),
        "commands.md": command_page(),
        "python.md": python_page(),
        "study-tables.md": study_tables_page(),
    }


def study_tables_page() -> str:
    """Return the page of the columns of every table of every study."""
    parts = [STUDY_TABLES_OPENING]
    for kind, tables in STUDIES.items():
        parts.append(f"## {STUDY_TITLES.get(kind, f'capexpand {kind}')}")
        for name, columns in tables.items():
            lines = [f"### {kind}: {name}", "", "| column | unit | meaning |", "|---|---|---|"]
            for column, text in columns.items():
                meaning, unit = parted(text)
                lines.append(f"| `{column}` | {unit or ''} | {meaning} |")
            parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def case_page() -> str:
    """Return the page of a case's fields."""
    schema = cx.schema()
    blocks = schema["$defs"]
    places = _places(schema, blocks)
    lines = [CASE_OPENING]
    for name, place in places.items():
        block = schema if name == "Case" else blocks[name]
        title = "The case itself" if name == "Case" else f"`{place}`"
        lines += ["", f"## {title}", ""]
        if block.get("description"):
            lines += [_plain(block["description"]), ""]
        lines += ["| field | written as | if absent | meaning |", "|---|---|---|---|"]
        needed = _needed(name)
        for field, part in block["properties"].items():
            if field in COMMON and name != "Case":
                continue
            form = _written(part, blocks, places)
            if not SHOWN.search(form) and field in EXAMPLES:  # a test names those without one
                form += f", such as `{EXAMPLES[field]}`"
            cells = (form, _absent(field, part, needed), _meaning(part))
            lines.append(f"| `{field}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _models() -> dict[str, type]:
    from capexpand.case.declared import Declared

    def below(model: type) -> list[type]:
        return [model, *(one for child in model.__subclasses__() for one in below(child))]

    cx.schema()  # loads every block
    found: dict[str, type] = {}
    for model in below(Declared):
        found[model.__name__] = model
        found[f"{model.__module__}__{model.__name__}".replace(".", "__")] = model
    return found


def _needed(name: str) -> set[str]:
    model = _models()[name]
    return {field for field, info in model.model_fields.items() if info.is_required()}  # type: ignore[attr-defined]


def _places(schema: dict[str, Any], blocks: dict[str, Any]) -> dict[str, str]:
    """The blocks in reading order, each with the place where it stands first."""
    found = {"Case": ""}

    def visit(block: dict[str, Any], place: str) -> None:
        for field, part in block["properties"].items():
            for name, path in _inside(part, f"{place}.{field}" if place else field):
                if name in blocks and "properties" in blocks[name] and name not in found:
                    found[name] = path
                    visit(blocks[name], path)

    visit(schema, "")
    return found


def _inside(part: dict[str, Any], place: str) -> list[tuple[str, str]]:
    """Blocks that a field holds, with their places."""
    if "$ref" in part:
        return [(part["$ref"].rsplit("/", 1)[1], place)]
    found: list[tuple[str, str]] = []
    for choice in (*part.get("anyOf", ()), *part.get("oneOf", ())):
        found += _inside(choice, place)
    for inner in _values_of(part):
        found += _inside(inner, f"{place}.{_key_of(part)}")
    if isinstance(part.get("items"), dict):
        found += _inside(part["items"], f"{place}[]")
    return found


def _values_of(part: dict[str, Any]) -> list[dict[str, Any]]:
    extra = part.get("additionalProperties")
    return [*part.get("patternProperties", {}).values(), *([extra] if isinstance(extra, dict) else [])]


def _key_of(part: dict[str, Any]) -> str:
    pattern = " ".join(part.get("patternProperties", {}))
    if r"\d{4}" in pattern:
        return "DATE"
    return {"^[A-Z]{3}$": "CURRENCY", "^[A-Z]{2}$": "COUNTRY"}.get(pattern, "NAME")


def _written(part: dict[str, Any], blocks: dict[str, Any], places: dict[str, str]) -> str:
    """How a value is written, for a cell of a table."""
    inner = [_written(one, blocks, places) for one in _values_of(part)]
    choices = [one for one in (*part.get("anyOf", ()), *part.get("oneOf", ())) if one.get("type") != "null"]
    if "$ref" in part:
        text = _reference(part, places)
    elif "enum" in part:
        text = " or ".join(f"`{value}`" for value in part["enum"])
    elif choices:
        text = ", or ".join(dict.fromkeys(_written(one, blocks, places) for one in choices))
    elif part.get("type") == "object":
        key = {"DATE": "date", "CURRENCY": "currency", "COUNTRY": "country"}.get(_key_of(part), "name")
        text = f"by {key}: {inner[0]}" if inner else "a mapping"
    elif part.get("type") == "array":
        first = [_written(one, blocks, places) for one in part.get("prefixItems", ())]
        items = _written(part["items"], blocks, places) if isinstance(part.get("items"), dict) else ""
        text = (
            f"a list of {len(first)}: {', '.join(first)}"
            if first
            else f"a list of {items}".removesuffix(" of ")
        )
    else:
        text = _scalar(part)
    return text


def _reference(part: dict[str, Any], places: dict[str, str]) -> str:
    name = part["$ref"].rsplit("/", 1)[-1]
    if name in places:
        return f"a block, [below](#{_anchor(places[name])})"
    told = re.search(r"Written as (.*)\.$", part.get("description", ""))
    text = told.group(1) if told else part.get("description", "")
    return _plain(text) + (", by date" if name.endswith("series") else "")


def _scalar(part: dict[str, Any]) -> str:
    if part.get("type") == "string" and part.get("format") == "date":
        return "a date, such as 2025-04-01"
    if part.get("type") == "string":
        named = {"^[A-Z]{2}$": "a country, such as CN", "^[A-Z]{3}$": "a currency, such as CNY"}
        return named.get(part.get("pattern", ""), "a name" if part.get("pattern") else "a text")
    kinds = {"integer": "a whole number", "number": "a number", "boolean": "`true` or `false`"}
    return f"`{part['const']}`" if "const" in part else kinds.get(str(part.get("type")), "anything")


def _anchor(place: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "", place.lower())


def _absent(field: str, part: dict[str, Any], needed: set[str]) -> str:
    if field in needed:
        return "**needed**"
    default = part.get("default")
    if default is None or isinstance(default, dict | list) or default == "":
        return "–"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _meaning(part: dict[str, Any]) -> str:
    return _plain(re.sub(r" Written as .*\.$", "", part.get("description", "")))


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split()).replace("|", r"\|")


def command_page() -> str:
    """Return the page of all commands with their arguments and options."""
    root = typer.main.get_command(build_app())
    lines = [COMMAND_OPENING]
    for path, command in _commands(root, ("capexpand",)):
        lines += ["", f"## {' '.join(path)}", "", _help(command.help or ""), ""]
        rows = [
            _option_row(one)
            for one in command.params
            if not getattr(one, "hidden", False) and one.name != "help"
        ]
        if rows:
            lines += ["| argument or option | value | if absent | meaning |", "|---|---|---|---|", *rows]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _commands(command: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    group: Any = command if hasattr(command, "list_commands") else None
    if len(path) > 1 and (group is None or group.invoke_without_command):
        found.append((path, command))
    if group is not None:
        for name in group.list_commands(None):
            child = group.get_command(None, name)
            if child is not None and not child.hidden:
                found += _commands(child, (*path, name))
    return found


def _help(text: str) -> str:
    return "\n\n".join(
        _plain(part) for part in re.split(r"\n\s*\n", inspect.cleandoc(text).replace("\b", ""))
    )


def _option_row(one: Any) -> str:
    if _is_option(one):
        name = ", ".join(f"`{opt}`" for opt in (*one.opts, *one.secondary_opts))
    else:
        name = f"`{(one.metavar or one.name or '').strip('[].').upper()}`"
    kind = "" if getattr(one, "is_flag", False) else _kind(one)
    default = one.default
    absent = (
        "–"
        if default in (None, False, (), []) or callable(default)
        else f"`{getattr(default, 'value', default)}`"
    )
    if one.required:
        absent = "**needed**"
    text = _plain(getattr(one, "help", None) or "")
    return f"| {name} | {kind} | {absent} | {text} |"


def _is_option(one: Any) -> bool:
    return one.param_type_name == "option"


def _kind(one: Any) -> str:
    annotation = one.type_descriptor.annotation
    inner = [each for each in typing.get_args(annotation) if each is not type(None)]
    if typing.get_origin(annotation) is typing.Literal:
        return " or ".join(f"`{choice}`" for choice in inner)
    kind = inner[0] if inner else annotation
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return " or ".join(f"`{choice.value}`" for choice in kind)
    text = {Path: "a path", int: "a whole number", float: "a number"}.get(kind, "a text")
    return f"{text} (may be repeated)" if typing.get_origin(annotation) is list else text


def python_page() -> str:
    """Return the page of all public names of the package."""
    names = sorted(name for name in cx.__all__ if not name.startswith("_"))
    functions = [name for name in names if inspect.isfunction(getattr(cx, name))]
    classes = [name for name in names if inspect.isclass(getattr(cx, name))]
    lines = [PYTHON_OPENING, "", "## Functions"]
    for name in functions:
        lines += [
            "",
            f"### cx.{name}",
            "",
            "```python",
            f"cx.{name}{_signature(getattr(cx, name))}",
            "```",
            "",
        ]
        lines += _docstring(getattr(cx, name))
    lines += ["", "## Types"]
    for name in classes:
        lines += ["", f"### cx.{name}", "", *_docstring(getattr(cx, name)), *_members(getattr(cx, name))]
    return "\n".join(lines) + "\n"


def _signature(function: Any) -> str:
    text = str(inspect.signature(function))
    text = re.sub(r"'([^']*)'", r"\1", text) if "'" in text else text
    if len(text) < 90:
        return text
    parameters = [
        re.sub(r"'([^']*)'", r"\1", str(one)) for one in inspect.signature(function).parameters.values()
    ]
    starred: list[str] = []
    keyword = False
    for one, written in zip(inspect.signature(function).parameters.values(), parameters, strict=True):
        if one.kind is one.KEYWORD_ONLY and not keyword:
            starred.append("*")
            keyword = True
        starred.append(written)
    returned = text.rsplit(" -> ", 1)[-1] if " -> " in text else "None"
    return "(\n" + "".join(f"    {one},\n" for one in starred) + f") -> {returned}"


def _docstring(thing: Any) -> list[str]:
    """A docstring in Google style as Markdown: the text, then its sections as lists."""
    text = inspect.getdoc(thing) or ""
    if inspect.isclass(thing) and text.startswith(f"{thing.__name__}("):
        return []
    lines: list[str] = []
    section = False
    for line in text.splitlines():
        entry = re.match(r"    (\*{0,2}\w[\w.]*(?:, \w+)*): (.*)", line)
        if re.fullmatch(r"(Args|Returns|Raises|Attributes|Yields):", line):
            lines += ["", f"**{line[:-1]}**", ""]
            section = True
        elif section and entry:
            lines.append(f"* `{entry[1]}`: {entry[2]}")
        elif section and line.strip() and lines[-1]:
            lines[-1] += f" {line.strip()}"
        elif section and line.strip():
            lines.append(line.strip())
        else:
            section = False
            lines.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines).replace("``", "`")).splitlines()


def _members(thing: type) -> list[str]:
    rows: list[str] = []
    fields = dataclasses.fields(thing) if dataclasses.is_dataclass(thing) else ()
    rows += [f"* `{field.name}: {field.type}`" for field in fields if not field.name.startswith("_")]
    ours = [base for base in thing.__mro__ if base.__module__.startswith("capexpand.api")] or [thing]
    for name, member in {name: each for base in reversed(ours) for name, each in vars(base).items()}.items():
        if name.startswith(("_", "model_")):
            continue
        first = (inspect.getdoc(member) or "").split("\n\n")[0].replace("\n", " ").replace("``", "`")
        if isinstance(member, property):
            rows.append(f"* `{name}`: {first}")
        elif inspect.isfunction(member):
            rows.append(f"* `{name}()`: {first}")
    return ["", *rows] if rows else []


def main() -> None:
    """Write the pages."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
        print(f"{REFERENCE / name}: {len(text.splitlines())} lines")


if __name__ == "__main__":
    main()
