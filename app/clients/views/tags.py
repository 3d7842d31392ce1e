"""Tags of a client: put on, take off."""

from __future__ import annotations

import uuid

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func

from ...admin.models import Tag, tag_called
from ...current import member
from ...db import db
from ...web import find_or_404, go, kept_list, requires, said
from ..forms import AddTagForm
from ..models import Client, ClientTag
from . import bp
from .clients import locked, refusal, show_page, unarchived


def tag_of(tag_id: uuid.UUID) -> Tag:
    """The tag, which nobody puts away meanwhile."""
    return find_or_404(Tag.visible_to(member).where(Tag.id == tag_id).with_for_update(read=True))


def tag_named(form: AddTagForm) -> Tag | None:
    """The tag with the name that was typed, a new one for who looks after tags; None, with the reason, for others."""
    found = tag_called(str(form.name.data), member=member)
    if found is None:
        form.name.errors = [_("There is no tag called “%(name)s”. Choose one of the list.", name=form.name.data)]
    return found


def tag_carried(form: AddTagForm) -> Tag | None:
    """The tag of that name, also one that is put away and still carried; None, with the reason, where there is none."""
    name = str(form.name.data)
    same = Tag.visible_to(member).where(func.lower(Tag.name) == func.lower(name))
    found = db.session.scalars(same.order_by(Tag.archived_at.desc().nulls_first()).limit(1)).one_or_none()
    if found is None:
        form.name.errors = [_("There is no tag called “%(name)s”. Choose one of the list.", name=name)]
    return found


@bp.post("/<int:number>/tags")
@requires("clients.edit")
def create_tag(number: int) -> ResponseReturnValue:
    client, form = locked(number), AddTagForm()
    status = refusal(form, client)
    tag = None if status else tag_named(form)
    if tag is None:
        form.name.errors = [*form.name.errors, *form.form_errors]
        return show_page(client, status or 422, tag_form=form)
    return tagged(client, tag)


def tagged(client: Client, tag: Tag) -> ResponseReturnValue:
    if ClientTag.put_on(client, tag, by=member):
        undo = url_for("clients.destroy_tag", number=client.number, tag_id=tag.id, list=kept_list(), _method="DELETE")
        said(_("Tagged “%(tag)s”", tag=tag.name), undo_url=undo)
    return go("clients.show", number=client.number, list=kept_list())


@bp.put("/<int:number>/tags/<uuid:tag_id>")
@requires("clients.edit")
def update_tag(number: int, tag_id: uuid.UUID) -> ResponseReturnValue:
    """A tag that was chosen, or taken off before."""
    return tagged(unarchived(locked(number)), tag_of(tag_id))


@bp.delete("/<int:number>/tags/<uuid:tag_id>")
@requires("clients.edit")
def destroy_tag(number: int, tag_id: uuid.UUID) -> ResponseReturnValue:
    client, tag = unarchived(locked(number)), tag_of(tag_id)
    if ClientTag.take_off(client, tag, by=member):
        undo = url_for("clients.update_tag", number=number, tag_id=tag_id, list=kept_list(), _method="PUT")
        # What is put away cannot be put on again.
        said(_("Took “%(tag)s” off", tag=tag.name), undo_url=None if tag.archived_at else undo)
    return go("clients.show", number=number, list=kept_list())
