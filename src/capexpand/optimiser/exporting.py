"""Writes the program of a case for other solvers, as MPS or LP, with the names that the mathematics gives."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from capexpand.errors import RunError, SolverError
from capexpand.files import write_file
from capexpand.files.writing import check_file
from capexpand.model.blocks import Block, LinearProgram
from capexpand.model.data import ModelData
from capexpand.optimiser.deterministic import build_program
from capexpand.optimiser.highs_model import load

MARKS = {".mps": b"NAME", ".lp": b"\\"}
"""By the end of a name, how a program of ours begins."""
_PLAIN = re.compile(r"[^A-Za-z0-9_.]+")
LONGEST_NAME = 180  # some readers of LP files stop at 255 characters


def check_export(path: Path) -> None:
    """Refuse a file that a program must not take, before any work is done.

    Args:
        path: where the program is to stand.

    Raises:
        RunError: the name ends in neither .mps nor .lp, or the file may not be replaced.
    """
    if path.suffix.lower() not in MARKS:
        raise RunError(f"{path}: a program is written as .mps or .lp; end the name in one of them")
    check_file(path, ours=_Ours(path).__call__)


class _Ours:
    """Recognises a program by how its format begins."""

    def __init__(self, path: Path) -> None:
        self.mark = MARKS[path.suffix.lower()]

    def __call__(self, content: bytes) -> bool:
        return content.lstrip().startswith(self.mark)


def export_program(m: ModelData, path: Path) -> None:
    """Write the program that an optimised plan solves; it is to be maximised.

    Args:
        path: a file that ends in .mps or .lp; an older program there is replaced.

    Raises:
        RunError: it cannot be written.
    """
    check_export(path)
    program, _ = build_program(m)
    write_file(path, program_text(program, path.suffix.lower()), ours=_Ours(path).__call__)


def program_text(program: LinearProgram, suffix: str) -> bytes:
    """Return a program in the text of a format.

    Args:
        suffix: .mps or .lp.

    Raises:
        SolverError: the program cannot be written.
    """
    import highspy

    solver = load(program)
    model = solver.getLp()
    model.col_names_ = plain_names(program.column_blocks, program.cost.size, "x")
    model.row_names_ = plain_names(program.row_blocks, program.row_lower.size, "r")
    with tempfile.TemporaryDirectory(prefix="capexpand-") as folder:
        place = Path(folder) / f"program{suffix}"
        refused = highspy.HighsStatus.kError
        if refused in (solver.passModel(model), solver.writeModel(str(place))):
            raise SolverError("HiGHS cannot write the program")
        return place.read_bytes()


def plain_names(blocks: tuple[Block, ...], count: int, letter: str) -> list[str]:
    """Return a name for each column or row that every format can hold: letters, digits, dots, underscores.

    Args:
        blocks: of columns or rows.
        count: how many there are.
        letter: with which each begins, since a digit or an ``e`` would be read as a number.
    """
    names = [f"{letter}_{i}" for i in range(count)]
    seen: set[str] = set()
    for block in blocks:
        for i, name in enumerate(block.names(), start=block.first):
            plain = f"{letter}_{_PLAIN.sub('_', name).strip('_')}"[:LONGEST_NAME]
            names[i] = plain if plain not in seen else f"{plain}~{i}".replace("~", "_n")
            seen.add(names[i])
    return names
