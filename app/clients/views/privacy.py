"""What is held about a client: shown, handed out as a file, erased."""

from __future__ import annotations

import uuid

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from ... import storage
from ...current import member
from ...db import db
from ...errors import Refused
from ...web import find_or_404, go, page, requires, said
from ..forms import ErasureForm
from ..models import Archive, Client
from ..models.erasure import erase, with_merged
from ..models.holding import held, kept
from ..privacy.archiving import build_archive
from ..privacy.forgetting import finish_erasure
from . import bp
from .clients import by_number, locked, unarchived

# The archives a page shows; older ones are gone.
SHOWN = 5


@bp.get("/<int:number>/privacy")
@requires("clients.export", "clients.delete")
def show_privacy(number: int) -> ResponseReturnValue:
    client = find_or_404(by_number(number))
    if client.is_erased:
        return go("clients.show", number=number)
    latest = Archive.of(client).options(joinedload(Archive.asked_by)).limit(SHOWN)
    return page(
        "clients/privacy/show.html",
        follow=[f"client:{number}"],
        client=client,
        held=held(with_merged(client)),
        archives=db.session.scalars(latest).all(),
    )


@bp.post("/<int:number>/archives")
@requires("clients.export", limit="bulk")
def create_archive(number: int) -> ResponseReturnValue:
    """Asked for twice, it is made once."""
    client = standing(locked(number))
    check_sees_files()
    if archive := Archive.ask(client, by=member):
        build_archive.later(archive_id=archive.id)
        said(_("The archive is being put together"), category="info")
    return go("clients.show_privacy", number=number)


def check_sees_files() -> None:
    if not member.can("files.view"):
        raise Refused(_("An archive has files in it, and your role does not see files."))


@bp.get("/<int:number>/archives/<uuid:archive_id>")
@requires("clients.export")
def show_archive(number: int, archive_id: uuid.UUID) -> ResponseReturnValue:
    """A link that ends after a quarter of an hour, made at the click."""
    client = find_or_404(by_number(number))
    check_sees_files()
    archive = find_or_404(Archive.of(client).where(Archive.id == archive_id))
    if not archive.is_ready:
        url = url_for("clients.show_privacy", number=number)
        raise Refused(_("This archive is not there any more, or not yet."), url=url, label=_("Back to privacy"))
    name = _("client %(number)s", number=number)
    return redirect(storage.link(archive.storage_key, f"{name}.zip"), 303)


@bp.get("/<int:number>/erasure/new")
@requires("clients.delete", step_up=True)
def new_erasure(number: int) -> ResponseReturnValue:
    client = find_or_404(by_number(number))
    return erasure_page(standing(client), ErasureForm(formdata=None))


def erasure_page(client: Client, form: ErasureForm, status: int = 200) -> ResponseReturnValue:
    clients = with_merged(client)
    return page(
        "clients/privacy/erase.html", status, client=client, form=form, held=held(clients), keeping=kept(clients)
    )


@bp.post("/<int:number>/erasure")
@requires("clients.delete", step_up=True)
def create_erasure(number: int) -> ResponseReturnValue:
    client, form = locked(number), ErasureForm()
    if client.is_erased:
        return go("clients.show", number=number)
    if not form.validate_for(client):
        return erasure_page(client, form, 422)
    erase(client, reason=str(form.reason.data), by=member)
    finish_erasure.later(client_id=client.id)
    said(_("What was kept about client %(number)s is erased", number=number))
    return go("clients.show", number=number)


def standing(client: Client) -> Client:
    """Archived or not, but not erased."""
    return unarchived(client) if client.is_erased else client
