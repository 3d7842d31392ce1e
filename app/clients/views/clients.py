"""Clients: list, detail, create, edit, timeline."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import Select
from sqlalchemy.orm import joinedload

from ...current import member
from ...errors import Refused
from ...events.timeline import timeline
from ...fields.forms import with_custom
from ...forms import EditForm, Form
from ...notes.forms import NoteForm
from ...once import once
from ...paging import stays_in_order
from ...saved_views.views import default_opened, looks
from ...search.recent import remember
from ...tags.forms import AddTagForm
from ...web import find_or_404, go, kept_list, page, requires, said
from ..duplicates.scan import lookalikes
from ..forms import ClientForm, NewClientForm
from ..labels import source_word
from ..listing import CLIENTS
from ..models import Client, Contact, ContactKind
from ..models.erasure import with_merged
from ..models.holding import kept
from ..models.merge import merges_of
from ..queries import LATEST, about, client_page, filters_of, letters
from . import bp

T = TypeVar("T", bound=EditForm)

SEES = ("clients.view", "clients.view_own")

bp.add_app_template_filter(source_word, "source_word")


def by_number(number: int) -> Select[Client]:
    return Client.numbered(number, member)


def locked(number: int) -> Client:
    """The client, locked until the request ends: two editors take turns."""
    return find_or_404(by_number(number).options(joinedload(Client.owner)).with_for_update(of=Client))


def unarchived(client: Client) -> Client:
    """The client, unless it is put away: then it is not changed (409)."""
    if client.is_erased:
        url = url_for("clients.show", number=client.number)
        raise Refused(_("What was kept about %(name)s is gone.", name=client.full_name), url=url, label=_("Open"))
    if client.is_archived:
        url = url_for("clients.show", number=client.number)
        raise Refused(_("%(name)s is archived.", name=client.full_name) + " " + RESTORE_FIRST, url=url, label=_("Open"))
    return client


RESTORE_FIRST = lazy_gettext("Restore the client before you change it.")


def refusal(form: Form, client: Client) -> int | None:
    """The status with which the form is shown again, and nothing typed lost; None when it can be acted on."""
    if not form.validate():
        return 422
    if client.is_erased:
        form.form_errors = [_("Somebody erased this client meanwhile. What you typed cannot be kept.")]
        return 409
    if client.is_archived:
        form.form_errors = [_("Somebody archived this client meanwhile.") + " " + RESTORE_FIRST]
        return 409
    return None


def custom(form: type[T], *, is_kept: bool = False) -> type[T]:
    """The form with the fields that the port made up."""
    return with_custom(form, Client.resource, member.here().id, is_kept=is_kept)


@bp.get("")
@requires(*SEES)
def index() -> ResponseReturnValue:
    if opened := default_opened(CLIENTS):
        return opened
    filters, asked = filters_of(member), request.args.get("q", "").replace("\x00", "")
    return page(
        "clients/index.html",
        follow=["clients" if stays_in_order(filters) else "clients:narrowed"],
        clients=client_page(member, filters, asked.strip()),
        filters=filters,
        asked=asked,
        letters=letters(),
        **looks(CLIENTS),
    )


@bp.get("/new")
@requires("clients.create")
def new() -> ResponseReturnValue:
    return page(
        "clients/new.html",
        form=custom(NewClientForm)(
            formdata=None, data={"owner_id": str(member.id), "full_name": request.args.get("name", "")[:200]}
        ),
    )


@bp.post("")
@requires("clients.create")
@once
def create() -> ResponseReturnValue:
    form = custom(NewClientForm, is_kept=True)()
    if not form.validate():
        return page("clients/new.html", 422, form=form)
    port, typed = member.here(), form.values()
    if alike := [] if typed.pop("anyway") else lookalikes(member, typed, country=typed["country"] or port.country):
        return page("clients/new.html", 409, form=form, alike=alike)
    contacts = [(kind, typed.pop(kind)) for kind in (ContactKind.EMAIL, ContactKind.PHONE)]
    client = Client.create(form.written(typed), port_id=port.id, by=member)
    for kind, value in contacts:
        if value:
            fields = {"kind": kind, "value": value}
            Contact.create(client, fields, country=client.country or port.country, by=member, is_new=True)
    said(_("%(name)s was added", name=client.full_name))
    return go("clients.show", number=client.number)


@bp.get("/<int:number>")
@requires(*SEES)
def show(number: int) -> ResponseReturnValue:
    client = find_or_404(by_number(number).options(joinedload(Client.owner)))
    if client.is_erased:
        return erased_page(client)
    remember(member, client)
    return show_page(client)


def erased_page(client: Client) -> ResponseReturnValue:
    """What is left of a client, and why."""
    return page(
        "clients/privacy/erased.html",
        follow=[f"client:{client.number}"],
        client=client,
        keeping=kept(with_merged(client)),
        timeline=timeline(client.subject_type, client.id, limit=LATEST),
    )


def show_page(client: Client, status: int = 200, **context: Any) -> ResponseReturnValue:
    """The detail page, also as the answer of a form on it that was refused."""
    return page(
        "clients/show.html",
        status,
        follow=[f"client:{client.number}"],
        **{
            **detail(client),
            "note_form": NoteForm(formdata=None),
            "tag_form": AddTagForm(formdata=None),
            **context,
        },
    )


def detail(client: Client) -> dict[str, Any]:
    """What the detail page shows besides the client: two statements, and one for the cards of other modules."""
    beside, kept = about(client, member, offers=member.can("clients.edit"))
    return {
        "client": client,
        "beside": beside,
        "kept": kept,
        "timeline": timeline(client.subject_type, client.id, limit=LATEST),
    }


@bp.get("/<int:number>/edit")
@requires("clients.edit")
def edit(number: int) -> ResponseReturnValue:
    client = unarchived(find_or_404(by_number(number)))
    form = custom(ClientForm)(formdata=None, obj=client)
    form.open(client)
    return page("clients/edit.html", client=client, form=form, clashes=[], merged=[])


@bp.put("/<int:number>")
@requires("clients.edit")
def update(number: int) -> ResponseReturnValue:
    client = locked(number)
    form = custom(ClientForm, is_kept=True)(obj=client)
    if status := refusal(form, client):
        return page("clients/edit.html", status, client=client, form=form, clashes=[], merged=[])
    edit = form.compare(client)
    if edit.clashes:
        return page("clients/edit.html", 409, client=client, form=form, clashes=edit.clashes, merged=edit.merged)
    client.update(form.written(edit.changes), by=member)
    said(edit.told(_("Client saved")))
    return go("clients.show", number=number, list=kept_list())


@bp.get("/<int:number>/events")
@requires(*SEES)
def index_events(number: int) -> ResponseReturnValue:
    """The whole timeline, by pages."""
    client = find_or_404(by_number(number).options(joinedload(Client.owner)))
    entries = timeline(client.subject_type, client.id, limit=51, before=request.args.get("before", type=UUID))
    return page(
        "clients/events.html",
        follow=[f"client:{number}"],
        client=client,
        merges=merges_of(client),
        timeline=entries[:50],
        older=entries[49].id if len(entries) > 50 else None,
    )
