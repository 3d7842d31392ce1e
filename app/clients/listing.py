"""The list of clients as views are kept of it and many of it are handed out or changed: its columns beside filters and
orders."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, select

from ..current import Member
from ..db import db
from ..lists.records import Order, Records
from ..saved_views.listing import Column, Listing
from .models import Client
from .models.finding import search
from .queries import FOUND, FOUND_TO_NARROW, SORTS, filters_of, narrowed

COLUMNS = (
    Column("contact", _("Contact")),
    Column("status", _("Status")),
    Column("owner", _("Owner")),
    Column("source", _("Source"), is_usual=False),
    Column("town", _("Town"), is_usual=False),
    Column("created", _("Entered"), is_usual=False),
    Column("updated", _("Last change")),
)
CLIENTS = Listing(
    resource="clients",
    endpoint="clients.index",
    sees=("clients.view", "clients.view_own"),
    label=_("Clients"),
    sorts=SORTS,
    columns=COLUMNS,
    filters=filters_of,
)


class ClientRecords(Records):
    listing = CLIENTS
    model = Client

    @property
    def called(self) -> tuple[Any, Any]:
        return Client.full_name, Client.sort_name

    def narrowed(self, scope: Select[Any], chosen: Mapping[str, str], *, port_id: uuid.UUID) -> Select[Any]:
        return narrowed(scope, chosen, port_id=port_id)

    def matching(
        self, scope: Select[Any], words: str, chosen: Mapping[str, str], member: Member, *, archived: bool
    ) -> Select[Any]:
        is_narrowed = any(value for name, value in chosen.items() if name != "archived")
        hits = search(member, words, FOUND_TO_NARROW if is_narrowed else FOUND, archived=archived)
        return scope.where(Client.id.in_(select(hits.c.client_id)))

    def found(self, words: str, chosen: Mapping[str, str], order: Order, member: Member) -> list[uuid.UUID]:
        """The best first."""
        is_narrowed = any(chosen.values())
        hits = search(member, words, FOUND_TO_NARROW if is_narrowed else FOUND, archived=bool(chosen["archived"]))
        ranked = select(hits.c.client_id).order_by(hits.c.place)
        if is_narrowed:
            scope = self.narrowed(self.visible_to(member), chosen, port_id=member.here().id)
            ranked = ranked.where(hits.c.client_id.in_(scope.with_only_columns(Client.id)))
        return list(db.session.scalars(ranked))

    def visible_to(self, member: Member) -> Select[Any]:
        return Client.visible_to(member).where(Client.merged_into_id.is_(None))

    def of_port(self, port_id: uuid.UUID, *, own_of: uuid.UUID | None = None) -> Select[Any]:
        scope = select(Client).where(Client.port_id == port_id, Client.merged_into_id.is_(None))
        return scope.where(Client.is_own(own_of)) if own_of else scope

    def sees_all(self, member: Member) -> bool:
        return member.can("clients.view")


RECORDS = ClientRecords()
