"""Taking a change set back, some records at a time; resumed after a kill."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from .. import formats
from ..bulk import update_many
from ..crypto import Unreadable
from ..db import db
from ..events.bulk import kept_keys
from ..events.models import Actor, System
from ..identity.models import User, current_port_of
from ..jobs import Steps, job
from .models import ChangeItem, ChangeSet, ChangeSetStatus, Outcome
from .reactions import show_progress
from .ways import WAYS, Done

AT_ONCE = 500


@dataclass(frozen=True)
class Asker:
    """Acts for the person who asked; as the system once that person has left the port."""

    actor_kind: str
    actor_id: uuid.UUID | None
    name: str

    @classmethod
    def of(cls, user_id: uuid.UUID | None) -> Actor:
        user = db.session.get(User, user_id) if user_id else None
        return cls("user", user.id, user.name) if user else System()


@job(queue="bulk", in_steps=True)
def roll_back(steps: Steps, change_set_id: uuid.UUID, user_id: uuid.UUID) -> None:
    """Put the records back as they were, the last first, but for those that were changed since."""
    while _put_some_back(steps, change_set_id, user_id):
        steps.tell(show_progress, change_set_id)


def _put_some_back(steps: Steps, change_set_id: uuid.UUID, user_id: uuid.UUID) -> bool:
    """One step; whether there may be more to do."""
    with steps.step():
        found = db.session.scalars(
            select(ChangeSet).where(ChangeSet.id == change_set_id).with_for_update()
        ).one_or_none()
        if found is None or found.status != ChangeSetStatus.ROLLING_BACK:
            return False
        by, items = Asker.of(user_id), _waiting(found)
        if items:
            with formats.use(current_port_of(found.port_id)):
                put_back(found, items, by=by)
        else:
            found.note_rolled_back(by=by)
        steps.advance(found.done - steps.done, total=found.total)
        is_under_way = bool(items)
    db.session.expunge_all()
    return is_under_way


def _waiting(found: ChangeSet) -> Sequence[ChangeItem]:
    return db.session.scalars(
        select(ChangeItem)
        .where(ChangeItem.change_set_id == found.id, ChangeItem.outcome == Outcome.WAITING)
        .order_by(ChangeItem.id.desc())
        .limit(AT_ONCE)
    ).all()


def put_back(found: ChangeSet, items: Sequence[ChangeItem], *, by: Actor) -> None:
    """These records as they were, each by what its module says; a record twice in a batch waits for the next."""
    taken: dict[tuple[str, uuid.UUID], ChangeItem] = {}
    for item in items:
        taken.setdefault((item.subject_type, item.subject_id), item)
    reasons: dict[uuid.UUID, str] = {}
    for kind in sorted({kind for kind, _id in taken}):
        of_kind = [item for (one, _id), item in taken.items() if one == kind]
        reasons |= WAYS[kind](opened(kind, of_kind), found.port_id, by)
    update_many(
        ChangeItem,
        [
            {
                "id": item.id,
                "outcome": Outcome.KEPT if item.id in reasons else Outcome.PUT_BACK,
                "reason": reasons.get(item.id, ""),
            }
            for item in taken.values()
        ],
    )
    found.kept += len(reasons)
    found.put_back += len(taken) - len(reasons)


def opened(kind: str, items: Sequence[ChangeItem]) -> list[Done]:
    keys, done = kept_keys(kind, [item.subject_id for item in items]), []
    for item in items:
        try:
            image = item.opened(keys[item.subject_id])
        except (KeyError, Unreadable):
            image = None
        done.append(Done(item.id, item.subject_id, item.act, image, item.event_id, item.last_event_id))
    return done


FORGOTTEN_AT_ONCE = 5000


@job(queue="maintenance", in_steps=True)
def forget_images(steps: Steps) -> None:
    """What records were before bulk acts that cannot be taken back any more."""
    while _forget_some(steps):
        pass


def _forget_some(steps: Steps) -> bool:
    """Whether there may be more."""
    with steps.step():
        found = db.session.scalars(ChangeSet.not_forgotten().limit(1).with_for_update(skip_locked=True)).one_or_none()
        if found is not None:
            steps.advance(found.forget(FORGOTTEN_AT_ONCE))
        is_under_way = found is not None
    db.session.expunge_all()
    return is_under_way
