"""What the rules of the port suggest for berths: the list, taking a suggestion, dismissing it."""

from __future__ import annotations

import uuid

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from ...current import member
from ...db import db
from ...web import go, kept_list, page, requires, said
from ..models import Berth, StatusSuggestion
from ..models.status_rules import dismiss, take
from ..queries import suggested
from . import bp
from .berths import PLACE, locked

ONE = f"{PLACE}/<int:number>/suggestions/<uuid:suggestion_id>"


def open_one(berth: Berth, suggestion_id: uuid.UUID) -> StatusSuggestion | None:
    """None once it was decided, or the status changed otherwise; that is said."""
    found = select(StatusSuggestion).where(
        StatusSuggestion.port_id == berth.port_id,
        StatusSuggestion.berth_id == berth.id,
        StatusSuggestion.id == suggestion_id,
    )
    suggestion = db.session.scalars(found).one_or_none()
    if suggestion is None:
        said(_("That is decided already"))
    return suggestion


def back(number: int) -> ResponseReturnValue:
    """To the list of suggestions or the berth's page, whichever it was decided on."""
    if request.args.get("back") == "list":
        return go("berths.index_suggestions")
    return go("berths.show", number=number, list=kept_list())


@bp.get(f"{PLACE}/suggestions")
@requires("berths.view")
def index_suggestions() -> ResponseReturnValue:
    return page("berths/suggestions/index.html", follow=["berths:narrowed"], suggestions=suggested(member))


@bp.post(f"{ONE}/acceptance")
@requires("berths.edit")
def create_acceptance(number: int, suggestion_id: uuid.UUID) -> ResponseReturnValue:
    berth = locked(number)
    suggestion = open_one(berth, suggestion_id)
    if suggestion is not None and take(suggestion, berth, by=member):
        said(_("Status changed"))
    return back(number)


@bp.delete(ONE)
@requires("berths.edit")
def destroy_suggestion(number: int, suggestion_id: uuid.UUID) -> ResponseReturnValue:
    berth = locked(number)
    suggestion = open_one(berth, suggestion_id)
    if suggestion is not None:
        dismiss(suggestion, berth, by=member)
        said(_("The status stays as it is"))
    return back(number)
