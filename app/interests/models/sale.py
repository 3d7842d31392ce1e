"""What an interest does to the time of its berth: holding it, and the sale."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from ...admin.models import Trigger
from ...berths.models import Berth, BerthStatus, Occupancy, OccupancyKind, OccupancyState, Overlap, Tenure
from ...berths.models.occupancy import stay
from ...clients.models import Client
from ...db import db, now
from ...errors import Refused
from ...events.models import Actor
from ...formats import format_date, today
from ...vessels.models import Vessel

if TYPE_CHECKING:
    from .interest import Interest

OPEN_HOLD = (OccupancyState.PLANNED, OccupancyState.CONFIRMED, OccupancyState.ACTIVE)


def hold(interest: Interest, *, until: datetime, by: Actor) -> bool:
    """Keep the berth for the client until that moment; False when it is held already. Raises Refused where it is taken
    in the wanted time, or no berth is linked."""
    if hold_of(interest) is not None:
        return False
    _check_coming(until)
    booked = _book(interest, OccupancyKind.HOLD, by=by, hold_expires_at=until)
    interest.occupancy_id = booked.id
    interest.tell("berthHeld", by=by, until=until.isoformat())
    return True


def take_over(interest: Interest, held: Occupancy, *, until: datetime, by: Actor) -> None:
    """What a waiting list held for the client is the interest's from now on, until that moment. `held` is locked."""
    _check_coming(until)
    interest.occupancy_id, held.hold_expires_at = held.id, until
    interest.tell("berthHeld", by=by, until=until.isoformat())


def extend_hold(interest: Interest, *, until: datetime, by: Actor) -> bool:
    """Raises Refused where nothing is held any more."""
    held = hold_of(interest, locks=True)
    if held is None:
        raise Refused(_("Nothing is held any more. Hold the berth anew."))
    if held.hold_expires_at == until:
        return False
    _check_coming(until)
    held.hold_expires_at = until
    interest.tell("holdExtended", by=by, until=until.isoformat())
    return True


def release_hold(interest: Interest, *, by: Actor, expired: bool = False) -> bool:
    """The berth is free again; False when nothing is held."""
    held = hold_of(interest, locks=True)
    if held is None:
        return False
    held.cancel(by=by, reason=_("The hold expired") if expired else "")
    interest.occupancy_id = None
    interest.tell("holdExpired" if expired else "holdReleased", by=by)
    return True


def hold_of(interest: Interest, *, locks: bool = False) -> Occupancy | None:
    """The hold on the berth, while it stands."""
    if interest.occupancy_id is None:
        return None
    found = select(Occupancy).where(
        Occupancy.port_id == interest.port_id,
        Occupancy.id == interest.occupancy_id,
        Occupancy.kind == OccupancyKind.HOLD,
        Occupancy.state.in_(OPEN_HOLD),
    )
    return db.session.scalars(found.with_for_update() if locks else found).one_or_none()


def complete(interest: Interest, *, by: Actor) -> None:
    """The berth is the client's: a contract instead of the hold, the tenure, and the status. Raises Refused where
    somebody else has it in that time; the constraint on the berth's time decides between two who come at once."""
    berth = db.session.scalars(
        select(Berth).where(Berth.port_id == interest.port_id, Berth.id == interest.berth_id).with_for_update()
    ).one()
    held = hold_of(interest, locks=True)
    if held is not None:
        held.cancel(by=by)
    booked = _book(interest, OccupancyKind.CONTRACT, by=by, state=OccupancyState.CONFIRMED)
    interest.occupancy_id = booked.id
    terms: dict[str, Any] = {"tenure_expires_on": interest.wanted_until}
    if interest.tenure:
        terms["tenure"] = Tenure(interest.tenure)
    berth.update(terms, by=by)
    note = _("Interest %(number)s", number=interest.number)
    berth.change_status(BerthStatus.SOLD, by=by, triggered_by=Trigger.SALE_COMPLETED, note=note)


def _check_coming(until: datetime) -> None:
    if until <= now():
        raise Refused(_("This moment is over already. Choose a later one."))


def wanted_time(interest: Interest) -> Range[datetime]:
    """From the day it is wanted, today unless one was said; until it ends, or without an end."""
    begins: date = interest.wanted_from or today()
    return stay(begins, interest.wanted_until)


def _book(interest: Interest, kind: OccupancyKind, *, by: Actor, **details: Any) -> Occupancy:
    if interest.berth_id is None:
        raise Refused(_("No berth is linked. Link one first."))
    berth = db.session.get_one(Berth, interest.berth_id)
    client = db.session.get_one(Client, interest.client_id)
    vessel = db.session.get(Vessel, interest.vessel_id) if interest.vessel_id else None
    during = wanted_time(interest)
    try:
        return Occupancy.book(berth, during, kind, by=by, client=client, vessel=vessel, details=details)
    except Overlap as error:
        raise Refused(_in_the_way(berth, error.other)) from error


def _in_the_way(berth: Berth, other: Occupancy | None) -> str:
    if other is None:
        return _("Berth %(name)s was taken by somebody else at the same moment.", name=berth.code)
    begins, ends = (format_date(end) for end in (other.begins_at, other.ends_at))
    what = {"name": berth.code, "number": other.number, "begins": begins, "ends": ends or _("open")}
    if other.kind == OccupancyKind.HOLD:
        return _("Berth %(name)s is held in that time: stay %(number)s, %(begins)s – %(ends)s.", **what)
    return _("Berth %(name)s is taken in that time: stay %(number)s, %(begins)s – %(ends)s.", **what)
