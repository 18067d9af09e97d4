"""Finding models and chips by the many names that people and benchmark logs give them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from capexpand.errors import CaseError, Problem

Named = TypeVar("Named")

_COUNT_BEFORE = re.compile(r"(?<![a-z0-9.])\d+\s*x\s*(?=[a-z])")
_COUNT_AFTER = re.compile(r"x\d+(?![a-z0-9])")
_NOISE = frozenset(
    [
        "nvidia",
        "amd",
        "intel",
        "huawei",
        "google",
        "aws",
        "instinct",
        "gpu",
        "gpus",
        "npu",
        "per",
        "chip",
        "the",
        "trt",
        "vllm",
        "maxq",
        "hbm3",
        "hbm3e",
        "aarch64",
        "class",
    ]
)


def words_of(text: str) -> tuple[str, ...]:
    """Split a name into comparable words: lower case, no punctuation, no counts, no vendor.

    Args:
        text: a name such as ``DGX-H100_H100-SXM-80GBx8_TRT``.
    """
    plain = _COUNT_AFTER.sub(" ", _COUNT_BEFORE.sub(" ", text.lower().replace("_", " ")))
    return tuple(word for word in re.findall(r"[a-z0-9]+(?:\.[0-9]+)?", plain) if word not in _NOISE)


class Register:
    """Names and aliases of things, looked up as written, or found inside a longer name.

    Args:
        entries: each thing's main name with its other names.
    """

    def __init__(self, entries: Mapping[str, Iterable[str]]) -> None:
        self._names: dict[tuple[str, ...], str] = {}
        self._shown: list[str] = list(entries)
        for name, aliases in entries.items():
            for spelling in (name, *aliases):
                words = words_of(spelling)
                if words:
                    self._names.setdefault(words, name)

    @property
    def names(self) -> tuple[str, ...]:
        """Give the main names, in the order in which they were entered."""
        return tuple(self._shown)

    def find(self, text: str) -> str | None:
        """Give the thing whose name is the longest run of words inside ``text``; None without one.

        Args:
            text: a name as written, perhaps within a system's name.
        """
        words = words_of(text)
        if words in self._names:
            return self._names[words]
        if "distill" in words:  # a distilled model has its own architecture: only its full name will do
            return None
        for length in range(len(words), 0, -1):
            for start in range(len(words) - length + 1):
                name = self._names.get(words[start : start + length])
                if name is not None:
                    return name
        return None

    def require(self, text: str, *, kind: str) -> str:
        """Give the thing of this name.

        Args:
            text: a name as a user wrote it.
            kind: what is looked for, for the message.

        Raises:
            CaseError: where there is none, with the closest names.
        """
        name = self.find(text)
        if name is None:
            raise CaseError([Problem(f"unknown {kind} {text!r}{self._suggestion(text)}")])
        return name

    def _suggestion(self, text: str) -> str:
        spellings = {"".join(words): name for words, name in self._names.items()}
        close = difflib.get_close_matches("".join(words_of(text)), list(spellings), n=3, cutoff=0.5)
        found = list(dict.fromkeys(spellings[key] for key in close))
        if found:
            return "; did you mean " + " or ".join(found) + "?"
        return "; known are " + ", ".join(self._shown)
