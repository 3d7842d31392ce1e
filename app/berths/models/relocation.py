"""Moving a boat that is here to another berth: what was stays where it was, the rest goes with the boat."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from ...db import db
from ...errors import Refused
from ...events.models import Actor
from .absence import Absence
from .berth import Berth
from .occupancy import Occupancy
from .occupancy_kind import OccupancyKind, OccupancyState
from .overlap import IN_THE_WAY, broken_by

CENT = Decimal("0.01")


def relocate(stay: Occupancy, berth: Berth, *, at: datetime, by: Actor, override: str = "") -> Occupancy:
    """From this moment on the boat lies on `berth`; gives the stay there, which has its share of the price by time, and
    the absences that are still to come. The stay itself when it lies there already. Raises Overlap, and Refused for a
    boat that is not here, a sublet, or while the holder is away."""
    if stay.berth_id == berth.id:
        return stay
    begins, ends = stay.during.lower, stay.during.upper
    if stay.state != OccupancyState.ACTIVE or begins is None or at <= begins or (ends is not None and at >= ends):
        raise Refused(_("Only a boat that is here can be moved now. Change the dates or the berth of the booking."))
    if stay.kind == OccupancyKind.SUBLET:
        raise Refused(_("A sublet stays on the berth of who is away. Check it out, and book the other berth."))
    rest = Range(at, ends)
    absences = _absences_after(stay, at)
    before, after = shares(stay, at)
    cut = {"during": Range(begins, at), "booked_until": ends, "departed_at": at, "state": OccupancyState.COMPLETED}
    arrived_at = stay.arrived_at
    # The absences leave the old stay before it is cut, and are with the new one once that is there.
    moved = Occupancy.follow(stay, berth, rest, price=after, arrived_at=max(arrived_at or at, at))
    try:
        with db.session.begin_nested():
            values = {"occupancy_id": moved.id, "berth_id": berth.id, "holder_during": rest}
            db.session.execute(update(Absence).where(Absence.id.in_(absences)).values(**values))
    except IntegrityError as error:
        broken = broken_by(error)
        if broken not in IN_THE_WAY:
            raise
        raise Refused(str(IN_THE_WAY[broken])) from None
    stay._keep(price=before, **cut)
    stay.tell_relocation(moved, by=by, override=override)
    return moved


def _absences_after(stay: Occupancy, at: datetime) -> list[object]:
    own = (Absence.port_id == stay.port_id, Absence.occupancy_id == stay.id, Absence.cancelled_at.is_(None))
    later = db.session.execute(
        select(Absence.id, Absence.begins_at).where(*own, Absence.during.op("&&")(Range(at, None))).with_for_update()
    ).all()
    if any(begins_at is None or begins_at < at for _id, begins_at in later):
        raise Refused(_("Its holder is away just now, so the boat cannot be here. End the absence first."))
    return [absence_id for absence_id, _begins_at in later]


def shares(stay: Occupancy, at: datetime) -> tuple[Decimal | None, Decimal | None]:
    """The price of a stay before and after this moment, by time; without an end, all of it is before."""
    begins, ends = stay.during.lower, stay.during.upper
    if stay.price is None or begins is None or ends is None:
        return stay.price, None
    before = (stay.price * Decimal((at - begins) / (ends - begins))).quantize(CENT)
    return before, stay.price - before
