"""The pages of cases: the list, one case, upload, edit, fork, history."""

from __future__ import annotations

import difflib
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from capexpand.errors import CaseError
from capexpand.web.access import RefusedError, Visitor
from capexpand.web.changing import load_changed
from capexpand.web.library import FoundCase
from capexpand.web.making import has_excel
from capexpand.web.orders import ABOUT, FROM_A_RUN, TITLES
from capexpand.web.pages import page
from capexpand.web.saved import with_settings
from capexpand.web.uploads import changed_in_workbook, inside_names, path_problem, read_upload
from capexpand.web.visits import App, Application, Form, Known, field, needs

router = APIRouter(include_in_schema=False)

Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Number = Annotated[int | None, Query(ge=0, le=1_000_000)]
Variant = Annotated[str | None, Query(max_length=100)]


@router.get("/")
def home(app: App, who: Known) -> Response:
    """Show all cases and the latest runs."""
    return page("home.html", who, cases=app.library.all(), jobs=app.jobs.latest(6))


@router.get("/cases/{name}")
def case(name: Name, app: App, who: Known, version: Number = None) -> Response:
    """Show a case: its variants, runs, files and history."""
    found = app.library.find(name, version)
    loaded = load_changed(found.file)
    app.explorer.prepare(found.file)  # who reads about a case explores it next
    return page(
        "case.html", who, case=found, loaded=loaded, history=app.library.history(name),
        jobs=app.jobs.latest(8, case=name), about=ABOUT,
        kinds={kind: title for kind, title in TITLES.items() if kind not in FROM_A_RUN},
        excel=has_excel(), texts=app.library.texts(found),
        others=[one for one in app.library.all() if one.name != name],
    )  # fmt: skip


@router.get("/new", dependencies=[needs("planner")])
def new_page(who: Known) -> Response:
    """Show the forms that start a case."""
    return page("new.html", who, problems=(), name="")


@router.post("/new", dependencies=[needs("planner")])
def new(app: App, who: Known, form: Form) -> Response:
    """Start a case from an upload, or from the starter."""
    name = field(form, "name").strip().lower()
    try:
        files, main, told = _sent(app, form)
        saved = app.library.save(name, files, main, by=who, told=told, new=True)
    except CaseError as error:
        shown = inside_names(error, app.settings.home)
        return page("new.html", who, 422, problems=shown.problems, name=name)
    return RedirectResponse(f"/cases/{saved.name}", 303)


def _sent(app: Application, form: FormData) -> tuple[dict[str, bytes], str, str]:
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        content = file.file.read(app.settings.limits.upload_bytes + 1)
        files, main = read_upload(file.filename, content, app.settings.limits)
        return files, main, f"Uploaded {file.filename[:100]}"
    from importlib.resources import files as packaged

    return (
        {"case.yaml": packaged("capexpand.case").joinpath("starter.yaml").read_bytes()},
        "case.yaml",
        "Started",
    )


@router.get("/cases/{name}/changes")
def changes(name: Name, app: App, who: Known, to: Number = None, since: Number = None) -> Response:
    """Show what changed from one state of a case to another, line by line."""
    later = app.library.find(name, to)
    earlier = app.library.find(name, max(later.version - 1, 1) if since is None else since)
    before, after = (app.library.texts(one) for one in (earlier, later))
    parts = [
        (file, lines)
        for file in sorted({*before, *after})
        if (lines := _changed_lines(before.get(file, ""), after.get(file, "")))
    ]
    return page(
        "changes.html", who, case=later, earlier=earlier, parts=parts, history=app.library.history(name)
    )


