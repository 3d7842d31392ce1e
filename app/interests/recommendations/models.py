"""Recommendation: a berth that suits an interest, found by itself or named by a person; Lookout: whether what was found
is still to be looked at again."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Self

from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column, relationship
from uuid_utils.compat import uuid7

from ...berths.models import Berth
from ...db import Base, PortScoped, Timestamped, db, now
from ...errors import Refused
from ...events.models import Actor, user_id_of
from ...identity.models import User
from ..models import Interest


class Origin(StrEnum):
    AUTO = "auto"
    MANUAL = "manual"


class Reason(BaseModel):
    """Why so many points `of` so many, as facts: how it reads is said when it is shown. `how` is what was found, the
    rest what it was found of; numbers are text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    part: Literal["length", "width", "dates", "price", "status", "rivals", "tenure", "unfit"]
    points: int = Field(ge=0, le=100)
    of: int = Field(ge=0, le=100)
    how: str = Field(pattern=r"^[a-z_]{2,20}$")
    value: str = ""
    whole: str = ""
    amount: str = ""
    currency: str = ""
    term: str = ""


REASONS = TypeAdapter(tuple[Reason, ...])


class Recommendation(Timestamped, PortScoped, Base):
    """Verbs: recommend, dismiss, bring_back.

    What was found by itself comes and goes with the berths. What a person named stays, and so does “not this one”
    (`dismissed_at`): it is found no more until somebody brings it back. `score` and `reasons` are as of `updated_at`.
    """

    __tablename__ = "berth_recommendations"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "interest_id", "berth_id"),
        ForeignKeyConstraint(["port_id", "interest_id"], ["interests.port_id", "interests.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="CASCADE"),
        Index("ix_berth_recommendations_berth", "port_id", "berth_id", "score"),
    )

    interest_id: Mapped[uuid.UUID]
    berth_id: Mapped[uuid.UUID]
    score: Mapped[int] = mapped_column(SmallInteger, default=0)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    source: Mapped[str] = mapped_column(String(10), default=Origin.AUTO)
    note: Mapped[str] = mapped_column(Text, default="")
    by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    dismissed_at: Mapped[datetime | None]

    berth: Mapped[Berth] = relationship(lazy="raise", viewonly=True)
    by: Mapped[User | None] = relationship(foreign_keys=[by_id], lazy="raise", viewonly=True)

    @classmethod
    def recommend(cls, interest: Interest, berth: Berth, note: str, *, by: Actor, score: int = 0) -> bool:
        """By hand, and why. One that was dismissed is back. False when it stands so already. Raises Refused."""
        check_open(interest)
        found = cls._locked(interest, berth)
        if (found.source, found.note, found.dismissed_at) == (Origin.MANUAL, note, None):
            return False
        found.source, found.note, found.by_id, found.dismissed_at = Origin.MANUAL, note, user_id_of(by), None
        told: dict[str, Any] = {"source": Origin.MANUAL, "match_score": score, "note": note}
        interest.tell("recommendationAdded", by=by, **about(berth), **told)
        return True

    @classmethod
    def dismiss(cls, interest: Interest, berth: Berth, *, by: Actor) -> bool:
        """Not this one, until it is brought back. False when it is so already. Raises Refused."""
        check_open(interest)
        found = cls._locked(interest, berth)
        if found.dismissed_at is not None:
            return False
        found.dismissed_at = now()
        interest.tell("recommendationDismissed", by=by, **about(berth))
        return True

    @classmethod
    def bring_back(cls, interest: Interest, berth: Berth, *, by: Actor) -> bool:
        """False when it was not dismissed. Raises Refused."""
        check_open(interest)
        of = (cls.port_id == interest.port_id, cls.interest_id == interest.id, cls.berth_id == berth.id)
        found = db.session.scalars(select(cls).where(*of, cls.dismissed_at.is_not(None)).with_for_update()).first()
        if found is None:
            return False
        found.dismissed_at = None
        interest.tell("recommendationRestored", by=by, **about(berth))
        return True

    @classmethod
    def _locked(cls, interest: Interest, berth: Berth) -> Self:
        """The row of this pair, which a person's word needs also where nothing was found."""
        key = {"port_id": interest.port_id, "interest_id": interest.id, "berth_id": berth.id}
        plain = {"score": 0, "reasons": [], "source": Origin.AUTO, "note": ""}
        row = {"id": uuid7(), **key, **plain, "created_at": now(), "updated_at": now()}
        db.session.execute(insert(cls).values(row).on_conflict_do_nothing())
        return db.session.scalars(select(cls).filter_by(**key).with_for_update()).one()


def about(berth: Berth) -> dict[str, Any]:
    """What an event of a recommendation says of its berth, in whose timeline it stands as well."""
    return {"berth_id": berth.id, "berth": berth.code, "told_in": [("berth", berth.id)]}


class Lookout(PortScoped, Base):
    """One for each interest. `stale_since`: what was found is to be looked at again; `looked_at`: when that was last
    done; `suiting`: how many berths suited; `lowest`: what a berth has to score to be among those that are kept."""

    __tablename__ = "berth_lookouts"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "interest_id"),
        ForeignKeyConstraint(["port_id", "interest_id"], ["interests.port_id", "interests.id"], ondelete="CASCADE"),
        Index("ix_berth_lookouts_stale", "port_id", "stale_since", "id", postgresql_where="stale_since IS NOT NULL"),
    )

    interest_id: Mapped[uuid.UUID]
    stale_since: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]
    suiting: Mapped[int] = mapped_column(default=0)
    lowest: Mapped[int] = mapped_column(SmallInteger, default=0)


def check_open(interest: Interest) -> None:
    """Raises Refused where nobody looks for a berth any more."""
    if interest.is_archived:
        raise Refused(_("This interest is archived. Restore it first."))
    if interest.outcome is not None:
        raise Refused(_("This interest is over. Open it again first."))
