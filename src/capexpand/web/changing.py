"""A case with other assumptions: the settings of a variant that no file declares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from capexpand.case.document import plain
from capexpand.case.loading import read_declaration
from capexpand.case.schema import Case
from capexpand.files.json_text import JsonObject

Place = str
SettingsOf = Mapping[Place, Any]
"""Dotted places of a case and what stands there instead, as in a variant."""

CHANGED = "changed"
"""Name of the variant that holds the changes."""


def merged_data(path: Path, variant: str | None = None) -> JsonObject:
    """Return what a case file says with what it extends and a variant applied, as plain data.

    Raises:
        CaseError: a file cannot be read, or there is no such variant.
    """
    return plain(read_declaration(path, variant).node)


def changed_file(path: Path, variant: str | None, settings: SettingsOf) -> str:
    """Return a case file that extends another one and declares the changes as its variant ``changed``.

    Args:
        path: the case file.
        variant: of the case, whose settings come first.
        settings: that come on top.
    """
    first: JsonObject = {}
    if variant is not None:
        declared = merged_data(path).get("variants", {}).get(variant, {})
        first = dict(declared.get("set", {}))
    both = {**{key: value for key, value in first.items() if key not in settings}, **settings}
    document = {
        "extends": str(path.absolute()),
        "variants": {CHANGED: {"title": "Changed assumptions", "set": both}},
    }
    return json.dumps(document, ensure_ascii=False, indent=1)  # JSON is YAML


def load_changed(path: Path, variant: str | None = None, settings: SettingsOf | None = None) -> Case:
    """Load a case with other assumptions.

    Args:
        path: the case file.
        variant: of the case.
        settings: that come on top of the variant.

    Raises:
        CaseError: with every problem; those of the settings name their place.
    """
    return read_declaration(path, variant).load(settings)
