"""A change set: what it did, taking it back, and what was put back."""

from __future__ import annotations

import re

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ..current import member
from ..db import db, take_turn
from ..errors import Refused
from ..events.subjects import label_of, shown_of
from ..numbers import has_number
from ..web import find_or_404, go, page, requires, said
from .jobs import roll_back
from .models import PERMISSIONS, ChangeItem, ChangeSet, ChangeSetStatus, Outcome

bp = Blueprint("changes", __name__, url_prefix="/<port>/changes")
SHOWN = 50


@bp.get("/<int:number>")
@requires(*PERMISSIONS.values())
def show(number: int) -> ResponseReturnValue:
    found = find_or_404(ChangeSet.visible_to(member).where(has_number(ChangeSet, number)))
    asked = request.args.get("outcome", "")
    outcome = asked if asked in (Outcome.KEPT, Outcome.PUT_BACK) else ""
    items, more = items_of(found, outcome, after=request.args.get("after", ""))
    return page(
        "changes/show.html",
        follow=[f"change_set:{number}"],
        changes=found,
        outcome=outcome,
        items=items,
        label_of=label_of,
        records=shown_of(member, [(item.subject_type, item.subject_id) for item in items]),
        more_url=url_for("changes.show", number=number, outcome=outcome or None, after=more) if more else None,
    )


def items_of(found: ChangeSet, outcome: str, *, after: str) -> tuple[list[ChangeItem], str]:
    """One page of what it did, the newest first, and where the next begins."""
    statement = ChangeItem.of(found).order_by(ChangeItem.id.desc())
    if outcome:
        statement = statement.where(ChangeItem.outcome == outcome)
    if re.fullmatch(r"[0-9a-f]{32}", after):
        statement = statement.where(ChangeItem.id < after)
    elif after:
        abort(400)
    items = list(db.session.scalars(statement.limit(SHOWN + 1)))
    return items[:SHOWN], items[SHOWN - 1].id.hex if len(items) > SHOWN else ""


@bp.delete("/<int:number>/run")
@requires(*PERMISSIONS.values())
def destroy_run(number: int) -> ResponseReturnValue:
    seen = ChangeSet.visible_to(member).where(has_number(ChangeSet, number))
    take_turn(find_or_404(seen.with_only_columns(ChangeSet.id)))
    if find_or_404(seen.with_for_update()).stop(by=member):
        said(_("It stops after the records in hand"), category="info")
    return go("changes.show", number=number)


@bp.post("/<int:number>/roll-back")
@requires(*PERMISSIONS.values())
def create_roll_back(number: int) -> ResponseReturnValue:
    found = find_or_404(ChangeSet.visible_to(member).where(has_number(ChangeSet, number)).with_for_update())
    if found.roll_back(by=member):
        roll_back.later(change_set_id=found.id, user_id=member.id)
    elif found.is_under_way or found.status == ChangeSetStatus.APPLIED:
        url = url_for("changes.show", number=number)
        raise Refused(_("This cannot be undone any more, or is still under way."), url=url, label=_("Show it"))
    return go("changes.show", number=number)
