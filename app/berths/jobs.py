"""What time does to berths: tenures end, and holds run out."""

from __future__ import annotations

import uuid
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import Select, case, select

from .. import formats
from ..admin.models import settings_of
from ..db import db, port_in_force
from ..events.models import System
from ..identity.models import current_port_of
from ..jobs import job
from .models import Berth, TenureReminder, TenureStep
from .models.holding import let_go, run_out
from .models.status_rules import Trigger, triggered
from .models.tenure import months_later

AT_ONCE = 200


@job(queue="notifications")
def check_tenures() -> None:
    """Each morning of a port, exactly once for each berth, end and step; whose warning was missed is told when it has
    passed."""
    port_id = port_in_force()
    if port_id is None:
        return
    port = current_port_of(port_id)
    with formats.use(port):
        today = formats.today()
        warned = months_later(today, settings_of(port).tenure_expiry_warning_months)
        waiting = db.session.execute(ending(today, warned).limit(AT_ONCE)).all()
        for berth, step in waiting:
            TenureReminder.tell(berth, TenureStep(step), by=System())
            if step == TenureStep.PAST:
                because = _("to %(day)s", day=formats.format_date(berth.tenure_expires_on))
                triggered(Trigger.TENURE_EXPIRED, berth, by=System(), because=because)
    if len(waiting) == AT_ONCE:
        check_tenures.later()


def ending(today: date, warned: date) -> Select[Berth, str]:
    """Those whose due step was not told yet."""
    step = case((Berth.tenure_expires_on < today, TenureStep.PAST), else_=TenureStep.AHEAD)
    told = select(TenureReminder.id).where(
        TenureReminder.berth_id == Berth.id,
        TenureReminder.expires_on == Berth.tenure_expires_on,
        TenureReminder.step == step,
    )
    return (
        select(Berth, step)
        .where(Berth.archived_at.is_(None), Berth.tenure_expires_on <= warned, ~told.exists())
        .order_by(Berth.tenure_expires_on, Berth.id)
    )


@job(queue="notifications")
def release_holds() -> None:
    """A job for each hold that has run out: none waits for what another has locked, and one that fails keeps no other
    from being let go."""
    for hold_id in db.session.scalars(run_out()).all():
        release_hold.later(hold_id=hold_id)


@job(queue="notifications")
def release_hold(hold_id: uuid.UUID) -> None:
    """Once, whoever comes second: it is not held any more then."""
    let_go(hold_id)