def _changed_lines(before: str, after: str) -> list[tuple[str, str]]:
    """Each line that was taken out, added or stands near one, with its sign."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), n=3, lineterm="")
    return [(line[:1], line[1:]) for line in list(found)[2:]]


@router.get("/cases/{name}/workbook.xlsx")
def workbook(name: Name, app: App, who: Known, version: Number = None) -> Response:
    """Send a case as an input workbook, to be edited with a spreadsheet program and uploaded again."""
    from capexpand.case.plain_document import merged_document
    from capexpand.workbook.form import form_bytes

    del who
    if not has_excel():
        raise RefusedError(
            "the packages for workbooks are not installed on this server: capexpand[excel]", 501
        )
    found = app.library.find(name, version)
    return Response(
        form_bytes(merged_document(found.file, found.file.parent)),
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"content-disposition": f'attachment; filename="{name}.xlsx"'},
    )


@router.post("/cases/{name}/workbook", dependencies=[needs("planner")])
def from_workbook(name: Name, app: App, who: Known, form: Form) -> Response:
    """Make a variant of the inputs that somebody changed in the workbook of a run of this case."""
    found = _editable(app, who, name)
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise RefusedError("choose the workbook of a run of this case", 422)
    content = file.file.read(app.settings.limits.upload_bytes + 1)
    if len(content) > app.settings.limits.upload_bytes:
        raise RefusedError("the workbook is larger than an upload may be", 413)
    to = field(form, "to", most=64).strip().lower()
    try:
        changed = changed_in_workbook(file.filename, content, found.file)
        files, main = app.library.files_of(found)
        files[main] = with_settings(
            files[main].decode("utf-8-sig"),
            changed.settings,
            name=to,
            on=changed.variant,
            title=f"Inputs changed in {file.filename[:100]}",
            case=load_changed(found.file),
        ).encode()
        app.library.save(name, files, main, by=who, told=f"Variant {to} from a workbook", new=False)
    except CaseError as error:
        raise inside_names(error, app.settings.home) from None
    return RedirectResponse(f"/explore/{name}?variant={to}", 303)


@router.post("/cases/{name}/fork", dependencies=[needs("planner")])
def fork(name: Name, app: App, who: Known, form: Form) -> Response:
    """Copy a case under another name."""
    copied = app.library.fork(app.library.find(name), field(form, "to").strip().lower(), by=who)
    return RedirectResponse(f"/cases/{copied.name}", 303)


@router.post("/cases/{name}/remove", dependencies=[needs("planner")])
def remove(name: Name, app: App, who: Known, form: Form) -> Response:
    """Remove a case."""
    del form
    app.library.remove(name, by=who)
    return RedirectResponse("/", 303)


@router.get("/cases/{name}/edit")
def edit_page(name: Name, app: App, who: Known, file: str | None = None) -> Response:
    """Show a file of a case to be edited."""
    found = _editable(app, who, name)
    texts = app.library.texts(found)
    chosen = file if file in texts else found.main
    return page(
        "edit.html", who, case=found, files=list(texts), file=chosen, text=texts[chosen], problems=(),
        told="", over=found.version,
    )  # fmt: skip


def _editable(app: Application, who: Visitor, name: str) -> FoundCase:
    found = app.library.find(name)
    if not found.editable_by(who):
        why = "comes with capexpand" if found.shipped else f"belongs to {found.owner}"
        raise RefusedError(f"'{name}' {why}; fork it to change it")
    return found


@router.post("/cases/{name}/edit", dependencies=[needs("planner")])
def edit(name: Name, app: App, who: Known, form: Form) -> Response:
    """Save a file of a case, or show what is wrong with it beside the text."""
    found = _editable(app, who, name)
    file = field(form, "file", most=300)
    text = field(form, "text", most=app.settings.limits.upload_bytes).replace("\r\n", "\n")
    told, over = field(form, "told", most=300).strip(), field(form, "over")
    files, main = app.library.files_of(found)
    sent = form.get("table")
    if isinstance(sent, UploadFile) and sent.filename:
        problem = path_problem(sent.filename)
        if problem:
            raise RefusedError(f"'{sent.filename[:100]}' {problem}", 422)
        folder = main.rpartition("/")[0]
        files[f"{folder}/{sent.filename}" if folder else sent.filename] = sent.file.read()
    if file not in files:
        raise RefusedError(f"the case has no file '{file[:100]}'", 422)
    files[file] = text.encode()
    try:
        app.library.save(
            name, files, main, by=who, told=told or "Edited", new=False,
            over=int(over) if over.isdecimal() else None,
        )  # fmt: skip
    except CaseError as error:
        shown = inside_names(error, app.settings.home)
        return page(
            "edit.html", who, 422, case=found, files=list(app.library.texts(found)), file=file, text=text,
            problems=shown.problems, told=told, over=over,
        )  # fmt: skip
    return RedirectResponse(f"/cases/{name}", 303)
