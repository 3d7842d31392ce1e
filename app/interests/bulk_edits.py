"""What can be done with many interests at once. It is tidying up, not work on each: their leads stay as cool as they
are."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select, update
from wtforms import SelectField, TextAreaField
from wtforms.validators import DataRequired

from ..berths.models import Occupancy, OccupancyKind
from ..berths.models.many import cancel_many
from ..berths.models.occupancy_kind import ENDED, HERE
from ..bulk_edits.forms import BulkArchiveForm, BulkForm, BulkTagForm
from ..bulk_edits.kinds import Act, BulkAct, Found, Kind
from ..bulk_edits.tagging import TAGGED, UNTAGGED
from ..current import member
from ..db import db
from ..events.bulk import Happening, record_many, subject_keys
from ..events.models import Actor
from ..formats import format_number
from ..forms import at_most
from .labels import LEADS
from .listing import RECORDS
from .models import Interest, InterestTag, Outcome
from .models.follow_ups import hand_over_many, settle_many
from .models.standing import let_go as let_berths_go
from .queries import people

SINCE = _("You can undo this for 30 days. What was changed again since then is listed and left as it is.")
WITH_BERTHS = 100  # that are done in one transaction where berths are looked at one by one
LETS_GO = _(
    "A berth held for one of them is let go; after an undo nobody holds it. Who has come by then stays as they are."
)
HAS_COME = (
    select(Occupancy.id)
    .where(Occupancy.port_id == Interest.port_id, Occupancy.id == Interest.occupancy_id)
    .where(Occupancy.kind == OccupancyKind.HOLD, HERE)
    .exists()
    .label("has_come")
)


class AssignForm(BulkForm):
    owner_id = SelectField(_("Owner"), description=_("Gets the reminders of these interests."))

    shown = ("owner_id",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner_id.choices = [("", gettext("Nobody")), *people(member)]


class LeadForm(BulkForm):
    lead_category = SelectField(_("Lead"), choices=LEADS)

    shown = ("lead_category",)

    def fields(self) -> dict[str, Any]:
        return {**super().fields(), "is_lead_set": True}

    def title(self) -> str:
        return f"{self.lead_category.label.text}: {self.word_of('lead_category')}"


class LoseForm(BulkForm):
    reason = TextAreaField(_("Why"), [DataRequired(_("Say why.")), at_most(1000)])

    shown = ("reason",)

    def fields(self) -> dict[str, Any]:
        return {"outcome": Outcome.LOST, "outcome_reason": self.reason.data}

    def title(self) -> str:
        return gettext("Lost")


class InterestsInBulk(Kind):
    name = "interests"
    blueprint = "interests"
    records = RECORDS
    editable = ("owner_id", "lead_category", "is_lead_set", "outcome", "outcome_reason")
    tagging = InterestTag
    nothing = (
        _("Nothing is selected"),
        _("Tick interests in the table first. Those that are archived are not changed."),
    )
    acts = (
        Act("assign", _("Assign"), "user", "interests.edit", "bulk_interests", AssignForm, _("Assign %(many)s"), SINCE),
        Act("lead", _("Lead"), "flag", "interests.edit", "bulk_interests", LeadForm, _("Lead of %(many)s"), SINCE),
        Act(
            "tag", _("Tag"), "tags", "interests.edit", "bulk_interests", BulkTagForm, _("Tags of %(many)s"),
            _("You can undo this for 30 days. Those that have it already, or have it not, are not changed."),
            button=_("Change %(many)s"),
        ),
        Act(
            "lose", _("Lost"), "x", "interests.change_stage", "lose_interests", LoseForm,
            _("Close %(many)s as lost"),
            _("Those that are over already stay as they are. You can undo this for 30 days. %(more)s", more=LETS_GO),
            is_danger=True,
        ),
        Act(
            "archive", _("Archive"), "archive", "interests.delete", "archive_interests", BulkArchiveForm,
            _("Archive %(many)s"),
            _("They leave the board and the table; you can undo it for 30 days. %(more)s", more=LETS_GO),
            is_danger=True,
        ),
    )  # fmt: skip

    def many(self, count: int) -> str:
        return ngettext("%(count)s interest", "%(count)s interests", count, count=format_number(count))

    @property
    def columns(self) -> Sequence[Any]:
        of = Interest
        written = (of.berth_id, of.occupancy_id, of.outcome, of.followed_up_days)
        return (of.id, of.port_id, of.number, of.client_id, *written, HAS_COME)

    def is_for(self, row: Any, act: BulkAct, fields: Mapping[str, Any]) -> bool:
        """What is over is not lost as well, and who lies on the held berth checks out first."""
        ends = act == BulkAct.ARCHIVE or "outcome" in fields
        return not (ends and row.has_come) and (row.outcome is None or "outcome" not in fields)

    def at_once(self, act: str, fields: Mapping[str, Any]) -> int | None:
        """The status of each berth may follow from nobody wanting it any more."""
        return WITH_BERTHS if act == BulkAct.ARCHIVE or "outcome" in fields else None

    def prepare(
        self, rows: Sequence[Any], act: BulkAct, fields: Mapping[str, Any], *, by: Actor
    ) -> Mapping[uuid.UUID, Mapping[str, Any]]:
        if not rows:
            return {}
        if "owner_id" in fields:
            owner_id = uuid.UUID(fields["owner_id"]) if fields["owner_id"] else None
            hand_over_many(dict.fromkeys(followed(rows), owner_id), port_id=rows[0].port_id, by=by)
        if act != BulkAct.ARCHIVE and "outcome" not in fields:
            return {}
        let_go(rows, by=by)
        tell_berths([row for row in rows if row.outcome is None], by=by)
        return settled(rows, by=by)

    def tell(self, happened: str, row: Any, changes: Found | None = None, **details: Any) -> Happening:
        """Of its tags only in its own timeline."""
        if happened in (TAGGED, UNTAGGED):
            return tagging(happened, row, details)
        return happening(happened, row, changes, **details)

    def tell_change(self, row: Any, found: Found, names: Mapping[str, str]) -> Happening:
        if "outcome" in found:
            return self.tell("lost", row, reason=found["outcome_reason"][1])
        if "owner_id" in found:
            return assigned(row, found["owner_id"], names)
        return lead_changed(row, found.get("lead_category"))


def happening(happened: str, row: Any, changes: Found | None = None, **details: Any) -> Happening:
    """Told by the client and the berth as well, as the interest's own verbs do."""
    about = [("client", row.client_id), *([("berth", row.berth_id)] if row.berth_id else [])]
    words = {"number": row.number, **details}
    return Happening(f"interest:{happened}", row.id, changes or {}, words, told_in=about)


