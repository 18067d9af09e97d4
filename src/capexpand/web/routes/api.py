"""Everything that a page does, as JSON; described at ``/api/openapi.json``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from capexpand.api.checking import CheckedCase, check
from capexpand.api.chips import chips as look_up_chips
from capexpand.claims.joining import list_claims
from capexpand.claims.rules import find_contradictions
from capexpand.errors import InfeasibleError
from capexpand.files.json_text import JsonObject
from capexpand.reporting.serial import plain
from capexpand.web import access
from capexpand.web.changing import load_changed
from capexpand.web.explore import Bracketed
from capexpand.web.jobs import job_data
from capexpand.web.library import FoundCase
from capexpand.web.orders import Changed, Order
from capexpand.web.outcomes import Measure
from capexpand.web.routes.cases import Name, Number
from capexpand.web.routes.catalogue import rows_of
from capexpand.web.routes.explore import study_of
from capexpand.web.routes.runs import Day, JobNumber, expected_actuals, manifest_of, run_file
from capexpand.web.saved import variant_yaml
from capexpand.web.tables import Audit, User
from capexpand.web.uploads import keep_sent
from capexpand.web.visits import App, Application, Known, OwnCall, heard, in_turn, needs

_REFUSED: dict[int | str, JsonObject] = {
    400: {"description": "The request is not HTTP as it should be."},
    401: {"description": "Nobody is signed in, or the token is not known."},
    403: {"description": "The visitor's role does not allow it."},
    404: {"description": "There is no such thing."},
    409: {"description": "It stands in conflict with what is there."},
    413: {"description": "The body is too large."},
    422: {"description": "A problem with the case or the request; each with its place."},
    429: {"description": "Too many at a time."},
}

router = APIRouter(prefix="/api/v1", responses=_REFUSED)

VariantName = Annotated[str | None, Query(pattern=r"^[a-zA-Z0-9_.-]{1,100}$")]
FilePath = Annotated[str, Field(min_length=1, max_length=200)]


class Body(BaseModel):
    """A JSON object without other fields."""

    model_config = ConfigDict(extra="forbid")


class NewCase(Body):
    """A case to save: its files by their paths; the case file is ``main``."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    files: Annotated[dict[FilePath, str], Field(min_length=1, max_length=200)]
    main: FilePath = "case.yaml"
    note: Annotated[str, Field(max_length=300)] = ""


class ChangedFiles(Body):
    """The files of a case in a new state; ``over`` is the number of the state that was edited."""

    files: Annotated[dict[FilePath, str], Field(min_length=1, max_length=200)]
    main: FilePath = "case.yaml"
    over: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    note: Annotated[str, Field(max_length=300)] = ""


class Fork(Body):
    """The name of the copy."""

    to: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class Question(Body):
    """Other assumptions of a case: names and levels with their units, as in the address of the page."""

    version: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    variant: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.-]{1,100}$")] | None = None
    changes: Changed = []


class NewUser(Body):
    """A user to add, or to give another role and password."""

    name: Annotated[str, Field(max_length=64)]
    role: access.Role
    password: Annotated[str, Field(max_length=1000)]
    quota: Annotated[int, Field(ge=0, le=10_000)] | None = None


def _case_data(case: FoundCase, who: access.Visitor) -> JsonObject:
    return {
        "name": case.name,
        "title": case.title,
        "owner": case.owner,
        "version": case.version,
        "latest": case.latest,
        "saved_at": case.at or None,
        "author": case.author,
        "forked_from": case.forked_from,
        "main": case.main,
        "editable": case.editable_by(who),
    }


@router.get("/me")
def me(who: Known) -> JsonObject:
    """Who you are to the server, and what a page of yours sends with a change."""
    return {"name": who.name, "role": who.role, "csrf": who.csrf}


@router.get("/cases")
def cases(app: App, who: Known) -> list[JsonObject]:
    """List all cases."""
    return [_case_data(one, who) for one in app.library.all()]


@router.get("/cases/{name}")
def case(name: Name, app: App, who: Known, version: Number = None) -> JsonObject:
    """Describe a case: its variants, files and history."""
    found = app.library.find(name, version)
    loaded = load_changed(found.file)
    return {
        **_case_data(found, who),
        "description": loaded.description,
        "as_of": str(loaded.as_of),
        "currency": loaded.currency,
        "variants": {key: one.title for key, one in loaded.variants.items()},
        "files": app.library.texts(found),
        "history": [
            {"version": one.number, "author": one.author, "at": one.at, "note": one.note}
            for one in app.library.history(name)
        ],
    }


@router.post("/cases", status_code=201, dependencies=[OwnCall])
def add_case(body: NewCase, app: App, who: Known) -> JsonObject:
    """Save a new case once it was checked."""
    files = {path: text.encode() for path, text in body.files.items()}
    saved = app.library.save(
        body.name, files, body.main, by=who, told=body.note or "Added by the API", new=True
    )
    return _case_data(saved, who)


