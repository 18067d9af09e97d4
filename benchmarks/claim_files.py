"""Articles of random pieces for `claims add`, and tables of claims with broken cells."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

from capexpand.claims.documents import read_document
from capexpand.claims.joining import list_claims
from capexpand.claims.own_files import HEADER, Article, append_claims, as_claim
from capexpand.claims.proposals import propose_claims
from capexpand.claims.rules import find_contradictions
from capexpand.claims.table import read_claims

PIECES = (
    *(
        "$",
        "€",
        "¥",
        "Rs ",
        "RMB ",
        "US$",
        "(",
        ")",
        "-",
        "−",
        "–",
        ".",
        ",",
        " ",
        "\u00a0",
        "\u202f",
        "\n",
        "\n\n",
    ),
    *("5", "12", "380", "1,000", "0", "9" * 40, "1" * 2000, "٣", "½", "2026", "2026-28", "99 years", "9999"),
    *(" bn", " bln", "MM", " crore", " lakh crore", "亿元", "万亿", " trillion", "%", " per cent", " shares"),
    *(
        "Microsoft ",
        "Nvidia ",
        "Example Cloud Inc. ",
        "Aa Bb Cc ",
        "A-A-A-",
        "'",
        "’s ",
        "[/]",
        "[b]",
        "\x1b[31m",
    ),
    *(
        "spent ",
        "lost ",
        "plans ",
        "up to ",
        "more than ",
        "between ",
        " and ",
        " to ",
        " from ",
        "plus or minus ",
    ),
    *(
        "in its fiscal first quarter",
        " Q1 FY26",
        " the quarter ended September 30",
        " over the next 99 years",
    ),
    *("31 December 9999", "3 March 2031", "January 1, 2000", " a year earlier", " by the end of the decade"),
    *("=1+1", "@x", "\r", "\t", "\ufeff", "\u2028", "\x07", "。", ". ", "... "),
)
BYTES = (
    b"\x00",
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b'"',
    b";",
    b",",
    b"\n",
    b"\r",
    b"nan",
    b"1e999",
)
CELLS = (
    *(
        "",
        "nan",
        "inf",
        "-1",
        "1e308",
        "-1e308",
        "0",
        "1.5",
        "9999-12-31",
        "0001-01-01",
        "2031-13-01",
        "true",
        "x",
    ),
    *(
        "=1+1",
        "[/]",
        "\x1b[31m",
        "USD",
        "CNY",
        "fraction",
        "range",
        "total",
        "floor",
        "day",
        "spending",
        "'=x",
    ),
    *(
        "paragraph 1 of the body",
        "news_report",
        "1" * 400,
        "1,5",
        "ü" * 300,
        "\n",
        "https://x",
        "general_knowledge",
    ),
)
SOUND = {
    "amount": ("0", "1", "-5e9", "5e9", "5.2e9", "1e18", "1e-300", "0.68", "380e9"),
    "unit": ("USD", "CNY", "fraction", "shares", "JPY"),
    "company": ("Meta", "Alibaba", "=1+1", "[/]", "Big Four (MSFT+GOOGL+AMZN+META)", "+", "Example"),
    "document": ("d", "e", "[b]"),
    "measure": (
        "spending",
        "share price",
        "share price gain",
        "stake value",
        "stake shares",
        "market value gain",
    ),
    "kind": ("total", "floor", "ceiling", "approximate", "forecast", "share"),
    "scope": ("AI", "cloud", "company", "not stated"),
    "period_basis": ("calendar", "fiscal", "undated"),
    "period_end": ("2031-01-01", "2031-12-31", "2199-12-31", ""),
    "known_on": ("2031-01-01", "2031-02-01", "1900-01-01", ""),
}
"""Cells that a row may hold, so that the rules see many tables that are read."""

GOOD_ROW = [
    *("x", "d", "1", "Meta", "spending", "5e9", "", "USD", "total", "spend", "calendar", "2031-01-01"),
    *("2031-12-31", "AI", "2031-01-01", "false", "", "", "", "", "A title", "news-report:x"),
    *("paragraph 1 of the body", "news_report", "true"),
]


def article(chance: random.Random, folder: Path) -> Path:
    """Write an article of random pieces, now and then with bytes of no text in it."""
    text = "".join(chance.choices(PIECES, k=chance.randint(0, 120)))
    if chance.random() < 0.1:
        text *= chance.randint(2, 60)
    content = bytearray(text.encode("utf-8", "surrogatepass"))
    if chance.random() < 0.1:
        place = chance.randint(0, len(content))
        content[place:place] = chance.choice(BYTES)
    path = folder / "article.txt"
    path.write_bytes(bytes(content))
    return path


def table(chance: random.Random, folder: Path) -> Path:
    """Write a table of claims with some of its cells or bytes changed."""
    header, rows = list(HEADER), [list(GOOD_ROW) for _ in range(chance.randint(0, 12))]
    for number, row in enumerate(rows):
        row[0] = f"x{number}"
        for column in chance.sample(list(SOUND), k=chance.randint(0, 5)):
            row[HEADER.index(column)] = chance.choice(SOUND[column])
        for _ in range(chance.choice((0,) * 20 + (1, 2, 5))):
            row[chance.randrange(len(row))] = chance.choice(CELLS)
    if chance.random() < 0.1:
        header[chance.randrange(len(header))] = chance.choice(CELLS)
    quoted = [[f'"{cell}"' if set(cell) & set(',\n"') else cell for cell in row] for row in (header, *rows)]
    content = bytearray("\n".join(",".join(row) for row in quoted).encode())
    for _ in range(chance.choice((0, 0, 0, 0, 0, 0, 1, 3))):
        place = chance.randint(0, len(content))
        content[place : place + chance.randint(0, 3)] = chance.choice(BYTES)
    path = folder / "claims.csv"
    path.write_bytes(bytes(content))
    return path


def try_article(chance: random.Random, folder: Path) -> None:
    """Read an article, accept all its claims, and read them back."""
    document = read_document(article(chance, folder))
    day = chance.choice((None, date(2031, 3, 3), date(2199, 12, 31), date(1900, 1, 1), date(9999, 12, 31)))
    proposals = propose_claims(document, day)
    said = Article(document, "article", document.title, "", date(2031, 3, 3))
    claims = [as_claim(one, said, number) for number, one in enumerate(proposals, start=1)]
    target = folder / "own.csv"
    target.unlink(missing_ok=True)
    added, _ = append_claims(target, claims) if claims else (0, 0)
    if added and {(c.company, c.amount, c.quote.strip()) for c in read_claims(target)} != {
        (c.company.strip() or "not stated", c.amount, c.quote.strip()) for c in claims
    }:
        raise AssertionError("claims are not read back as they were written")


def try_table(chance: random.Random, folder: Path) -> None:
    """Read a table along, and look for contradictions in it."""
    path = table(chance, folder)
    find_contradictions(list_claims(extra=(path,)), revisions=True)