def tagging(happened: str, row: Any, told: Mapping[str, Any]) -> Happening:
    return Happening(f"interest:{happened}", row.id, {}, {"number": row.number, **told})


def assigned(row: Any, owners: tuple[Any, Any], names: Mapping[str, str]) -> Happening:
    named = {"owner_id": [names.get(one, "") if one else None for one in owners]}
    owner_id = uuid.UUID(owners[1]) if owners[1] else None
    return happening("assigned", row, {"owner_id": owners}, owner_id=owner_id, named=named)


def lead_changed(row: Any, leads: tuple[Any, Any] | None, *, is_auto: bool = False) -> Happening:
    """`leads` of before and now, where they are not the same."""
    changes = {"lead_category": leads} if leads else {}
    old, new = leads or (row.lead_category, row.lead_category)
    return happening("leadCategoryChanged", row, changes, old=old, new=new, auto=is_auto)


def followed(rows: Sequence[Any]) -> dict[uuid.UUID, int]:
    """Those that are being followed up, and after how many days of quiet."""
    return {row.id: row.followed_up_days for row in rows if row.followed_up_days is not None}


def settled(rows: Sequence[Any], *, by: Actor) -> dict[uuid.UUID, dict[str, Any]]:
    """Nothing is to be followed up of what is over; which reminders are done by that, and when."""
    days = followed(rows)
    if not days:
        return {}
    found: dict[uuid.UUID, dict[str, Any]] = {
        interest_id: {"followed_up_days": count, "follow_ups": {}} for interest_id, count in days.items()
    }
    for one in settle_many(days, port_id=rows[0].port_id, by=by):
        if one.about_id and one.completed_at:
            found[one.about_id]["follow_ups"][str(one.id)] = one.completed_at.isoformat()
    return found


def let_go(rows: Sequence[Any], *, by: Actor) -> None:
    """What is held for them; what was cancelled among the stays is forgotten."""
    holds = {row.occupancy_id: row for row in rows if row.occupancy_id is not None}
    if not holds:
        return
    port_id = rows[0].port_id
    released = [holds[hold_id] for hold_id in cancel_many(holds, port_id=port_id, by=by)]
    over = select(Occupancy.id).where(Occupancy.kind == OccupancyKind.HOLD, Occupancy.state.in_(ENDED))
    freed = update(Interest).where(Interest.port_id == port_id, Interest.id.in_([row.id for row in rows]))
    freed = freed.where(Interest.occupancy_id.in_(over.where(Occupancy.port_id == port_id, Occupancy.id.in_(holds))))
    db.session.execute(freed.values(occupancy_id=None), execution_options={"synchronize_session": False})
    keys = subject_keys(Interest.subject_type, [row.id for row in released], port_id=port_id)
    told = [happening("holdReleased", row) for row in released]
    record_many(Interest.subject_type, told, by=by, port_id=port_id, keys=keys)


def tell_berths(rows: Sequence[Any], *, by: Actor) -> None:
    """The status of a berth may follow from nobody wanting it any more."""
    linked = {row.berth_id: gettext("Interest %(number)s", number=row.number) for row in rows if row.berth_id}
    let_berths_go(linked, but=[row.id for row in rows], by=by)
