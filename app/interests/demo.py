"""The pipeline of `make run`: some twenty interests, most of them early on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from ..admin.models import settings_of
from ..berths.models import Berth, BerthStatus, clearances_of, fit, size_of
from ..clients.models import Client
from ..current import CurrentPort
from ..db import db, now
from ..documents.models import Document, DocumentType
from ..events.models import Actor, System
from ..files.content import Content
from ..files.models import File
from ..formats import today
from ..tags.models import Tag
from ..vessels.models import Vessel
from .models import Interest, InterestNote, InterestTag, Source, Stage, follow_up, hold
from .models.lead import category_at
from .models.quiet import quiet
from .recommendations.renewing import mark_all, work_off

# How many stand at each stage; one has signed, and the later ones need papers that nobody has signed here.
STANDING = {Stage.OPEN: 8, Stage.DETAILS_SENT: 6, Stage.IN_COMMUNICATION: 5, Stage.VISITED: 3}
SIGNED = Stage.SIGNED_EOI_NDA
LINKED = (Stage.IN_COMMUNICATION, Stage.VISITED, SIGNED)
DAYS = (1, 3, 5, 9, 12, 16, 22, 31, 70)  # since something happened
FOLLOWED_UP = 4  # of those that were left alone; the others were, and nobody did anything about it since
NOTES = {
    1: "Saw two berths on Saturday. Would like shade in the afternoon.",
    4: "Selling the old boat first: call again in a fortnight.",
    9: "Needs 63 A. Asked for the depth at low water.",
}
TAGGED = {0: 2, 3: 1, 4: 1, 9: 2}  # how many tags


def make_interests(port: CurrentPort, sellers: Sequence[Any], paper: Content) -> None:
    """`paper`: what one of them signed."""
    chance = random.Random(f"interests of {port.slug}")  # noqa: S311  # the same pipeline each time; nothing secret
    stages = [stage for stage, count in STANDING.items() for _ in range(count)]
    stages.append(SIGNED)
    clients = select(Client).where(Client.archived_at.is_(None)).order_by(Client.number.desc()).limit(len(stages) + 1)
    berths = select(Berth).where(Berth.status == BerthStatus.AVAILABLE).order_by(Berth.number).limit(len(stages))
    free = list(db.session.scalars(berths))
    found = list(db.session.scalars(clients))
    for at, (client, stage) in enumerate(zip(found, stages, strict=False)):
        interest = _make_one(client, stage, at, chance, sellers, free, port)
        if stage == SIGNED:
            _sign(interest, client, paper, by=sellers[at % len(sellers)])
    _follow_up(port)
    if len(found) > len(stages):
        lost = Interest.create(found[-1], {"source": Source.EVENT}, by=sellers[0], owner_id=sellers[0].actor_id)
        lost.lose("Found a berth nearer to home", by=sellers[0])


def look_for_berths(port: CurrentPort) -> None:
    """As the worker does, once there are prices; and what people said of what was found."""
    mark_all(port.id)
    while not work_off(port).is_done:
        pass


def _make_one(
    client: Client,
    stage: Stage,
    at: int,
    chance: random.Random,
    sellers: Sequence[Any],
    free: list[Berth],
    port: CurrentPort,
) -> Interest:
    by: Actor = sellers[at % len(sellers)]
    own = (Vessel.port_id == client.port_id, Vessel.client_id == client.id, Vessel.archived_at.is_(None))
    vessel = db.session.scalars(select(Vessel).where(*own).order_by(Vessel.number).limit(1)).first()
    fields: dict[str, Any] = {
        "vessel_id": vessel.id if vessel else None,
        "source": chance.choice([Source.WEBSITE, Source.REFERRAL, Source.MANUAL, Source.BROKER]),
        "expected_value": Decimal(chance.randrange(12, 90) * 500),
        "currency": port.currency,
        "expected_close_on": today() + timedelta(days=chance.randrange(20, 120)),
        "wanted_from": today() + timedelta(days=400 + at),
        "tenure": chance.choice(["annual", "seasonal", "lease"]),
        "loa": None if vessel else Decimal(chance.randrange(80, 190)) / 10,
    }
    berth = _fitting(vessel, fields["loa"], free, port) if stage in LINKED else None
    interest = Interest.create(client, fields, by=by, berth=berth, owner_id=by.actor_id)
    if stage not in (Stage.OPEN, SIGNED):
        interest.move_to(stage, by=by)
    if stage == Stage.VISITED and berth is not None:
        hold(interest, until=now() + timedelta(days=5), by=by)
    if at in NOTES:
        InterestNote.create(interest, NOTES[at], pinned=at == 1, by=by)
    tags = db.session.scalars(select(Tag).where(Tag.port_id == client.port_id).order_by(Tag.name)).all()
    for tag in chance.sample(tags, min(TAGGED.get(at, 0), len(tags))):
        InterestTag.put_on(interest, tag, by=by)
    interest.stage_since = interest.active_at = now() - timedelta(days=DAYS[at % len(DAYS)])
    interest.lead_category = category_at(interest.active_at, now())
    return interest


def _sign(interest: Interest, client: Client, paper: Content, *, by: Actor) -> None:
    """The client has signed, and of the deposit the first part went to the wrong account."""
    file = File.upload(paper, port_id=interest.port_id, by=by, record=interest, category="contract")
    berth = db.session.get(Berth, interest.berth_id) if interest.berth_id else None
    about: dict[str, Any] = {"client": client, "interest": interest, "berth": berth}
    Document.record_signed(DocumentType.EOI, file, sha256=paper.sha256, by=by, **about)
    interest.move_to(SIGNED, by=by)
    first = interest.record_deposit(Decimal(400), str(interest.currency), received_on=today(), by=by)
    interest.reverse_deposit(first, "Meant for the boatyard next door", by=by)


def _fitting(vessel: Vessel | None, loa: Decimal | None, free: list[Berth], port: CurrentPort) -> Berth | None:
    """One of those that are free still, on which the boat fits."""
    size = size_of(vessel) if vessel else {"loa": loa}
    found = next((berth for berth in reversed(free) if fit(size, berth, clearances_of(port)).fits), None)
    if found is not None:
        free.remove(found)
    return found


def _follow_up(port: CurrentPort) -> None:
    """As each morning does it."""
    db.session.flush()
    days = settings_of(port).follow_up_reminder_days
    left_alone = db.session.execute(quiet(days, today(), port_id=port.id, zone=port.timezone)).all()
    for at, (interest, count) in enumerate(left_alone):
        if at < FOLLOWED_UP:
            follow_up(interest, count, whose=interest.owner_id, by=System())
        else:
            interest.followed_up_days = max(days)
