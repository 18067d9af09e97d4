"""The main assumptions of a case, each with its unit, its range, and the settings for another level."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from capexpand.errors import CaseError, Problem
from capexpand.files.json_text import JsonObject
from capexpand.units import QuantityError, QuantityKind, read_quantity
from capexpand.wording import number as written_number

Data = Mapping[str, Any]
Set = JsonObject
"""Dotted places and what stands there instead."""

Group = Literal["Money", "Supply", "Demand", "Time"]


@dataclass(frozen=True, slots=True)
class Assumption:
    """One slider.

    Args:
        name: in addresses.
        title: on the page.
        group: under which it stands.
        unit: of its levels, as written.
        stated: level at which the case is as declared [unit].
        low: lowest level [unit].
        high: highest level of the slider [unit].
        most: highest level that is taken at all [unit].
        step: of the slider [unit].
        remark: what it moves.
        kind: what a written level measures.
        scale: canonical value of one unit.
        settings: what a variant sets at a level [unit].
    """

    name: str
    title: str
    group: Group
    unit: str
    stated: float
    low: float
    high: float
    most: float
    step: float
    remark: str
    kind: QuantityKind
    scale: float
    settings: Callable[[float], Set]

    def text(self, level: float) -> str:
        """Write a level with its unit, such as ``300 bn CNY``."""
        return f"{float(f'{level:.10g}'):.10g} {self.unit}"

    def shown(self, level: float) -> str:
        """Write a level for readers."""
        return f"{written_number(level)} {self.unit}"

    def read(self, written: str, currency: str) -> float:
        """Read a level with its unit.

        Args:
            written: such as ``300 bn CNY``.
            currency: of the case.

        Returns:
            The level [unit].

        Raises:
            CaseError: it has no unit or another one, or lies outside of what is taken.
        """
        if len(written.strip()) > 60:
            raise self._problem("a level has at most 60 characters, such as " + self.text(self.stated))
        try:
            found = read_quantity(written.strip(), self.kind, currency=currency)
        except QuantityError as error:
            raise self._problem(str(error)) from None
        if found.currency not in (None, currency):
            raise self._problem(f"'{written}' is in {found.currency}, and the case in {currency}")
        level = float(f"{found.value / self.scale:.12g}")
        if not self.low <= level <= self.most:
            times = level / self.stated if self.stated else 0.0
            as_often = f", {written_number(times)} times what the case says" if times >= 10 else ""
            raise self._problem(
                f"{self.shown(level)} is out of range{as_often}; write {self.shown(self.low)} to "
                f"{self.shown(self.most)}"
            )
        return level

    def _problem(self, message: str) -> CaseError:
        return CaseError([Problem(message, path=self.title)])


@dataclass(frozen=True, slots=True)
class Switch:
    """Something for sale that can be forbidden."""

    name: str
    title: str
    settings: Set


@dataclass(frozen=True, slots=True)
class Changes:
    """Levels of assumptions that differ from the case, and what is switched off.

    Args:
        levels: by name, in the order of the assumptions.
        off: names of switches, in order.
        settings: what a variant sets.
        words: each change in words.
    """

    levels: dict[str, float]
    off: tuple[str, ...]
    settings: Set
    words: tuple[str, ...]
    query: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.settings)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """All sliders and switches of a case."""

    currency: str
    sliders: tuple[Assumption, ...]
    switches: tuple[Switch, ...]

    def read(self, asked: Iterable[tuple[str, str]]) -> Changes:
        """Read the changes that an address asks for.

        Args:
            asked: names and levels with their units; ``off`` names a switch.

        Raises:
            CaseError: with every name and level that is wrong.
        """
        by_name = {one.name: one for one in self.sliders}
        known = {one.name: one for one in self.switches}
        levels: dict[str, float] = {}
        off: list[str] = []
        problems: list[Problem] = []
        for name, written in asked:
            if name == "off":
                off.append(written)
                if written not in known:
                    problems.append(Problem(f"there is nothing for sale called '{written[:60]}'"))
            elif name not in by_name:
                having = ", ".join((*by_name, "off"))
                problems.append(Problem(f"there is no assumption '{name[:60]}'; there are {having}"))
            elif written.strip():
                try:
                    levels[name] = by_name[name].read(written, self.currency)
                except CaseError as error:
                    problems += error.problems
        if problems:
            raise CaseError(problems)
        moved = {
            one.name: levels[one.name]
            for one in self.sliders
            if one.name in levels and abs(levels[one.name] - one.stated) > 1e-9 * max(abs(one.stated), 1.0)
        }
        return self._changes(moved, tuple(one for one in known if one in off))

    def _changes(self, moved: dict[str, float], off: tuple[str, ...]) -> Changes:
        sliders = [one for one in self.sliders if one.name in moved]
        switches = [one for one in self.switches if one.name in off]
        settings: Set = {}
        for slider in sliders:
            settings |= slider.settings(moved[slider.name])
        for switch in switches:
            settings |= switch.settings
        words = (
            *(
                f"{one.title}: {one.shown(moved[one.name])} instead of {one.shown(one.stated)}"
                for one in sliders
            ),
            *(f"{one.title}: not for sale" for one in switches),
        )
        query = (
            *((one.name, one.text(moved[one.name])) for one in sliders),
            *(("off", one.name) for one in switches),
        )
        return Changes(moved, off, settings, words, query)
