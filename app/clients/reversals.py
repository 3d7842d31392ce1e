"""Taking back a change of a client or of a contact."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reverts import NotReverted, Reason, reverts, what_to_write
from ..fields import reversals
from ..identity.models import User
from .labels import FIELDS
from .models import Client, Contact
from .models.contact import Unfit


@reverts("client:updated", "client:reverted", permission="clients.edit")
def revert_client(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    client = changeable(event, member)
    fields = {name: old for name, (old, _new) in what_to_write(event, words, client).items()}
    if fields.get("owner_id"):
        fields["owner_id"] = owner_of(fields["owner_id"])
    reversals.check(Client.resource, fields, words, member.here().id)
    return client.update(fields, by=member, reverting=event.id)


@reverts("contact:updated", "contact:reverted", permission="clients.edit")
def revert_contact(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    client = changeable(event, member)
    contact = db.session.scalars(
        select(Contact).where(
            Contact.client_id == client.id, Contact.id == uuid.UUID(str(words["details"]["contact_id"]))
        )
    ).one_or_none()
    if contact is None or contact.archived_at is not None:
        raise NotReverted(Reason(_("the contact was removed since")))
    fields = {name: old for name, (old, _new) in what_to_write(event, words, contact, told_in=client).items()}
    country = client.country or member.here().country
    try:
        return contact.update(client, fields, country=country, by=member, reverting=event.id)
    except Unfit as error:
        raise NotReverted(Reason(str(error), str(FIELDS[error.field].label))) from error


def changeable(event: Event, member: Member) -> Client:
    """The client, locked. Raises NotReverted."""
    found = Client.visible_to(member).where(Client.id == event.subject_id).with_for_update()
    client = db.session.scalars(found).one_or_none()
    if client is None:
        raise NotReverted(Reason(_("the record is not there any more, or you may not open it")))
    if client.is_archived:
        raise NotReverted(Reason(_("the record is archived; restore it first")))
    return client


def owner_of(recorded: str) -> uuid.UUID:
    """The owner of before, who must still be here."""
    owner_id = uuid.UUID(recorded)
    if db.session.scalar(select(User.id).where(User.id == owner_id, User.is_active)) is None:
        raise NotReverted(Reason(_("the owner of before is not here any more"), str(FIELDS["owner_id"].label)))
    return owner_id
