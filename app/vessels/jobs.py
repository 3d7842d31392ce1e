"""Each morning of a port: who looks after a vessel is told which of its papers end."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Select, case, select
from sqlalchemy.orm import aliased

from .. import formats
from ..db import db, port_in_force
from ..events.models import System
from ..identity.models import current_port_of
from ..jobs import job
from .models import Document, DocumentReminder, Vessel
from .models.document import LADDER, TOLD_AFTERWARDS

AT_ONCE = 200


@job(queue="documents")
def remind_of_documents() -> None:
    """Exactly once for each document, end and step; missed days are made up for by the last step that they passed."""
    port_id = port_in_force()
    if port_id is None:
        return
    with formats.use(current_port_of(port_id)):
        today = formats.today()
    waiting = db.session.execute(ending(today).limit(AT_ONCE)).all()
    for document, vessel in waiting:
        document.remind(vessel, today, by=System())
    if len(waiting) == AT_ONCE:
        remind_of_documents.later()


def ending(today: date) -> Select[Document, Vessel]:
    """Those whose due step was not told yet; one that another of its kind outlasts is history."""
    later = aliased(Document)
    days = Document.valid_until - today
    due = case(*((days <= step, step) for step in sorted(LADDER)))
    outlasted = select(later.id).where(
        later.port_id == Document.port_id,
        later.vessel_id == Document.vessel_id,
        later.kind == Document.kind,
        later.archived_at.is_(None),
        later.valid_until.is_(None) | (later.valid_until > Document.valid_until),
    )
    told = select(DocumentReminder.id).where(
        DocumentReminder.document_id == Document.id,
        DocumentReminder.valid_until == Document.valid_until,
        DocumentReminder.step == due,
    )
    return (
        select(Document, Vessel)
        .join(Vessel, (Vessel.port_id == Document.port_id) & (Vessel.id == Document.vessel_id))
        .where(
            Document.archived_at.is_(None),
            Vessel.archived_at.is_(None),
            Document.valid_until.between(today - timedelta(days=TOLD_AFTERWARDS), today + timedelta(days=LADDER[0])),
            ~outlasted.exists(),
            ~told.exists(),
        )
        .order_by(Document.valid_until, Document.id)
    )
