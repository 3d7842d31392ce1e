"""Topics of clients, what each event shows on open screens, and how the timeline tells of it."""

from __future__ import annotations

import uuid
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import literal, select, union
from sqlalchemy.orm import joinedload

from .. import formats, live
from ..current import Member
from ..db import db
from ..events.models import Event, EventMention
from ..events.reactions import on
from ..events.registry import EVENTS
from ..events.subjects import families, numbered, subjects
from ..events.timeline import describes, tells, timeline
from ..files.models import FILE_EVENTS, holds_files
from ..identity.models import current_port_of
from ..notes.telling import tell_mentioned
from ..notifications.reactions import details_of, holders_of
from ..numbers import one_numbered
from ..web import dom_id
from .labels import FIELDS, RELATIONS
from .models import Client, ClientTag, Note
from .models.relationship import RelationshipKind
from .queries import LATEST, about, row_of

ABOUT_CLIENTS = (
    "client:created",
    "client:updated",
    "client:reverted",
    "client:archived",
    "client:restored",
    "client:erased",
    "client:merged",
    "client:unmerged",
    "client:noteAdded",
    "client:noteRemoved",
    "client:noteRestored",
    "client:noteUpdated",
    "client:notePinned",
    "client:noteUnpinned",
    "client:tagged",
    "client:untagged",
    "contact:created",
    "contact:updated",
    "contact:reverted",
    "contact:archived",
    "contact:restored",
    "client:relationshipAdded",
    "client:relationshipRemoved",
    "client:relationshipRestored",
)
# What is told in the timeline of a client although it is about a vessel.
ABOUT_VESSELS = tuple(name for name in EVENTS if name.startswith("vessel:"))

# What may be done with the client is another afterwards, or all of it has changed.
REDRAWN = ("client:archived", "client:restored", "client:erased", "client:merged", "client:unmerged")


@live.topic("clients")
def clients_topic(member: Member, key: str | None) -> str | None:
    """The list. Rows travel only to members who may see every row; the others are told to look again, as are lists
    whose order or filter a change may touch (`clients:narrowed`)."""
    room = f"port:{member.here().id}:clients"
    if member.can("clients.view") and key is None:
        return room
    return f"{room}:own" if member.can("clients.view") or member.can("clients.view_own") else None


@live.topic("client")
def client_topic(member: Member, key: str | None) -> str | None:
    """One client. Who sees only his own is told to look again: it may be somebody else's by now."""
    found = one_numbered(Client, Client.visible_to(member), key)
    if found is None:
        return None
    return found.room if member.can("clients.view") else f"{found.room}:own"


CHANGING_THE_LIST = ("client:created", "client:restored", "client:erased", "client:merged", "client:unmerged")


@on(*ABOUT_CLIENTS)
def show_row(event: Event) -> None:
    """The open lists: the row anew, or where order and membership may change, the list. Before the detail pages, which
    are more to write and watched by fewer."""
    port_id = event.port_id
    if port_id is None:
        return
    room = f"port:{port_id}:clients"
    row = row_of(event.subject_id)
    live.refresh(f"{room}:own", target="#main")
    if row is None or event.name in CHANGING_THE_LIST or "full_name" in event.changed_fields:
        live.refresh(room, target="#main")
        return
    port = current_port_of(port_id)
    with formats.use(port):
        live.replace(room, "clients/_row.html", target=f"client-{row.number}", client=row, port=port)


@on(*ABOUT_CLIENTS, *ABOUT_VESSELS)
def show_clients(event: Event) -> None:
    """The open detail pages of all clients whose timelines tell of it."""
    mentioned = select(EventMention.subject_id).where(
        EventMention.event_id == event.id, EventMention.subject_type == Client.subject_type
    )
    # Joined by OR they would be looked for among all clients.
    told = union(mentioned, select(literal(event.subject_id)))
    for client in db.session.scalars(select(Client).where(Client.id.in_(told)).options(joinedload(Client.owner))):
        show_client(client, event)


def show_client(client: Client, event: Event) -> None:
    """Each card anew; all of it where what may be done changes."""
    live.refresh(f"{client.room}:own", target="#main")
    if event.name in REDRAWN:
        live.refresh(client.room, target="#main")
        return
    port = current_port_of(client.port_id)
    with formats.use(port):
        beside, kept = about(client)
        context = {
            "client": client,
            "port": port,
            "beside": beside,
            "kept": kept,
            "record": client,
            "module": "clients",
            "tags": kept.tags,
            "notes": kept.notes,
            "timeline": timeline(client.subject_type, client.id, limit=LATEST),
        }
        parts = ("header", "facts", "contacts", "people", "vessels", "timeline")
        templates = {dom_id(client, part): f"clients/_{part}.html" for part in parts}
        templates |= {dom_id(client, one): f"{one}/_{one}.html" for one in ("tags", "notes")}
        live.replace_all(client.room, templates, **context)


def client_of_files(number: int, member: Member, is_kept: bool) -> Client | None:
    """Who was merged while somebody chose a file: it lies with who stands for them."""
    return Client.standing(number, member, is_kept=is_kept)


