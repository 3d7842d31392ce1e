"""What becomes of a row: a new berth, an update of one that is here, one that stands twice, or wrong; and why."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ...db import db
from ...fields.models import is_custom, values_of
from ...imports.columns import Columns
from ...imports.own_fields import own_of
from ...imports.tags import new_tags
from ...imports.verdicts import Judgement, Verdict
from ..models import Berth, BerthTag, Dock, Harbour, Occupancy
from ..models.berth import NO_DOCK, berth_name, contradiction
from ..models.bulk import EMPTY
from ..models.place import natural
from .columns import as_read
from .targets import ACTIVE, GROUND, OF_DOCKS, OF_HARBOURS

# What a row may say of its berth; where the berth lies tells which one it is.
WRITTEN = tuple(name for name in Berth.EDITABLE if name not in ("dock_id", "code"))
Place = tuple[str, str, str]


def place_of(fields: Mapping[str, Any]) -> Place:
    """Harbour, dock and number, as they are the same however they are written."""
    return natural(fields["harbour"]), natural(fields["dock"]), Berth.sort_key(fields["code"])


def called(fields: Mapping[str, Any]) -> str:
    return berth_name(str(fields.get("dock") or NO_DOCK), str(fields.get("code", "")))


@dataclass
class Here:
    """What the port has of the places that rows are about: harbours by name, docks by harbour and name, berths by dock
    and number, with the fields that the port made up; `tags` they carry, in lower case. `in_use`: of the berths that
    rows put out of use, those that somebody has or will have; `put_away`: numbers on docks that were."""

    harbours: dict[str, dict[str, Any]] = field(default_factory=dict)
    docks: dict[tuple[uuid.UUID, str], dict[str, Any]] = field(default_factory=dict)
    berths: dict[tuple[uuid.UUID, str], dict[str, Any]] = field(default_factory=dict)
    tags: dict[uuid.UUID, dict[str, str]] = field(default_factory=dict)
    in_use: set[uuid.UUID] = field(default_factory=set)
    put_away: set[tuple[uuid.UUID, str]] = field(default_factory=set)

    def harbour(self, fields: Mapping[str, Any]) -> dict[str, Any] | None:
        return self.harbours.get(natural(fields["harbour"]))

    def dock(self, fields: Mapping[str, Any]) -> dict[str, Any] | None:
        harbour = self.harbour(fields)
        return self.docks.get((harbour["id"], natural(fields["dock"]))) if harbour else None

    def berth(self, fields: Mapping[str, Any]) -> dict[str, Any] | None:
        dock = self.dock(fields)
        return self.berths.get((dock["id"], Berth.sort_key(fields["code"]))) if dock else None

    def has_put_away(self, fields: Mapping[str, Any]) -> bool:
        dock = self.dock(fields)
        return dock is not None and (dock["id"], Berth.sort_key(fields["code"])) in self.put_away


def about(rows: Sequence[Mapping[str, Any]], *, locks: bool = False) -> Here:
    """Three statements, whatever the number of rows, one each where some bring tags or own fields, and two where some
    are out of use. `locks`: the places until the transaction ends."""
    here, places = Here(), [place_of(fields) for fields in rows]
    if not places:
        return here
    harbours, docks, codes = (list(set(names)) for names in zip(*places, strict=True))
    here.harbours = {row["sort_name"]: row for row in _rows(Harbour, Harbour.sort_name.in_(harbours), locks=locks)}
    inside = [row["id"] for row in here.harbours.values()]
    if not inside:
        return here
    found = _rows(Dock, Dock.harbour_id.in_(inside), Dock.sort_name.in_(docks), locks=locks)
    here.docks = {(row["harbour_id"], row["sort_name"]): row for row in found}
    if not found:
        return here
    on = (Berth.dock_id.in_([row["id"] for row in found]), Berth.sort_code.in_(codes))
    here.berths = {(row["dock_id"], row["sort_code"]): row for row in _rows(Berth, *on, locks=locks)}
    by_id = {row["id"]: row for row in here.berths.values()}
    if any(fields.get("tags") for fields in rows):
        here.tags = BerthTag.names_on(by_id)
    if any(map(own_of, rows)):
        for berth_id, values in values_of(Berth.resource, by_id).items():
            by_id[berth_id] |= values
    if any(not fields[ACTIVE] for fields in rows):
        archived = select(Berth.dock_id, Berth.sort_code).where(*on, Berth.archived_at.is_not(None))
        here.put_away = {(row.dock_id, row.sort_code) for row in db.session.execute(archived)}
        standing = select(Occupancy.berth_id).where(Occupancy.berth_id.in_(list(by_id)), Occupancy.is_standing())
        here.in_use = set(db.session.scalars(standing))
    return here


def _rows(model: Any, *where: Any, locks: bool) -> list[dict[str, Any]]:
    found = select(model.__table__).where(*where, model.archived_at.is_(None)).order_by(model.id)
    return [dict(row) for row in db.session.execute(found.with_for_update() if locks else found).mappings()]


class Seen:
    """What stood in the rows above: each berth with its row, and what was said of harbours and docks, with the row."""

    def __init__(self) -> None:
        self.rows: dict[Place, int] = {}
        self.ground: dict[tuple[str, ...], tuple[Any, int]] = {}

    def add(self, fields: Mapping[str, Any], number: int) -> None:
        self.rows[place_of(fields)] = number
        for place, name in _ground_of(fields):
            self.ground.setdefault((*place, name), (fields[name], number))
        harbour, dock, _code = place_of(fields)
        self.ground.setdefault((harbour, "harbour"), (None, number))
        self.ground.setdefault((harbour, dock, "dock"), (None, number))

    def otherwise(self, fields: Mapping[str, Any]) -> tuple[str, Any, int] | None:
        """What the row says of its harbour or dock that a row above says otherwise: the field, that value, that row.
        That a dock has something, not all of its berths need to say."""
        for place, name in _ground_of(fields):
            value, row = self.ground.get((*place, name), (fields[name], 0))
            if value != fields[name] and not isinstance(value, bool):
                return name, value, row
        return None


def _ground_of(fields: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    harbour, dock, _code = place_of(fields)
    said = [name for name in GROUND if fields.get(name) not in (None, "")]
    return [((harbour,) if name.startswith(OF_HARBOURS) else (harbour, dock), name) for name in said]


# --- The verdict --------------------------------------------------------------------------------------------------


def judge(
    fields: Mapping[str, Any], number: int, here: Here, seen: Seen, columns: Columns, *, may_update: bool
) -> Judgement:
    """The verdict on a row that can be read; what it says is remembered in `seen` when it will be used."""
    if above := seen.rows.get(place_of(fields)):
        text = _("Same berth as row %(row)d of this file. Row %(row)d is used, this one is left out.", row=above)
        return Judgement(Verdict.DUPLICATE, text, twin=above)
    if other := seen.otherwise(fields):
        name, value, row = other
        words = {"field": columns.label_of(name), "value": in_words(name, value, columns), "row": row}
        return Judgement(
            Verdict.WRONG, _("%(field)s: row %(row)d says %(value)s of the same place.", **words), problem=name
        )
    found = _compared(fields, here, seen, may_update=may_update)
    if found.verdict in (Verdict.NEW, Verdict.UPDATE):
        seen.add(fields, number)
    return found


def _compared(fields: Mapping[str, Any], here: Here, seen: Seen, *, may_update: bool) -> Judgement:
    berth, ground = here.berth(fields), differences_of_ground(fields, here)
    if ground and not may_update:
        return Judgement(Verdict.WRONG, _("You may add berths, not change docks and harbours."), problem=ground[0][0])
    if berth is None:
        if not fields[ACTIVE] and here.has_put_away(fields):
            return Judgement(Verdict.DUPLICATE, _("%(name)s is archived here already.", name=called(fields)))
        if wrong := contradiction({**EMPTY, **fields}):
            return Judgement(Verdict.WRONG, wrong[1], problem=wrong[0])
        return Judgement(Verdict.NEW, differences=[*_made(fields, here, seen), *ground])
    if wrong := objection(fields, berth, here):
        return Judgement(Verdict.WRONG, wrong[1], berth["id"], problem=wrong[0])
    found = [*differences(fields, berth, here), *ground]
    if not found:
        text = _("%(name)s is here already, and nothing differs.", name=called(fields))
        return Judgement(Verdict.DUPLICATE, text, berth["id"])
    if not may_update:
        text = _("%(name)s is here already. You may add berths, not change them.", name=called(fields))
        return Judgement(Verdict.DUPLICATE, text, berth["id"], differences=found)
    return Judgement(Verdict.UPDATE, "", berth["id"], differences=found)


def _made(fields: Mapping[str, Any], here: Here, seen: Seen) -> list[list[Any]]:
    """The harbour and the dock that come with the row, where no row above brings them."""
    harbour, dock, _code = place_of(fields)
    made = []
    if here.harbour(fields) is None and (harbour, "harbour") not in seen.ground:
        made.append(["harbour", None, fields["harbour"]])
    if here.dock(fields) is None and fields["dock"] != NO_DOCK and (harbour, dock, "dock") not in seen.ground:
        made.append(["dock", None, fields["dock"]])
    return made


def objection(fields: Mapping[str, Any], berth: Mapping[str, Any], here: Here) -> tuple[str, str] | None:
    """Why the berth cannot become what the row says: the field, and the reason in words."""
    if not fields[ACTIVE] and berth["id"] in here.in_use:
        return ACTIVE, _("%(name)s is booked here. End its stays before it goes out of use.", name=called(fields))
    there = {name: present(name, berth) for name in WRITTEN}
    return contradiction({**there, **fields})


def differences(fields: Mapping[str, Any], berth: Mapping[str, Any], here: Here) -> list[list[Any]]:
    """Field, old, new of what the row would change of the berth: an empty cell erases nothing, and a tag that it does
    not name stays."""
    found = []
    for name in (*WRITTEN, *own_of(fields)):
        old, new = present(name, berth), fields.get(name)
        if new not in (None, "") and old != new:
            found.append([name, old, new])
    if tags := new_tags(fields, here.tags.get(berth["id"], ())):
        found.append(["tags", None, tags])
    if not fields[ACTIVE]:
        found.append([ACTIVE, True, False])
    return found


def present(name: str, berth: Mapping[str, Any]) -> Any:
    """A berth's value as a row would have it."""
    return berth.get(name, "") if is_custom(name) else as_read(name, berth[name])


def differences_of_ground(fields: Mapping[str, Any], here: Here) -> list[list[Any]]:
    """The same of the harbour and the dock, where they are here. What a dock has, one of its berths that has it not
    does not take away."""
    harbour, dock, found = here.harbour(fields), here.dock(fields), []
    for key in GROUND:
        record, of = (harbour, OF_HARBOURS) if key.startswith(OF_HARBOURS) else (dock, OF_DOCKS)
        new = fields.get(key)
        if record is None or new in (None, "", False):
            continue
        old = as_read(key.removeprefix(of), record[key.removeprefix(of)])
        if old != new:
            found.append([key, old, new])
    return found


def in_words(name: str, value: Any, columns: Columns) -> str:
    """A value of a difference as people read it."""
    if value in (None, "", []):
        return ""
    if name in columns.read:
        return str(columns.read[name].words(value))
    return ", ".join(value) if isinstance(value, list) else str(value)
