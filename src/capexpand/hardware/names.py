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


_VARIANTS = frozenset(
    [
        *("pcie", "nvl", "sxm", "sxm2", "sxm4", "sxm5", "sxm6", "oam"),
        *("ultra", "lite", "mini", "nano", "flash", "distill"),
        *("v", "vl", "vision", "omni", "coder", "audio"),
    ]
)
"""Words that make another thing of a name: another form of a chip, another model of a family."""

_SIZE = re.compile(r"\d+(?:\.\d+)?(?:gb?|b)|a\d+(?:\.\d+)?b|\d+e")
"""Sizes do the same: of a chip's memory, of a model or of what is active of it."""

_HARMLESS = re.compile(
    r"instruct|chat|it|hf|base|dynamic|nvfp4|mxfp4|fp[48]|bf16|fp16|int[48]|awq|gptq|w\da\d+|99(?:\.9)?|meta|llama|qwen"
    r"|deepseek|ai|zai|org|moonshotai|mistralai|openai|google|minimaxai|microsoft|redhatai|unsloth|model"
)
"""Words around a name that change nothing: who published it, a format, an accuracy target."""


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
        traits: words that are true of a thing beside its names, such as its memory and form.
    """

    def __init__(
        self, entries: Mapping[str, Iterable[str]], *, traits: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        self._names: dict[tuple[str, ...], str] = {}
        self._shown: list[str] = list(entries)
        self._traits = {name: frozenset(words) for name, words in (traits or {}).items()}
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

        A run does not count where a word beside it says that another thing is meant, such as another form of
        the chip or another size.

        Args:
            text: a name as written, perhaps within a system's name.
        """
        found = self._inside(words_of(text))
        return (
            None if found is None or any(self._contradicts(found[0], word) for word in found[1]) else found[0]
        )

    def _inside(self, words: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
        """Give the longest name inside some words, and the words beside it."""
        for length in range(len(words), 0, -1):
            for start in range(len(words) - length + 1):
                name = self._names.get(words[start : start + length])
                if name is not None:
                    beside = words[:start] + words[start + length :]
                    return name, tuple(word for word in beside if word not in words[start : start + length])
        return None

    def _contradicts(self, name: str, word: str) -> bool:
        """Tell whether a word beside a name says that another thing is meant."""
        if word in self._traits.get(name, frozenset()):
            return False
        return word in _VARIANTS or _SIZE.fullmatch(word) is not None

    def require(self, text: str, *, kind: str) -> str:
        """Give the thing of this name: written as it is known, with nothing beside it that may matter.

        Args:
            text: a name as a user wrote it.
            kind: what is looked for, for the message.

        Raises:
            CaseError: where there is none, with the closest names.
        """
        found = self._inside(words_of(text))
        if found is None:
            raise CaseError([Problem(f"unknown {kind} {text!r}{self._suggestion(text)}")])
        name, beside = found
        known = self._traits.get(name, frozenset())
        strange = [word for word in beside if word not in known and not _HARMLESS.fullmatch(word)]
        if strange:
            near = self._near(text, first=name)
            other = f"{' '.join(strange)!r} makes another {kind} of it"
            message = f"unknown {kind} {text!r}: {other}; did you mean {near}?"
            raise CaseError([Problem(message)])
        return name

    def _near(self, text: str, *, first: str) -> str:
        kin = [name for name in self._shown if words_of(name)[:1] == words_of(first)[:1]]
        close = difflib.get_close_matches(text.lower(), [name.lower() for name in kin], n=4, cutoff=0.0)
        ordered = [name for low in close for name in kin if name.lower() == low]
        return " or ".join(dict.fromkeys([*ordered, first]))

    def _suggestion(self, text: str) -> str:
        spellings = {"".join(words): name for words, name in self._names.items()}
        close = difflib.get_close_matches("".join(words_of(text)), list(spellings), n=3, cutoff=0.5)
        found = list(dict.fromkeys(spellings[key] for key in close))
        if found:
            return "; did you mean " + " or ".join(found) + "?"
        return "; known are " + ", ".join(self._shown)