@router.put("/cases/{name}", dependencies=[OwnCall])
def change_case(name: Name, body: ChangedFiles, app: App, who: Known) -> JsonObject:
    """Save a new state of a case once it was checked."""
    app.library.find(name)
    files = {path: text.encode() for path, text in body.files.items()}
    saved = app.library.save(
        name, files, body.main, by=who, told=body.note or "Changed by the API", new=False, over=body.over
    )
    return _case_data(saved, who)


@router.delete("/cases/{name}", status_code=204, dependencies=[OwnCall])
def remove_case(name: Name, app: App, who: Known) -> Response:
    """Remove a case with its history; its runs stay."""
    app.library.remove(name, by=who)
    return Response(status_code=204)


@router.post("/cases/{name}/fork", status_code=201, dependencies=[OwnCall])
def fork(name: Name, body: Fork, app: App, who: Known) -> JsonObject:
    """Copy a case under another name."""
    return _case_data(app.library.fork(app.library.find(name), body.to, by=who), who)


@router.get("/cases/{name}/check")
def check_case(
    name: Name, app: App, who: Known, version: Number = None, variant: VariantName = None
) -> JsonObject:
    """Return every number of a case as it is understood, with its unit and source."""
    del who
    found = app.library.find(name, version)
    checked: CheckedCase = check(found.file, variant)
    return {**checked.document, "files": list(app.library.texts(found))}


@router.get("/cases/{name}/assumptions")
def assumptions(
    name: Name, app: App, who: Known, version: Number = None, variant: VariantName = None
) -> JsonObject:
    """List the assumptions that can be explored, with their units and ranges."""
    del who
    _, study = study_of(app, name, version, variant)
    return {
        "sliders": [
            {
                "name": one.name, "title": one.title, "group": one.group, "remark": one.remark,
                "unit": one.unit, "stated": one.text(one.stated), "low": one.text(one.low),
                "high": one.text(one.high), "most": one.text(one.most),
            }
            for one in study.assumptions.sliders
        ],
        "switches": [{"name": one.name, "title": one.title} for one in study.assumptions.switches],
    }  # fmt: skip


@router.post("/cases/{name}/explore", dependencies=[OwnCall])
async def explore(name: Name, body: Question, request: Request, app: App, who: Known) -> JsonObject:
    """Return the plan under other assumptions, beside that of the case as declared."""
    del who
    return await in_turn(request, app, lambda: _explored(name, body, app, heard(request)))


def _explored(name: str, body: Question, app: Application, listening: Callable[[], None]) -> JsonObject:
    found, study = study_of(app, name, body.version, body.variant)
    changes = study.read(body.changes)
    try:
        explored = study.explored(changes, listening)
    except InfeasibleError as error:
        smallest = [
            {"title": one.title, "now": one.now, "level": one.level, "changes": one.query}
            for one in study.remedies(changes)
        ]
        return {
            "feasible": False,
            "changes": changes.words,
            "conflict": list(error.conflict),
            "smallest_changes": smallest,
        }
    labels = explored.changed.context.labels
    return {
        "feasible": True,
        "case": found.name,
        "changes": changes.words,
        "figures": [
            {
                "name": one.key, "title": one.title, "base": _measure(one.base),
                "changed": _measure(one.changed), "difference": one.words,
            }
            for one in explored.differences
        ],
        "quarters": labels,
        "series": {
            key: {"base": _numbers(explored.base.series[key]), "changed": _numbers(values)}
            for key, values in explored.changed.series.items()
        },
        "variant": variant_yaml("explored", changes) if changes else None,
    }  # fmt: skip


@router.post("/cases/{name}/bracket", dependencies=[OwnCall])
async def bracket(name: Name, body: Question, request: Request, app: App, who: Known) -> JsonObject:
    """Return certified bounds of the plan's present value, once the case was explored, without planning."""
    del who

    def bounded() -> Bracketed:
        _, study = study_of(app, name, body.version, body.variant)
        return study.bracket(study.read(body.changes))

    found = await in_turn(request, app, bounded)
    return {
        "lower": found.bracket.lower,
        "upper": found.bracket.upper,
        "declared": found.declared,
        "unit": f"mn {found.currency}",
    }


def _measure(one: Measure) -> JsonObject:
    return {"value": one.value, "unit": one.unit, "text": one.text}


def _numbers(values: Any) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]


