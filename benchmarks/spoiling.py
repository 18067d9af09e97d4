"""Spoil texts, bytes and JSON documents, by seeded dice."""

from __future__ import annotations

import copy
import gzip
import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

NUMBERS = (
    "0",
    "-1",
    "1e400",
    "1e308",
    "-1e308",
    "1e-320",
    "NaN",
    ".inf",
    "9" * 400,
    "1_000",
    "0x10",
    "1e18",
    "null",
    "inf",
    "-inf",
    "0.5",
    "true",
    "1e30",
    "100000",
    "1000000000000",
)
VALUES = (
    "",
    "[]",
    "{}",
    "null",
    "true",
    "[1, [2, {a: b}]]",
    "'text'",
    "2025-13-45",
    "0001-01-01",
    "9999-12-31",
    "{value: 1}",
    "{value: {value: 1}}",
    "!!python/object:os.system x",
    "&a [*a]",
    "*a",
    "|",
    "1e100 %/year",
)
WORDS = ("all", "none", "null", "__class__", "sites", "value", "title", "x" * 300, "Ünïcode", "1")
CHARACTERS = (
    "\t",
    "\0",
    "\u2028",
    "\ufeff",
    "'",
    '"',
    "{",
    "}",
    "[",
    "]",
    ":",
    "#",
    "&",
    "*",
    "!",
    "%",
    "@",
    "\x1b[31m",
    "😀",
    "|",
    ",",
    ";",
    "\r",
)
PIECES = (
    *(number.encode() for number in NUMBERS),
    b"",
    b" ",
    b"[/]",
    b"=1+1",
    b"\xe4\xba\xbf",
    b"[" * 3000,
    b"\n",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    *(character.encode() for character in CHARACTERS),
)
STRANGE: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    0.5,
    1.5,
    1e-300,
    1e15,
    1e16,
    1e20,
    -1e30,
    1e308,
    10**400,
    float("nan"),
    float("inf"),
    float("-inf"),
    "",
    "x",
    "1",
    "x.in",
    "day",
    "\u0000",
    "[/b]",
    "\u202e",
    [],
    {},
    [[]],
    [None],
    [1, 2, 3],
    {"a": 1},
    {"": {}},
    [["a", 1.0]],
    "a" * 2000,
    "Infinity",
    "\ud800",
    "2025-02-30",
)


def spoilt_text(text: str, dice: random.Random) -> str:
    """Return a text spoilt once or a few times: by lines, by numbers, by characters."""
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        lines = text.split("\n")
        at = dice.randrange(len(lines))
        way = dice.randrange(9)
        if way == 0:
            del lines[at]
        elif way == 1:
            lines.insert(at, lines[dice.randrange(len(lines))])
        elif way == 2:
            lines[at] = "  " * dice.randrange(5) + lines[at].strip()
        elif way == 3:
            lines[at] = re.sub(r"\d+(?:\.\d+)?", lambda _: dice.choice(NUMBERS), lines[at], count=1)
        elif way == 4 and ":" in lines[at]:
            lines[at] = lines[at].split(":", 1)[0] + ": " + dice.choice(VALUES)
        elif way == 5:
            lines[at] = re.sub(r"[a-z_]+", dice.choice(WORDS), lines[at], count=1)
        elif way == 6:
            other = dice.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif way == 7:
            place = dice.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:place] + dice.choice(CHARACTERS) + lines[at][place:]
        else:
            lines = lines[: max(at, 1)]
        text = "\n".join(lines) or "x"
    return text


def spoilt_table(text: str, dice: random.Random) -> str:
    """Return a table of comma-separated values with some of its cells replaced."""
    lines = [line.split(",") for line in text.split("\n")]
    for _ in range(dice.choice((1, 1, 2, 3))):
        row = dice.choice(lines[:1] if dice.random() < 0.1 else lines)
        row[dice.randrange(len(row))] = dice.choice((*NUMBERS, *WORDS, *CHARACTERS, "", "-5", "2024-02-29"))
    return "\n".join(map(",".join, lines))


def spoilt_bytes(content: bytes, dice: random.Random) -> bytes:
    """Return a content of which parts are cut, repeated and replaced, up to four times."""
    for _ in range(dice.randint(1, 4)):
        at = dice.randint(0, len(content))
        until = min(len(content), at + dice.choice((0, 1, 3, 10, 100)))
        kind = dice.random()
        if kind < 0.6:
            content = content[:at] + dice.choice(PIECES) + content[until:]
        elif kind < 0.8:
            content = content[:until] + content[at:until] * dice.randint(1, 3) + content[until:]
        else:
            content = content[:at] + content[until:]
    return content


def spoilt_binary(content: bytes, dice: random.Random) -> bytes:
    """Return a content with single bytes changed, sometimes cut off."""
    spoilt = bytearray(content)
    for _ in range(dice.choice((1, 4, 40))):
        spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
    return bytes(spoilt[: dice.choice((len(spoilt), len(spoilt), dice.randrange(len(spoilt))))])


def spoilt_document(document: Any, dice: random.Random) -> Any:
    """Return a copy of a JSON document with one to three places changed."""
    changed = copy.deepcopy(document)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        places = list(_places(changed))
        if not places:
            break
        holder, key = dice.choice(places)
        dice.choice(_MUTATIONS)(holder, key, dice)
    return changed


def spoilt_json(document: Any, dice: random.Random) -> bytes:
    """Return a JSON document spoilt in its structure, sometimes in its bytes as well."""
    content = json.dumps(spoilt_document(document, dice)).encode("utf-8", "replace")
    kind = dice.random()
    if kind < 0.06:
        return content[: dice.randrange(len(content))]
    if kind < 0.12:
        place = dice.randrange(len(content))
        return content[:place] + bytes([dice.randrange(256)]) + content[place + 1 :]
    if kind < 0.2:
        return spoilt_bytes(content, dice)
    if kind < 0.22:
        return content.decode().encode("utf-16")
    return b"[" * 100_000 if kind < 0.225 else content


def packed(content: bytes, dice: random.Random) -> bytes:
    """Return a content compressed, sometimes cut off."""
    content = gzip.compress(content)
    return content if dice.random() < 0.5 else content[:-9]


def _places(part: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container with each of its keys or indices."""
    keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
    for key in keys:
        yield part, key
        yield from _places(part[key])


def _replace(holder: Any, key: Any, dice: random.Random) -> None:
    holder[key] = copy.deepcopy(dice.choice(STRANGE))


def _remove(holder: Any, key: Any, dice: random.Random) -> None:
    del dice
    del holder[key]


def _rename(holder: Any, key: Any, dice: random.Random) -> None:
    if isinstance(holder, dict):
        holder[f"{key}{dice.choice(('', 'x', '.', '[0]'))}"] = holder.pop(key)
    else:
        holder.insert(key, copy.deepcopy(holder[key]))


def _shake(holder: Any, key: Any, dice: random.Random) -> None:
    value = holder[key]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if abs(value) < 1e300:
            holder[key] = value * dice.choice((-1.0, 0.0, 0.5, 3.0, 1e6, 1e-9))
    elif isinstance(value, list):
        dice.shuffle(value)
    else:
        holder[key] = [value]


def _swap(holder: Any, key: Any, dice: random.Random) -> None:
    other = dice.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    holder[key], holder[other] = holder[other], holder[key]


_MUTATIONS: tuple[Callable[[Any, Any, random.Random], None], ...] = (
    _replace,
    _replace,
    _remove,
    _rename,
    _shake,
    _swap,
)
