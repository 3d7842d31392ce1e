"""What an interest asks of its berth: its time, and a place that is large enough."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import Range

from ...admin.models.settings import HasSettings
from ...berths.models import Berth, Fit, clearances_of, fit, size_of
from ...berths.models.days import stay
from ...berths.models.fit import BOUNDS
from ...db import db
from ...errors import Refused
from ...formats import format_date, today
from ...vessels.models import Vessel

if TYPE_CHECKING:
    from .interest import Interest


def wanted_time(interest: Interest) -> Range[datetime]:
    """From the day it is wanted, today unless one was said; until it ends, or without an end. Raises Refused where that
    is no time any more."""
    if trouble := trouble_with_time(interest):
        raise Refused(trouble)
    begins: date = interest.wanted_from or today()
    return stay(begins, interest.wanted_until)


def trouble_with_time(interest: Interest) -> str:
    """Why nothing can be booked for the time that is wanted; empty where it can."""
    begins, ends = interest.wanted_from, interest.wanted_until
    if ends is None:
        return ""
    if ends <= today():
        return _("“Wanted until” is %(day)s, which is no later day. Change it first.", day=format_date(ends))
    if begins is not None and ends <= begins:
        days = {"ends": format_date(ends), "begins": format_date(begins)}
        return _("“Wanted until” (%(ends)s) has to come after “Wanted from” (%(begins)s). Change it first.", **days)
    return ""


def size_wanted(interest: Interest) -> dict[str, Decimal | None]:
    """What `fit` asks: of the vessel, and where it does not say, what the interest says itself."""
    return size_for(interest, db.session.get(Vessel, interest.vessel_id) if interest.vessel_id else None)


def size_for(interest: Interest, vessel: Vessel | None) -> dict[str, Decimal | None]:
    """With its vessel at hand."""
    measured = size_of(vessel)
    own = {"loa": interest.loa, "beam": interest.beam, "draft": interest.draft}
    return {name: measured.get(name) or own.get(name) for name in BOUNDS}


def fit_on(berth: Berth, interest: Interest, port: HasSettings) -> Fit:
    return fit(size_wanted(interest), berth, clearances_of(port))


def words_of(found: Fit) -> str:
    """Why it does not fit, in a sentence."""
    return _("It does not fit: %(reasons)s.", reasons="; ".join(found.reasons))
