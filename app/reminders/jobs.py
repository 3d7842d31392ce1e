"""Who is told that something is to be done, and that it was not."""

from __future__ import annotations

from .. import formats
from ..db import port_in_force
from ..events.models import System
from ..identity.models import current_port_of
from ..jobs import job
from .models import Reminder
from .models.reminder import AT_ONCE
from .queries import Day


@job(queue="notifications")
def ring_reminders() -> None:
    """Exactly once for each reminder and moment; what came while nothing ran is told late."""
    port_id = port_in_force()
    if port_id is not None and Reminder.ring(port_id=port_id, by=System()) == AT_ONCE:
        ring_reminders.later()


@job(queue="notifications")
def tell_of_overdue() -> None:
    """Each morning of a port: what was to be done on a day that is over."""
    port_id = port_in_force()
    if port_id is None:
        return
    port = current_port_of(port_id)
    with formats.use(port):
        day = Day.of(port.timezone)
    if Reminder.note_overdue(day.begins, port_id=port_id, by=System()) == AT_ONCE:
        tell_of_overdue.later()
