"""The charts' script is kept between runs, and a damaged or missing copy is made anew."""

import sys
import tempfile

import pytest
import vl_convert

from capexpand.reporting import bundle
from capexpand.user_cache import cache_directory


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Return the list that grows by one with each making of the script, with an empty cache."""
    calls: list[str] = []

    def make(snippet: str) -> str:
        calls.append(snippet)
        return f"/* </script> */ {snippet}"

    monkeypatch.setattr(vl_convert, "javascript_bundle", make)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "platform", "linux")
    return calls


def script() -> str:
    return bundle.javascript.__wrapped__()


def test_the_script_is_made_once_and_then_read(made):
    assert script() == script()
    assert len(made) == 1
    assert len(list(cache_directory().iterdir())) == 1


def test_the_script_cannot_end_its_element(made):
    assert "</script" not in script()


@pytest.mark.parametrize("damage", ["", "// sha256 0\nsomething", "no first line"])
def test_a_damaged_copy_is_made_anew(made, damage):
    whole = script()
    (kept,) = cache_directory().iterdir()
    kept.write_text(damage, "utf-8")
    assert script() == whole
    assert len(made) == 2
    assert script() == whole
    assert len(made) == 2


def test_without_a_place_to_keep_it_the_script_is_made_each_time(made, monkeypatch, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be", "utf-8")
    monkeypatch.setattr(bundle, "cache_directory", lambda: tmp_path / "cache" / "capexpand")
    assert script() == script()
    assert len(made) == 2


def test_where_the_cache_cannot_be_written_the_script_is_kept_among_the_temporary_files(
    made, monkeypatch, tmp_path
):
    (tmp_path / "cache").write_text("a file where the folder should be", "utf-8")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert script() == script()
    assert len(made) == 1


@pytest.mark.parametrize(
    ("platform", "variable", "tail"),
    [("linux", "XDG_CACHE_HOME", "capexpand"), ("win32", "LOCALAPPDATA", "capexpand")],
)
def test_the_cache_lies_where_the_system_keeps_caches(monkeypatch, tmp_path, platform, variable, tail):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert cache_directory() == tmp_path / tail


def test_on_a_mac_the_cache_lies_in_the_library(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_directory().parts[-3:] == ("Library", "Caches", "capexpand")