@router.get("/runs")
def runs(app: App, who: Known, most: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[JsonObject]:
    """List the runs, the latest first."""
    del who
    return [job_data(job) for job in app.jobs.latest(most)]


@router.post("/runs", status_code=201, dependencies=[OwnCall])
def start(order: Order, app: App, who: Known) -> JsonObject:
    """Queue a run."""
    return job_data(app.jobs.find(app.jobs.queue(order, who)))


@router.post(
    "/files", status_code=201, dependencies=[needs("planner"), OwnCall],
    openapi_extra={"requestBody": {"required": True, "content": {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
    }}},
)  # fmt: skip
async def send_file(
    request: Request, app: App, name: Annotated[str, Query(min_length=1, max_length=200)]
) -> JsonObject:
    """Send a file for a run: what happened, for a roll, or the trace of a replay; name it as ``sent``."""
    content = await request.body()
    return {"sent": await run_in_threadpool(keep_sent, app.settings, name, content)}


@router.get("/runs/{number}/actuals.csv", response_class=Response)
async def actuals(number: JobNumber, request: Request, app: App, who: Known, as_of: Day = None) -> Response:
    """Return the table that a run expects on a day, to be filled with what happened and sent for a roll."""
    del who
    return await in_turn(request, app, lambda: expected_actuals(app, number, as_of))


@router.get("/runs/{number}")
def run(number: JobNumber, app: App, who: Known) -> JsonObject:
    """Describe a run: how far it is, or its key figures and answers."""
    del who
    return job_data(app.jobs.find(number))


@router.get("/runs/{number}/log")
def log(
    number: JobNumber, app: App, who: Known, after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0
) -> list[JsonObject]:
    """Return the lines of a run's log behind one of them."""
    del who
    app.jobs.find(number)
    return [
        {"id": one.id, "at": one.at, "text": one.text, "data": one.data}
        for one in app.jobs.events(number, after)
    ]


@router.post("/runs/{number}/cancel", dependencies=[OwnCall])
def cancel(number: JobNumber, app: App, who: Known) -> JsonObject:
    """Cancel a run."""
    app.jobs.cancel(number, who)
    return job_data(app.jobs.find(number))


@router.get("/runs/{number}/files")
def files(number: JobNumber, app: App, who: Known) -> JsonObject:
    """List the files of a run with their SHA-256."""
    del who
    return manifest_of(app.jobs.run_folder(app.jobs.find(number))).get("files", {})


@router.get("/runs/{number}/files/{path:path}", response_class=Response)
def one_file(number: JobNumber, path: Annotated[str, Path(max_length=300)], app: App, who: Known) -> Response:
    """Send a file of a run."""
    del who
    return run_file(app, app.jobs.find(number), path, download=True)


@router.get("/catalogue/{table}")
def catalogue(table: Annotated[str, Path(max_length=60)], who: Known, on: Day = None) -> list[JsonObject]:
    """Return a table of the catalogue, as it was known on a day."""
    del who
    return rows_of(table, on)[1]


@router.get("/chips")
def chips(
    who: Known,
    name: Annotated[str | None, Query(max_length=100)] = None,
    on: Day = None,
    to: Annotated[str | None, Query(pattern=r"^[A-Z]{2}$")] = None,
) -> JsonObject:
    """Return accelerators as known on a day, the rules that reach each, and whether a sale is allowed."""
    del who
    return dict(look_up_chips(name, on=on, to=to).document)


@router.get("/claims")
def claims(
    who: Known, company: Annotated[str | None, Query(max_length=100)] = None, on: Day = None
) -> JsonObject:
    """Return published claims, and where they contradict each other."""
    del who
    found = list_claims(company=company, on=on)
    return {
        "claims": [plain(one) for one in found],
        "contradictions": [plain(one) for one in find_contradictions(found)],
    }


@router.get("/users", dependencies=[needs("admin")])
def users(app: App) -> list[JsonObject]:
    """List the users."""
    with app.store.reading() as session:
        found = session.scalars(select(User).order_by(User.name)).all()
    return [{"name": one.name, "role": one.role, "quota": one.quota, "made_at": one.made_at} for one in found]


@router.post("/users", status_code=201, dependencies=[needs("admin"), OwnCall])
def add_user(body: NewUser, app: App, who: Known) -> JsonObject:
    """Add a user, or give one another role and password."""
    access.add_user(app.store, body.name, body.role, body.password, by=who.name)
    if body.quota is not None:
        access.set_quota(app.store, body.name, body.quota, by=who.name)
    return {"name": body.name, "role": body.role, "quota": body.quota}


@router.delete("/users/{name}", status_code=204, dependencies=[needs("admin"), OwnCall])
def remove_user(name: Annotated[str, Path(max_length=64)], app: App, who: Known) -> Response:
    """Remove a user."""
    access.remove_user(app.store, name, by=who.name)
    return Response(status_code=204)


@router.get("/audit", dependencies=[needs("admin")])
def audit(app: App, most: Annotated[int, Query(ge=1, le=5000)] = 200) -> list[JsonObject]:
    """Return the latest lines of the audit log."""
    with app.store.reading() as session:
        found = session.scalars(select(Audit).order_by(Audit.id.desc()).limit(most)).all()
    return [{"at": one.at, "user": one.user, "action": one.action, "subject": one.subject} for one in found]
