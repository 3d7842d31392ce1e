"""Many holds let go at once: a handful of statements, whatever their number.

What stands here must come to the same as `Occupancy.cancel` one by one; a test compares them.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import select, update

from ...db import db, now
from ...events.bulk import announce_many, subject_keys
from ...events.models import Actor, Happening
from .berth import Berth, berth_name
from .days import words_of
from .dock import Dock
from .occupancy import Occupancy
from .occupancy_kind import COMING, OccupancyKind, OccupancyState


def cancel_many(hold_ids: Collection[uuid.UUID], *, port_id: uuid.UUID, by: Actor) -> list[uuid.UUID]:
    """The berths of these holds are free again; gives those that stood. Where the boat has come it stays as it is."""
    of = Occupancy
    held = select(of.id).where(of.port_id == port_id, of.id.in_(hold_ids), of.kind == OccupancyKind.HOLD, COMING)
    ids = db.session.scalars(held.order_by(of.id).with_for_update()).all()
    if not ids:
        return []
    # Who books one of them meanwhile waits, as beside a single one.
    here = select(Berth.id).where(Berth.id.in_(select(of.berth_id).where(of.port_id == port_id, of.id.in_(ids))))
    db.session.execute(here.where(Berth.port_id == port_id).order_by(Berth.id).with_for_update(key_share=True))
    values = {"state": OccupancyState.CANCELLED, "version": of.version + 1, "updated_at": now()}
    db.session.execute(
        update(of).where(of.port_id == port_id, of.id.in_(ids)).values(**values),
        execution_options={"synchronize_session": False},
    )
    happenings = _cancelled(ids, port_id=port_id)
    keys = subject_keys(of.subject_type, ids, port_id=port_id)
    announce_many(of.subject_type, happenings, by=by, port_id=port_id, keys=keys)
    return list(ids)


def _cancelled(ids: Collection[uuid.UUID], *, port_id: uuid.UUID) -> list[Happening]:
    of = Occupancy
    rows = db.session.execute(
        select(of.id, of.kind, of.during, of.berth_id, of.client_id, of.vessel_id, Berth.code, Dock.name)
        .join(Berth, (Berth.port_id == of.port_id) & (Berth.id == of.berth_id))
        .join(Dock, (Dock.port_id == Berth.port_id) & (Dock.id == Berth.dock_id))
        .where(of.port_id == port_id, of.id.in_(ids))
        .order_by(of.id)
    )
    return [
        Happening(
            "occupancy:cancelled",
            row.id,
            details={
                "kind": row.kind,
                "berth": berth_name(row.name, row.code),
                "time": words_of(row.during),
                "reason": "",
            },
            told_in=[
                (kind, one)
                for kind, one in (("berth", row.berth_id), ("client", row.client_id), ("vessel", row.vessel_id))
                if one
            ],
        )
        for row in rows
    ]
