"""Topics of vessels, what each event shows on open screens, who is told of it, and how timelines tell of it."""

from __future__ import annotations

import uuid
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from .. import formats, live
from ..clients.models import Client
from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reactions import on
from ..events.registry import EVENTS
from ..events.subjects import families, numbered, subjects
from ..events.timeline import describes, one_of, tells, timeline
from ..files.models import FILE_EVENTS, holds_files
from ..identity.models import current_port_of
from ..notifications.models import notify
from ..notifications.reactions import details_of, holders_of, written_for
from ..numbers import one_numbered
from .labels import DOCUMENT_FIELDS, DOCUMENT_KINDS, FIELDS
from .models import Document, Vessel, documents_of, papers_of
from .queries import LATEST, insurance_of, ownerships_of, row_of, with_owner

ABOUT_VESSELS = tuple(name for name in EVENTS if name.startswith("vessel:"))


@live.topic("vessels")
def vessels_topic(member: Member, key: str | None) -> str | None:
    """The list, as that of the clients: rows travel to who may see all of them, the others are told to look again."""
    room = f"port:{member.here().id}:vessels"
    if member.can("clients.view") and key is None:
        return room
    return f"{room}:own" if member.can("clients.view") or member.can("clients.view_own") else None


@live.topic("vessel")
def vessel_topic(member: Member, key: str | None) -> str | None:
    """One vessel. Who sees only their own clients is told to look again: it may be somebody else's by now."""
    found = one_numbered(Vessel, Vessel.visible_to(member), key)
    if found is None:
        return None
    return found.room if member.can("clients.view") else f"{found.room}:own"


holds_files(Vessel, entity="vessels", seen_with="clients.view", endpoint="vessels.show")


@on(*ABOUT_VESSELS)
def show_row(event: Event) -> None:
    """The open lists: the row anew, or where order and membership may change, the list."""
    if event.port_id is None:
        return
    room = f"port:{event.port_id}:vessels"
    row = row_of(event.subject_id)
    live.refresh(f"{room}:own", target="#main")
    if row is None or event.name in ("vessel:created", "vessel:restored") or "name" in event.changed_fields:
        live.refresh(room, target="#main")
        return
    port = current_port_of(event.port_id)
    with formats.use(port):
        target = f"vessel-{row.number}"
        live.replace(room, "vessels/_row.html", target=target, vessel=row, port=port, insurance_of=insurance_of)


@on(*ABOUT_VESSELS, *FILE_EVENTS)
def show_vessel(event: Event) -> None:
    """The open detail pages: each card anew; all of it where what may be done changes."""
    vessel = db.session.scalars(with_owner(select(Vessel).where(Vessel.id == event.subject_id))).one_or_none()
    if vessel is None:
        return
    live.refresh(f"{vessel.room}:own", target="#main")
    if event.name in ("vessel:archived", "vessel:restored"):
        live.refresh(vessel.room, target="#main")
        return
    port = current_port_of(vessel.port_id)
    with formats.use(port):
        documents, day = documents_of(vessel), formats.today()
        context = {
            "vessel": vessel,
            "custom": vessel.custom_facts,
            "port": port,
            "documents": documents,
            "papers": papers_of(documents, day),
            "today": day,
            "ownerships": ownerships_of(vessel),
            "timeline": timeline(vessel.subject_type, vessel.id, limit=LATEST),
        }
        parts = ("header", "dimensions", "documents", "facts", "owners", "timeline")
        templates = {f"vessel-{vessel.number}-{part}": f"vessels/_{part}.html" for part in parts}
        live.replace_all(vessel.room, templates, **context)


# --- Who is told that a document ends


@on("vessel:documentExpiring")
def tell_of_end(event: Event) -> None:
    """The owner of the client, while they may open it; where there is none, everybody who edits clients."""
    details = details_of(event)
    vessel = db.session.get(Vessel, event.subject_id)
    if details is None or vessel is None or event.port_id is None:
        return
    document = db.session.get(Document, uuid.UUID(details["document_id"]))
    if document is None or document.valid_until != date.fromisoformat(details["valid_until"]):
        return
    client = db.session.scalars(select(Client).where(Client.id == vessel.client_id)).one()
    for user_id in who_looks_after(client, event.port_id):
        with written_for(user_id, event.port_id) as slug:
            notify(
                user_id,
                "document_expiring",
                event=event,
                title=words_of_end(document, vessel.name),
                body=" · ".join(filter(None, (client.full_name, document.issuer, document.reference))),
                link=f"/{slug}/vessels/{vessel.number}",
            )


