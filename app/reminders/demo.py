"""The reminders of `make run`: what somebody in the office of a marina has to do this week."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from ..berths.models import Berth
from ..clients.models import Client
from ..current import CurrentPort
from ..db import db, now
from ..events.models import Actor
from .models import Priority, Reminder
from .models.recurrence import local_time, moment_of

# What, in how many days and at which hour, of whom or what; priority and how often.
REMINDERS: tuple[tuple[str, int, int, str, str, str], ...] = (
    ("Call back about winter storage", -2, 10, "client", Priority.HIGH, ""),
    ("Send the renewed contract", -1, 16, "client", Priority.NORMAL, ""),
    ("Walk the docks: lines, fenders, shore power", 0, 17, "", Priority.NORMAL, "FREQ=WEEKLY"),
    ("Ask for the insurance of next year", 0, 18, "client", Priority.NORMAL, ""),
    ("Look at the cleat that is loose", 1, 9, "berth", Priority.URGENT, ""),
    ("Read the meters", 3, 8, "", Priority.NORMAL, "FREQ=MONTHLY"),
    ("Offer the larger berth once it is free", 6, 11, "client", Priority.LOW, ""),
    ("Fire drill with everybody on duty", 20, 9, "", Priority.NORMAL, "FREQ=MONTHLY;INTERVAL=6"),
)


def make_reminders(port: CurrentPort, people: Sequence[Actor]) -> None:
    current = select(Client).where(Client.archived_at.is_(None)).order_by(Client.number).limit(9)
    clients = db.session.scalars(current).all()
    berths = db.session.scalars(select(Berth).order_by(Berth.number).limit(3)).all()
    day = local_time(now(), port.timezone).date()
    for at, (title, days, hour, about, priority, rule) in enumerate(REMINDERS):
        records: Sequence[Any] = {"client": clients, "berth": berths}.get(about, ())
        due_at = moment_of(datetime.combine(day + timedelta(days=days), time(hour)), port.timezone)
        whose = _id_of(people[at % 2])
        more: dict[str, Any] = {"priority": priority, "recurrence": rule, "port_id": port.id}
        subject = records[at % len(records)] if records else None
        Reminder.create(title, due_at=due_at, assigned_to=whose, subject=subject, by=people[0], **more)
    then: dict[str, Any] = {"due_at": now() - timedelta(days=3), "port_id": port.id, "by": people[0]}
    done = Reminder.create("Order six fenders", assigned_to=_id_of(people[0]), subject=None, **then)
    done.complete(by=people[0])


def _id_of(person: Actor) -> uuid.UUID | None:
    return person.actor_id
