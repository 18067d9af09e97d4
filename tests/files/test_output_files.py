"""Single output files: whole or not at all, never over a file of another make, one process at a time."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from capexpand.errors import RunError
from capexpand.files import check_file, csv_of, hold, json_of, marked, write_file
from capexpand.files.places import beside

OURS = csv_of("site", "offer")


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_file_is_written_and_an_own_one_replaced(tmp_path: Path) -> None:
    for text in ("site,offer\na,b\n", "site,offer,more\nä,b,c\n"):
        write_file(tmp_path / "out.csv", text, ours=OURS)
        assert (tmp_path / "out.csv").read_text("utf-8") == text
    assert _names(tmp_path) == ["out.csv"]


def test_a_file_of_another_make_is_kept(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear all")
    with pytest.raises(RunError, match="no such output"):
        write_file(tmp_path / "letter.txt", "site,offer\n", ours=OURS)
    assert (tmp_path / "letter.txt").read_text() == "dear all"


def test_an_input_is_never_replaced_by_whatever_name(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("site,offer\n1,2\n")
    os.link(tmp_path / "in.csv", tmp_path / "same.csv")
    with pytest.raises(RunError, match="is an input"):
        write_file(tmp_path / "same.csv", "site,offer\n", ours=OURS, inputs=[tmp_path / "in.csv"])
    assert (tmp_path / "in.csv").read_text() == "site,offer\n1,2\n"


def test_links_pipes_folders_and_devices_are_refused(tmp_path: Path) -> None:
    (tmp_path / "target.csv").write_text("site,offer\n")
    (tmp_path / "link").symlink_to("target.csv")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, word in (("link", "a link"), ("loop", "a link"), ("folder", "a folder"), ("pipe", "a pipe")):
        with pytest.raises(RunError, match=word):
            write_file(tmp_path / name, "site,offer\n", ours=OURS)
    with pytest.raises(RunError, match=r"a device|read-only"):
        write_file(Path("/dev/null"), "site,offer\n", ours=OURS)
    assert (tmp_path / "target.csv").read_text() == "site,offer\n"


@pytest.mark.parametrize("name", ["no/such/folder.csv", "", "..", "in\0valid", "x" * 300])
def test_places_that_cannot_be_are_named_before_any_work(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match=r"cannot be written|does not name"):
        check_file(tmp_path / name if name else Path(), ours=OURS)


def test_an_empty_file_may_be_filled_and_keeps_its_mode(tmp_path: Path) -> None:
    place = tmp_path / "chosen"
    place.touch(mode=0o600)
    write_file(place, b"site,offer\n", ours=OURS)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    beside(tmp_path / "out.csv", "new").write_text("half")
    beside(tmp_path / "out.csv", "lock").write_text("{")
    write_file(tmp_path / "out.csv", "site,offer\n", ours=OURS)
    assert _names(tmp_path) == ["out.csv"]


def test_the_longest_name_that_is_allowed_is_no_problem(tmp_path: Path) -> None:
    write_file(tmp_path / ("ä" * 127), "site,offer\n", ours=OURS)
    assert _names(tmp_path) == ["ä" * 127]


@pytest.mark.parametrize(
    ("ours", "own", "foreign"),
    [
        (csv_of("a", "b"), b"\xef\xbb\xbfa,b\r\n1,2\r\n", b"a,bc\n"),
        (json_of("kind"), b'{"kind": 1}', b"[1]"),
        (json_of("kind"), b'{"kind": 1, "x": 2}', b'{"other": 1}'),
        (json_of("kind"), b'{"kind": NaN}', b"[" * 100_000),
        (marked("<!-- ours"), b"<svg><!-- ours -->", b"<svg>"),
    ],
)
def test_own_files_are_told_from_others(ours, own: bytes, foreign: bytes) -> None:  # type: ignore[no-untyped-def]
    assert ours(own)
    assert not ours(foreign)


HOLDER = """
import sys, time
from pathlib import Path
from capexpand.files import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_another_process_is_refused_and_told_who_writes_until_it_dies(tmp_path: Path) -> None:
    place = tmp_path / "run"
    with subprocess.Popen([sys.executable, "-c", HOLDER, place], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(RunError, match=rf"run: process {holder.pid} \(.*since .*\) is writing it"):
            write_file(place, "site,offer\n", ours=OURS)
        holder.kill()
        holder.wait()
    write_file(place, "site,offer\n", ours=OURS)
    assert _names(tmp_path) == ["run"]


def test_a_thread_holds_a_place_twice_and_two_threads_do_not(tmp_path: Path) -> None:
    refused: list[str] = []

    def other() -> None:
        try:
            with hold(tmp_path / "run"):
                pass
        except RunError as error:
            refused.append(str(error))

    with hold(tmp_path / "run"), hold(tmp_path / "run"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(refused) == 1
    assert _names(tmp_path) == []
