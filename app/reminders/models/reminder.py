"""Reminder: what somebody has to do at a time."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Protocol, Self

from flask_babel import gettext as _
from sqlalchemy import (
    ColumnElement,
    Computed,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    false,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now, write
from ...errors import Refused
from ...events.bulk import announce_many, subject_keys
from ...events.models import Actor, Happening, Of, Recorded, user_id_of
from ...identity.models import Team, TeamMember, User, current_port_of
from ...numbers import has_number, take_number
from .recurrence import Repeat, Unrepeatable, fitted, local_time, moment_of, next_after, repeat_of, rule_of, until_of

AT_ONCE = 500  # that are told in one transaction
OPEN = "completed_at IS NULL AND archived_at IS NULL"


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Subject(Protocol):
    """Any record whose kind the audit log knows."""

    @property
    def subject_type(self) -> str: ...
    @property
    def id(self) -> uuid.UUID: ...
    @property
    def port_id(self) -> uuid.UUID: ...


def _local() -> Mapped[datetime]:
    """A time as the clock on the wall shows it."""
    return mapped_column(DateTime(timezone=False))


class Reminder(Recorded, Timestamped, Versioned, PortScoped, Base):
    """Verbs: create, update, assign, snooze, wake, complete, reopen, archive, restore; and of the system: ring,
    note_overdue.

    `due_at` is when it has to be done, `rings_at` when somebody wants to hear of it: then, or after a snooze. What
    repeats is a row for each time, made when the one before is done (`follows_id`): `starts_at` is the first of them
    and `occurs_at` this one, as the clock in `zone` shows it. Whoever moves one moves all that follow; a snooze moves
    nothing. `once_for`: what it was made for, of which there is one in a port.
    """

    __tablename__ = "reminders"
    subject_type = "reminder"
    EDITABLE = ("title", "notes", "priority", "due_at", "recurrence")

    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    notes: Mapped[str] = mapped_column(Text, default="")
    priority: Mapped[str] = mapped_column(String(10), default=Priority.NORMAL)
    due_at: Mapped[datetime]
    zone: Mapped[str] = mapped_column(String(60))
    recurrence: Mapped[str] = mapped_column(String(200), default="")
    starts_at: Mapped[datetime] = _local()
    occurs_at: Mapped[datetime] = _local()
    follows_id: Mapped[uuid.UUID | None]
    about_type: Mapped[str | None] = mapped_column(String(40))
    about_id: Mapped[uuid.UUID | None]
    assigned_to_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    snoozed_until: Mapped[datetime | None]
    rings_at: Mapped[datetime] = mapped_column(Computed("coalesce(snoozed_until, due_at)", persisted=True))
    # Of `rings_at`, and gone when that is another moment.
    rung_at: Mapped[datetime | None]
    told_overdue_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    completed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    archived_at: Mapped[datetime | None]
    once_for: Mapped[str | None] = mapped_column(String(120))

    assigned_to: Mapped[User | None] = relationship(foreign_keys=[assigned_to_id], viewonly=True, lazy="raise")
    completed_by: Mapped[User | None] = relationship(foreign_keys=[completed_by_id], viewonly=True, lazy="raise")

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        ForeignKeyConstraint(
            ["port_id", "follows_id"], ["reminders.port_id", "reminders.id"], ondelete="SET NULL (follows_id)"
        ),
        Index("uq_reminders_follows_id", "port_id", "follows_id", unique=True),
        Index("uq_reminders_once_for", "port_id", "once_for", unique=True, postgresql_where="once_for IS NOT NULL"),
        Index("ix_reminders_open", "port_id", "rings_at", "id", postgresql_where=OPEN),
        Index("ix_reminders_assigned_to", "assigned_to_id", "port_id", "rings_at", "id"),
        Index("ix_reminders_about", "port_id", "about_type", "about_id", "rings_at"),
        Index("ix_reminders_done", "port_id", "completed_at", "id", postgresql_where="completed_at IS NOT NULL"),
        Index("ix_reminders_to_ring", "port_id", "rings_at", postgresql_where=f"rung_at IS NULL AND {OPEN}"),
        Index("ix_reminders_late", "port_id", "rings_at", postgresql_where=f"told_overdue_at IS NULL AND {OPEN}"),
    )

    # --- Who sees what

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        """All of the port, or with `reminders.view_own` alone what is theirs."""
        return select(cls).where(cls.port_id == member.here().id, cls._reach(member, "reminders.view"))

    @classmethod
    def _reach(cls, member: Member, prefix: str) -> ColumnElement[bool]:
        if member.can(f"{prefix}_all"):
            return cls.id.is_not(None)
        return cls.is_own(member) if member.can(f"{prefix}_own") else false()

    @classmethod
    def is_own(cls, member: Member) -> ColumnElement[bool]:
        """Theirs, of somebody in a team that they lead, or made by them and nobody's."""
        led = select(Team.id).where(Team.port_id == member.here().id, Team.supervisor_id == member.id)
        theirs = select(TeamMember.user_id).where(TeamMember.port_id == member.here().id, TeamMember.team_id.in_(led))
        entered = (cls.created_by_id == member.id) & cls.assigned_to_id.is_(None)
        return or_(cls.assigned_to_id == member.id, cls.assigned_to_id.in_(theirs), entered)

    @classmethod
    def numbered(cls, number: int, member: Member) -> Select[Self]:
        return cls.visible_to(member).where(has_number(cls, number))

    def may_edit(self, member: Member) -> bool:
        if member.can("reminders.edit_all"):
            return True
        if not member.can("reminders.edit_own"):
            return False
        return bool(db.session.scalar(select(Reminder.id).where(Reminder.id == self.id, Reminder.is_own(member))))

    @classmethod
    def still_open(cls) -> ColumnElement[bool]:
        return cls.completed_at.is_(None) & cls.archived_at.is_(None)

    # --- As forms and pages read it

    @property
    def name(self) -> str:
        return self.title

    @property
    def room(self) -> str:
        return f"reminder:{self.id}"

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def is_open(self) -> bool:
        return self.completed_at is None and not self.is_archived

    @property
    def due_on(self) -> date:
        return local_time(self.due_at, self.zone).date()

    @property
    def due_time(self) -> time:
        return local_time(self.due_at, self.zone).time()

    @property
    def repeat(self) -> Repeat:
        return repeat_of(self.recurrence, self.starts_at)

    @property
    def repeat_until(self) -> date | None:
        return until_of(self.recurrence)

    # --- Verbs

    @classmethod
    def create(
        cls,
        title: str,
        *,
        due_at: datetime,
        assigned_to: uuid.UUID | None,
        subject: Subject | None,
        by: Actor,
        port_id: uuid.UUID | None = None,
        notes: str = "",
        priority: str = Priority.NORMAL,
        recurrence: str = "",
        once_for: str | None = None,
    ) -> Self:
        """`assigned_to`: a user, who is told when another made it for them. `recurrence`: a rule of RFC 5545 by the
        port's clock. With `once_for` a second one answers with the first, whatever became of that. `port_id` where
        there is no subject. Raises Unrepeatable."""
        port_id = subject.port_id if subject is not None else port_id
        if port_id is None:
            raise TypeError("a reminder without a subject needs its port")
        if (kept := cls._made_for(port_id, once_for)) is not None:
            return kept
        zone = current_port_of(port_id).timezone
        starts = local_time(due_at, zone)
        made = cls(port_id=port_id, number=take_number(port_id, "reminder"), zone=zone, once_for=once_for)
        try:
            write(
                made,
                title=title,
                notes=notes,
                priority=priority,
                due_at=due_at,
                recurrence=fitted(recurrence, starts),
                starts_at=starts,
                occurs_at=starts,
                about_type=subject and subject.subject_type,
                about_id=subject and subject.id,
                assigned_to_id=assigned_to,
                created_by_id=user_id_of(by),
            )
        except IntegrityError:
            if (kept := cls._made_for(port_id, once_for)) is None:
                raise
            return kept
        made._tell("created", by=by, is_new=True, assigned_to=assigned_to, due_at=due_at)
        return made

    @classmethod
    def _made_for(cls, port_id: uuid.UUID, once_for: str | None) -> Self | None:
        if once_for is None:
            return None
        return db.session.scalars(select(cls).where(cls.port_id == port_id, cls.once_for == once_for)).one_or_none()

    def update(self, fields: Mapping[str, Any], *, by: Actor, reverting: uuid.UUID | None = None) -> bool:
        """Write what differs and record it; False when nothing does. Another time or another rule begins the series
        anew. Raises Refused once it is done, and Unrepeatable."""
        self._check_open()
        starts = local_time(fields.get("due_at", self.due_at), self.zone)
        fields = {**fields, "recurrence": fitted(fields.get("recurrence", self._rule_from(starts)), starts)}
        changes = self.differing(fields)
        if not changes:
            return False
        for name, (_old, new) in changes.items():
            setattr(self, name, new)
        if {"due_at", "recurrence"} & set(changes):
            self.starts_at = self.occurs_at = starts
        if "due_at" in changes:
            self._ring_again(snoozed_until=None)
        told: dict[str, Any] = {"changes": self._of_subject(changes), "changed_fields": sorted(changes)}
        if reverting is None:
            self._tell("updated", by=by, **told)
        else:
            self._tell("reverted", by=by, event_id=reverting, **told)
        return True

    def assign(self, user_id: uuid.UUID | None, *, by: Actor, named: Sequence[str] = ("", "")) -> bool:
        """Give it to one person, or to nobody; False when it is so already. `named`: whose it was and whose it is.
        Raises Refused once it is done."""
        if self.assigned_to_id == user_id:
            return False
        self._check_open()
        old, self.assigned_to_id = self.assigned_to_id, user_id
        changes = {"assigned_to_id": (old, user_id)}
        self._tell("assigned", by=by, changes=changes, assigned_to=user_id, named={"assigned_to_id": list(named)})
        return True

    def snooze(self, until: datetime, *, by: Actor) -> bool:
        """Be quiet until then; False when it is so already. Raises Refused for a time that is past, and once it is
        done."""
        self._check_open()
        if self.snoozed_until == until:
            return False
        if until <= now():
            raise Refused(_("This time is past. Choose a later one."))
        self._ring_again(snoozed_until=until)
        self._tell("snoozed", by=by, until=until.isoformat())
        return True

    def wake(self, *, by: Actor) -> bool:
        """No longer put off; False when it was not."""
        if self.snoozed_until is None:
            return False
        self._check_open()
        self._ring_again(snoozed_until=None)
        self._tell("woken", by=by)
        return True

    def complete(self, *, by: Actor) -> bool:
        """Done; what repeats stands there for the next time. False when it is so already."""
        if self.completed_at is not None:
            return False
        self._check_open()
        self.completed_at, self.completed_by_id = now(), user_id_of(by)
        self._tell("completed", by=by)
        self.make_next(by=by)
        return True

    def reopen(self, *, by: Actor) -> bool:
        """To be done after all; the next time goes unless that is done too. False when it is open."""
        if self.completed_at is None:
            return False
        self.completed_at = self.completed_by_id = None
        self._tell("reopened", by=by)
        self.take_next_away(by=by)
        return True

    def archive(self, *, by: Actor) -> bool:
        """Away, and with it what would have followed."""
        if self.is_archived:
            return False
        self.archived_at = now()
        self._tell("archived", by=by)
        return True

    def restore(self, *, by: Actor) -> bool:
        if not self.is_archived:
            return False
        self.archived_at = None
        self._tell("restored", by=by)
        return True

    def make_next(self, *, by: Actor) -> None:
        """The one of the series after this, which is done: the first that is still to come, counted from where the
        series began."""
        follower = self._follower()
        if follower is not None:
            follower.restore(by=by)
            return
        if not self.recurrence:
            return
        after = max(self.occurs_at, local_time(now(), self.zone))
        occurs = next_after(self.recurrence, starts=self.starts_at, after=after)
        if occurs is None:
            return
        kept = ("title", "notes", "priority", "zone", "recurrence", "starts_at", "about_type", "about_id")
        values = {name: getattr(self, name) for name in (*kept, "assigned_to_id", "created_by_id")}
        due_at = moment_of(occurs, self.zone)
        made = type(self)(port_id=self.port_id, number=take_number(self.port_id, "reminder"), follows_id=self.id)
        write(made, occurs_at=occurs, due_at=due_at, **values)
        made._tell("created", by=by, is_new=True, assigned_to=self.assigned_to_id, due_at=due_at, follows=self.number)

    def take_next_away(self, *, by: Actor) -> None:
        """This one is to be done after all."""
        follower = self._follower()
        if follower is not None and follower.is_open:
            follower.archive(by=by)

    def _follower(self) -> Self | None:
        kind = type(self)
        followers = select(kind).where(kind.port_id == self.port_id, kind.follows_id == self.id)
        return db.session.scalars(followers.with_for_update()).one_or_none()

    def _rule_from(self, starts: datetime) -> str:
        """What repeats as it did, where it begins another day."""
        repeat = self.repeat
        return self.recurrence if repeat == Repeat.AS_IT_IS else rule_of(repeat, starts, self.repeat_until)

    def _ring_again(self, *, snoozed_until: datetime | None) -> None:
        self.snoozed_until, self.rung_at, self.told_overdue_at = snoozed_until, None, None

    def _check_open(self) -> None:
        if self.is_archived:
            raise Refused(_("“%(name)s” is archived. Restore it first.", name=self.title))
        if self.completed_at is not None:
            raise Refused(_("“%(name)s” is done. Reopen it first.", name=self.title))

    def _of_subject(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """What is about somebody lies under their key, and goes with it."""
        if self.about_id is None or self.about_type is None:
            return dict(changes)
        kind, about = self.about_type, self.about_id
        personal = ("title", "notes")
        return {n: tuple(Of(kind, about, v) for v in pair) if n in personal else pair for n, pair in changes.items()}

    @property
    def told_title(self) -> Any:
        """As events hold it."""
        if self.about_id is None or self.about_type is None:
            return self.title
        return Of(self.about_type, self.about_id, self.title)

    @property
    def told_in(self) -> list[tuple[str, uuid.UUID]]:
        """In whose timeline it is told of as well: of what it is about."""
        return [(self.about_type, self.about_id)] if self.about_type and self.about_id else []

    def _tell(self, happened: str, *, by: Actor, **details: Any) -> None:
        self.updated_at = now()
        self.record(happened, by=by, told_in=self.told_in, name=self.told_title, **details)

    # --- The system's

    @classmethod
    def ring(cls, *, port_id: uuid.UUID, by: Actor) -> int:
        """Whose moment has come is told, once for each moment; gives how many. Of two that ring at once either takes
        what the other has not."""
        waiting = select(cls).where(cls.port_id == port_id, cls.rung_at.is_(None), cls.rings_at <= now())
        return cls._note("due", "rung_at", waiting, port_id=port_id, by=by)

    @classmethod
    def note_overdue(cls, before: datetime, *, port_id: uuid.UUID, by: Actor) -> int:
        """What rang before then and is still to be done is told, once for each moment; gives how many."""
        late = select(cls).where(cls.port_id == port_id, cls.told_overdue_at.is_(None), cls.rings_at < before)
        return cls._note("overdue", "told_overdue_at", late, port_id=port_id, by=by)

    @classmethod
    def _note(cls, happened: str, column: str, which: Select[Self], *, port_id: uuid.UUID, by: Actor) -> int:
        """A handful of statements, however many there are."""
        first = which.where(cls.still_open()).order_by(cls.rings_at, cls.id).limit(AT_ONCE)
        columns = first.with_only_columns(cls.id, cls.rings_at, cls.about_type, cls.about_id)
        found = db.session.execute(columns.with_for_update(skip_locked=True)).all()
        if not found:
            return 0
        ids = [one.id for one in found]
        noted = update(cls).where(cls.id.in_(ids)).values({column: now(), "updated_at": cls.updated_at})
        db.session.execute(noted, execution_options={"synchronize_session": False})
        happenings = [
            Happening(
                f"reminder:{happened}",
                one.id,
                details={"rings_at": one.rings_at.isoformat()},
                told_in=[(one.about_type, one.about_id)] if one.about_id else [],
            )
            for one in found
        ]
        keys = subject_keys(cls.subject_type, ids, port_id=port_id)
        announce_many(cls.subject_type, happenings, by=by, port_id=port_id, keys=keys)
        return len(found)


__all__ = ["Priority", "Reminder", "Unrepeatable"]
