"""What the page of a berth shows beside the berth itself."""

from __future__ import annotations

from typing import Any

from ..db import db
from ..events.timeline import timeline
from .availability import now_and_next
from .models import Berth, MaintenanceEntry
from .models.status_rules import suggestions_of
from .queries import LATEST, tags_of


def beside(berth: Berth) -> dict[str, Any]:
    """A statement for each."""
    return {
        "stays": now_and_next(berth),
        "suggestions": suggestions_of(berth),
        "maintenance": maintenance_of(berth),
        "status_set": timeline(berth.subject_type, berth.id, limit=1, only="berth:statusChanged"),
        "tags": tags_of(berth),
        "timeline": timeline(berth.subject_type, berth.id, limit=LATEST),
    }


def maintenance_of(berth: Berth) -> list[MaintenanceEntry]:
    """What is under way, then what was done last."""
    latest = (MaintenanceEntry.closed_at.is_not(None), MaintenanceEntry.opened_at.desc(), MaintenanceEntry.id)
    return list(db.session.scalars(MaintenanceEntry.of_berth(berth).order_by(*latest).limit(LATEST)))
