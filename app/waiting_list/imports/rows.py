"""One row of a file of people who wait: how it is read, who it is, and what becomes of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ...clients.models import Client, Contact
from ...clients.models.contact import Unfit, read_value
from ...current import CurrentPort
from ...db import db
from ...imports import rows
from ...imports.models import Import
from ...imports.reading import TOTALS, WrongRow
from ...imports.verdicts import Judgement, Verdict
from ...sorting import sort_name
from ...vessels.models import Vessel
from ..models import WaitingEntry, WaitingList
from ..models.entry import OPEN
from .columns import WHOSE, Columns


class Rows(rows.Rows):
    SIGNED = frozenset({"phone"})
    columns: Columns

    def __init__(self, _found: Import, port: CurrentPort) -> None:
        super().__init__(Columns.of(port))
        self.country = port.country

    @property
    def waiting_list(self) -> str:
        """Of rows that cannot say it; empty where they have to."""
        return "" if "list" in self.targets else self.columns.waiting_list

    def check_shape(self, named: Mapping[str, str]) -> None:
        whose = WHOSE & set(named)
        if sort_name(named.get("full_name", "")).rstrip(":. ") in TOTALS and len(whose) == 1:
            raise WrongRow(_("This looks like a row of totals, not like a client."), "full_name")
        if not whose:
            raise WrongRow(_("There is no name in this row."), "full_name")
        if not named.get("requested_on"):
            raise WrongRow(_("The row does not say when they asked."), "requested_on")
        if not named.get("list") and not self.waiting_list:
            raise WrongRow(_("The row does not say for which list."), "list")

    def read_value(self, key: str, typed: Any) -> Any:
        if key not in ("email", "phone"):
            return super().read_value(key, typed)
        try:
            return read_value(key, typed, country=self.country)[1]
        except Unfit as error:
            raise WrongRow(f"“{typed[:60]}”: {error}", key) from error

    def complete(self, read: dict[str, Any]) -> None:
        read.setdefault("list", self.waiting_list)


# --- Who it is ----------------------------------------------------------------------------------------------------

Waits = tuple[uuid.UUID, uuid.UUID, uuid.UUID | None]


@dataclass
class Here:
    """What the port has that rows may be about: lists by name, clients by number, contact and name, their vessels by
    name, and who waits already: list, client and vessel."""

    lists: dict[str, WaitingList] = field(default_factory=dict)
    clients: dict[uuid.UUID, Client] = field(default_factory=dict)
    by_contact: dict[tuple[str, str], set[uuid.UUID]] = field(default_factory=dict)
    vessels: dict[tuple[uuid.UUID, str], Vessel] = field(default_factory=dict)
    waiting: set[Waits] = field(default_factory=set)

    def waiting_list(self, fields: Mapping[str, Any]) -> WaitingList:
        """Raises WrongRow."""
        found = self.lists.get(sort_name(fields["list"]))
        if found is None:
            raise WrongRow(_("There is no waiting list “%(name)s”. Make it first.", name=fields["list"]), "list")
        return found

    def client(self, fields: Mapping[str, Any]) -> Client:
        """By the number, else by e-mail and phone, else by the name. Raises WrongRow."""
        called = str(fields.get("full_name") or fields.get("email") or fields.get("phone") or fields["client_number"])
        if number := fields.get("client_number"):
            found = [one for one in self.clients.values() if one.number == number]
        else:
            met = [self.by_contact.get((kind, fields[kind]), set()) for kind in ("email", "phone") if kind in fields]
            found = [self.clients[one] for one in sorted(set.union(set(), *met))]
            if len(found) != 1 and "full_name" in fields:
                name = sort_name(fields["full_name"])
                found = [one for one in found or self.clients.values() if one.sort_name == name]
        if not found:
            text = _("%(name)s is no client here. Import or add the client first.", name=called)
            raise WrongRow(text, "full_name")
        if len(found) > 1:
            text = _("Several clients are meant by %(name)s. Say by the client number which.", name=called)
            raise WrongRow(text, "client_number")
        return found[0]

    def vessel(self, fields: Mapping[str, Any], client: Client) -> Vessel | None:
        """Raises WrongRow."""
        if not fields.get("vessel"):
            return None
        found = self.vessels.get((client.id, sort_name(fields["vessel"])))
        if found is None:
            words = {"name": client.full_name, "vessel": fields["vessel"]}
            raise WrongRow(_("%(name)s has no vessel %(vessel)s here.", **words), "vessel")
        return found


def about(rows: Sequence[Mapping[str, Any]]) -> Here:
    """Five statements, whatever the number of rows."""
    here = Here()
    lists = select(WaitingList).where(WaitingList.archived_at.is_(None)).order_by(WaitingList.id.desc())
    here.lists = {sort_name(one.name): one for one in db.session.scalars(lists)}
    values = {row[kind] for row in rows for kind in ("email", "phone") if kind in row}
    met = select(Contact.client_id, Contact.kind, Contact.normalised).where(
        Contact.normalised.in_(values), Contact.archived_at.is_(None)
    )
    ids = set()
    for client_id, kind, value in db.session.execute(met):
        ids.add(client_id)
        here.by_contact.setdefault((kind, value), set()).add(client_id)
    names = {sort_name(row["full_name"]) for row in rows if "full_name" in row}
    numbers = {row["client_number"] for row in rows if "client_number" in row}
    meant = Client.id.in_(ids) | Client.sort_name.in_(names) | Client.number.in_(numbers)
    found = db.session.scalars(select(Client).where(meant, Client.archived_at.is_(None)))
    here.clients = {one.id: one for one in found}
    here.by_contact = {key: its & set(here.clients) for key, its in here.by_contact.items()}
    clients = list(here.clients)
    fleet = select(Vessel).where(Vessel.client_id.in_(clients), Vessel.archived_at.is_(None)).order_by(Vessel.id.desc())
    here.vessels = {(one.client_id, one.sort_name): one for one in db.session.scalars(fleet)}
    waiting = select(WaitingEntry.list_id, WaitingEntry.client_id, WaitingEntry.vessel_id)
    waiting = waiting.where(WaitingEntry.client_id.in_(clients), WaitingEntry.status.in_(OPEN))
    here.waiting = {(row.list_id, row.client_id, row.vessel_id) for row in db.session.execute(waiting)}
    return here


def judge(fields: Mapping[str, Any], number: int, here: Here, seen: dict[Waits, int]) -> Judgement:
    """The verdict on a row that can be read; it is remembered in `seen` when it will be used."""
    try:
        waiting_list, client = here.waiting_list(fields), here.client(fields)
        vessel = here.vessel(fields, client)
    except WrongRow as error:
        return Judgement(Verdict.WRONG, str(error), problem=error.field)
    waits = (waiting_list.id, client.id, vessel.id if vessel else None)
    if above := seen.get(waits):
        text = _("Same client as row %(row)d of this file. Row %(row)d is used, this one is left out.", row=above)
        return Judgement(Verdict.DUPLICATE, text, client.id, above)
    if waits in here.waiting:
        return Judgement(Verdict.DUPLICATE, _("%(name)s is on this list already.", name=client.full_name), client.id)
    seen[waits] = number
    return Judgement(Verdict.NEW, "", client.id)
