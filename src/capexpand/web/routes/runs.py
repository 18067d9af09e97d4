"""Runs as jobs: queued, followed live, cancelled, cloned, compared; their reports and files."""

from __future__ import annotations

import asyncio
import json
import mimetypes
import tempfile
from collections.abc import AsyncGenerator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, RedirectResponse, Response, StreamingResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from capexpand.errors import CaseError
from capexpand.files import read_text
from capexpand.files.json_text import JsonObject
from capexpand.runs.folder import MANIFEST, MANIFEST_LIMIT_BYTES
from capexpand.web.access import RefusedError
from capexpand.web.gate import REPORTS
from capexpand.web.jobs import OPEN, kind_title, order_of
from capexpand.web.orders import OWN, PLANS, Order, read_changes
from capexpand.web.pages import page
from capexpand.web.tables import Job
from capexpand.web.uploads import inside_names, keep_sent
from capexpand.web.visits import App, Application, Form, Known, in_turn, needs

router = APIRouter(include_in_schema=False)

JobNumber = Annotated[str, InPath(pattern=r"^[0-9a-f]{16}$")]

Day = Annotated[date | None, Query(ge=date(1990, 1, 1), le=date(2200, 12, 31))]

POLL_SECONDS = 0.4


@router.get("/runs")
def runs(app: App, who: Known) -> Response:
    """Show the runs, the latest first."""
    return page("runs.html", who, jobs=app.jobs.latest(), kind_title=kind_title)


@router.post("/runs", dependencies=[needs("planner")])
def start(app: App, who: Known, form: Form) -> Response:
    """Queue a run."""
    order = order_from(form)
    file = form.get("file")
    if order.kind in OWN["sent"] and isinstance(file, UploadFile) and file.filename:
        sent = keep_sent(app.settings, file.filename, file.file.read())
        order = order.model_copy(update={"sent": sent})
    number = app.jobs.queue(order, who)
    return RedirectResponse(f"/runs/{number}", 303)


def order_from(form: FormData) -> Order:
    """Return the order that a form asks for.

    Raises:
        RefusedError: a field is wrong.
    """
    fields: JsonObject = {
        key: value
        for key, value in form.items()
        if key in Order.model_fields and isinstance(value, str) and value
    }
    fields["changes"] = read_changes(fields.get("changes", ""))
    for name in ("others", "vary"):
        fields[name] = [one.strip() for one in form.getlist(name) if isinstance(one, str) and one.strip()]
    for name, kinds in OWN.items():  # one form serves every kind of run
        if fields.get("kind", "plan") not in kinds:
            fields.pop(name, None)
    try:
        return Order.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise RefusedError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", 422) from None


@router.get("/runs/{number}")
def run(number: JobNumber, app: App, who: Known) -> Response:
    """Show a run: how far it is, or its result."""
    job = app.jobs.find(number)
    order = order_of(job)
    events = app.jobs.events(number)
    points = [one.data for one in events if one.data and "iteration" in one.data]
    return page(
        "run.html", who, points=points, job=job, order=order, kind=kind_title(job), events=events,
        open=job.state in OPEN,
        may_cancel=job.state in OPEN and who.may("planner") and (job.owner == who.name or who.may("admin")),
        files=_files(app, job) if job.run else {}, explore=_explore(job, order),
        changes=json.dumps(order.changes), goes_on=job.state == "done" and job.kind in PLANS,
    )  # fmt: skip


def _explore(job: Job, order: Order) -> str:
    """The address at which a run's case is explored; a rolled one has a case of its own."""
    if job.kind == "roll" and job.run:
        return f"/explore/run-{job.id}"
    back = {"variant": order.variant, "version": order.version}
    query = [(key, value) for key, value in back.items() if value] + [tuple(one) for one in order.changes]
    return f"/explore/{order.case}" + (f"?{urlencode(query)}" if query else "")


def _files(app: Application, job: Job) -> dict[str, str]:
    return manifest_of(app.jobs.run_folder(job)).get("files", {})


def manifest_of(folder: Path) -> Mapping[str, Any]:
    """Return the manifest of a run's folder."""
    return json.loads(read_text(folder / MANIFEST, MANIFEST_LIMIT_BYTES))


@router.get("/runs/{number}/actuals.csv")
async def actuals(number: JobNumber, request: Request, app: App, who: Known, as_of: Day = None) -> Response:
    """Send the table that a run expects on a day, to be filled with what happened and sent for a roll."""
    del who
    return await in_turn(request, app, lambda: expected_actuals(app, number, as_of))


