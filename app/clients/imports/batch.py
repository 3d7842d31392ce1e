"""Some rows of an import on their way in: each is looked at once more, since the check may be hours old."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ...changes.models import ChangeSet
from ...db import db
from ...events.models import Actor
from ...fields.models import FieldDefinition
from ...imports import kinds
from ...imports.models import Import, ImportRow, RowOutcome
from ...imports.own_fields import definitions_of, own_of, unfit
from ...imports.tags import gone_tag, ids_of_tags
from ...imports.verdicts import Verdict
from ...vessels.models import Vessel, VesselWriting
from ..models import Client
from .differences import differences
from .here import Here, about, add_what_rows_bring
from .known import Colleagues
from .letting_in import Writing, numbers_for
from .seen import Seen, keys_of
from .vessel_rows import OF_VESSELS, UNIQUE, vessel_of, whose


class Batch(kinds.Batch):
    def __init__(self, found: Import, rows: Sequence[Any], by: Actor) -> None:
        super().__init__(found, by)
        updates = [row for row in rows if row.verdict == Verdict.UPDATE]
        self.hosts = self._hosts(updates)
        self.here = about([row.fields for row in rows])
        ids = {self._host(row) for row in updates} - {None}
        self.locked = about([], ids=[one for one in ids if one], locks=True)
        add_what_rows_bring(self.locked, [row.fields for row in updates], locks=True)
        self.locked.fleet.since = found.created_at
        definitions = self._definitions(rows)
        self.writing = Writing(
            found.port_id,
            by,
            owners=Colleagues(found.port_id).names,
            definitions=definitions[Client.resource],
            tag_ids=ids_of_tags(found, rows, by),
        )
        self.vessels = VesselWriting(found.port_id, by, definitions[Vessel.resource])
        self.numbers = iter(numbers_for(found.port_id, len(rows) - len(updates)))
        self.mine, self.touched, self.added = Seen(), set[uuid.UUID](), set[uuid.UUID]()
        self.marks: set[tuple[str, str]] = set()  # of the vessels of this batch

    @property
    def created(self) -> int:
        return len(self.writing.clients)

    def take(self, row: Any) -> None:
        if message := self._unreadable(row):
            self.turn_away(row, message)
        elif row.verdict == Verdict.NEW:
            self._create(row)
        elif row.twin is not None:
            self._give_vessel(row)
        elif row.client_id not in self.touched:  # a second row about the same client waits for the next batch
            self._update(row)

    def write(self, changes: ChangeSet) -> None:
        self.writing.write(changes)
        self.vessels.write(changes)

    def _create(self, row: Any) -> None:
        keys, vessel = keys_of(row.fields), vessel_of(row.fields)
        message = "" if row.is_decided else _taken(row.fields, self.here) or _repeated(keys, self.mine)
        if message := message or self._vessel_taken(vessel, None, self.here, row):
            self.turn_away(row, message)
            return
        self.mine.add(keys, row.row_number)
        client_id = self.writing.create(row.fields, next(self.numbers))
        self.hosts[row.row_number] = client_id
        self.added.add(client_id)
        if vessel:
            self.vessels.create(vessel, client_id)
            self.marks |= unique_marks(vessel)
        self.keep(row, client_id, RowOutcome.CREATED)

    def _update(self, row: Any) -> None:
        client = self.locked.clients.get(row.client_id)
        vessel = vessel_of(row.fields)
        if client is None:
            self.turn_away(row, _("The client was archived since the file was checked."))
            return
        if message := self._vessel_taken(vessel, row.client_id, self.locked, row):
            self.turn_away(row, message)
            return
        self.touched.add(row.client_id)
        renames = row.is_decided or row.fields.get("number") == client["number"]
        changed = differences(row.fields, row.client_id, self.locked, renames=renames)
        if own := [one for one in changed if not is_of_vessel(one[0])]:
            self.writing.update(row.client_id, row.fields, own, self.locked)
        if len(own) < len(changed):
            self._write_vessel(vessel, row.client_id)
        self.keep(row, row.client_id, RowOutcome.UPDATED)

    def _give_vessel(self, row: Any) -> None:
        """The row has the client of a row above, and is here for its vessel."""
        client_id, vessel = self._host(row), vessel_of(row.fields)
        if client_id is None:
            text = _("Row %(row)d, which has this client, did not come in.", row=row.twin)
            self.turn_away(row, text)
        elif client_id not in self.locked.clients and client_id not in self.added:
            self.turn_away(row, _("The client was archived since the file was checked."))
        elif message := self._vessel_taken(vessel, client_id, self.locked, row):
            self.turn_away(row, message)
        else:
            self._write_vessel(vessel, client_id)
            self.keep(row, client_id, RowOutcome.UPDATED)

    def _write_vessel(self, vessel: Mapping[str, Any], client_id: uuid.UUID) -> None:
        fleet = self.locked.fleet
        self.marks |= unique_marks(vessel)
        known, begins = fleet.named(vessel, client_id), len(OF_VESSELS)
        if known is None:
            row = self.vessels.create(vessel, client_id)
            fleet.add([{**row, "owner": ""}])
        elif found := fleet.differences(vessel, client_id):
            self.vessels.update(fleet.vessels[known], [(name[begins:], old, new) for name, old, new in found])
            fleet.vessels[known] |= {name[begins:]: new for name, _old, new in found}

    def _vessel_taken(self, vessel: Mapping[str, Any], client_id: uuid.UUID | None, here: Here, row: Any) -> str:
        """Why the row cannot have this vessel by now."""
        if above := self.marks & unique_marks(vessel):
            return _("The vessel %(value)s stands in a row above already.", value=next(iter(above))[1])
        taken = here.fleet.taken(vessel, client_id) if vessel else None
        if taken is None or (taken[0] == "registration" and row.is_decided):
            return ""
        return whose(*taken)

    def _host(self, row: Any) -> uuid.UUID | None:
        """Whom the row changes; of a further vessel, who came of the row above."""
        found: uuid.UUID | None = row.client_id or self.hosts.get(row.twin)
        return found

    def _hosts(self, updates: Sequence[Any]) -> dict[int, uuid.UUID]:
        twins = {row.twin for row in updates if row.twin is not None and row.client_id is None}
        if not twins:
            return {}
        above = select(ImportRow.row_number, ImportRow.client_id).where(
            ImportRow.import_id == self.found.id,
            ImportRow.row_number.in_(twins),
            ImportRow.outcome != RowOutcome.WAITING,
        )
        return {row.row_number: row.client_id for row in db.session.execute(above)}

    def _definitions(self, rows: Sequence[Any]) -> dict[str, dict[str, FieldDefinition]]:
        """Of the fields that rows bring, by the kind of record."""
        names = {
            Client.resource: {name for row in rows for name in own_of(row.fields)},
            Vessel.resource: {name for row in rows for name in own_of(vessel_of(row.fields))},
        }
        return {kind: definitions_of(kind, names[kind], port_id=self.found.port_id) for kind in names}

    def _unreadable(self, row: Any) -> str:
        """Why the row cannot be written any more: a tag or a field of the port went since the check."""
        return (
            gone_tag(row.fields, self.writing.tag_ids)
            or unfit(own_of(row.fields), self.writing.definitions)
            or unfit(own_of(vessel_of(row.fields)), self.vessels.definitions)
        )


def unique_marks(vessel: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(mark, vessel[mark]) for mark in UNIQUE if vessel.get(mark)}


def is_of_vessel(name: str) -> bool:
    """Whether a difference is one of the row's vessel."""
    return name == "vessel" or name.startswith(OF_VESSELS)


def _taken(fields: Mapping[str, Any], here: Here) -> str:
    """Why a row that was new when it was checked is none any more."""
    for contact in fields["contacts"]:
        for client_id in here.by_contact.get((contact["kind"], contact["normalised"]), ()):
            name = here.clients[client_id]["full_name"] if client_id in here.clients else ""
            return _("%(value)s belongs to %(name)s since the file was checked.", value=contact["value"], name=name)
    return ""


def _repeated(keys: Sequence[tuple[str, str]], mine: Seen) -> str:
    """A row that was mended may by now say what one above it says."""
    above = mine.above(keys)
    return _("Row %(row)d of this file says the same.", row=above[0]) if above else ""
