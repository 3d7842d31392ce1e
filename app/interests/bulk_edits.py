"""What can be done with many interests at once. It is tidying up, not work on each: their leads stay as cool as they
are."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from wtforms import SelectField, TextAreaField
from wtforms.validators import DataRequired

from ..admin.models import Trigger
from ..berths.models import Berth
from ..berths.models.status_rules import triggered
from ..bulk_edits.forms import BulkArchiveForm, BulkForm
from ..bulk_edits.kinds import Act, BulkAct, Found, Kind
from ..current import member
from ..db import db
from ..events.bulk import Happening
from ..events.models import Actor
from ..formats import format_number
from ..forms import at_most
from .labels import LEADS
from .listing import RECORDS
from .models import Interest, Outcome, release_hold
from .queries import people

SINCE = _("You can undo this for 30 days. What was changed again since then is listed and left as it is.")
LETS_GO = _("A berth that is held for one of them is let go, and stays free when you undo.")


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
    nothing = (
        _("Nothing is selected"),
        _("Tick interests in the table first. Those that are archived are not changed."),
    )
    acts = (
        Act("assign", _("Assign"), "user", "interests.edit", "bulk_interests", AssignForm, _("Assign %(many)s"), SINCE),
        Act("lead", _("Lead"), "flag", "interests.edit", "bulk_interests", LeadForm, _("Lead of %(many)s"), SINCE),
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
        return (of.id, of.number, of.client_id, of.berth_id, of.occupancy_id, of.outcome)

    def is_for(self, row: Any, fields: Mapping[str, Any]) -> bool:
        """What is over is not lost as well."""
        return row.outcome is None or "outcome" not in fields

    def prepare(self, rows: Sequence[Any], act: BulkAct, fields: Mapping[str, Any], *, by: Actor) -> None:
        if act == BulkAct.ARCHIVE or "outcome" in fields:
            let_go(rows, by=by)
        if "outcome" in fields:
            tell_berths(rows, by=by)

    def tell(self, happened: str, row: Any, changes: Found | None = None, **details: Any) -> Happening:
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


def assigned(row: Any, owners: tuple[Any, Any], names: Mapping[str, str]) -> Happening:
    named = {"owner_id": [names.get(one, "") if one else None for one in owners]}
    owner_id = uuid.UUID(owners[1]) if owners[1] else None
    return happening("assigned", row, {"owner_id": owners}, owner_id=owner_id, named=named)


def lead_changed(row: Any, leads: tuple[Any, Any] | None, *, is_auto: bool = False) -> Happening:
    """`leads` of before and now, where they are not the same."""
    changes = {"lead_category": leads} if leads else {}
    old, new = leads or (row.lead_category, row.lead_category)
    return happening("leadCategoryChanged", row, changes, old=old, new=new, auto=is_auto)


def let_go(rows: Sequence[Any], *, by: Actor) -> None:
    """What is held for them; few are."""
    ids = [row.id for row in rows if row.occupancy_id is not None]
    for interest in db.session.scalars(select(Interest).where(Interest.id.in_(ids)).order_by(Interest.id)):
        release_hold(interest, by=by)


def tell_berths(rows: Sequence[Any], *, by: Actor) -> None:
    """The status of a berth may follow from its interest being lost."""
    linked = {row.berth_id: row for row in rows if row.berth_id is not None}
    berths = select(Berth).where(Berth.id.in_(linked)).order_by(Berth.id)
    for berth in db.session.scalars(berths):
        because = gettext("Interest %(number)s", number=linked[berth.id].number)
        triggered(Trigger.INTEREST_LOST, berth, by=by, because=because)