holds_files(Client, entity="clients", seen_with="clients.view", endpoint="clients.index_files", find=client_of_files)


@on(*FILE_EVENTS)
def show_file_in_timeline(event: Event) -> None:
    if event.subject_type != Client.subject_type:
        return
    client = db.session.scalars(select(Client).where(Client.id == event.subject_id)).one_or_none()
    if client is None:
        return
    live.refresh(f"{client.room}:own", target="#main")
    port = current_port_of(client.port_id)
    context = {"client": client, "port": port, "timeline": timeline(client.subject_type, client.id, limit=LATEST)}
    with formats.use(port):
        target = f"client-{client.number}-timeline"
        live.replace(client.room, "clients/_timeline.html", target=target, **context)


TAG_EVENTS = ("tag:updated", "tag:archived", "tag:restored")


@on(*TAG_EVENTS)
def show_tagged(event: Event) -> None:
    """A tag has another name or colour: lists and pages that may show it look again."""
    for room in (f"port:{event.port_id}:clients", f"port:{event.port_id}:clients:own"):
        live.refresh(room, target="#main")
    carrying = select(Client.id).join(ClientTag, ClientTag.client_id == Client.id)
    for client_id in db.session.scalars(carrying.where(ClientTag.tag_id == event.subject_id).limit(SHOWN_AT_ONCE)):
        for room in (f"client:{client_id}", f"client:{client_id}:own"):
            live.refresh(room, target="#main")


SHOWN_AT_ONCE = 500  # pages of clients that are told of a tag; who opens another sees it as it is


@on("client:noteAdded", "client:noteUpdated")
def tell_who_was_named(event: Event) -> None:
    client = Client.of(event)
    if client is None or "mentioned" not in (details_of(event) or {}):
        return
    everybody, own = (set(holders_of(leaf, client.port_id)) for leaf in ("clients.view", "clients.view_own"))

    def may_open(user_id: uuid.UUID) -> bool:
        is_own = client.owner_id == user_id or (client.owner_id is None and client.created_by_id == user_id)
        return user_id in everybody or (user_id in own and is_own)

    tell_mentioned(event, Note, may_open=may_open, name=client.full_name, path=f"clients/{client.number}")


# --- How the timeline tells of it

describes(ABOUT_CLIENTS, FIELDS)

tells("client:created", lazy_gettext("added this client"), icon="user-plus", tone="ok")
tells("client:updated", lazy_gettext("changed the details"), icon="pencil")
tells("client:reverted", lazy_gettext("took a change of the details back"), icon="rotate-ccw")
tells("client:archived", lazy_gettext("archived this client"), icon="archive", tone="warn")
tells("client:restored", lazy_gettext("brought this client back"), icon="archive-restore", tone="ok")
tells(
    "client:noteAdded",
    lazy_gettext("noted “%(preview)s”"),
    icon="message-square",
    tone="info",
    personal=("preview",),
)
tells("client:noteRemoved", lazy_gettext("removed a note"), icon="trash-2")
tells("client:noteRestored", lazy_gettext("put a note back"), icon="message-square")
tells("client:noteUpdated", lazy_gettext("changed a note"), icon="message-square")
tells("client:notePinned", lazy_gettext("pinned “%(preview)s”"), icon="pin", tone="info", personal=("preview",))
tells("client:noteUnpinned", lazy_gettext("unpinned “%(preview)s”"), icon="pin", personal=("preview",))
tells("client:tagged", lazy_gettext("added the tag “%(tag)s”"), icon="tags", tone="info")
tells("client:untagged", lazy_gettext("took the tag “%(tag)s” off"), icon="tags")
tells("contact:created", lazy_gettext("added a contact"), icon="plus")
tells("contact:updated", lazy_gettext("changed a contact"), icon="pencil")
tells("contact:reverted", lazy_gettext("took a change of a contact back"), icon="rotate-ccw")
tells("contact:archived", lazy_gettext("removed a contact"), icon="trash-2")
tells("contact:restored", lazy_gettext("put a contact back"), icon="archive-restore")


def _relation(kind: Any) -> str:
    if kind == RelationshipKind.SPOUSE:
        return _("spouse of")
    return str(RELATIONS[kind][0]).lower() if kind in RELATIONS else str(kind)


for happened, text, icon in (
    ("Added", lazy_gettext("noted: %(person)s, %(kind)s %(other)s"), "users"),
    ("Removed", lazy_gettext("removed: %(person)s, %(kind)s %(other)s"), "trash-2"),
    ("Restored", lazy_gettext("put back: %(person)s, %(kind)s %(other)s"), "users"),
):
    tells(f"client:relationship{happened}", text, icon=icon, personal=("person", "other"), words={"kind": _relation})

# --- What the audit log calls them, and where their pages are

subjects("client", lazy_gettext("Client"))(numbered(Client, Client.full_name, "clients.show"))
families("client", lazy_gettext("Clients"))
families("contact", lazy_gettext("Contacts"))
