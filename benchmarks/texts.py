"""Every option and argument that takes a text or a number, and values to spoil them with."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from kinds_of_file import ALSO, ENDLESS, GOOD, OF_COMMANDS, commands, path_names
from spoiling import NUMBERS

HOSTILE = (
    "[/]",
    "[b]x[/b]",
    "{A}",
    "{0}",
    "%s%n",
    "\x1b[31mred",
    "=cmd|'/c calc'!A1",
    "\u202egnp",
    "<b>&amp;</script>",
    "a\nb",
    "\x9b31m",
    "'; --",
)
"""Texts that a terminal, a page, a table, a format or a shell might obey."""
OTHERS = (
    "",
    " ",
    "x" * 3000,
    "1,1",
    "a:b:c",
    "a=b=c",
    "H100=-1",
    "ttft=2s",
    "share=2",
    "2025-02-30",
    "99999Q9",
    "cvar:2",
    "price,price",
    "TP99999999999",
    "volume:nobody",
    "7.2 CNY/USD",
    "0 CNY/USD",
    "nan CNY/USD",
    "-0",
    "1e3",
    "٣",
    "½",
)
VALUES = (*HOSTILE, *OTHERS, *NUMBERS)
QUICK = {
    "run": {"--scenarios": "10", "--iterations": "2", "--workers": "1"},
    "train": {"--chips": "8"},
}
"""Further words with which a command takes no long time."""


def text_places() -> Iterator[tuple[list[str], Any]]:
    """Yield, for each option or argument that is no path, the words of its command and itself."""
    for above, command in commands():
        name = " ".join(above)
        if name in ENDLESS:
            continue
        paths = path_names(command, name) - set(ALSO.get(name, ()))
        for parameter in command.params:
            if parameter.name not in paths and not getattr(parameter, "is_flag", False):
                yield _words(above, command, parameter), parameter


def _words(above: tuple[str, ...], command: Any, tried: Any) -> list[str]:
    """Return the words that the command needs beside the one that is tried."""
    own = {**OF_COMMANDS.get(" ".join(above), {})}
    options, arguments = list[str](), list[str]()
    for parameter in command.params:
        if parameter is tried:
            continue
        if parameter.param_type_name == "option":
            word = parameter.opts[0]
            if parameter.required or word in own:
                options += [word, *own.get(word, GOOD.get(word, ("1",)))]
        elif parameter.required or parameter.name in ("model", "chip"):
            arguments += own.get(str(parameter.name), GOOD.get(str(parameter.name), ("1",)))
    return [*above, *options, *arguments] if tried.param_type_name == "option" else [*above, *options]


def spoilt_options(dice: random.Random, count: int) -> Iterator[list[str]]:
    """Yield command lines, each with a spoilt value in one place; flags are set at random."""
    every = list(text_places())
    flags = {
        above: [
            one.opts[0]
            for one in command.params
            if getattr(one, "is_flag", False) and one.opts[0] != "--help"
        ]
        for above, command in commands()
    }
    for _ in range(count):
        words, parameter = dice.choice(every)
        value = dice.choice(VALUES)
        above = next(
            above for above in sorted(flags, key=len, reverse=True) if tuple(words[: len(above)]) == above
        )
        chosen = [flag for flag in flags[above] if dice.random() < 0.2]
        if parameter.param_type_name == "option":
            yield [*words, *chosen, f"{parameter.opts[0]}={value}"]
        else:
            yield [*words, *chosen, "--", value]
