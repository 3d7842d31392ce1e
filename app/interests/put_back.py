"""Taking a bulk act on interests back: owner, lead and outcome are as before, and what was archived is back, unless
somebody changed it since. A berth that was let go stays free."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ..bulk_edits.editing import as_kept
from ..changes.putting_back import PuttingBack
from ..changes.ways import Done, puts_back
from ..db import db
from ..events.models import Actor
from ..identity.models import User
from .bulk_edits import assigned, happening, lead_changed
from .labels import FIELDS
from .models import Interest

WRITTEN = ("owner_id", "lead_category", "is_lead_set", "outcome", "outcome_reason", "archived_at")


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
        fields = self._fields(one)
        changed = [name for name, pair in fields.items() if as_kept(interest[name]) not in pair]
        if changed:
            names = ", ".join(sorted({label_of(name) for name in changed}))
            return _("%(fields)s: %(change)s", fields=names, change=self.who(one))
        self._restore(interest, fields)
        return ""

    def _unarchive(self, interest: Mapping[str, Any], one: Done) -> str:
        if interest["archived_at"] is None:
            return ""
        if self.was_touched(one):
            return self.who(one)
        self._keep(interest, archived_at=None)
        self.happenings.append(happening("restored", SimpleNamespace(**interest)))
        return ""

    def _restore(self, interest: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
        back = {name: (new, old) for name, (old, new) in fields.items() if as_kept(interest[name]) == new}
        if not back:
            return
        self._keep(interest, **{name: old for name, (_new, old) in back.items()})
        row = SimpleNamespace(**interest)
        if "outcome" in back:
            self.happenings.append(happening("reopened", row))
        if "owner_id" in back:
            self.happenings.append(assigned(row, back["owner_id"], self.people))
        if "lead_category" in back or "is_lead_set" in back:
            is_auto = back.get("is_lead_set", (None, True))[1] is False
            self.happenings.append(lead_changed(row, back.get("lead_category"), is_auto=is_auto))

    def _keep(self, interest: Mapping[str, Any], **written: Any) -> None:
        """All that may be written, so that one statement writes them all."""
        row = {name: interest[name] for name in WRITTEN} | written
        self.rows.append({"id": interest["id"], **row, "updated_at": self.moment})


def label_of(name: str) -> str:
    if name in ("lead_category", "is_lead_set"):
        return str(FIELDS["lead_category"].label)
    return str(FIELDS[name].label) if name in FIELDS else _("Outcome")
