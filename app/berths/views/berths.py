"""Berths: list, detail, create, edit, timeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import Select

from ...current import member
from ...errors import Refused
from ...events.timeline import timeline
from ...fields.forms import with_custom
from ...fields.queries import facts_of
from ...formats import today
from ...forms import EditForm, Form
from ...numbers import has_number
from ...once import once
from ...paging import stays_in_order
from ...prices.models import price_table
from ...saved_views.views import default_opened, looks
from ...tags.forms import AddTagForm
from ...web import find_or_404, go, kept_list, page, requires, said
from ..forms import BerthForm, StatusForm
from ..listing import BERTHS, filters_with
from ..models import Berth, Place, Taken
from ..queries import berth_page, docks_by_harbour, suggested_count, tags_there_are, with_place
from ..record import beside
from ..wanted import Wanted
from . import bp

PLACE = "/<port>/berths"
RESTORE_FIRST = lazy_gettext("Restore it before you change it.")


def by_number(number: int) -> Select[Berth]:
    return with_place(Berth.visible_to(member).where(has_number(Berth, number)))


def locked(number: int) -> Berth:
    """The berth, locked until the request ends: two editors take turns."""
    return find_or_404(by_number(number).with_for_update(of=Berth))


def unarchived(place: Place, endpoint: str) -> None:
    """Raises Refused where it is put away: then it is not changed."""
    if place.is_archived:
        url = url_for(endpoint, number=place.number)
        raise Refused(_("%(name)s is archived.", name=place.called) + " " + RESTORE_FIRST, url=url, label=_("Open"))


def custom(*, is_kept: bool = False) -> type[BerthForm]:
    """The form with the fields that the port made up."""
    return with_custom(BerthForm, Berth.resource, member.here().id, is_kept=is_kept)


def refusal(form: Form, place: Place) -> int | None:
    """The status with which the form is shown again, and nothing typed lost; None when it can be acted on."""
    if not form.validate():
        return 422
    if place.is_archived:
        form.form_errors = [_("Somebody archived it meanwhile.") + " " + RESTORE_FIRST]
        return 409
    return None


def taken(form: EditForm, field: str, act: Callable[[], object]) -> int | None:
    """Do it; 422 with the reason beside the name when another place has it."""
    try:
        act()
    except Taken as error:
        form[field].errors = [words_of(error)]
        return 422
    return None


def words_of(error: Taken) -> str:
    if error.holder is None:
        return _("Another one is called so already.")
    return _("%(name)s is there already.", name=error.holder.called)


@bp.get(PLACE)
@requires("berths.view")
def index() -> ResponseReturnValue:
    """`?fits=` a vessel or a size, as on the map."""
    if opened := default_opened(BERTHS):
        return opened
    docks, asked = docks_by_harbour(member), request.args.get("q", "").replace("\x00", "")
    wanted = Wanted(request.args.get("fits", ""))
    filters = filters_with(docks, wanted, member)
    return page(
        "berths/index.html",
        follow=["berths" if stays_in_order(filters) else "berths:narrowed"],
        berths=berth_page(member, filters, asked, fitting=wanted.conditions()),
        filters=filters,
        asked=asked,
        harbours=list(docks),
        wanted=wanted,
        suggested=suggested_count(member.here().id),
        **looks(BERTHS),
    )


@bp.get(f"{PLACE}/new")
@requires("berths.edit")
def new() -> ResponseReturnValue:
    """`?dock=` names the dock, for links from the page of harbours."""
    form = custom()(formdata=None, data={"dock_id": request.args.get("dock", "")})
    return page("berths/new.html", form=form)


@bp.post(PLACE)
@requires("berths.edit")
@once
def create() -> ResponseReturnValue:
    form, made = custom(is_kept=True)(), []
    if not form.validate():
        return page("berths/new.html", 422, form=form)
    fields = form.written(form.values())
    if status := taken(form, "code", lambda: made.append(Berth.create(fields, port_id=member.here().id, by=member))):
        return page("berths/new.html", status, form=form)
    said(_("Berth %(name)s was added", name=made[0].code))
    return go("berths.show", number=made[0].number)


@bp.get(f"{PLACE}/<int:number>")
@requires("berths.view")
def show(number: int) -> ResponseReturnValue:
    return show_page(find_or_404(by_number(number)))


def show_page(berth: Berth, status: int = 200, **forms: Any) -> ResponseReturnValue:
    """The detail page, also as the answer of a form on it that was refused."""
    return page("berths/show.html", status, follow=[f"berth:{berth.number}", "berths:many"], **(detail(berth) | forms))


def detail(berth: Berth) -> dict[str, Any]:
    return {
        "berth": berth,
        **beside(berth),
        "custom": facts_of(berth),
        "offered": tags_there_are(berth.port_id) if member.can("berths.edit") else [],
        "tag_form": AddTagForm(formdata=None),
        "prices": price_table(berth, on=today()),
        "form": StatusForm(formdata=None, data={"status": berth.status}),
    }


@bp.get(f"{PLACE}/<int:number>/edit")
@requires("berths.edit")
def edit(number: int) -> ResponseReturnValue:
    berth = find_or_404(by_number(number))
    unarchived(berth, "berths.show")
    form = custom()(formdata=None, obj=berth)
    form.open(berth)
    return page("berths/edit.html", berth=berth, form=form, clashes=[], merged=[])


@bp.put(f"{PLACE}/<int:number>")
@requires("berths.edit")
def update(number: int) -> ResponseReturnValue:
    berth = locked(number)
    form = custom(is_kept=True)(obj=berth)
    if status := refusal(form, berth):
        return page("berths/edit.html", status, berth=berth, form=form, clashes=[], merged=[])
    edit = form.compare(berth)
    if edit.clashes:
        return page("berths/edit.html", 409, berth=berth, form=form, clashes=edit.clashes, merged=edit.merged)
    if status := taken(form, "code", lambda: berth.update(form.written(edit.changes), by=member)):
        return page("berths/edit.html", status, berth=berth, form=form, clashes=[], merged=[])
    said(edit.told(_("Berth saved")))
    return go("berths.show", number=number, list=kept_list())


@bp.get(f"{PLACE}/<int:number>/events")
@requires("berths.view")
def index_events(number: int) -> ResponseReturnValue:
    """The whole timeline, by pages."""
    berth = find_or_404(by_number(number))
    entries = timeline(berth.subject_type, berth.id, limit=51, before=request.args.get("before", type=UUID))
    return page(
        "berths/events.html",
        follow=[f"berth:{number}", "berths:many"],
        berth=berth,
        timeline=entries[:50],
        older=entries[49].id if len(entries) > 50 else None,
    )
