"""Taking a bulk act on interests back: owner, lead, outcome and tags are as before, and what was archived is back,
unless somebody changed it since. What was to be followed up is so again. A berth that was let go stays free."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ..bulk_edits.editing import as_kept
from ..bulk_edits.tagging import TAGGED, UNTAGGED, TagsBack
from ..changes.putting_back import PuttingBack
from ..changes.ways import Done, puts_back
from ..db import db
from ..events.bulk import Happening
from ..events.models import Actor
from ..identity.models import User
from ..notifications.reactions import holders_of
from ..reminders.models import Reminder
from ..reminders.models.many import reopen_many
from .bulk_edits import assigned, happening, lead_changed, tagging
from .labels import FIELDS
from .models import Interest, InterestTag
from .models.follow_ups import hand_over_many
from .models.standing import say_all_again

WRITTEN = (
    "owner_id",
    "lead_category",
    "is_lead_set",
    "outcome",
    "outcome_reason",
    "archived_at",
    "followed_up_days",
)


@puts_back("interest")
def put_interests_back(done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> Mapping[uuid.UUID, str]:
    return InterestsBack(done, port_id, by).reasons()


class InterestsBack(PuttingBack):
    model = Interest

    def __init__(self, done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> None:
        super().__init__(done, port_id, by)
        ids = {uuid.UUID(owner) for one in done for owner in self._fields(one).get("owner_id", ()) if owner}
        found = db.session.execute(select(User.id, User.name).where(User.id.in_(ids))) if ids else ()
        self.people = {str(row.id): row.name for row in found}
        self.holders = {str(one) for one in holders_of("interests.edit", port_id)} if ids else set()
        self.tags = TagsBack(InterestTag, done, port_id, self._tell_tag)
        self.settled = self._settled()
        self.opening: list[Reminder] = []
        self.giving: dict[uuid.UUID, uuid.UUID | None] = {}

    def _settled(self) -> dict[str, Reminder]:
        """The follow-ups that the act settled, locked."""
        ids = [one_id for one in self.done for one_id in (one.image or {}).get("follow_ups", ())]
        if not ids:
            return {}
        found = select(Reminder).where(Reminder.port_id == self.port_id, Reminder.id.in_(ids))
        locked = found.order_by(Reminder.id).with_for_update().execution_options(populate_existing=True)
        return {str(one.id): one for one in db.session.scalars(locked)}

    def _tell_tag(self, happened: str, interest_id: uuid.UUID, told: Mapping[str, Any]) -> Happening:
        return tagging(happened, SimpleNamespace(**self.records[interest_id]), told)

    @staticmethod
    def _fields(one: Done) -> Mapping[str, Any]:
        fields: Mapping[str, Any] = (one.image or {}).get("fields", {})
        return fields

    def put_back(self, one: Done) -> str:
        interest = self.records.get(one.subject_id)
        if interest is None:
            return _("The interest is not there any more.")
        if one.image is None:
            return _("What it was before has been erased.")
        if one.act == "archived":
            return self._unarchive(interest, one)
        if interest["archived_at"] is not None:
            return _("The interest was archived since.")
        if one.act in (TAGGED, UNTAGGED):
            return self._put_tag_back(interest, one)
        fields = self._fields(one)
        changed = [name for name, pair in fields.items() if as_kept(interest[name]) not in pair]
        if changed:
            names = ", ".join(sorted({label_of(name) for name in changed}))
            return _("%(fields)s: %(change)s", fields=names, change=self.who(one))
        if self._is_gone(interest, fields):
            gone = _("the owner of before is not here any more")
            return _("%(fields)s: %(change)s", fields=label_of("owner_id"), change=gone)
        self._restore(interest, one)
        return ""

    def _is_gone(self, interest: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
        """Whether it would go back to somebody who may not have it any more."""
        old, new = fields.get("owner_id", (None, None))
        return old is not None and as_kept(interest["owner_id"]) == new and old not in self.holders

    def _put_tag_back(self, interest: Mapping[str, Any], one: Done) -> str:
        reason, happened = self.tags.put_back(one)
        if happened is not None:
            self._keep(interest)
            self.happenings.append(happened)
        return reason

    def _unarchive(self, interest: Mapping[str, Any], one: Done) -> str:
        if interest["archived_at"] is None:
            return ""
        if self.was_touched(one):
            return self.who(one)
        self._keep(interest, archived_at=None, **self._followed_again(interest, one))
        self.happenings.append(happening("restored", SimpleNamespace(**interest)))
        return ""

    def _restore(self, interest: Mapping[str, Any], one: Done) -> None:
        fields = self._fields(one)
        back = {name: (new, old) for name, (old, new) in fields.items() if as_kept(interest[name]) == new}
        if not back:
            return
        also = self._followed_again(interest, one) if "outcome" in back else {}
        self._keep(interest, **{name: old for name, (_new, old) in back.items()}, **also)
        row = SimpleNamespace(**interest)
        if "owner_id" in back and interest["followed_up_days"] is not None:
            old = back["owner_id"][1]
            self.giving[interest["id"]] = uuid.UUID(old) if old else None
        if "outcome" in back:
            self.happenings.append(happening("reopened", row))
        if "owner_id" in back:
            self.happenings.append(assigned(row, back["owner_id"], self.people))
        if "lead_category" in back or "is_lead_set" in back:
            is_auto = back.get("is_lead_set", (None, True))[1] is False
            self.happenings.append(lead_changed(row, back.get("lead_category"), is_auto=is_auto))

    def _followed_again(self, interest: Mapping[str, Any], one: Done) -> dict[str, Any]:
        """What the act settled is to be followed up again, unless somebody did something about it since."""
        image = one.image or {}
        opening = [
            found
            for reminder_id, done_at in image.get("follow_ups", {}).items()
            if (found := self.settled.get(reminder_id)) is not None
            and found.completed_at == datetime.fromisoformat(done_at)
            and interest["active_at"] < found.completed_at
            and not found.is_archived
        ]
        self.opening += opening
        return {"followed_up_days": image["followed_up_days"]} if opening else {}

    def write(self) -> None:
        self.tags.write()
        super().write()
        reopen_many(self.opening, by=self.by)
        if self.giving:
            hand_over_many(self.giving, port_id=self.port_id, by=self.by)
        self._say_again()

    def _say_again(self) -> None:
        """What is open again says of its berth what it has come to."""
        ids = [one.subject_id for one in self.happenings if one.name in ("interest:reopened", "interest:restored")]
        back = select(Interest).where(Interest.id.in_(ids), Interest.berth_id.is_not(None)).order_by(Interest.berth_id)
        if ids:
            say_all_again(db.session.scalars(back.execution_options(populate_existing=True)).all(), by=self.by)

    def _keep(self, interest: Mapping[str, Any], **written: Any) -> None:
        """All that may be written, so that one statement writes them all."""
        row = {name: interest[name] for name in WRITTEN} | written
        self.rows.append({"id": interest["id"], **row, "updated_at": self.moment})


def label_of(name: str) -> str:
    if name in ("lead_category", "is_lead_set"):
        return str(FIELDS["lead_category"].label)
    return str(FIELDS[name].label) if name in FIELDS else _("Outcome")