def who_looks_after(client: Client, port_id: uuid.UUID) -> list[uuid.UUID]:
    editors = holders_of("clients.edit", port_id)
    return [client.owner_id] if client.owner_id in editors else editors


def words_of_end(document: Document, name: str) -> str:
    kind, day = one_of(DOCUMENT_KINDS)(document.kind), document.valid_until
    assert day is not None  # noqa: S101  # only what ends is told of
    left = (day - formats.today()).days
    words = {"kind": kind, "name": name, "day": formats.format_date(day), "left": left}
    if left < 0:
        return _("%(kind)s of %(name)s expired on %(day)s", **words)
    if left == 0:
        return _("%(kind)s of %(name)s expires today", **words)
    if left == 1:
        return _("%(kind)s of %(name)s expires tomorrow", **words)
    return _("%(kind)s of %(name)s expires in %(left)s days, on %(day)s", **words)


# --- How timelines tell of it. Those of clients do as well, so each says which vessel.

describes([name for name in ABOUT_VESSELS if "document" not in name], FIELDS)
describes([name for name in ABOUT_VESSELS if "document" in name], DOCUMENT_FIELDS)


PAPER = {"document": one_of(DOCUMENT_KINDS), "valid_until": formats.format_day}

tells("vessel:created", lazy_gettext("added the vessel %(name)s"), icon="ship", tone="ok")
tells("vessel:updated", lazy_gettext("changed the vessel %(name)s"), icon="pencil")
tells("vessel:reverted", lazy_gettext("took a change of %(name)s back"), icon="rotate-ccw")
tells("vessel:measured", lazy_gettext("measured %(name)s"), icon="ruler")
tells("vessel:ownerChanged", lazy_gettext("gave %(name)s a new owner"), icon="repeat", tone="info")
tells("vessel:archived", lazy_gettext("archived the vessel %(name)s"), icon="archive", tone="warn")
tells("vessel:restored", lazy_gettext("brought the vessel %(name)s back"), icon="archive-restore", tone="ok")
tells("vessel:documentAdded", lazy_gettext("added a paper of %(name)s: %(document)s"), icon="file-text", words=PAPER)
tells("vessel:documentUpdated", lazy_gettext("changed a paper of %(name)s: %(document)s"), icon="pencil", words=PAPER)
tells(
    "vessel:documentReverted",
    lazy_gettext("took a change of a paper of %(name)s back: %(document)s"),
    icon="rotate-ccw",
    words=PAPER,
)
tells(
    "vessel:documentVerified",
    lazy_gettext("verified a paper of %(name)s: %(document)s"),
    icon="badge-check",
    tone="ok",
    words=PAPER,
)
tells(
    "vessel:documentUnverified",
    lazy_gettext("took the verification of a paper of %(name)s back: %(document)s"),
    icon="rotate-ccw",
    words=PAPER,
)
tells("vessel:documentRemoved", lazy_gettext("removed a paper of %(name)s: %(document)s"), icon="trash-2", words=PAPER)
tells(
    "vessel:documentRestored",
    lazy_gettext("put a paper of %(name)s back: %(document)s"),
    icon="archive-restore",
    words=PAPER,
)
tells(
    "vessel:documentExpiring",
    lazy_gettext("reminded of a paper of %(name)s: %(document)s, good until %(valid_until)s"),
    icon="bell",
    tone="warn",
    words=PAPER,
)

# --- What the audit log calls them, and where their pages are

subjects("vessel", lazy_gettext("Vessel"))(
    numbered(Vessel, Vessel.name, "vessels.show", needs=("clients.view", "clients.view_own"))
)
families("vessel", lazy_gettext("Vessels"))
