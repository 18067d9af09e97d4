"""Runs whose workbooks are looked at: the smallest shipped case, and one that has everything."""

import pytest
from workbook_cases import AGREED, CASES, RICH, findings_of

from capexpand.case.loading import load_case


@pytest.fixture(scope="session")
def rich_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rich")
    file = folder / "case.yaml"
    file.write_text(RICH.format(two_sites=CASES / "two-sites" / "case.yaml"), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def agreed_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("agreed") / "case.yaml"
    file.write_text(AGREED.format(two_sites=CASES / "two-sites" / "case.yaml"), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def agreed(agreed_file):
    return findings_of(load_case(agreed_file))


@pytest.fixture(scope="session")
def rich(rich_file):
    return findings_of(load_case(rich_file))


@pytest.fixture(scope="session")
def small():
    return findings_of(load_case(CASES / "two-sites"))


@pytest.fixture(scope="session")
def books(rich, small, agreed, tmp_path_factory):
    """Workbooks of all, by name."""
    from capexpand.workbook.writing import save_workbook

    folder = tmp_path_factory.mktemp("books")
    return {name: save_workbook(found, folder / f"{name}.xlsx") for name, found in
            (("rich", rich), ("small", small), ("agreed", agreed))}  # fmt: skip
