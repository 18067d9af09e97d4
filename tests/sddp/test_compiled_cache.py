"""Compiled code on disk heals itself, and is not needed."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numba
import pytest

from capexpand.compiled_cache import alone, keep_on_disk, temporary_folders


def _double(number: float) -> float:
    return 2.0 * number


def _compiled(folder: Path | None) -> tuple[float, int]:
    """Return an answer, and how often the cache was hit."""
    function = numba.njit(_double)
    keep_on_disk(function, [] if folder is None else [folder])
    answer = function(21.0)
    return answer, sum(function.stats.cache_hits.values())


def test_a_second_process_finds_what_the_first_compiled(tmp_path: Path) -> None:
    assert _compiled(tmp_path) == (42.0, 0)
    assert _compiled(tmp_path) == (42.0, 1)


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("left", [0, 10, -1, None])
def test_a_cut_or_changed_file_is_deleted_and_made_again(
    tmp_path: Path, ending: str, left: int | None
) -> None:
    """Nothing left, a few bytes, all but one, or all with one of them changed."""
    _compiled(tmp_path)
    (file,) = tmp_path.rglob(f"*_double*.{ending}")
    content = file.read_bytes()
    middle = len(content) // 2
    changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    file.write_bytes(changed if left is None else content[:left])
    assert _compiled(tmp_path) == (42.0, 0)
    assert _compiled(tmp_path) == (42.0, 1)


def test_without_a_folder_that_can_be_written_code_is_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert _compiled(tmp_path / "file" / "below") == (42.0, 0)
    assert _compiled(None) == (42.0, 0)


def test_a_folder_for_temporary_files_that_others_can_write_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert temporary_folders("x") == [tmp_path / f"capexpand-{os.getuid()}" / "x"]
    (tmp_path / f"capexpand-{os.getuid()}").chmod(0o777)
    assert temporary_folders("x") == []


def test_the_stage_solver_needs_no_home(tmp_path: Path) -> None:
    """The folders are looked up as at a start in a container whose user has no entry and no home."""
    code = "import os; os.environ.pop('HOME', None); os.environ.pop('XDG_CACHE_HOME', None);"
    code += "import pwd; pwd.getpwuid = lambda uid: {}[uid];"
    code += "from capexpand.sddp.compiling import cache_folders; print(*cache_folders())"
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert found.returncode == 0, found.stderr
    assert str(tmp_path) in found.stdout


def test_of_two_that_would_compile_the_same_one_waits_for_the_other(tmp_path: Path) -> None:
    said: list[str] = []
    inside, begun = threading.Event(), threading.Event()

    def second() -> None:
        inside.wait()
        begun.set()
        with alone(tmp_path / "cache"):
            said.append("second")

    other = threading.Thread(target=second)
    other.start()
    with alone(tmp_path / "cache"):
        inside.set()
        begun.wait()
        other.join(0.2)  # it would be done, if nothing kept it
        said.append("first")
    other.join()
    assert said == ["first", "second"]


def test_where_nothing_can_be_locked_nobody_waits(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with alone(tmp_path / "file" / "below"), alone(None):
        pass
