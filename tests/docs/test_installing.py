"""The pages about installing, in an environment that holds nothing of capexpand before.

Nothing is fetched: the new environment finds what capexpand needs in that of the tests.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from pages import ROOT, Page

from capexpand import __version__

pytestmark = pytest.mark.slow

PARTS = ("src", "cases", "reproductions", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the package is built from."""
    copy = tmp_path_factory.mktemp("installing") / "capexpand"
    copy.mkdir()
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The commands of a new environment, in which pip builds and installs with what is there."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    found = next((environment / "lib").glob("python3*/site-packages"))
    # Files .pth of the tests' environment do nothing here, so its own capexpand is not found.
    (found / "tests.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = environment / "bin/pip"
    pip.write_text(f'#!/usr/bin/env bash\nexec {environment}/bin/python -m pip "$@"\n', encoding="utf-8")
    pip.chmod(0o755)
    for name in ("NO_DEPS", "IGNORE_INSTALLED"):
        monkeypatch.setenv(f"PIP_{name}", "1")
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")  # pip takes 0 for yes here
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return environment / "bin"


def installed(programs: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    code = "import capexpand; print(capexpand.__version__, capexpand.__file__)"
    command = [str(programs / "python"), "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_guide_to_installation(checkout: Path, programs: Path, tmp_path: Path) -> None:
    assert installed(programs, tmp_path).returncode != 0
    page = ROOT / "docs/guides/installation.md"
    assert Page(page, checkout, programs=programs).run() == 1
    version, place = installed(programs, tmp_path).stdout.split()
    assert version == __version__
    assert place.startswith(str(programs.parent)), "a package, not the checkout"


def test_the_third_line_of_the_readme_leads_to_a_page(checkout: Path, programs: Path, tmp_path: Path) -> None:
    """Its first two are run by scripts/test-fresh and .ci/run."""
    shown = re.search(r"```text\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert shown is not None
    start, check, serve = (line.partition("  #")[0].strip() for line in shown[1].splitlines())
    assert f"&& PYTHON=$python {start})" in (ROOT / "scripts/test-fresh").read_text("utf-8")
    assert f"\n{check} --all" in (ROOT / ".ci/run").read_text("utf-8")
    page = tmp_path / "third.md"
    mark = "<!-- serves -->\n<!-- in the tests: --browser → --browser --port 0 -->"
    page.write_text(f"{mark}\n```console\n$ {serve}\n...\ncapexpand is at\n...\n```\n", encoding="utf-8")
    assert Page(page, checkout, programs=programs).run() == 1
