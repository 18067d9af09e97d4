"""The checkpoint log of a training: a file to which each checkpoint appends what is new.

A chunk is ``CXJ1``, its length, its CRC-32 and an ``npz`` archive. A process killed while writing leaves a
last chunk that does not check; reading stops before it, and the next run cuts it off. The first chunk
names the problem and the settings, so that a log is never continued with others. It is there whole from
the moment the file is, so that a file without it is none of ours and is never opened for writing.

Once more was appended than the file held before, it is written anew: the cuts that somebody still looks at
stand in place of all that were ever found. So it does not grow with the length of a training.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from capexpand.errors import RunError
from capexpand.files import hold
from capexpand.files.json_text import JsonObject
from capexpand.files.places import beside
from capexpand.files.records import packed_record, whole_records
from capexpand.files.writing import keep_folder, write_new
from capexpand.sddp.cuts import TrialPoint
from capexpand.sddp.kept_cuts import Record
from capexpand.sddp.problem import PolicyGraph
from capexpand.sddp.stage_solver import SolveCounts
from capexpand.sddp.stream import Iteration, Mix

_MAGIC = b"CXJ1"
_FORMAT = "kept cuts, then cuts by trial point"
"""The content of the chunks; logs of other versions are as foreign as those of other problems."""


class ForeignCheckpointError(RunError):
    """A checkpoint file belongs to another problem or to other settings."""


@dataclass(frozen=True, slots=True)
class LoggedState:
    """The content of a checkpoint log.

    Args:
        rounds: all iterations, the first of them without their cuts where some were kept.
        generators: state of each stream's random numbers at the last checkpoint.
        seconds: time spent until then.
        extra: what the training keeps for itself, such as the number of checks made.
        kept: of each group the cuts that were kept when the file was last written anew, see ``packed_cuts``.
    """

    rounds: list[tuple[Iteration, ...]]
    generators: list[JsonObject]
    seconds: float
    extra: JsonObject
    kept: tuple[Record, ...] = ()


def fingerprint(graph: PolicyGraph, settings: str) -> str:
    """Return a digest of a problem and the settings on which a training's result depends."""
    digest = hashlib.sha256(f"{_FORMAT} {settings}".encode())
    for stage in graph.stages:
        matrix = stage.matrix
        parts = (matrix.starts, matrix.rows, matrix.values, stage.cost, stage.lower, stage.upper)
        more = (stage.row_lower, stage.row_upper, stage.incoming, stage.outgoing, stage.integer)
        for part in (*parts, *more):
            digest.update(np.ascontiguousarray(part).tobytes())
    for node in graph.nodes:
        digest.update(f"{node.stage} {node.risk!r}".encode())
        noise = node.realisations
        bounds = (noise.lower, noise.upper, noise.row_lower, noise.row_upper)
        for part in (noise.probability, noise.cost, *bounds, noise.constant, noise.coefficients):
            digest.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
    for part in (graph.root, graph.transition, graph.initial_state):
        digest.update(np.ascontiguousarray(part).tobytes())
    digest.update(str(graph.maximise).encode())
    return digest.hexdigest()


