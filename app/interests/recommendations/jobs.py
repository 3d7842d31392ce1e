"""Looking again for berths, after what happened; each marks, and then works off whatever is marked."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import redis
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from ... import formats, live
from ...berths.models import Berth
from ...current import CurrentPort
from ...db import db, now, port_in_force
from ...identity.models import current_port_of
from ...jobs import Steps, job
from ..models import Interest
from .queries import best_of
from .renewing import mark_all, mark_berth, mark_interest, mark_vessel, work_off

IN_A_MOMENT = timedelta(seconds=2)


@job(queue="bulk", in_steps=True)
def look_for_interest(steps: Steps, interest_id: uuid.UUID) -> None:
    def marked(_port: CurrentPort) -> int:
        interest = db.session.get(Interest, interest_id)
        return mark_interest(interest) if interest else 0

    look_again(steps, marked)


@job(queue="bulk", in_steps=True)
def look_after_berth(steps: Steps, berth_id: uuid.UUID) -> None:
    def marked(port: CurrentPort) -> int:
        berth = db.session.get(Berth, berth_id)
        return mark_berth(berth, port) if berth else 0

    look_again(steps, marked)


@job(queue="bulk", in_steps=True)
def look_after_vessel(steps: Steps, vessel_id: uuid.UUID) -> None:
    look_again(steps, lambda port: mark_vessel(port.id, vessel_id))


@job(queue="bulk", in_steps=True)
def look_for_all(steps: Steps) -> None:
    """After what matters to all, and each night, since a wish without a day begins today."""
    look_again(steps, lambda port: mark_all(port.id))


def look_again(steps: Steps, mark: Callable[[CurrentPort], int]) -> None:
    """Two who do so at once take different interests."""
    with steps.step():
        port_id = port_in_force()
        if port_id is None:
            return
        port = current_port_of(port_id)
        steps.advance(0, total=steps.total + mark(port))
    while True:
        with steps.step():
            looked = work_off(port)
            for interest_id in looked.busy:
                look_for_interest.later(interest_id=interest_id, at=now() + IN_A_MOMENT)
            steps.advance(len(looked.changed))
        for interest_id in looked.changed:
            steps.tell(show_card, interest_id, is_last=True)
        if looked.is_done:
            return


def show_card(interest_id: uuid.UUID) -> None:
    """On the open pages of the interest; a Redis that is away only leaves them as they are."""
    with_vessel = select(Interest).options(joinedload(Interest.vessel)).execution_options(populate_existing=True)
    interest = db.session.scalars(with_vessel.where(Interest.id == interest_id)).one_or_none()
    if interest is None:
        return
    port = current_port_of(interest.port_id)
    target, template = f"interest-{interest.number}-recommendations", "interests/recommendations/_card.html"
    with formats.use(port), suppress(redis.RedisError):
        found = best_of(interest)
        live.replace(interest.room, template, target=target, interest=interest, found=found, port=port)
