"""Interest: somebody who wants a berth, and how far that has come."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from flask_babel import gettext as _
from sqlalchemy import (
    Computed,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Select,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...admin.models import Trigger
from ...berths.models import Berth
from ...clients.models import Client
from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now
from ...documents.models import DocumentType
from ...errors import Refused
from ...events.models import Actor, Of, Recorded, record, user_id_of
from ...identity.models import User, current_port_of
from ...numbers import take_number
from ...vessels.models import Vessel
from . import follow_ups, sale, standing
from .deposit import Deposit
from .lead import LeadCategory, category_at
from .stages import EARNING, Papers, Stage, StageChange, is_back, missing


class Outcome(StrEnum):
    WON = "won"
    LOST = "lost"
    WITHDRAWN = "withdrawn"


class Source(StrEnum):
    WEBSITE = "website"
    MANUAL = "manual"
    REFERRAL = "referral"
    BROKER = "broker"
    EVENT = "event"
    OTHER = "other"


NEVER = "DATE '9999-12-31'"
HUNDREDTH = Decimal("0.01")
CURRENT = "outcome IS NULL AND archived_at IS NULL"
MONEY = {"expected_value", "currency"}


def _metres() -> Mapped[Decimal | None]:
    return mapped_column(Numeric(6, 2))


class Interest(Recorded, Timestamped, Versioned, PortScoped, Base):
    """Verbs: create, register, update, move_to, link_berth, unlink_berth, record_deposit, reverse_deposit, lose,
    withdraw, reopen, assign, set_lead, archive, restore, and of the system: cool, note_activity; holding its berth is
    in sale.py, what it says of the berth's status in standing.py, reminding its owner in follow_ups.py. Each is told
    by its client as well.

    `outcome` is empty while it is open; who completed has won. `active_at` is when somebody last did something about
    it: the lead category follows from that until a person sets it (`is_lead_set`), and how long it was left alone
    when it was last followed up (`followed_up_days`). Measures and time are what is wanted, where no vessel says it.
    """

    __tablename__ = "interests"
    subject_type = "interest"

    number: Mapped[int]
    client_id: Mapped[uuid.UUID]
    vessel_id: Mapped[uuid.UUID | None]
    berth_id: Mapped[uuid.UUID | None]
    # What the interest has of the berth's time: a hold, or after the sale the contract.
    occupancy_id: Mapped[uuid.UUID | None]
    # From when on the berth is theirs, while somebody has it until then; empty once its tenure says so.
    tenure_from: Mapped[date | None]
    stage: Mapped[str] = mapped_column(String(30), default=Stage.OPEN)
    stage_since: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(20))
    outcome_reason: Mapped[str] = mapped_column(Text, default="")
    lead_category: Mapped[str] = mapped_column(String(20), default=LeadCategory.HOT)
    is_lead_set: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(String(20), default=Source.MANUAL)
    expected_value: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    currency: Mapped[str | None] = mapped_column(String(3))
    expected_close_on: Mapped[date | None]
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    loa: Mapped[Decimal | None] = _metres()
    beam: Mapped[Decimal | None] = _metres()
    draft: Mapped[Decimal | None] = _metres()
    budget: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    tenure: Mapped[str | None] = mapped_column(String(20))
    wanted_from: Mapped[date | None]
    wanted_until: Mapped[date | None]
    notes: Mapped[str] = mapped_column(Text, default="")
    active_at: Mapped[datetime]
    followed_up_days: Mapped[int | None] = mapped_column(SmallInteger)
    # What lists are ordered by: where it is not known it stands at the end.
    closes: Mapped[date] = mapped_column(Date, Computed(f"coalesce(expected_close_on, {NEVER})", persisted=True))
    worth: Mapped[int] = mapped_column(
        Integer, Computed("least(coalesce(expected_value, -1), 2147483647)::integer", persisted=True)
    )
    archived_at: Mapped[datetime | None]

    client: Mapped[Client] = relationship(lazy="raise", viewonly=True)
    vessel: Mapped[Vessel | None] = relationship(lazy="raise", viewonly=True)
    berth: Mapped[Berth | None] = relationship(lazy="raise", viewonly=True)
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id], lazy="raise", viewonly=True)

    EDITABLE = (
        "vessel_id",
        "source",
        "expected_value",
        "currency",
        "expected_close_on",
        "loa",
        "beam",
        "draft",
        "budget",
        "tenure",
        "wanted_from",
        "wanted_until",
        "notes",
    )

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["port_id", "vessel_id"], ["vessels.port_id", "vessels.id"], ondelete="SET NULL (vessel_id)"
        ),
        ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(
            ["port_id", "occupancy_id"],
            ["berth_occupancies.port_id", "berth_occupancies.id"],
            ondelete="SET NULL (occupancy_id)",
        ),
        Index("ix_interests_client", "port_id", "client_id", "id"),
        Index("ix_interests_vessel", "port_id", "vessel_id"),
        Index("ix_interests_berth", "port_id", "berth_id"),
        Index("uq_interests_occupancy", "port_id", "occupancy_id", unique=True),
        Index("ix_interests_board", "port_id", "stage", "stage_since", "id", postgresql_where=CURRENT),
        Index("ix_interests_tenure_from", "port_id", "tenure_from", postgresql_where="tenure_from IS NOT NULL"),
        Index("ix_interests_active_at", "port_id", "active_at", postgresql_where=CURRENT),
        Index(
            "ix_interests_won",
            "port_id",
            "stage_since",
            "id",
            postgresql_where="outcome = 'won' AND archived_at IS NULL",
        ),
        *(
            Index(f"ix_interests_{column}_current", "port_id", column, "id", postgresql_where="archived_at IS NULL")
            for column in ("number", "stage_since", "updated_at", "closes", "worth")
        ),
    )

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def is_open(self) -> bool:
        return self.outcome is None and self.archived_at is None

    @property
    def room(self) -> str:
        return f"interest:{self.id}"

    @property
    def name(self) -> str:
        """Without a word of the client."""
        return _("Interest %(number)s", number=self.number)

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.port_id == member.here().id)

    @classmethod
    def create(
        cls,
        client: Client,
        fields: Mapping[str, Any],
        *,
        by: Actor,
        berth: Berth | None = None,
        owner_id: uuid.UUID | None = None,
    ) -> Self:
        """In the port's currency where it says none. Raises Refused where the client was merged meanwhile, or the berth
        is put away."""
        client.keep()
        at = now()
        interest = cls(
            port_id=client.port_id,
            number=take_number(client.port_id, "interest"),
            client_id=client.id,
            owner_id=owner_id,
            stage_since=at,
            active_at=at,
        )
        currency = fields.get("currency") or current_port_of(client.port_id).currency
        interest._write({**fields, "currency": currency})
        db.session.add(interest)
        db.session.flush()
        db.session.add(StageChange(**interest._of(), to_stage=Stage.OPEN, by_id=user_id_of(by), at=at))
        values = {name: (None, _plain(getattr(interest, name))) for name in cls.EDITABLE if getattr(interest, name)}
        berth_id = berth.id if berth else None
        details: dict[str, Any] = {"client_id": client.id, "berth_id": berth_id, "source": interest.source}
        interest.tell("created", by=by, is_new=True, changes=values, **details)
        if berth is not None:
            interest.link_berth(berth, by=by)
        return interest

    @classmethod
    def register(cls, client: Client, fields: Mapping[str, Any], *, by: Actor) -> Self:
        """From the public form: nobody's yet, by way of the website."""
        return cls.create(client, {"source": Source.WEBSITE, **fields}, by=by)

    def update(self, fields: Mapping[str, Any], *, by: Actor, reverting: uuid.UUID | None = None) -> bool:
        """Write what differs and record it; False when nothing does. `reverting`: the event that this takes back."""
        before = {name: getattr(self, name) for name in fields}
        had_tenth = self._has_tenth() if MONEY & set(fields) else True
        self._write(fields)
        pairs = {name: (old, getattr(self, name)) for name, old in before.items()}
        changes = {name: (_plain(old), _plain(new)) for name, (old, new) in pairs.items() if old != new}
        if not changes:
            return False
        details: dict[str, Any] = {"changes": changes, "changed_fields": sorted(changes)}
        if reverting is None:
            self.tell("updated", by=by, **details)
        else:
            self.tell("reverted", by=by, event_id=reverting, **details)
        if not had_tenth:
            self._say_paid(by=by)
        return True

    def move_to(self, to: Stage, *, by: Actor, note: str = "", waives: bool = False, override: str = "") -> bool:
        """Forward when what the stages on the way ask for is there, or back with a reason (`note`). `waives`: the
        deposit is not waited for, and `note` says why; `override`: why the boat goes on a berth on which it does not
        fit. False when it stands there already. Raises Refused."""
        if self.stage == to:
            return False
        self.check_open()
        waived = waives and bool(note)
        lacking = [one for one in missing(self, to) if not one.is_settled(waives=waived, override=override)]
        if lacking:
            raise Refused(" ".join(one.text for one in lacking))
        if is_back(self.stage, to) and not note:
            raise Refused(_("Say why it goes back."))
        old = self.stage
        if to == Stage.COMPLETED:
            sale.complete(self, by=by, override=override)
            self.outcome, self.outcome_reason = Outcome.WON, note
        self.stage, self.stage_since = to, now()
        db.session.add(
            StageChange(**self._of(), from_stage=old, to_stage=to, by_id=user_id_of(by), at=self.stage_since, note=note)
        )
        client = db.session.get_one(Client, self.client_id)
        berth = db.session.get(Berth, self.berth_id) if self.berth_id else None
        self.tell(
            "stageChanged",
            by=by,
            changes={"stage": (old, to)},
            old=old,
            new=to,
            note=note,
            client_name=Of("client", client.id, client.full_name),
            berth_number=berth.code if berth else "",
        )
        if old in EARNING and to not in EARNING:
            standing.say_again(self, by=by)
        return True

    def link_berth(self, berth: Berth, *, by: Actor) -> bool:
        """False when it is linked already. Raises Refused for a berth that is put away, or while another is held."""
        if self.berth_id == berth.id:
            return False
        self.check_open()
        if berth.is_archived:
            raise Refused(_("%(name)s is archived. Restore it first.", name=berth.code))
        if self.berth_id is not None:
            self.unlink_berth(by=by)
        self.berth_id = berth.id
        self.tell("berthLinked", by=by, berth_id=berth.id, berth=berth.code)
        standing.say_all(self, by=by)
        return True

    def unlink_berth(self, *, by: Actor) -> bool:
        """A hold on it goes as well. False when none is linked."""
        if self.berth_id is None:
            return False
        self.check_open()
        sale.release_hold(self, by=by)
        berth = db.session.get_one(Berth, self.berth_id)
        self.tell("berthUnlinked", by=by, berth_id=berth.id, berth=berth.code)
        standing.let_go({berth.id: self.name}, but=[self.id], by=by)
        self.berth_id = None
        return True

    def record_deposit(
        self, amount: Decimal, currency: str, *, received_on: date, reference: str = "", by: Actor
    ) -> Deposit:
        """Money came in. Raises Refused once the interest is over."""
        self.check_open()
        had_tenth = self._has_tenth()
        deposit = Deposit(
            **self._of(),
            amount=amount.quantize(HUNDREDTH),
            currency=currency,
            received_on=received_on,
            reference=reference,
        )
        db.session.add(deposit)
        self.tell("depositRecorded", by=by, amount=str(deposit.amount), currency=currency)
        if not had_tenth:
            self._say_paid(by=by)
        return deposit

    def reverse_deposit(self, deposit: Deposit, reason: str, *, by: Actor) -> bool:
        """It was a slip, or the money went back: it counts no more. False when that was done. Raises Refused for an
        archived interest; one that is over may get its money back."""
        if deposit.reversed_at is not None:
            return False
        self.check_unarchived()
        deposit.reversed_at = now()
        self.tell("depositReversed", by=by, amount=str(deposit.amount), currency=deposit.currency, reason=reason)
        standing.say_again(self, by=by)
        return True

    def note_signed(self, kind: DocumentType, *, by: Actor) -> None:
        """A document of it is signed, which tells of that itself."""
        standing.say_signed(self, kind, by=by)

    def note_void(self, *, by: Actor) -> None:
        """A document of it does not hold any more."""
        standing.say_again(self, by=by)

    def lose(self, reason: str, *, by: Actor) -> bool:
        return self._end(Outcome.LOST, reason, by=by)

    def withdraw(self, reason: str, *, by: Actor) -> bool:
        """The client does not want it any more."""
        return self._end(Outcome.WITHDRAWN, reason, by=by)

    def reopen(self, *, by: Actor) -> bool:
        """At the stage where it stood. False when it is open. Raises Refused after the sale."""
        if self.outcome is None:
            return False
        if self.outcome == Outcome.WON:
            raise Refused(_("The sale is completed. Begin a new interest instead."))
        self.outcome, self.outcome_reason = None, ""
        self.tell("reopened", by=by)
        if self.is_open:
            standing.say_all(self, by=by)
        return True

    def assign(self, owner_id: uuid.UUID | None, *, by: Actor) -> bool:
        if self.owner_id == owner_id:
            return False
        old, self.owner_id = self.owner_id, owner_id
        people = [db.session.get(User, one) if one else None for one in (old, owner_id)]
        changes = {"owner_id": (str(old) if old else None, str(owner_id) if owner_id else None)}
        self.tell(
            "assigned",
            by=by,
            is_activity=False,
            changes=changes,
            owner_id=owner_id,
            named={"owner_id": [one.name if one else None for one in people]},
        )
        follow_ups.hand_over(self, people[1], by=by)
        return True

    def set_lead(self, category: LeadCategory | None, *, by: Actor) -> bool:
        """By hand; None: from the activity again. False when it stands so."""
        to = category or category_at(self.active_at, now())
        if (self.lead_category, self.is_lead_set) == (to, category is not None):
            return False
        old, self.lead_category, self.is_lead_set = self.lead_category, to, category is not None
        changes = {"lead_category": (old, to)} if old != to else {}
        how: dict[str, Any] = {"changes": changes, "old": old, "new": to, "auto": category is None}
        self.tell("leadCategoryChanged", by=by, is_activity=False, **how)
        return True

    def note_activity(self, at: datetime, *, by: Actor) -> bool:
        """Somebody did something about it at that moment, of which another record tells. False when it is known of."""
        if at <= self.active_at:
            return False
        self.active_at = at
        follow_ups.settle(self, by=by)
        self.cool(by=by)
        return True

    def cool(self, *, by: Actor) -> bool:
        """The category that its last activity says now; what was set by hand is left alone."""
        to = category_at(self.active_at, now())
        if self.is_lead_set or self.outcome is not None or self.lead_category == to:
            return False
        old, self.lead_category = self.lead_category, to
        changes = {"lead_category": (old, to)}
        self.tell("leadCategoryChanged", by=by, is_activity=False, changes=changes, old=old, new=to, auto=True)
        return True

    def archive(self, *, by: Actor) -> None:
        """Out of lists and the board, nothing deleted; its hold goes, and of an open one the berth."""
        if self.archived_at is None:
            was_open = self.is_open
            sale.release_hold(self, by=by)
            self.archived_at = now()
            self.tell("archived", by=by)
            if was_open:
                self._let_berth_go(by=by)

    def restore(self, *, by: Actor) -> None:
        if self.archived_at is not None:
            self.archived_at = None
            self.tell("restored", by=by)
            if self.is_open:
                standing.say_all(self, by=by)

    def record(self, happened: str, /, *, by: Actor, **details: Any) -> None:
        """Notes and tags say which interest as well."""
        super().record(happened, by=by, number=self.number, **details)

    def tell(
        self, happened: str, *, by: Actor, is_activity: bool = True, told_in: Collection[Any] = (), **details: Any
    ) -> None:
        """In the timelines of the client and the berth too, so each sentence says which interest."""
        self.updated_at = now()
        about = [("client", self.client_id), *([("berth", self.berth_id)] if self.berth_id else []), *told_in]
        db.session.flush()
        record(
            f"interest:{happened}",
            by=by,
            subject_type=self.subject_type,
            subject_id=self.id,
            port_id=self.port_id,
            told_in=about,
            number=self.number,
            **details,
        )
        if is_activity and user_id_of(by) is not None:
            self.note_activity(now(), by=by)

    def _end(self, outcome: Outcome, reason: str, *, by: Actor) -> bool:
        """False when it is so already. Raises Refused after the sale."""
        if self.outcome == outcome:
            return False
        if self.outcome == Outcome.WON:
            raise Refused(_("The sale is completed. Begin a new interest instead."))
        was_open = self.is_open
        sale.release_hold(self, by=by)
        self.outcome, self.outcome_reason = outcome, reason
        if outcome == Outcome.LOST:
            self.tell("lost", by=by, reason=reason)
        else:
            self.tell("withdrawn", by=by, reason=reason)
        if was_open:
            self._let_berth_go(by=by)
        return True

    def check_unarchived(self) -> None:
        """Raises Refused where it is put away."""
        if self.is_archived:
            raise Refused(_("This interest is archived. Restore it first."))

    def check_open(self) -> None:
        """Raises Refused where it is put away or over."""
        self.check_unarchived()
        if self.outcome is not None:
            raise Refused(_("This interest is over. Open it again first."))

    def _let_berth_go(self, *, by: Actor) -> None:
        if self.berth_id is not None:
            standing.let_go({self.berth_id: self.name}, but=[self.id], by=by)

    def _has_tenth(self) -> bool:
        return Papers.of(self).is_tenth_of(self.expected_value)

    def _say_paid(self, *, by: Actor) -> None:
        """Where a tenth of the value has come in by now."""
        if self._has_tenth():
            standing.say(self, Trigger.DEPOSIT_RECEIVED, by=by)

    def _write(self, fields: Mapping[str, Any]) -> None:
        if unknown := set(fields) - set(self.EDITABLE):
            raise KeyError(*unknown)
        for name, value in fields.items():
            setattr(self, name, value.quantize(HUNDREDTH) if isinstance(value, Decimal) else value)

    def _of(self) -> dict[str, Any]:
        return {"port_id": self.port_id, "interest_id": self.id}


def _plain(value: Any) -> Any:
    """As an event holds it."""
    return value if value is None or isinstance(value, (str, bool, int)) else str(value)