def expected_actuals(app: Application, number: str, as_of: date | None) -> Response:
    """Return the table that a run expects on a day, as CSV.

    Raises:
        RefusedError: there is no such run, or no result of it.
        CaseError: on that day no quarter is over, or the run holds no plan.
    """
    from capexpand.api.questions import roll

    folder = app.jobs.run_folder(app.jobs.find(number))
    with tempfile.TemporaryDirectory(prefix="capexpand-") as made:
        file = Path(made) / "actuals.csv"
        try:
            roll(folder, as_of=as_of, template=file)
        except CaseError as error:
            raise inside_names(error, folder) from None
        content = file.read_bytes()
    headers = {"content-disposition": 'attachment; filename="actuals.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/runs/{number}/cancel", dependencies=[needs("planner")])
def cancel(number: JobNumber, app: App, who: Known, form: Form) -> Response:
    """Cancel a run."""
    del form
    app.jobs.cancel(number, who)
    return RedirectResponse(f"/runs/{number}", 303)


@router.get("/runs/{number}/events")
async def events(number: JobNumber, request: Request, app: App, who: Known, after: int = 0) -> Response:
    """Send the lines of a run's log as they come, until it has ended."""
    del who
    last = request.headers.get("last-event-id", "")
    start_at = max(0, min(int(last) if last.isdecimal() and len(last) < 12 else after, 2**31 - 1))
    await run_in_threadpool(app.jobs.find, number)
    return StreamingResponse(
        _stream(app, number, start_at, request),
        media_type="text/event-stream",
        headers={"x-accel-buffering": "no"},
    )


async def _stream(app: Application, number: str, after: int, request: Request) -> AsyncGenerator[str]:
    said = ""
    while not await request.is_disconnected():
        job = await run_in_threadpool(app.jobs.find, number)
        for one in await run_in_threadpool(app.jobs.events, number, after):
            after = one.id
            yield _event("line", {"at": one.at, "text": one.text, "data": one.data}, one.id)
        state = json.dumps({"state": job.state, "message": job.message})
        if state != said:
            said = state
            yield f"event: state\ndata: {state}\n\n"
        if job.state not in OPEN:
            return
        await asyncio.sleep(POLL_SECONDS)


def _event(kind: str, data: Mapping[str, Any], number: int) -> str:
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"


@router.get("/runs/{number}/files/{path:path}")
def file(
    number: JobNumber, path: str, app: App, who: Known, *, download: Annotated[bool, Query()] = False
) -> Response:
    """Send a file of a run: the report, a table, a chart with its data, the case's copy."""
    del who
    return run_file(app, app.jobs.find(number), path, download=download)


def run_file(app: Application, job: Job, path: str, *, download: bool) -> Response:
    """Send a file of a run.

    Raises:
        RefusedError: the run has no such file.
    """
    folder = app.jobs.run_folder(job)
    if path not in {*manifest_of(folder).get("files", {}), MANIFEST}:
        raise RefusedError(f"the run has no file '{path[:100]}'", 404)
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    headers = {"cache-control": "private, max-age=86400"}
    if path.endswith(".html"):
        headers["content-security-policy"] = REPORTS
    case, name = job.order.get("case", "run"), path.rpartition("/")[2]
    sent = f"{case}-{name}" if download or kind != "text/html" else None
    return FileResponse(folder / path, media_type=kind, headers=headers, filename=sent)


@router.get("/compare")
def diff(app: App, who: Known, first: str = "", second: str = "") -> Response:
    """Show two runs side by side, figure by figure."""
    jobs = [job for job in app.jobs.latest() if job.state == "done"]
    chosen = [app.jobs.find(number) if number else None for number in (first, second)]
    if not any(chosen):  # the two that were made last are offered
        chosen = [*jobs[1::-1], None, None][:2]
    rows: list[tuple[str, str, str]] = []
    if all(chosen):
        one, other = (
            {row[0]: row[1] for row in (job.summary or {}).get("figures", [])} for job in chosen if job
        )
        rows = [
            (title, one.get(title, "–"), other.get(title, "–")) for title in dict.fromkeys((*one, *other))
        ]
    return page("compare.html", who, jobs=jobs, chosen=chosen, rows=rows, kind_title=kind_title)
