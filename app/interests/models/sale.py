"""What an interest does to the time of its berth: holding it, and the sale."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select

from ...admin.models import Trigger
from ...berths.models import Berth, BerthStatus, Occupancy, OccupancyKind, OccupancyState, Overlap, Tenure
from ...berths.models.occupancy_kind import HOLDING
from ...clients.models import Client
from ...db import db, now
from ...errors import Refused
from ...events.models import Actor
from ...formats import format_date, local_day, today
from ...identity.models import current_port_of
from ...vessels.models import Vessel
from .wanted import fit_on, wanted_time, words_of

if TYPE_CHECKING:
    from .interest import Interest

OPEN = (OccupancyState.PLANNED, OccupancyState.CONFIRMED, OccupancyState.ACTIVE)


class Misfit(Refused):
    """The boat is too large or too small for the berth, and nobody said why it goes there all the same."""


def hold(interest: Interest, *, until: datetime, by: Actor, override: str = "") -> bool:
    """Keep the berth for the client until that moment; False when it is held already. `override`: why there, although
    it does not fit. Raises Refused where the berth is taken in the wanted time or none is linked, and Misfit."""
    interest.check_open()
    if hold_of(interest) is not None:
        return False
    _check_coming(until)
    booked = _book(interest, OccupancyKind.HOLD, by=by, override=override, hold_expires_at=until)
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
    interest.check_open()
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
    """The berth is free again; False when nothing is held. One that was cancelled among the stays is forgotten."""
    held = hold_of(interest, locks=True)
    if held is None:
        _forget_hold(interest)
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
        Occupancy.state.in_(OPEN),
    )
    return db.session.scalars(found.with_for_update() if locks else found).one_or_none()


def complete(interest: Interest, *, by: Actor, override: str = "") -> None:
    """The berth is the client's: a contract instead of the hold, the tenure, and the status. Raises Refused where
    somebody else has it in that time; the constraint on the berth's time decides between two who come at once.

    Where somebody has it until then, the tenure stays theirs, and `tenure_from` says when it changes."""
    berth = _locked(interest.port_id, interest.berth_id)
    held = hold_of(interest, locks=True)
    if held is not None:
        held.cancel(by=by)
    booked = _book(interest, OccupancyKind.CONTRACT, by=by, override=override, state=OccupancyState.CONFIRMED)
    interest.occupancy_id = booked.id
    if _is_held_until(booked, berth):
        interest.tenure_from = local_day(booked.begins_at)
    else:
        berth.update(_terms(interest, berth), by=by)
    _sell(interest, berth, by=by)


def begin_tenure(interest: Interest, *, by: Actor) -> bool:
    """The day has come from which the berth is theirs. False where that was done, the contract was cancelled since, or
    begins later by now."""
    if interest.tenure_from is None:
        return False
    booked = db.session.get(Occupancy, interest.occupancy_id) if interest.occupancy_id else None
    if booked is None or booked.kind != OccupancyKind.CONTRACT or booked.state not in OPEN:
        interest.tenure_from = None
        return False
    begins = local_day(booked.begins_at)
    if begins is not None and begins > today():
        interest.tenure_from = begins
        return False
    berth = _locked(interest.port_id, booked.berth_id)
    interest.tenure_from = None
    if berth.is_archived:
        return False
    berth.update(_terms(interest, berth), by=by)
    if berth.status != BerthStatus.MAINTENANCE:
        _sell(interest, berth, by=by)
    return True


def _locked(port_id: uuid.UUID, berth_id: uuid.UUID | None) -> Berth:
    return db.session.scalars(
        select(Berth).where(Berth.port_id == port_id, Berth.id == berth_id).with_for_update()
    ).one()


def _terms(interest: Interest, berth: Berth) -> dict[str, Any]:
    """What a sale outright gives has no end."""
    tenure = Tenure(interest.tenure or berth.tenure)
    return {"tenure": tenure, "tenure_expires_on": None if tenure == Tenure.FREEHOLD else interest.wanted_until}


def _sell(interest: Interest, berth: Berth, *, by: Actor) -> None:
    note = _("Interest %(number)s", number=interest.number)
    berth.change_status(BerthStatus.SOLD, by=by, triggered_by=Trigger.SALE_COMPLETED, note=note)


def _is_held_until(booked: Occupancy, berth: Berth) -> bool:
    """Whether somebody has the berth before that by a contract or a season that is not over, or by a tenure that was
    only typed or imported."""
    begins, ends = local_day(booked.begins_at), berth.tenure_expires_on
    if begins is not None and ends is not None and begins > today() and ends >= today():
        return True
    before = select(Occupancy.id).where(
        Occupancy.port_id == booked.port_id,
        Occupancy.berth_id == booked.berth_id,
        Occupancy.kind.in_(HOLDING),
        Occupancy.state.in_(OPEN),
        Occupancy.begins_at < booked.begins_at,
        Occupancy.ends_at > now(),
    )
    return db.session.scalar(before.limit(1)) is not None


def _forget_hold(interest: Interest) -> None:
    """The contract of a sale stays."""
    had = db.session.get(Occupancy, interest.occupancy_id) if interest.occupancy_id else None
    if had is not None and had.kind == OccupancyKind.HOLD:
        interest.occupancy_id = None


def _check_coming(until: datetime) -> None:
    if until <= now():
        raise Refused(_("This moment is over already. Choose a later one."))


def _book(interest: Interest, kind: OccupancyKind, *, by: Actor, override: str, **details: Any) -> Occupancy:
    if interest.berth_id is None:
        raise Refused(_("No berth is linked. Link one first."))
    berth = db.session.get_one(Berth, interest.berth_id)
    client = db.session.get_one(Client, interest.client_id)
    vessel = db.session.get(Vessel, interest.vessel_id) if interest.vessel_id else None
    during, fits = wanted_time(interest), fit_on(berth, interest, current_port_of(interest.port_id))
    if not (fits.fits or override):
        raise Misfit(words_of(fits))
    of: dict[str, Any] = {"client": client, "vessel": vessel, "override": "" if fits.fits else override}
    try:
        return Occupancy.book(berth, during, kind, by=by, details=details, **of)
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
