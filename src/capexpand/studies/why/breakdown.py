"""The price of one more order, line by line: what it earns, what it costs, and what its limits are worth.

One more unit is followed through the program: it is delivered, placed, run, and serves. Rows that only
balance (deliveries, fleets, payments) are kept; every row that is a limit shared with others (halls, grid,
demand, supply, money) is charged at its dual. The best such path of one unit is a small linear program, and
its value is the unit's net worth: zero for what is ordered within its limits, above zero where the order's
own limit binds, below zero by as much as one unit forced would cost. The lines add up to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from capexpand.errors import SolverError
from capexpand.model.blocks import Floats, Indices, LinearProgram
from capexpand.model.data import Flags
from capexpand.optimiser.highs_model import load
from capexpand.optimiser.warm import Optimum
from capexpand.studies.why.line_titles import BALANCES, title_of_column, title_of_row

_OF_UNITS = (
    "placed", "units", "units returned", "units past their term", "within life", "short of wear",
    "worn", "running", "curtailed", "serving",
)  # fmt: skip
_BY_DESTINATION = ("units past their term", "within life", "short of wear", "worn")
_OF_POWER = ("power", "power returned", "power past its term")
_OF_MONEY = ("paid", "due", "spent", "end book", "end value")
TARGET = "tax saved by writing it off"
SMALL = 1e-9
TIGHT = 1e-8
"""Room, relative to its activity, below which a row binds. One that does not bind is worth nothing."""
PREFERENCE = 1e-6
"""Of the largest cost, added for a running unit: where to run or not is worth the same, it runs. The same is
charged for each thing of which there is less, so that nothing is moved back and forth for no worth."""


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One line of a price: what is earned or paid for one unit, in present value after tax [million]."""

    title: str
    amount: float
    is_limit: bool  # worth of a limit rather than money


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The price of one more order.

    Args:
        column: of the order.
        net: worth of one more [million]; zero where more and less are worth nothing.
        money_on_price: present cost of a price of 1 [million per million], with taxes and scarce budgets.
        lines: that add up to the net worth.
        sites: at which it would run, with their shares.
    """

    column: int
    net: float
    money_on_price: float
    lines: tuple[PriceLine, ...]


class OrderPrices:
    """Prices of orders of one optimum; the program is laid out by columns once.

    Args:
        optimum: of the case.
        less: whether limits are charged at what less of them costs, not at what more brings. Where the two
            differ, an order of the plan may pay at the one and not at the other.
    """

    def __init__(self, optimum: Optimum, *, less: bool = False) -> None:
        lp = self._lp = optimum.program
        self._optimum = optimum
        rows = np.repeat(np.arange(lp.row_lower.size), np.diff(lp.start))
        order = np.argsort(lp.index, kind="stable")
        self._row, self._value = rows[order], lp.value[order]
        self._starts = np.searchsorted(lp.index[order], np.arange(lp.cost.size + 1))
        self._column_block = _labels(lp, columns=True)
        self._row_block = _labels(lp, columns=False)
        values = optimum.solution.columns
        activity = lp.activity(values)
        room = np.minimum(np.abs(activity - lp.row_lower), np.abs(lp.row_upper - activity))
        tight = room <= TIGHT * np.maximum(1.0, np.abs(activity))
        idle = np.array([name in ("run", "fleet") for name in self._row_block])  # worth nothing either way
        balances = np.array([name in BALANCES for name in self._row_block])
        self._kept, self._binding = balances & (tight | idle), balances & tight
        self._there = values > TIGHT * max(1.0, float(np.max(np.abs(values), initial=0.0)))
        duals = optimum.less.row_duals if less else optimum.solution.row_duals
        self._duals = np.where(self._kept, 0.0, duals)

    def of(self, column: int, price: float) -> Breakdown:
        """Return the price of one more of an order.

        Args:
            column: of the order, of units or of power.
            price: of one [million].

        Raises:
            SolverError: the path of one unit cannot be solved.
        """
        block, labels = self._lp.describe_column(column)
        taken = self._taken(block, labels[0], column)
        path = self._best_path(taken, column)
        lines, on_price = self._lines(taken, path, column, price)
        return Breakdown(column, sum(line.amount for line in lines), on_price, lines)

    def _taken(self, block: str, option: str, column: int) -> Indices:
        """The columns that one more of an order may move."""
        of_power = block == "power ordered"
        names = _OF_POWER if of_power else _OF_UNITS
        found: list[Indices] = []
        for one in self._lp.column_blocks:
            if one.name not in names and one.name not in _OF_MONEY:
                continue
            columns = np.arange(one.first, one.first + one.positions.size)
            if one.name in names:
                axis = 0 if of_power or one.name in _BY_DESTINATION else 1
                where = np.unravel_index(one.positions, tuple(len(axis_) for axis_ in one.labels))[axis]
                columns = columns[np.array(one.labels[axis])[where] == option]
            found.append(columns)
        return np.unique(np.concatenate([*found, np.array([column])]))

    def _entries(self, taken: Indices) -> tuple[Indices, Indices, Floats]:
        """Row, position among those taken, and coefficient of every entry."""
        lengths = self._starts[taken + 1] - self._starts[taken]
        position = np.repeat(np.arange(taken.size), lengths)
        offset = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        entry = self._starts[taken][position] + offset
        return self._row[entry], position, self._value[entry]

    def _best_path(self, taken: Indices, column: int) -> Floats:
        """What one more of an order moves [column taken].

        A unit is followed to where it stands and runs even where others stand idle, so that its lines are its
        own; where it is worth more to use those first, they are.
        """
        own = self._path(taken, column, self._kept)
        row, position, value = self._entries(taken)
        charged = self._lp.cost[taken].copy()
        np.subtract.at(charged, position, value * self._duals[row])
        if not np.any(self._kept[row] & ~self._binding[row]):
            return own
        idle_first = self._path(taken, column, self._binding)
        better = charged @ (idle_first - own) > SMALL * float(np.max(np.abs(charged), initial=0.0))
        return idle_first if better else own

    def _path(
        self, taken: Indices, column: int, kept_rows: Flags, *, with_less: bool = True, nudged: bool = True
    ) -> Floats:
        """What one more of an order moves along rows that are kept [column taken].

        Where the plan is one of many, its columns may be none of those that the prices belong to, and
        less of them would gain without end; then there is only more.
        """
        import highspy

        lp = self._lp
        row, position, value = self._entries(taken)
        charged = lp.cost[taken].copy()
        np.subtract.at(charged, position, value * self._duals[row])
        nudge = nudged * PREFERENCE * float(np.max(np.abs(charged), initial=0.0))
        charged[np.array([self._column_block[at] == "running" for at in taken])] += nudge
        own = taken == column
        less = np.flatnonzero(self._there[taken] & ~own & with_less)  # of what is there, there can be less
        back = np.full(taken.size, -1)
        back[less] = taken.size + np.arange(less.size)
        kept = kept_rows[row]
        twice = kept & (back[position] >= 0)
        rows, at = np.unique(np.concatenate((row[kept], row[twice])), return_inverse=True)
        places = np.concatenate((position[kept], back[position[twice]]))
        amounts = np.concatenate((value[kept], -value[twice]))
        order = np.lexsort((places, at))
        most = np.where(lp.column_upper[taken] > 0.0, np.inf, 0.0)
        upper = np.concatenate((np.where(own, 1.0, most), np.full(less.size, np.inf)))
        small = replace(
            lp,
            cost=np.concatenate((charged, -charged[less] - nudge)),
            offset=0.0,
            column_lower=np.concatenate((own.astype(np.float64), np.zeros(less.size))),
            column_upper=upper,
            integer=np.zeros(upper.size, np.bool_),
            row_lower=np.where(np.isfinite(lp.row_lower[rows]), 0.0, -np.inf),
            row_upper=np.where(np.isfinite(lp.row_upper[rows]), 0.0, np.inf),
            start=np.searchsorted(at[order], np.arange(rows.size + 1)).astype(np.int64),
            index=places[order],
            value=amounts[order],
            column_blocks=(),
            row_blocks=(),
        )
        solver = load(small)
        for tolerance in ("dual_feasibility_tolerance", "primal_feasibility_tolerance"):
            solver.setOptionValue(tolerance, 1e-9)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            # a preference can make a circle of equals pay; without it there is none
            if nudged:
                return self._path(taken, column, kept_rows, with_less=with_less, nudged=False)
            if with_less:
                return self._path(taken, column, kept_rows, with_less=False)
            status = solver.modelStatusToString(solver.getModelStatus())
            raise SolverError(f"the price of one more order cannot be found ({status})")
        found = np.asarray(solver.getSolution().col_value)
        path = found[: taken.size].copy()
        path[less] -= found[taken.size :]
        return path

    def _lines(
        self, taken: Indices, path: Floats, column: int, price: float
    ) -> tuple[tuple[PriceLine, ...], float]:
        lp, m = self._lp, self._optimum.data
        sums: dict[tuple[str, bool], float] = {}

        def add(title: str, amount: float, *, limit: bool) -> None:
            sums[title, limit] = sums.get((title, limit), 0.0) + amount

        on_price = 0.0
        for place, at in enumerate(taken):
            amount = float(lp.cost[at] * path[place])
            if amount == 0.0:
                continue
            block = self._column_block[at]
            if at == column:
                add(TARGET, amount, limit=False)
                on_price += amount
                continue
            if block in ("units", "power") and not m.end_value_within_book:
                ending = self._at_end(at, float(path[place]))
                if ending:
                    add("end value", ending, limit=False)
                    amount -= ending
            if block == "paid":
                on_price += amount
            add(title_of_column(block), amount, limit=False)
        row, position, value = self._entries(taken)
        charge = -value * path[position] * self._duals[row]
        for at in np.unique(row[np.abs(charge) > 0.0]):
            amount = float(charge[row == at].sum())
            block = self._row_block[at]
            if block in ("budget", "renewal"):
                on_price += amount
            _, labels = lp.describe_row(int(at))
            title = title_of_row(block, labels)
            add(title, amount, limit=title != "end value")
        lines = [PriceLine(title, amount, limit) for (title, limit), amount in sums.items()]
        largest = max((abs(line.amount) for line in lines), default=0.0)
        shown = [line for line in lines if abs(line.amount) > SMALL * largest]
        shown.sort(key=lambda line: (-line.amount if line.amount > 0 else 1e300, line.amount))
        return tuple(shown), -on_price / price if price > 0.0 else 0.0

    def _at_end(self, column: int, amount: float) -> float:
        """What of a standing column's worth is its end value, where books are no ceiling."""
        m = self._optimum.data
        block, labels = self._lp.describe_column(column)
        if labels[-1] != m.times.labels[-1]:
            return 0.0
        at_end = m.times.discount_end * (1.0 - m.taxes.rate)
        if block == "units":
            return at_end * float(m.offers.end_value[m.offers.names.index(labels[1])]) * amount
        return at_end * float(m.power.end_value[m.power.names.index(labels[0])]) * amount


def _labels(lp: LinearProgram, *, columns: bool) -> list[str]:
    """The block of every column, or of every row."""
    names: list[str] = []
    for block in lp.column_blocks if columns else lp.row_blocks:
        names += [block.name] * block.positions.size
    return names
