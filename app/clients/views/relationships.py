"""Related clients: choose one, relate, part, put back."""

from __future__ import annotations

import uuid

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import or_, select

from ...current import member
from ...errors import Refused
from ...once import once
from ...web import find_or_404, go, kept_list, page, requires, said
from ..forms import RelationshipForm
from ..models import Client, Relationship
from ..models.contact import Unfit
from ..models.finding import suggested
from ..models.merge import lock_two
from . import bp
from .clients import SEES, by_number, locked, refusal, unarchived


def relationship_of(client: Client, relationship_id: uuid.UUID) -> tuple[Relationship, Client, Client]:
    """It and the two, whichever of them the client is; also one that was removed. The other is not looked at."""
    either = or_(Relationship.from_id == client.id, Relationship.to_id == client.id)
    found = find_or_404(select(Relationship).where(Relationship.id == relationship_id, either))
    other_id = found.to_id if found.from_id == client.id else found.from_id
    other = find_or_404(select(Client).where(Client.port_id == client.port_id, Client.id == other_id))
    return found, *((client, other) if found.from_id == client.id else (other, client))


@bp.get("/choices")
@requires(*SEES)
def index_choices() -> ResponseReturnValue:
    """What a field for a client offers while somebody types."""
    typed = request.args.get("client", "")[:200]
    found = suggested(member, typed) or Client.named(member, typed) if typed.strip() else []
    return render_template("clients/_choices.html", clients=found)


@bp.get("/<int:number>/relationships/new")
@requires("clients.edit")
def new_relationship(number: int) -> ResponseReturnValue:
    client = unarchived(find_or_404(by_number(number)))
    return page("clients/relationships/new.html", client=client, form=RelationshipForm(formdata=None))


@bp.post("/<int:number>/relationships")
@requires("clients.edit")
@once
def create_relationship(number: int) -> ResponseReturnValue:
    form = RelationshipForm()
    client = locked_with(form.client.record, number)
    if status := refusal(form, client) or unfit(form, client):
        return page("clients/relationships/new.html", status, client=client, form=form)
    said(_("%(name)s was added", name=form.client.record.full_name))
    return go("clients.show", number=number, list=kept_list())


def locked_with(other: Client | None, number: int) -> Client:
    """The client, and the other one as well, in the order in which those are locked that are merged."""
    if other is not None:
        lock_two(by_number(number), select(Client).where(Client.id == other.id))
    return locked(number)


def unfit(form: RelationshipForm, client: Client) -> int | None:
    """Relate them; 422 with the reason beside the field when they cannot be."""
    direction, _dash, kind = str(form.relation.data).partition("-")
    one, other = (client, form.client.record) if direction == "is" else (form.client.record, client)
    if form.client.record.merged_into_id is not None:
        form.client.errors = [_("This client was merged into another one meanwhile.")]
        return 409
    try:
        Relationship.create(one, other, kind, by=member)
    except Unfit as error:
        form.client.errors = [str(error)]
        return 422
    return None


@bp.delete("/<int:number>/relationships/<uuid:relationship_id>")
@requires("clients.edit")
def destroy_relationship(number: int, relationship_id: uuid.UUID) -> ResponseReturnValue:
    client = unarchived(locked(number))
    relationship, one, other = relationship_of(client, relationship_id)
    relationship.archive(one, other, by=member)
    undo = url_for(
        "clients.create_relationship_restoration",
        number=number,
        list=kept_list(),
        relationship_id=relationship_id,
    )
    said(_("Related client removed"), undo_url=undo)
    return go("clients.show", number=number, list=kept_list())


@bp.post("/<int:number>/relationships/<uuid:relationship_id>/restoration")
@requires("clients.edit")
def create_relationship_restoration(number: int, relationship_id: uuid.UUID) -> ResponseReturnValue:
    client = unarchived(locked(number))
    relationship, one, other = relationship_of(client, relationship_id)
    try:
        relationship.restore(one, other, by=member)
    except Unfit as error:
        raise Refused(str(error), url=url_for("clients.show", number=number), label=_("Open")) from error
    said(_("Related client is back"))
    return go("clients.show", number=number, list=kept_list())
