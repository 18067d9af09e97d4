"""Explore a case: sliders whose state is the page's address, and the plan that follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from capexpand.errors import CaseError, InfeasibleError
from capexpand.reporting.charts.capacity import built_when
from capexpand.reporting.charts.drawing import Chart
from capexpand.reporting.charts.money import earnings, spending
from capexpand.reporting.sheet import embedded
from capexpand.web.access import RefusedError, Visitor
from capexpand.web.explore import Explored, Study
from capexpand.web.library import FoundCase
from capexpand.web.orders import read_changes
from capexpand.web.pages import page
from capexpand.web.routes.cases import Name, Number, Variant
from capexpand.web.saved import variant_yaml, with_variant
from capexpand.web.uploads import inside_names
from capexpand.web.visits import App, Application, Form, Known, field, heard, in_turn, needs

router = APIRouter(include_in_schema=False)


def asked_for(items: Sequence[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Return the changes in an address, without what names the case and without empty fields."""
    others = ("version", "variant", "csrf", "name", "title", "to")
    return [(key, value) for key, value in items if key not in others and isinstance(value, str) and value]


def study_of(
    app: Application, name: str, version: int | None, variant: str | None
) -> tuple[FoundCase, Study]:
    """Return a case ready to be explored.

    Raises:
        CaseError: it is wrong.
    """
    found = app.library.find(name, version)
    try:
        return found, app.explorer.study(found.file, variant or None)
    except CaseError as error:
        raise inside_names(error, found.folder) from None


@router.get("/explore/{name}")
def explore(
    name: Name, request: Request, app: App, who: Known, version: Number = None, variant: Variant = None
) -> Response:
    """Show sliders at the levels of the address; the plan follows by itself."""
    found, study = study_of(app, name, version, variant)
    asked = asked_for(request.query_params.multi_items())
    problems: Sequence[Any] = ()
    try:
        changes = study.read(asked)
    except CaseError as error:
        changes, problems = study.read([]), error.problems
    return page(
        "explore.html", who, 422 if problems else 200, case=found, loaded=study.case, variant=variant or "",
        assumptions=study.assumptions, changes=changes, problems=problems, query=request.url.query,
    )  # fmt: skip


@router.get("/explore/{name}/plan")
async def plan(
    name: Name, request: Request, app: App, who: Known, version: Number = None, variant: Variant = None
) -> Response:
    """Show the plan at the levels of the address, as the part of the page below the sliders."""
    return await in_turn(request, app, lambda: _plan(name, request, app, who, version, variant))


def _plan(
    name: str, request: Request, app: Application, who: Visitor, version: int | None, variant: str | None
) -> Response:
    found, study = study_of(app, name, version, variant)
    changes = study.read(asked_for(request.query_params.multi_items()))
    try:
        explored = study.explored(changes, heard(request))
    except InfeasibleError as error:
        return page(
            "infeasible_part.html", who, 422, conflict=error.conflict, changes=changes, case=found,
            remedies=study.remedies(changes), variant=variant or "",
        )  # fmt: skip
    except CaseError as error:
        raise inside_names(error, found.folder) from None
    below = tuple(_below(explored))
    return page(
        "plan_part.html", who, explored=explored, case=found, below=below,
        data=embedded((*explored.charts, *below), explored.quarters),
    )  # fmt: skip


@router.get("/explore/{name}/bracket")
async def bracket(
    name: Name, request: Request, app: App, who: Known, version: Number = None, variant: Variant = None
) -> Response:
    """Show bounds of the value at the levels of the address, while a slider moves."""

    def bounded() -> Response:
        _, study = study_of(app, name, version, variant)
        bounds = study.bracket(study.read(asked_for(request.query_params.multi_items())))
        return page("bracket_part.html", who, bounds=bounds)

    return await in_turn(request, app, bounded)


def _below(explored: Explored) -> Sequence[Chart]:
    context = explored.changed.context
    return (*built_when(context), *spending(context), *earnings(context))


@router.get("/explore/{name}/variant.yaml")
def as_yaml(
    name: Name, request: Request, app: App, who: Known, version: Number = None, variant: Variant = None
) -> Response:
    """Send the changes as a variant for the case file."""
    del who
    _, study = study_of(app, name, version, variant)
    changes = study.read(asked_for(request.query_params.multi_items()))
    text = variant_yaml("explored", changes)
    return Response(
        text,
        media_type="application/yaml",
        headers={"content-disposition": 'attachment; filename="variant.yaml"'},
    )


@router.post("/explore/{name}/variant", dependencies=[needs("planner")])
def save(name: Name, app: App, who: Known, form: Form) -> Response:
    """Add the changes to the case as a variant of its own."""
    found = app.library.find(name)
    if not found.editable_by(who):
        raise RefusedError(f"'{name}' is not yours to change; fork it first, then save the variant there")
    variant = field(form, "variant") or None
    study = app.explorer.study(found.file, variant)
    changes = study.read(read_changes(field(form, "changes", most=20_000)))
    files, main = app.library.files_of(found)
    title = field(form, "title", most=200).strip() or "Explored"
    to = field(form, "to", most=64).strip().lower()
    files[main] = with_variant(
        files[main].decode("utf-8-sig"), changes, name=to, title=title, case=study.case, on=variant
    ).encode()
    app.library.save(name, files, main, by=who, told=f"Variant {to} from exploring", new=False)
    return RedirectResponse(f"/explore/{name}?variant={to}", 303)
