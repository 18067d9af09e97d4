"""An exploration as a variant in the words of a case file."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem
from capexpand.files.json_text import JsonObject
from capexpand.web.assumptions import Changes

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def variant_yaml(name: str, changes: Changes) -> str:
    """Return changes as a variant, titled in words, to be put below ``variants:`` of a case file.

    Args:
        name: of the variant.
        changes: that were explored.
    """
    return _dumped({"variants": {name: _variant(changes, "")}})


def with_variant(
    text: str, changes: Changes, *, name: str, title: str, case: Case, on: str | None = None
) -> str:
    """Return a case file with one more variant; all else stays as its author wrote it.

    Args:
        text: of the case file.
        changes: that were explored.
        name: of the new variant.
        title: of the new variant.
        case: as loaded, to know its variants.
        on: the variant on top of which the changes were made; its settings come along.

    Raises:
        CaseError: the name will not do, or is taken.
    """
    if not changes:
        raise CaseError([Problem("nothing is changed, so there is no variant to save")])
    made = _variant(changes, title)
    return with_settings(text, made["set"], name=name, title=made["title"], case=case, on=on)


def with_settings(
    text: str, settings: Mapping[str, Any], *, name: str, title: str, case: Case, on: str | None = None
) -> str:
    """Return a case file with one more variant that sets places; all else stays as its author wrote it.

    Args:
        text: of the case file.
        settings: dotted places and what stands there instead.
        name: of the new variant.
        title: of the new variant.
        case: as loaded, to know its variants.
        on: the variant on top of which they come.

    Raises:
        CaseError: the name will not do, or is taken.
    """
    if not _NAME.fullmatch(name):
        raise CaseError(
            [Problem(f"'{name[:64]}' is no name for a variant; take small letters, digits and -")]
        )
    if name in case.variants:
        raise CaseError([Problem(f"there is a variant '{name}' already; take another name")])
    made: JsonObject = {"title": title, "set": dict(settings)}
    if on is not None:
        first = {key: value for key, value in case.variants[on].set.items() if key not in made["set"]}
        made["set"] = {**first, **made["set"]}
    lines = text.splitlines()
    at = next((n for n, line in enumerate(lines) if re.match(r"variants:\s*(#.*)?$", line)), None)
    if at is None:
        return text.rstrip("\n") + "\n\n" + _dumped({"variants": {name: made}})
    below = (line for line in lines[at + 1 :] if line.strip() and not line.lstrip().startswith("#"))
    indent = next((len(line) - len(line.lstrip()) for line in below), 2) or 2
    block = [" " * indent + line for line in _dumped({name: made}).splitlines()]
    return "\n".join([*lines[: at + 1], *block, *lines[at + 1 :]]) + "\n"


def _variant(changes: Changes, title: str) -> JsonObject:
    words = "; ".join(changes.words)
    return {
        "title": title or words or "As declared",
        "set": {key: _short(value) for key, value in changes.settings.items()},
    }


def _short(value: object) -> object:
    """A number that is written with a mapping only where it needs one."""
    if isinstance(value, Mapping):
        inner = {key: _short(one) for key, one in value.items()}
        return inner["value"] if set(inner) == {"value"} else inner
    return value


def _dumped(document: Mapping[str, Any]) -> str:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = 110
    yaml.allow_unicode = True
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()
