"""The audit log: list, one entry, export, taking a change back."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, abort, g, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ..current import member
from ..db import now
from ..web import Access, deny, find_or_404, go, page, requires, said
from .audit import Asked, filters_of, one_line, page_of, people_of, shown_subject, visible_to
from .export import take_note, written
from .reverts import WAYS, NotReverted, Reason, revert

bp = Blueprint("audit", __name__, url_prefix="/<port>/admin/audit")


@bp.get("")
@requires("admin.view_audit_log")
def index() -> ResponseReturnValue:
    asked, people = Asked.read(request.args), people_of()
    log = page_of(asked, member, people)
    subject = shown_subject(asked, log, member)
    filters = filters_of(asked, people, subject)
    return page("audit/index.html", log=log, filters=filters, asked=asked, subject=subject)


@bp.get("/<uuid:event_id>")
@requires("admin.view_audit_log")
def show(event_id: uuid.UUID) -> ResponseReturnValue:
    return show_page(event_id)


def show_page(event_id: uuid.UUID, status: int = 200, *, reasons: tuple[Reason, ...] = ()) -> ResponseReturnValue:
    line = one_line(event_id, member) or abort(404)
    return page("audit/show.html", status, line=line, reasons=reasons)


@bp.post("/exports")
@requires("admin.view_audit_log")
def create_export() -> ResponseReturnValue:
    """What the filter shows, now and no newer; recorded before the first row leaves."""
    asked, who = Asked.read(request.form), g.member
    _count, upto = take_note(asked, who)
    response = Response(stream_with_context(written(asked, who, upto)), mimetype="text/csv")
    name = f"audit-{who.here().slug}-{now():%Y-%m-%d}.csv"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@bp.post("/<uuid:event_id>/reversal")
@requires("admin.view_audit_log")
def create_reversal(event_id: uuid.UUID) -> ResponseReturnValue:
    event = find_or_404(visible_to(member, event_id))
    way = WAYS.get(event.name) or abort(404)
    if not member.can(way.permission):
        deny(member, Access(permissions=(way.permission,)))
    try:
        is_written = revert(event, way, member)
    except NotReverted as error:
        return show_page(event_id, 409, reasons=error.reasons)
    if is_written:
        said(_("Taken back: it is as it was before"))
    else:
        said(_("It already is as it was before"), category="info")
    return go("audit.index", subject=f"{event.subject_type}:{event.subject_id}")
