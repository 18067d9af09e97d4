"""Several processes write one place at once: each succeeds or is refused in words, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from capexpand.claims.table import read_claims
from capexpand.runs.folder import read_manifest

ROUNDS = 25
WRITERS = 3

CLAIMS = """
import sys
from pathlib import Path
from capexpand.claims.adding import claims_add
from capexpand.errors import RunError
article, place, rounds = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
sys.stdin.readline()
while rounds:
    try:
        claims_add(article, to=place, yes=True)
    except RunError as error:
        assert "is writing it" in str(error), error
    else:
        rounds -= 1
"""
RUNS = """
import sys
from pathlib import Path
from capexpand.errors import RunError
from capexpand.runs.folder import Content, write_run
own, place, rounds = sys.argv[1].encode(), Path(sys.argv[2]), int(sys.argv[3])
sys.stdin.readline()
while rounds:
    try:
        write_run(place, Content({"report.html": own, "tables/a.csv": own * 1000}, {"capexpand": "1"}))
    except RunError as error:
        assert "is writing it" in str(error), error
    else:
        rounds -= 1
"""


def at_once(code: str, owns: list[Path] | list[str], place: Path) -> None:
    """Let a process for each of its own inputs write the place, all from the same moment."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(own), str(place), str(ROUNDS)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for own in owns
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        _, errors = writer.communicate()
        assert writer.returncode == 0, errors


def test_claims_that_several_processes_add_to_one_file_are_all_there(tmp_path: Path) -> None:
    articles = []
    for number in range(WRITERS):
        article = tmp_path / f"article-{number}.txt"
        article.write_text(
            f"Spending\n\nFebruary 24, 2025\n\nMicrosoft spent ${number + 5} billion on servers in 2024.\n"
        )
        articles.append(article)
    place = tmp_path / "claims.csv"
    at_once(CLAIMS, articles, place)
    claims = read_claims(place)
    assert sorted(claim.amount for claim in claims) == [(5 + number) * 1e9 for number in range(WRITERS)]
    assert len({claim.claim_id for claim in claims}) == WRITERS
    assert sorted(path.name for path in tmp_path.iterdir()) == [*(a.name for a in articles), "claims.csv"]


def test_a_run_that_several_processes_write_is_that_of_one_of_them(tmp_path: Path) -> None:
    owns = [str(number) for number in range(WRITERS)]
    place = tmp_path / "run"
    at_once(RUNS, owns, place)
    read_manifest(place)
    own = (place / "report.html").read_text()
    assert own in owns
    assert (place / "tables/a.csv").read_text() == own * 1000
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