class CheckpointLog:
    """A checkpoint file, locked for as long as it is open.

    Args:
        path: where it is.
        name: the fingerprint of the training that may use it.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        self._held = ExitStack()
        self._anew_bytes = 0
        """Size of the file when it was last written anew; 0 where that is not known."""

    def read(self) -> LoggedState | None:
        """Lock the file and return what it holds, or None where there is nothing yet.

        Raises:
            ForeignCheckpointError: the file belongs to another problem or other settings.
            RunError: another process uses it, it is no checkpoint, or it cannot be read.
        """
        refuse_what_is_no_file(self._path)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(
                f"the checkpoint {self._path} cannot be written: {error.strerror or error}"
            ) from None
        self._held.enter_context(hold(self._path, again=False))
        try:
            return self._read()
        except BaseException:
            self._held.close()
            raise

    def _read(self) -> LoggedState | None:
        refuse_what_is_no_file(self._path)
        if not self._path.exists():
            return None
        try:
            content = self._path.read_bytes()
        except OSError as error:
            raise RunError(f"cannot read the checkpoint {self._path}: {error.strerror or error}") from None
        chunks, end = whole_records(_MAGIC, content)
        if not chunks or "name" not in chunks[0]:
            raise RunError(f"{self._path} is no checkpoint and is left as it is; name another file")
        if chunks[0]["name"].item() != self._name:
            raise ForeignCheckpointError(
                f"{self._path} belongs to another problem or other settings; name another file or remove it"
            )
        if end < len(content):
            with self._path.open("r+b") as file:
                file.truncate(end)
        if len(chunks) == 1:
            return None
        try:
            logged = [chunk for chunk in chunks[1:] if "state" in chunk]
            kept = tuple(chunk for chunk in chunks[1:] if "state" not in chunk)
            rounds = [found for chunk in logged for found in _unpack(chunk)]
            last = json.loads(logged[-1]["state"].item())
            generators, extra = list(last["generators"]), dict(last["extra"])
            return LoggedState(rounds, generators, float(last["seconds"]), extra, kept)
        except (OverflowError, RecursionError, KeyError, ValueError, IndexError, TypeError, AttributeError):
            raise self.damaged() from None

    @property
    def has_doubled(self) -> bool:
        """Whether more was appended than the file held when it was last written anew."""
        return not self._path.exists() or self._path.stat().st_size > 2 * self._anew_bytes

    def append(self, state: LoggedState) -> None:
        """Write what is new since the last checkpoint, so that it survives a crash.

        Args:
            state: its rounds are those since then.

        Raises:
            RunError: it cannot be written.
        """
        try:
            if not self._path.exists():
                self._begin()
            with self._path.open("ab") as file:
                file.write(_packed_state(state))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._unwritable(error) from error

    def write_anew(self, state: LoggedState, kept: Iterable[Record]) -> None:
        """Write the file anew, at once or not at all, with the cuts that were kept in place of all.

        Args:
            state: its rounds are all, without their cuts.
            kept: of each group, see ``packed_cuts``; asked for one after the other.

        Raises:
            RunError: it cannot be written.
        """
        new = beside(self._path, "anew")
        try:
            if not self._path.exists():
                self._begin()
            new.unlink(missing_ok=True)  # of a process that was killed: nobody else holds the path
            with new.open("xb") as file:
                file.write(self._first_chunk())
                file.write(_packed_state(state))
                for record in kept:
                    file.write(packed_record(_MAGIC, record, compressed=True))
                file.flush()
                os.fsync(file.fileno())
                self._anew_bytes = file.tell()
            new.replace(self._path)
            keep_folder(self._path.parent)
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            new.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> RunError:
        return RunError(f"cannot write the checkpoint {self._path}: {error.strerror or error}")

    def damaged(self) -> RunError:
        """Return the error for content with which no training can go on."""
        return RunError(f"the checkpoint {self._path} is damaged; remove it or name another file")

    def close(self) -> None:
        """Let others use the file."""
        self._held.close()

    def _first_chunk(self) -> bytes:
        return packed_record(_MAGIC, {"name": np.array(self._name)}, compressed=False)

    def _begin(self) -> None:
        """Make the file with its first chunk, at once or not at all, and never in place of another."""
        made = beside(self._path, "new")
        made.unlink(missing_ok=True)  # of a process that was killed: nobody else holds the path
        try:
            write_new(made, self._first_chunk())
            os.link(made, self._path)
        except PermissionError:  # file systems without hard links
            made.rename(self._path)
        finally:
            made.unlink(missing_ok=True)


def refuse_what_is_no_file(path: Path) -> None:
    """Refuse a path at which no checkpoint can be: a folder, a link, a pipe or a device.

    Raises:
        RunError: it is one of these, or it cannot be reached.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise RunError(f"the checkpoint {path} cannot be used: {why}") from None
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a link" if stat.S_ISLNK(mode) else "no regular file"
        raise RunError(f"the checkpoint {path} is {kind}; name a file")


