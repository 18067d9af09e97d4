"""A case with other assumptions: the settings of a variant that no file declares."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from capexpand.case.document import plain
from capexpand.case.loading import load_case
from capexpand.case.merging import apply_variant, read_merged
from capexpand.case.schema import Case
from capexpand.errors import CaseError

Place = str
SettingsOf = Mapping[Place, Any]
"""Dotted places of a case and what stands there instead, as in a variant."""

CHANGED = "changed"
"""Name of the variant that holds the changes."""


def merged_data(path: Path, variant: str | None = None) -> dict[str, Any]:
    """Return what a case file says with what it extends and a variant applied, as plain data.

    Raises:
        CaseError: a file cannot be read, or there is no such variant.
    """
    node, _ = read_merged(path)
    return plain(node if variant is None else apply_variant(node, variant))


def changed_file(path: Path, variant: str | None, settings: SettingsOf) -> str:
    """Return a case file that extends another one and declares the changes as its variant ``changed``.

    Args:
        path: the case file.
        variant: of the case, whose settings come first.
        settings: that come on top.
    """
    first: dict[str, Any] = {}
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
    if not settings:
        return load_case(path, variant)
    with tempfile.TemporaryDirectory(prefix="capexpand-") as folder:
        file = Path(folder) / "case.yaml"
        file.write_text(changed_file(path, variant, settings), encoding="utf-8")
        try:
            case = load_case(file, CHANGED)
        except CaseError as error:
            found = [
                replace(one, file=None, line=None, column=None) if one.file == file else one
                for one in error.problems
            ]
            raise CaseError(found) from None
    origin = replace(case.provenance, path=path, variant=variant)
    case._provenance = origin
    return case
