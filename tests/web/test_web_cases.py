"""Cases: uploaded, edited, forked, kept with their history; bad files refused in words."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect
from servers import Server

from capexpand.case.shipped import case_place
from capexpand.errors import CaseError
from capexpand.web.settings import Limits
from capexpand.web.uploads import read_upload

TWO_SITES = (Path(case_place("two-sites")) / "case.yaml").read_text("utf-8")


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def upload(client: httpx.Client, name: str, file: str, content: bytes) -> httpx.Response:
    data = {"name": name, "csrf": client.headers["x-csrf-token"]}
    return client.post("/new", data=data, files={"file": (file, content)})


def test_a_case_is_uploaded_changed_and_explored_in_each_state(lone: Server) -> None:
    with lone.local() as client:
        assert upload(client, "up", "any.yaml", TWO_SITES.encode()).status_code == 303
        changed = TWO_SITES.replace("cap: 1 bn CNY", "cap: 2 bn CNY")
        body = {"files": {"case.yaml": changed}, "over": 1, "note": "twice the money"}
        assert client.put("/api/v1/cases/up", json=body).json()["version"] == 2
        assert client.put("/api/v1/cases/up", json=body).status_code == 409
        history = client.get("/api/v1/cases/up").json()["history"]
        assert [(one["version"], one["note"]) for one in history] == [
            (2, "twice the money"), (1, "Uploaded any.yaml"),
        ]  # fmt: skip
        for version, text in ((1, "1 bn CNY"), (2, "2 bn CNY")):
            sliders = client.get(f"/api/v1/cases/up/assumptions?version={version}").json()["sliders"]
            assert next(one for one in sliders if one["name"] == "budget")["stated"] == text


def test_a_fork_of_a_shipped_case_is_the_same_case(lone: Server) -> None:
    """It brings along all files that the case extends, and loads to the same numbers."""
    with lone.local() as client:
        assert client.post("/api/v1/cases/meta-2025/fork", json={"to": "meta"}).status_code == 201
        own, theirs = (client.get(f"/api/v1/cases/{name}/check").json() for name in ("meta", "meta-2025"))
        assert own["content_hash"] == theirs["content_hash"]
        assert own["numbers"] == theirs["numbers"]


def test_what_was_explored_is_saved_as_a_variant_and_gives_the_same_plan(lone: Server) -> None:
    with lone.local() as client:
        client.post("/api/v1/cases/two-sites/fork", json={"to": "saved"})
        asked = [["budget", "800 mn CNY"], ["price", "90 %"], ["delay", "3 months"]]
        explored = client.post("/api/v1/cases/saved/explore", json={"changes": asked}).json()
        form = {
            "csrf": client.headers["x-csrf-token"], "variant": "", "to": "mine", "title": "Mine",
            "changes": str(asked).replace("'", '"'),
        }  # fmt: skip
        assert (
            client.post("/explore/saved/variant", data=form).headers["location"]
            == "/explore/saved?variant=mine"
        )
        again = client.post("/api/v1/cases/saved/explore", json={"variant": "mine"}).json()
        assert [one["base"]["value"] for one in again["figures"]] == pytest.approx(
            [one["changed"]["value"] for one in explored["figures"]], rel=1e-6
        )
        text = client.get("/api/v1/cases/saved").json()["files"]["two-sites/case.yaml"]
        assert "# The smallest case" in text  # the author's comments stay


def test_the_yaml_of_what_was_explored_is_a_variant(lone: Server) -> None:
    with lone.client() as client:
        text = client.get("/explore/two-sites/variant.yaml?budget=800+mn+CNY").text
    assert "programme.cap: 800.0 mn CNY" in text
    assert text.startswith("variants:\n")


BAD = [
    ("no.txt", b"x", "is no case"),
    ("bad.zip", b"PK\x03\x04 not really", "is no zip file"),
    ("none.zip", zipped({"readme.md": "x"}), "holds no case.yaml"),
    ("out.zip", zipped({"../case.yaml": TWO_SITES}), "leads out of"),
    ("root.zip", zipped({"/etc/case.yaml": TWO_SITES}), "leads out of"),
    ("back.zip", zipped({"a\\..\\case.yaml": TWO_SITES}), "leads out of"),
    ("exe.zip", zipped({"case.yaml": TWO_SITES, "run.sh": "x"}), "is no file of a case"),
    ("hidden.zip", zipped({"case.yaml": TWO_SITES, ".ssh/a.txt": "x"}), "is no usable name"),
    ("two.zip", zipped({"a/case.yaml": TWO_SITES, "b/case.yaml": TWO_SITES}), "more than one case"),
    ("bomb.zip", zipped({"case.yaml": TWO_SITES, "big.csv": b"0" * 60_000_000}), "more than 48 MB"),
    ("many.zip", zipped({f"{n}.csv": "x" for n in range(300)}), "at most 200"),
    ("obj.yaml", b"title: !!python/object/apply:os.system [id]\n", "tags such as"),
    ("empty.yaml", b"", "is empty"),
    ("tab.yaml", b"a:\n\tb: 1\n", "tab"),
    ("latin.yaml", "title: é".encode("latin-1"), "UTF-8"),
    ("outside.yaml", b"extends: /etc/passwd\n", "outside of the case's folder"),
    ("above.yaml", b"extends: ../../../secret.yaml\n", "outside of the case's folder"),
    ("table.yaml", TWO_SITES.replace("5.2 MW", "{csv: /etc/passwd, column: a, unit: MW}").encode(),
     "outside of the case's folder"),
    ("variant.yaml", (TWO_SITES + "  spy: {title: x, set: {sites.coast.grid.csv: ../../../x}}\n").encode(),
     "outside of the case's folder"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "content", "said"), BAD, ids=[one[0] for one in BAD])
def test_a_bad_file_is_refused_in_words(lone: Server, file: str, content: bytes, said: str) -> None:
    with lone.local() as client:
        answer = upload(client, "bad", file, content)
        assert answer.status_code == 422
        assert said in answer.text.replace("&#39;", "'")
        assert str(lone.home) not in answer.text
        assert client.get("/api/v1/cases/bad").status_code == 404


def laughs() -> bytes:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    return "\n".join(lines).encode()


def test_a_billion_laughs_are_refused(lone: Server) -> None:
    with lone.local() as client:
        answer = upload(client, "laughs", "laughs.yaml", laughs())
        assert answer.status_code == 422
        assert "too large" in answer.text


def test_a_link_in_a_zip_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo("case.yaml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(CaseError, match="no regular file"):
        read_upload("link.zip", stream.getvalue(), Limits())


def test_a_body_that_is_too_large_is_not_read(lone: Server) -> None:
    with lone.local() as client:
        assert upload(client, "large", "large.yaml", b"#" * 13_000_000).status_code == 413

        def endless() -> Iterator[bytes]:
            for _ in range(40):
                yield b"x" * 1_000_000

        headers = {"content-type": "application/json"}
        assert client.post("/api/v1/runs", content=endless(), headers=headers).status_code == 413


@pytest.mark.slow
def test_a_mistake_is_shown_at_its_line_and_nothing_is_lost(browser: Browser, lone: Server) -> None:
    with lone.local() as client:
        client.post("/api/v1/cases/two-sites/fork", json={"to": "edited"})
    page = browser.new_page()
    page.goto(f"{lone.address}/cases/edited/edit")
    text = page.get_by_label("two-sites/case.yaml")
    wrong = TWO_SITES.replace("cap: 1 bn CNY", "cap: 1")
    line = wrong[: wrong.index("cap: 1\n")].count("\n") + 1
    text.fill(wrong)
    page.get_by_role("button", name="Check and save").click()
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text(f"line {line}")
    expect(problem).to_contain_text("needs a unit")
    expect(text).to_have_value(wrong)
    problem.get_by_role("button").click()
    selected = page.evaluate("(() => { const t = document.getElementById('text'); "
                             "return t.value.slice(t.selectionStart, t.selectionEnd); })()")  # fmt: skip
    assert "cap: 1" in selected
    text.fill(TWO_SITES.replace("cap: 1 bn CNY", "cap: 3 bn CNY"))
    page.get_by_role("button", name="Check and save").click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