def _packed_state(state: LoggedState) -> bytes:
    """Return a chunk of rounds with what else a training goes on from."""
    rest = {"generators": state.generators, "seconds": state.seconds, "extra": state.extra}
    record = {**_pack(state.rounds), "state": np.array(json.dumps(rest))}
    return packed_record(_MAGIC, record, compressed=False)


def _pack(rounds: list[tuple[Iteration, ...]]) -> dict[str, np.ndarray]:
    """Turn rounds into arrays."""
    iterations = [iteration for group in rounds for iteration in group]
    trial_points = [point for iteration in iterations for point in iteration.trial_points]
    mixes = [mix for iteration in iterations for mix in iteration.mixes]
    return {
        "round_sizes": np.array([len(group) for group in rounds], dtype=np.int64),
        "visit_counts": np.array([len(iteration.trial_points) for iteration in iterations], dtype=np.int64),
        "mix_counts": np.array([len(iteration.mixes) for iteration in iterations], dtype=np.int64),
        "bounds": np.array([iteration.bound for iteration in iterations]),
        "path_costs": np.array([iteration.path_cost for iteration in iterations]),
        "first_states": np.array([iteration.first_state for iteration in iterations]),
        "counts": np.array(
            [[getattr(i.counts, name) for name in SolveCounts.__slots__] for i in iterations], dtype=np.int64
        ),
        "groups": np.array([point.group for point in trial_points], dtype=np.int64),
        "functions": np.array([len(point.intercepts) for point in trial_points], dtype=np.int64),
        "widths": np.array([len(point.state) for point in trial_points], dtype=np.int64),
        "intercepts": _joined([point.intercepts for point in trial_points]),
        "states": _joined([point.state for point in trial_points]),
        "slopes": _joined([point.slopes.ravel() for point in trial_points]),
        "mix_nodes": np.array([mix.node for mix in mixes], dtype=np.int64),
        "mix_sizes": np.array([len(mix.weights) for mix in mixes], dtype=np.int64),
        "mix_weights": _joined([mix.weights for mix in mixes]),
    }


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0)


def _parts(whole: np.ndarray, sizes: np.ndarray) -> list[np.ndarray]:
    return np.split(whole, np.cumsum(sizes)[:-1]) if len(sizes) else []


def _unpack(chunk: Mapping[str, np.ndarray]) -> list[tuple[Iteration, ...]]:
    """Turn arrays back into rounds."""
    functions, widths = chunk["functions"], chunk["widths"]
    trial_points = [
        TrialPoint(int(group), state, intercepts, slopes.reshape(len(intercepts), len(state)))
        for group, state, intercepts, slopes in zip(
            chunk["groups"],
            _parts(chunk["states"], widths),
            _parts(chunk["intercepts"], functions),
            _parts(chunk["slopes"], functions * widths),
            strict=True,
        )
    ]
    pieces = _parts(chunk["mix_weights"], chunk["mix_sizes"])
    mixes = [Mix(int(node), weights) for node, weights in zip(chunk["mix_nodes"], pieces, strict=True)]
    iterations: list[Iteration] = []
    point_place = mix_place = 0
    for number in range(len(chunk["bounds"])):
        point_end = point_place + int(chunk["visit_counts"][number])
        mix_end = mix_place + int(chunk["mix_counts"][number])
        counts = SolveCounts(*(int(value) for value in chunk["counts"][number]))
        iterations.append(
            Iteration(
                tuple(trial_points[point_place:point_end]),
                tuple(mixes[mix_place:mix_end]),
                float(chunk["bounds"][number]),
                float(chunk["path_costs"][number]),
                chunk["first_states"][number],
                counts,
            )
        )
        point_place, mix_place = point_end, mix_end
    rounds: list[tuple[Iteration, ...]] = []
    place = 0
    for size in chunk["round_sizes"]:
        rounds.append(tuple(iterations[place : place + int(size)]))
        place += int(size)
    return rounds
