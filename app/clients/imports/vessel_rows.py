"""The vessel that a row of a file names: which of the client's it is, what the row changes of it, who has it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, text

from ...db import db
from ...fields.models import is_custom, values_of
from ...sorting import sort_name
from ...vessels.models import Vessel
from ..models import Client

# What begins so in a row is of its vessel; the rest is what vessels call it.
OF_VESSELS = "vessel_"
NUMBER = f"{OF_VESSELS}number"
# No two vessels of a port have these in common.
UNIQUE = ("imo", "mmsi")
MARKS = (*UNIQUE, "registration")


def vessel_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the vessel that the row names, as vessels call them; nothing where it names none."""
    begins = len(OF_VESSELS)
    return {key[begins:]: value for key, value in fields.items() if key.startswith(OF_VESSELS) and value != ""}


def mark_of(vessel: Mapping[str, Any]) -> str:
    """What tells it from the others of its owner: its registration, else its name and number."""
    named = f"name {sort_name(vessel['name'])} {vessel.get('number', '')}"
    return _letters(vessel.get("registration", "")) or named


def _letters(registration: str) -> str:
    """`FIN-123 ab` → `FIN123AB`."""
    return re.sub(r"[\W_]+", "", registration).upper()


@dataclass
class Fleet:
    """Vessels that are here: by owner those of the clients in question, by mark who has what no other may have.

    `since`: when the file was sent whose rows come in; what is younger may have come with it."""

    since: datetime | None = None
    vessels: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    by_client: dict[uuid.UUID, list[uuid.UUID]] = field(default_factory=dict)
    by_mark: dict[tuple[str, str], uuid.UUID] = field(default_factory=dict)

    def add(self, found: Sequence[dict[str, Any]]) -> None:
        for one in found:
            if one["id"] in self.vessels:
                continue
            self.vessels[one["id"]] = one
            self.by_client.setdefault(one["client_id"], []).append(one["id"])
            for mark in MARKS:
                if one[mark]:
                    self.by_mark.setdefault((mark, one[mark]), one["id"])

    def named(self, vessel: Mapping[str, Any], client_id: uuid.UUID | None) -> uuid.UUID | None:
        """Which of the client's it is: that of the same registration, else the one of the same name; of several, that
        of the number which the row gives."""
        here = [self.vessels[one] for one in self.by_client.get(client_id, ())] if client_id else []
        registration, name = _letters(vessel.get("registration", "")), sort_name(vessel["name"])
        number = vessel.get("number")
        found = [one for one in here if registration and _letters(one["registration"]) == registration]
        if not found:
            found = [one for one in here if one["sort_name"] == name and not (registration and one["registration"])]
            # Elsewhere numbers are others, but two numbers in one file are two vessels.
            found = [one for one in found if not (number and self.since and one["created_at"] >= self.since)]
        numbered = [one for one in found if number and str(one.get("number")) == number]
        return next((uuid.UUID(str(one["id"])) for one in numbered or found), None)

    def differences(self, vessel: Mapping[str, Any], client_id: uuid.UUID | None) -> list[list[Any]]:
        """Field, old, new: `vessel` for one that is not here, else what the row changes of it."""
        if not vessel:
            return []
        found = self.named(vessel, client_id)
        if found is None:
            return [["vessel", None, vessel["name"]]]
        return [
            [OF_VESSELS + name, present(self.vessels[found], name), new]
            for name, new in vessel.items()
            if name != "number"
            and present(self.vessels[found], name) != new
            and not (name == "name" and _is_called(vessel))
        ]

    def taken(self, vessel: Mapping[str, Any], client_id: uuid.UUID | None) -> tuple[str, dict[str, Any]] | None:
        """The mark that another vessel has, and that vessel."""
        own = self.named(vessel, client_id) if vessel else None
        for mark in MARKS:
            other = self.by_mark.get((mark, vessel.get(mark) or ""))
            if other and other != own:
                return mark, self.vessels[other]
        return None


def _is_called(vessel: Mapping[str, Any]) -> bool:
    """A row that gives the registration alone does not rename the vessel."""
    return bool(vessel.get("registration")) and vessel["name"] == vessel["registration"]


def present(vessel: Mapping[str, Any], name: str) -> Any:
    """A vessel's value as a row would have it."""
    value = vessel.get(name, "") if is_custom(name) else vessel[name]
    return f"{value:.2f}" if isinstance(value, Decimal) else value


COLUMNS = [
    Vessel.id,
    Vessel.client_id,
    Vessel.number,
    Vessel.sort_name,
    Vessel.created_at,
    *(getattr(Vessel, name) for name in Vessel.EDITABLE),
    Client.full_name.label("owner"),
]
CURRENT = select(*COLUMNS).join(Client, (Client.port_id == Vessel.port_id) & (Client.id == Vessel.client_id))


def fleet_of(rows: Sequence[Mapping[str, Any]], client_ids: Collection[uuid.UUID], *, locks: bool = False) -> Fleet:
    """What is here of the vessels of these rows and clients: nothing is asked where no row names a vessel. `locks`: the
    clients' own until the transaction ends."""
    fleet, vessels = Fleet(), [vessel for fields in rows if (vessel := vessel_of(fields))]
    if not vessels:
        return fleet
    if client_ids:
        own = CURRENT.where(Vessel.client_id.in_(list(client_ids)), Vessel.archived_at.is_(None))
        own = own.order_by(Vessel.id)
        fleet.add(_rows(own.with_for_update(of=Vessel) if locks else own))
    for mark in MARKS:
        values = {vessel[mark] for vessel in vessels if vessel.get(mark)}
        if values:
            # As literals, so that the partial index is used.
            has = text(f"vessels.{mark} <> '' AND vessels.archived_at IS NULL")
            fleet.add(_rows(CURRENT.where(getattr(Vessel, mark).in_(list(values)), has)))
    if any(is_custom(name) for vessel in vessels for name in vessel):
        for vessel_id, values_here in values_of(Vessel.resource, list(fleet.vessels)).items():
            fleet.vessels[vessel_id] |= values_here
    return fleet


def _rows(statement: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in db.session.execute(statement).mappings()]


def whose(mark: str, other: Mapping[str, Any]) -> str:
    """What is said of a mark that another vessel has."""
    words = {"value": other[mark], "name": other["name"], "owner": other["owner"]}
    return {
        "imo": _("The IMO number %(value)s is that of %(name)s, a vessel of %(owner)s.", **words),
        "mmsi": _("The MMSI %(value)s is that of %(name)s, a vessel of %(owner)s.", **words),
        "registration": _("The registration %(value)s is that of %(name)s, a vessel of %(owner)s.", **words),
    }[mark]
