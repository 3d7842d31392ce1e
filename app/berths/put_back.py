"""Taking a bulk act on berths, docks and harbours back: what was added is archived, what was changed is as before,
unless somebody changed it since, or something stands on it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from ..bulk_edits.tagging import TAGGED, UNTAGGED, TagsBack
from ..changes.putting_back import PuttingBack
from ..changes.ways import Done, puts_back
from ..db import db
from ..events.bulk import Happening
from ..events.models import Actor, EventMention
from ..events.timeline import FieldWords
from ..fields.models import is_custom
from .labels import DOCK_FIELDS, FIELDS, HARBOUR_FIELDS
from .models import Berth, BerthTag, Dock, Harbour, Place, StatusSuggestion
from .models.berth import contradiction
from .reversals import value_of


class PlacesBack(PuttingBack):
    """`standing`: how many places in use stand on each; `told`: of each the last event of another record that stands
    in its timeline, such as a booking."""

    model: ClassVar[type[Place]]
    FIELDS: ClassVar[Mapping[str, FieldWords]]
    ON: ClassVar[tuple[type[Place], str] | None] = None  # what stands on it, and by which column

    def __init__(self, done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> None:
        super().__init__(done, port_id, by)
        self.standing = self._standing()
        self.told = self._told()
        self.taken = self._taken()
        self.put_away = self._put_away()

    def _told(self) -> dict[uuid.UUID, uuid.UUID]:
        own = EventMention.subject_type == self.model.subject_type
        found = (
            select(EventMention.subject_id, EventMention.event_id)
            .where(own, EventMention.subject_id.in_(list(self.records)))
            .ext(distinct_on(EventMention.subject_id))
            .order_by(EventMention.subject_id, EventMention.event_id.desc())
        )
        return dict(db.session.execute(found).all())

    def _standing(self) -> dict[uuid.UUID, int]:
        if self.ON is None:
            return {}
        what, name = self.ON
        on = getattr(what, name)
        counts = select(on, func.count()).where(on.in_(list(self.records)), what.archived_at.is_(None)).group_by(on)
        return dict(db.session.execute(counts).all())

    def _taken(self) -> set[tuple[Any, str]]:
        """Of those that were put out of use: which of their names others have by now."""
        gone = [one.subject_id for one in self.done if (one.image or {}).get("archived")]
        names = [self._name(self.records[one]) for one in gone if one in self.records]
        if not names:
            return set()
        within, sorted_by = getattr(self.model, self.model.WITHIN), getattr(self.model, self.model.SORTED)
        others = select(within, sorted_by).where(tuple_(within, sorted_by).in_(names), self.model.archived_at.is_(None))
        return {(place, name) for place, name in db.session.execute(others)}

    def _put_away(self) -> set[uuid.UUID]:
        """On what some would come to stand again, and that is archived; what is not stays so until this is done."""
        ground = self.model.GROUND
        if ground is None:
            return set()
        changed = [
            (self.records[one.subject_id], one.image or {}) for one in self.done if one.subject_id in self.records
        ]
        wanted = {self._ground_of(*each) for each in changed if self._comes_to_stand(*each)}
        found = select(ground.id, ground.archived_at).where(ground.id.in_(wanted)).order_by(ground.id)
        rows = db.session.execute(found.with_for_update(read=True)) if wanted else ()
        return {row.id for row in rows if row.archived_at is not None}

    def _comes_to_stand(self, place: Mapping[str, Any], image: Mapping[str, Any]) -> bool:
        is_back = bool(image.get("archived")) and place["archived_at"] is not None
        return is_back or self.model.WITHIN in image.get("fields", ())

    def _ground_of(self, place: Mapping[str, Any], image: Mapping[str, Any]) -> Any:
        within = self.model.WITHIN
        fields = image["fields"]
        return value_of(within, fields[within][0]) if within in fields else place[within]

    def _name(self, place: Mapping[str, Any]) -> tuple[Any, str]:
        return place[self.model.WITHIN], place[self.model.SORTED]

    def put_back(self, one: Done) -> str:
        place = self.records.get(one.subject_id)
        if place is None:
            return _("It is not there any more.")
        if one.image is None:
            return _("What it was before has been erased.")
        if one.act == "created":
            return self._archive(place, one)
        was_archived = bool(one.image["archived"])
        if place["archived_at"] is not None and not was_archived:
            return _("It was archived since.")
        if changed := self._changed(place, one.image["fields"]):
            return _("%(fields)s: %(change)s", fields=", ".join(changed), change=self.who(one))
        if was_archived and place["archived_at"] is not None and self._name(place) in self.taken:
            return _("%(name)s is there already.", name=place[self.model.CALLED])
        if self._comes_to_stand(place, one.image) and self._ground_of(place, one.image) in self.put_away:
            return str(self.model.GROUNDLESS)
        fields = self._fields_back(place, one.image)
        if wrong := self.contradiction({**place, **{name: old for name, (_new, old) in fields.items()}}):
            return wrong
        self._restore(place, one, fields)
        return ""

    def contradiction(self, place: Mapping[str, Any]) -> str:
        """What would not go together, in words, with what was said since."""
        return ""

    def _archive(self, place: Mapping[str, Any], one: Done) -> str:
        if place["archived_at"] is not None:
            return ""
        if self.was_touched(one) or self.told.get(one.subject_id, one.last_event_id) > one.last_event_id:
            return self.who(one)
        if count := self.standing.get(one.subject_id):
            return ngettext("%(num)d place that stays is on it.", "%(num)d places that stay are on it.", count)
        self._keep(place, archived_at=self.moment)
        self._tell("archived", place)
        return ""

    def _changed(self, place: Mapping[str, Any], fields: Mapping[str, Any]) -> list[str]:
        """What of the act has another value by now."""
        return sorted(
            self.label_of(name, self.FIELDS)
            for name, pair in fields.items()
            if (is_custom(name) and name not in self.definitions)
            or place.get(name, "") not in [value_of(name, value) for value in pair]
        )

    def _fields_back(self, place: Mapping[str, Any], image: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        """Of what the act changed and nobody since: the value now, and the one before."""
        return {
            name: (place.get(name, ""), value_of(name, old))
            for name, (old, new) in image["fields"].items()
            if place.get(name, "") == value_of(name, new)
        }

    def _restore(self, place: Mapping[str, Any], one: Done, fields: Mapping[str, tuple[Any, Any]]) -> None:
        image = one.image or {}
        is_back = image["archived"] and place["archived_at"] is not None
        is_untagged = self.take_tags_off(one)
        if not fields and not is_back and not is_untagged:
            return
        also = {"archived_at": None} if is_back else {}
        self._keep(place, **{name: old for name, (_new, old) in fields.items() if not is_custom(name)}, **also)
        if is_back:
            self._tell("restored", place)
        if fields:
            self._tell("reverted", place, fields, **self.keep_custom(one, fields))

    def _tell(
        self, happened: str, place: Mapping[str, Any], changes: Mapping[str, Any] | None = None, **details: Any
    ) -> None:
        words = {"name": place[self.model.CALLED], **details}
        self.happenings.append(Happening(f"{self.model.subject_type}:{happened}", place["id"], changes or {}, words))

    def _keep(self, place: Mapping[str, Any], **written: Any) -> None:
        """The whole row again, so that one statement writes them all."""
        row = {name: place[name] for name in ("id", *self.model.EDITABLE, "archived_at")}
        self.rows.append({**row, **written, "updated_at": self.moment})


class BerthsBack(PlacesBack):
    model, tagging, FIELDS = Berth, BerthTag, FIELDS

    def __init__(self, done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> None:
        super().__init__(done, port_id, by)
        self.tags = TagsBack(BerthTag, done, port_id, tell)

    def put_back(self, one: Done) -> str:
        berth = self.records.get(one.subject_id)
        if one.act not in (TAGGED, UNTAGGED) or berth is None or one.image is None:
            return super().put_back(one)
        if berth["archived_at"] is not None:
            return _("It was archived since.")
        reason, happening = self.tags.put_back(one)
        if happening is not None:
            self._keep(berth)
            self.happenings.append(happening)
        return reason

    def contradiction(self, place: Mapping[str, Any]) -> str:
        found = contradiction(place)
        return found[1] if found else ""

    def write(self) -> None:
        self.tags.write()
        super().write()
        name = "tenure_expires_on"
        other_end = [row["id"] for row in self.rows if row[name] != self.records[row["id"]][name]]
        StatusSuggestion.forget_ends(other_end, port_id=self.port_id)


def tell(happened: str, berth_id: uuid.UUID, details: Mapping[str, Any]) -> Happening:
    return Happening(f"berth:{happened}", berth_id, {}, details)


class DocksBack(PlacesBack):
    model, FIELDS, ON = Dock, DOCK_FIELDS, (Berth, "dock_id")


class HarboursBack(PlacesBack):
    model, FIELDS, ON = Harbour, HARBOUR_FIELDS, (Dock, "harbour_id")


@puts_back("berth")
def put_berths_back(done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> Mapping[uuid.UUID, str]:
    return BerthsBack(done, port_id, by).reasons()


@puts_back("dock")
def put_docks_back(done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> Mapping[uuid.UUID, str]:
    return DocksBack(done, port_id, by).reasons()


@puts_back("harbour")
def put_harbours_back(done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> Mapping[uuid.UUID, str]:
    return HarboursBack(done, port_id, by).reasons()
