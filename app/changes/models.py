"""ChangeSet: one bulk act, and ChangeItem: what it did to one record, sealed under that record's own key."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Select,
    String,
    Text,
    UniqueConstraint,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ..bulk import insert_many
from ..crypto import open_sealed, seal
from ..current import Member
from ..db import Base, PortScoped, Timestamped, db, now
from ..events.models import Actor, Recorded, user_id_of
from ..numbers import take_number

TAKEN_BACK_WITHIN = timedelta(days=30)


# Who may take back what: whoever may do it.
PERMISSIONS = {
    "import": "admin.import_data",
    "import_berths": "berths.import",
    "import_waiting_list": "berths.manage_waiting_list",
    "bulk_edit": "clients.edit",
    "bulk_archive": "clients.delete",
    "bulk_interests": "interests.edit",
    "lose_interests": "interests.change_stage",
    "archive_interests": "interests.delete",
    "bulk_berths": "berths.edit",
}
IMPORTS = ("import", "import_berths", "import_waiting_list")
OF_INTERESTS = ("interests", "interests:narrowed")
# The rooms of the lists in which what was changed stands; of the others, those of clients.
ROOMS = {
    "import_berths": ("berths", "berths:narrowed", "berths:many", "harbours", "calendar", "board", "dashboard"),
    "import_waiting_list": ("waiting_lists",),
    "bulk_berths": ("berths", "berths:narrowed", "berths:many"),
    "bulk_interests": (*OF_INTERESTS, "reminders"),
    **dict.fromkeys(("lose_interests", "archive_interests"), (*OF_INTERESTS, "reminders", "pipeline")),
}
ROOMS_OF_CLIENTS = ("clients", "clients:own")


class ChangeSetStatus(StrEnum):
    OPEN = "open"
    STOPPING = "stopping"
    APPLIED = "applied"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"


class Ending(StrEnum):
    """Why an act ended before it was through with all it was meant for."""

    WHOLE = ""
    STOPPED = "stopped"
    TAG_ARCHIVED = "tag_archived"
    FAILED = "failed"


class Outcome(StrEnum):
    WAITING = ""
    PUT_BACK = "put_back"
    KEPT = "kept"


class ChangeSet(Recorded, Timestamped, PortScoped, Base):
    """open (being written), or stopping → applied → rolling_back → rolled_back. `kind` says what act it was, `about_id`
    its record.

    `expected`: how many records the act is going to look at, 0 where it has a page of its own that says so, and `seen`
    how many it has. What it did can be taken back for 30 days; afterwards its before-images are of no use to anybody
    and are removed.
    """

    __tablename__ = "change_sets"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        Index("ix_change_sets_port_id_about_id", "port_id", "about_id"),
    )
    subject_type = "changeSet"

    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(200))
    about_id: Mapped[uuid.UUID | None]
    status: Mapped[str] = mapped_column(String(20), default=ChangeSetStatus.OPEN)
    total: Mapped[int] = mapped_column(default=0)
    ending: Mapped[str] = mapped_column(String(20), default=Ending.WHOLE)
    expected: Mapped[int] = mapped_column(default=0)
    seen: Mapped[int] = mapped_column(default=0)
    put_back: Mapped[int] = mapped_column(default=0)
    kept: Mapped[int] = mapped_column(default=0)
    applied_at: Mapped[datetime | None]
    # When what the records were before was removed.
    forgotten_at: Mapped[datetime | None]
    created_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)

    @property
    def room(self) -> str:
        return f"change_set:{self.id}"

    @property
    def is_under_way(self) -> bool:
        """Being written."""
        return self.status in (ChangeSetStatus.OPEN, ChangeSetStatus.STOPPING)

    @property
    def done(self) -> int:
        return self.put_back + self.kept

    @property
    def ends_at(self) -> datetime | None:
        """Until when it can be taken back."""
        return self.applied_at + TAKEN_BACK_WITHIN if self.applied_at else None

    @property
    def can_be_taken_back(self) -> bool:
        return self.status == ChangeSetStatus.APPLIED and self.ends_at is not None and now() < self.ends_at

    @property
    def is_over(self) -> bool:
        """It could have been taken back, and the time for that has passed."""
        return self.status == ChangeSetStatus.APPLIED and not self.can_be_taken_back

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        """Those of the port that the member could have made; who does not see every client, their own alone."""
        kinds = [kind for kind, permission in PERMISSIONS.items() if member.can(permission)]
        seen = select(cls).where(cls.port_id == member.here().id, cls.kind.in_(kinds))
        return seen if member.can("clients.view") else seen.where(cls.created_by_id == member.id)

    @classmethod
    def begin(cls, kind: str, title: str, *, port_id: uuid.UUID, about_id: uuid.UUID | None, by: Actor) -> Self:
        found = cls(
            id=uuid7(),
            port_id=port_id,
            number=take_number(port_id, "change_set"),
            kind=kind,
            title=title[:200],
            about_id=about_id,
            status=ChangeSetStatus.OPEN,
            created_by_id=user_id_of(by),
        )
        db.session.add(found)
        return found

    def reopen(self) -> None:
        """Its act goes on."""
        if self.status == ChangeSetStatus.APPLIED:
            self.status, self.forgotten_at = ChangeSetStatus.OPEN, None

    def close(self) -> None:
        """Its act is over, or rests; from now on it can be taken back."""
        if self.is_under_way:
            self.status, self.applied_at = ChangeSetStatus.APPLIED, now()

    def note_applied(self, *, by: Actor, ending: Ending = Ending.WHOLE) -> None:
        """The one event that lists and other listeners follow, whatever the number of records."""
        self.close()
        self.ending = ending
        self.record("applied", by=by, title=self.title, total=self.total)

    def stop(self, *, by: Actor) -> bool:
        """Stop after the records in hand; what is done stays, and can be taken back. False when it is over, or is not
        done by a job that asks."""
        if self.status != ChangeSetStatus.OPEN or not self.expected:
            return False
        self.status = ChangeSetStatus.STOPPING
        self.record("stopped", by=by, title=self.title)
        return True

    def roll_back(self, *, by: Actor) -> bool:
        """Take it back, in a job; False when there is nothing to take back, or no longer."""
        if not self.can_be_taken_back or not self.total:
            return False
        self.status = ChangeSetStatus.ROLLING_BACK
        self.record("rollBackStarted", by=by, title=self.title, total=self.total)
        return True

    @classmethod
    def not_forgotten(cls) -> Select[Self]:
        """Those of the port in force that nobody can take back any more, and whose before-images are still there."""
        is_over = cls.status.in_((ChangeSetStatus.APPLIED, ChangeSetStatus.ROLLED_BACK))
        old = cls.applied_at < now() - TAKEN_BACK_WITHIN
        return select(cls).where(is_over, old, cls.forgotten_at.is_(None)).order_by(cls.id)

    def forget(self, most: int) -> int:
        """Remove so many of its (locked) before-images; how many there were. With the last it is forgotten."""
        still = select(ChangeItem.id).where(ChangeItem.change_set_id == self.id, ChangeItem.sealed != b"")
        changed = update(ChangeItem).where(ChangeItem.id.in_(still.limit(most))).values(sealed=b"")
        gone = len(db.session.scalars(changed.returning(ChangeItem.id)).all())
        if gone < most:
            self.forgotten_at = now()
        return gone

    def note_rolled_back(self, *, by: Actor) -> None:
        self.status = ChangeSetStatus.ROLLED_BACK
        self.record("rolledBack", by=by, title=self.title, put_back=self.put_back, kept=self.kept)


class ChangeItem(PortScoped, Base):
    """What was done to one record: `image` is JSON, sealed under the record's key, so erasing the record erases it.

    `last_event_id`: the act's own last event of the record; a younger one tells that somebody changed it since.
    """

    __tablename__ = "change_items"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        ForeignKeyConstraint(
            ["port_id", "change_set_id"], ["change_sets.port_id", "change_sets.id"], ondelete="CASCADE"
        ),
        Index("ix_change_items_change_set", "port_id", "change_set_id", "outcome", "id"),
        Index("ix_change_items_subject", "port_id", "subject_type", "subject_id"),
    )

    change_set_id: Mapped[uuid.UUID]
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[uuid.UUID]
    act: Mapped[str] = mapped_column(String(20))
    event_id: Mapped[uuid.UUID]
    last_event_id: Mapped[uuid.UUID]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    outcome: Mapped[str] = mapped_column(String(20), default=Outcome.WAITING)
    reason: Mapped[str] = mapped_column(Text, default="")

    @classmethod
    def of(cls, found: ChangeSet) -> Select[Self]:
        return select(cls).where(cls.port_id == found.port_id, cls.change_set_id == found.id)

    def opened(self, key: bytes) -> dict[str, Any]:
        """Raises Unreadable."""
        image: dict[str, Any] = json.loads(open_sealed(key, self.sealed, place=f"change_items:{self.id}"))
        return image


@dataclass(frozen=True)
class Change:
    """One record in a bulk act, as it is noted: `events` are the act's own about it, in their order."""

    subject_id: uuid.UUID
    act: str
    image: Mapping[str, Any]
    events: Sequence[uuid.UUID]


def note_changes(
    found: ChangeSet, subject_type: str, changes: Sequence[Change], *, keys: Mapping[uuid.UUID, bytes]
) -> None:
    """Keep what was done, in the transaction that does it."""
    rows = []
    for change in changes:
        item_id = uuid7()
        words = json.dumps(change.image, default=str).encode()
        rows.append(
            {
                "id": item_id,
                "port_id": found.port_id,
                "change_set_id": found.id,
                "subject_type": subject_type,
                "subject_id": change.subject_id,
                "act": change.act,
                "event_id": change.events[0],
                "last_event_id": change.events[-1],
                "sealed": seal(keys[change.subject_id], words, place=f"change_items:{item_id}"),
                "outcome": Outcome.WAITING,
                "reason": "",
            }
        )
    insert_many(ChangeItem, rows)
    found.total += len(rows)
