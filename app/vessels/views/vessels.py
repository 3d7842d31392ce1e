"""Vessels: list, detail, create, edit, timeline; and those of one client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import Select
from sqlalchemy.orm import joinedload

from ...clients.models import Client
from ...current import member
from ...errors import Refused
from ...events.timeline import timeline
from ...fields.forms import with_custom
from ...fields.queries import facts_of
from ...formats import today
from ...forms import Form
from ...numbers import has_number
from ...once import once
from ...paging import stays_in_order
from ...web import find_or_404, go, kept_list, page, requires, said
from ..forms import NewVesselForm, VesselForm
from ..models import Taken, Vessel, documents_of, papers_of
from ..models.finding import LONGEST, suggested
from ..queries import (
    LATEST,
    filters_of,
    fleet_of,
    insurance_of,
    ownerships_of,
    seen,
    vessel_page,
    with_owner,
)
from . import PLACE, bp

T = TypeVar("T", bound=VesselForm)
SEES = ("clients.view", "clients.view_own")
RESTORE_FIRST = lazy_gettext("Restore the vessel before you change it.")


def by_number(number: int) -> Select[Vessel]:
    return with_owner(Vessel.visible_to(member).where(has_number(Vessel, number)))


def locked(number: int) -> Vessel:
    """The vessel, locked until the request ends: two editors take turns."""
    return find_or_404(by_number(number).with_for_update(of=Vessel))


def unarchived(vessel: Vessel) -> Vessel:
    """The vessel, unless it is put away: then it is not changed (409)."""
    if vessel.is_archived:
        url = url_for("vessels.show", number=vessel.number)
        raise Refused(_("%(name)s is archived.", name=vessel.name) + " " + RESTORE_FIRST, url=url, label=_("Open"))
    return vessel


def refusal(form: Form, vessel: Vessel) -> int | None:
    """The status with which the form is shown again, and nothing typed lost; None when it can be acted on."""
    return put_away(form, vessel) if form.validate() else 422


def put_away(form: Form, vessel: Vessel) -> int | None:
    if vessel.is_archived:
        form.form_errors = [_("Somebody archived this vessel meanwhile.") + " " + RESTORE_FIRST]
        return 409
    return None


def custom(form: type[T], *, is_kept: bool = False) -> type[T]:
    """The form with the fields that the port made up."""
    return with_custom(form, Vessel.resource, member.here().id, is_kept=is_kept)


def taken(form: VesselForm, act: Callable[[], object]) -> int | None:
    """Do it; 422 with the reason beside the number when another vessel has it, 409 beside the owner who was merged."""
    try:
        act()
    except Taken as error:
        form[error.field].errors = [words_of(error)]
        return 422
    except Refused as error:
        form.client.errors = [error.text]
        return 409
    return None


def words_of(error: Taken) -> str:
    """Which vessel has the number; only that one does where the member may not see it."""
    holder = seen(error.holder, member)
    if holder is None:
        return _("Another vessel here has it already.")
    return _("%(name)s (%(number)s) has it already.", name=holder.name, number=holder.number)


@bp.get(PLACE)
@requires(*SEES)
def index() -> ResponseReturnValue:
    filters, asked = filters_of(member), request.args.get("q", "").replace("\x00", "")
    return page(
        "vessels/index.html",
        follow=["vessels" if stays_in_order(filters) else "vessels:narrowed"],
        vessels=vessel_page(member, filters, asked),
        filters=filters,
        asked=asked,
        insurance_of=insurance_of,
    )


@bp.get("/<port>/clients/<int:number>/vessels")
@requires(*SEES)
def index_of_client(number: int) -> ResponseReturnValue:
    client = find_or_404(Client.numbered(number, member).options(joinedload(Client.owner)))
    rows, former = fleet_of(client)
    return page(
        "clients/vessels.html",
        follow=[f"client:{number}"],
        client=client,
        rows=rows,
        former=former,
        insurance_of=insurance_of,
    )


@bp.get(f"{PLACE}/choices")
@requires(*SEES)
def index_choices() -> ResponseReturnValue:
    """What a field for a vessel offers while somebody types."""
    typed = request.args.get("vessel", "").replace("\x00", "")[:LONGEST]
    found = suggested(member, typed) or Vessel.named(member, typed) if typed.strip() else []
    return render_template("vessels/_choices.html", vessels=found)


@bp.get(f"{PLACE}/new")
@requires("clients.create")
def new() -> ResponseReturnValue:
    """`?client=` names the owner, for links from a client's page."""
    form = custom(NewVesselForm)(formdata=None, data={"client": request.args.get("client", "")})
    if found := Client.named(member, form.client.data) if form.client.data else []:
        form.client.data = f"{found[0].full_name} · {found[0].number}"
    return page("vessels/new.html", form=form)


