"""Some rows of a file of berths on their way in: each is looked at once more, since the check may be hours old."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from ...changes.models import ChangeSet
from ...events.models import Actor
from ...imports import kinds
from ...imports.models import Import, RowOutcome
from ...imports.own_fields import definitions_of, own_of, unfit
from ...imports.tags import gone_tag, ids_of_tags
from ...imports.verdicts import Verdict
from ..models import Berth, Dock, Harbour
from ..models.berth import contradiction
from ..models.bulk import EMPTY, BerthWriting, PlaceWriting
from ..models.dock import BETWEEN
from ..models.place import natural
from .columns import as_stored
from .targets import ACTIVE, GROUND, OF_DOCKS, OF_HARBOURS
from .verdicts import WRITTEN, about, called, differences, differences_of_ground, objection


class Batch(kinds.Batch):
    def __init__(self, found: Import, rows: Sequence[Any], by: Actor) -> None:
        super().__init__(found, by)
        self.here = about([row.fields for row in rows], locks=True)
        self.harbours, self.docks = (PlaceWriting(model, found.port_id, by) for model in (Harbour, Dock))
        names = {name for row in rows for name in own_of(row.fields)}
        self.berths = BerthWriting(
            found.port_id,
            by,
            definitions=definitions_of(Berth.resource, names, port_id=found.port_id),
            tag_ids=ids_of_tags(found, rows, by),
        )
        self.touched: set[uuid.UUID] = set()

    @property
    def created(self) -> int:
        return len(self.berths.created)

    def take(self, row: Any) -> None:
        berth, fields = self.here.berth(row.fields), row.fields
        gone = gone_tag(fields, self.berths.tag_ids) or unfit(own_of(fields), self.berths.definitions)
        if gone:
            self.turn_away(row, gone)
        elif row.verdict == Verdict.NEW:
            self._create(row, berth)
        elif berth is None or berth["id"] != row.berth_id:
            self.turn_away(row, _("The berth was archived or moved since the file was checked."))
        elif berth["id"] not in self.touched:  # a second row about the same berth waits for the next batch
            self._update(row, berth)

    def write(self, changes: ChangeSet) -> None:
        """What berths stand on is noted before them, so that it is taken back after them."""
        for writing in (self.harbours, self.docks, self.berths):
            writing.write(changes)

    def _create(self, row: Any, berth: Mapping[str, Any] | None) -> None:
        fields = row.fields
        if berth is not None:
            self.turn_away(row, _("%(name)s is here since the file was checked.", name=called(fields)))
        elif wrong := contradiction({**EMPTY, **fields}):
            self.turn_away(row, wrong[1])
        else:
            harbour = self._harbour(fields)
            dock = self._dock(fields, harbour)
            self.keep(row, self._new_berth(fields, harbour, dock), RowOutcome.CREATED)

    def _update(self, row: Any, berth: dict[str, Any]) -> None:
        fields = row.fields
        if wrong := objection(fields, berth, self.here):
            self.turn_away(row, wrong[1])
            return
        self.touched.add(berth["id"])
        self._dock(fields, self._harbour(fields))
        changed = {name: new for name, _old, new in differences(fields, berth, self.here)}
        tags = changed.pop("tags", [])
        changed.pop(ACTIVE, None)
        if changed:
            self.berths.update(berth, **{name: as_stored(name, new) for name, new in changed.items()})
        self.berths.tag(berth, tags)
        if not fields[ACTIVE]:
            self.berths.archive(berth)
        self.keep(row, berth["id"], RowOutcome.UPDATED)

    def _new_berth(self, fields: Mapping[str, Any], harbour: Mapping[str, Any], dock: Mapping[str, Any]) -> uuid.UUID:
        sort_code = Berth.sort_key(fields["code"])
        berth = self.berths.create(
            **{name: as_stored(name, fields[name]) for name in WRITTEN if fields.get(name) not in (None, "")},
            **own_of(fields),
            dock_id=dock["id"],
            code=fields["code"],
            sort_code=sort_code,
            sort_place=BETWEEN.join((harbour["sort_name"], dock["sort_name"], sort_code)),
        )
        self.berths.tag(berth, fields.get("tags", ()))
        self.here.berths[dock["id"], sort_code] = berth
        if not fields[ACTIVE]:
            self.berths.archive(berth)
        found: uuid.UUID = berth["id"]
        return found

    def _harbour(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Found or made, with what the row says of it."""
        harbour, name = self.here.harbour(fields), fields["harbour"]
        if harbour is None:
            said = ground_of(fields, OF_HARBOURS)
            harbour = self.harbours.create(name=name, sort_name=natural(name), **said)
            self.here.harbours[harbour["sort_name"]] = harbour
        elif changed := self._said_anew(fields, OF_HARBOURS):
            self.harbours.update(harbour, **changed)
        return harbour

    def _dock(self, fields: Mapping[str, Any], harbour: Mapping[str, Any]) -> dict[str, Any]:
        dock, name = self.here.dock(fields), fields["dock"]
        if dock is None:
            said = ground_of(fields, OF_DOCKS)
            dock = self.docks.create(name=name, sort_name=natural(name), harbour_id=harbour["id"], **said)
            self.here.docks[harbour["id"], dock["sort_name"]] = dock
        elif changed := self._said_anew(fields, OF_DOCKS):
            self.docks.update(dock, **changed)
        return dock

    def _said_anew(self, fields: Mapping[str, Any], of: str) -> dict[str, Any]:
        """What the row would change of the harbour or the dock."""
        found = [one for one in differences_of_ground(fields, self.here) if one[0].startswith(of)]
        return {key.removeprefix(of): as_stored(key.removeprefix(of), new) for key, _old, new in found}


def ground_of(fields: Mapping[str, Any], of: str) -> dict[str, Any]:
    names = [key.removeprefix(of) for key in GROUND if key.startswith(of) and fields.get(key) not in (None, "")]
    return {name: as_stored(name, fields[of + name]) for name in names}