@bp.post(PLACE)
@requires("clients.create")
@once
def create() -> ResponseReturnValue:
    form = custom(NewVesselForm, is_kept=True)()
    if not form.validate():
        return page("vessels/new.html", 422, form=form)
    typed, made = form.values(), []
    owner = typed.pop("client") and form.client.record
    if status := taken(form, lambda: made.append(Vessel.create(owner, form.written(typed), by=member))):
        return page("vessels/new.html", status, form=form)
    said(_("%(name)s was added", name=made[0].name))
    return go("vessels.show", number=made[0].number)


@bp.get(f"{PLACE}/<int:number>")
@requires(*SEES)
def show(number: int) -> ResponseReturnValue:
    vessel = find_or_404(by_number(number))
    return page("vessels/show.html", follow=[f"vessel:{number}"], **detail(vessel))


def detail(vessel: Vessel) -> dict[str, Any]:
    """What the page shows: four statements beside the vessel's own, one of them for all cards."""
    documents = documents_of(vessel)
    return {
        "vessel": vessel,
        "custom": facts_of(vessel),
        "documents": documents,
        "papers": papers_of(documents, today()),
        "today": today(),
        "ownerships": ownerships_of(vessel),
        "timeline": timeline(vessel.subject_type, vessel.id, limit=LATEST),
    }


@bp.get(f"{PLACE}/<int:number>/edit")
@requires("clients.edit")
def edit(number: int) -> ResponseReturnValue:
    vessel = unarchived(find_or_404(by_number(number)))
    form = custom(VesselForm)(formdata=None, obj=vessel)
    form.open(vessel)
    return page("vessels/edit.html", vessel=vessel, form=form, clashes=[], merged=[])


@bp.put(f"{PLACE}/<int:number>")
@requires("clients.edit")
def update(number: int) -> ResponseReturnValue:
    vessel = locked(number)
    form = custom(VesselForm, is_kept=True)(obj=vessel)
    if status := refusal(form, vessel):
        return page("vessels/edit.html", status, vessel=vessel, form=form, clashes=[], merged=[])
    edit = form.compare(vessel)
    if edit.clashes:
        return page("vessels/edit.html", 409, vessel=vessel, form=form, clashes=edit.clashes, merged=edit.merged)
    if status := taken(form, lambda: vessel.update(form.written(edit.changes), by=member)):
        return page("vessels/edit.html", status, vessel=vessel, form=form, clashes=[], merged=[])
    said(edit.told(_("Vessel saved")))
    return go("vessels.show", number=number, list=kept_list())


@bp.get(f"{PLACE}/<int:number>/events")
@requires(*SEES)
def index_events(number: int) -> ResponseReturnValue:
    """The whole timeline, by pages."""
    vessel = find_or_404(by_number(number))
    entries = timeline(vessel.subject_type, vessel.id, limit=51, before=request.args.get("before", type=UUID))
    return page(
        "vessels/events.html",
        follow=[f"vessel:{number}"],
        vessel=vessel,
        timeline=entries[:50],
        older=entries[49].id if len(entries) > 50 else None,
    )
