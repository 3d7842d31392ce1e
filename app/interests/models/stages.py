"""The stages of an interest, and what each asks for before it is reached."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ...db import Base, PortScoped, db
from ...documents.models import Document, DocumentStatus, DocumentType
from ...identity.models import User
from .deposit import Deposit

if TYPE_CHECKING:
    from .interest import Interest


class Stage(StrEnum):
    OPEN = "open"
    DETAILS_SENT = "details_sent"
    IN_COMMUNICATION = "in_communication"
    VISITED = "visited"
    SIGNED_EOI_NDA = "signed_eoi_nda"
    TEN_PERCENT_DEPOSIT = "ten_percent_deposit"
    CONTRACT = "contract"
    COMPLETED = "completed"


STAGES = tuple(Stage)
PART = Decimal("0.1")  # of the expected value, that a deposit has to be


class StageChange(PortScoped, Base):
    """Where an interest went, by whom and why; where it began has no `from_stage`."""

    __tablename__ = "interest_stage_changes"
    __table_args__ = (
        ForeignKeyConstraint(["port_id", "interest_id"], ["interests.port_id", "interests.id"], ondelete="CASCADE"),
        Index("ix_interest_stage_changes_interest", "port_id", "interest_id", "id"),
    )

    interest_id: Mapped[uuid.UUID]
    from_stage: Mapped[str | None] = mapped_column(String(30))
    to_stage: Mapped[str] = mapped_column(String(30))
    by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")

    by: Mapped[User | None] = relationship(lazy="raise", viewonly=True)


class Mend(StrEnum):
    """What somebody has to do first."""

    SIGN_EOI = "sign_eoi"
    SIGN_CONTRACT = "sign_contract"
    SAY_VALUE = "say_value"
    RECORD_DEPOSIT = "record_deposit"
    LINK_BERTH = "link_berth"


@dataclass(frozen=True)
class Missing:
    """What a stage asks for and is not there. `can_be_waived`: with permission and a reason."""

    stage: Stage
    mend: Mend
    text: str
    can_be_waived: bool = False


def is_back(now: str, to: Stage) -> bool:
    return STAGES.index(to) < STAGES.index(Stage(now))


def missing(interest: Interest, to: Stage) -> list[Missing]:
    """What the stages up to that one ask for, those that are skipped as well."""
    if is_back(interest.stage, to):
        return []
    passed = STAGES[STAGES.index(Stage(interest.stage)) + 1 : STAGES.index(to) + 1]
    signed = _signed(interest) if passed and to in STAGES[4:] else frozenset()
    found = []
    if Stage.SIGNED_EOI_NDA in passed and DocumentType.EOI not in signed:
        text = _("A signed expression of interest is missing. Upload it first.")
        found.append(Missing(Stage.SIGNED_EOI_NDA, Mend.SIGN_EOI, text))
    if Stage.TEN_PERCENT_DEPOSIT in passed and (lacking := _lacking_deposit(interest)):
        found.append(lacking)
    if Stage.CONTRACT in passed and DocumentType.CONTRACT not in signed:
        text = _("A signed contract is missing. Upload it first.")
        found.append(Missing(Stage.CONTRACT, Mend.SIGN_CONTRACT, text))
    if Stage.COMPLETED in passed and interest.berth_id is None:
        text = _("No berth is linked. Link the berth that is sold.")
        found.append(Missing(Stage.COMPLETED, Mend.LINK_BERTH, text))
    return found


def _signed(interest: Interest) -> frozenset[str]:
    found = select(Document.type).where(
        Document.port_id == interest.port_id,
        Document.interest_id == interest.id,
        Document.status == DocumentStatus.COMPLETED,
    )
    return frozenset(db.session.scalars(found.distinct()))


def _lacking_deposit(interest: Interest) -> Missing | None:
    """None where a tenth was received, in the currency of the value."""
    if interest.expected_value is None:
        text = _("The expected value is missing, so nobody knows how much a tenth is. Type it first.")
        return Missing(Stage.TEN_PERCENT_DEPOSIT, Mend.SAY_VALUE, text, can_be_waived=True)
    received = func.coalesce(func.sum(Deposit.amount), 0)
    paid = db.session.scalar(
        select(received).where(
            Deposit.port_id == interest.port_id,
            Deposit.interest_id == interest.id,
            Deposit.currency == interest.currency,
        )
    )
    if paid is not None and paid >= interest.expected_value * PART:
        return None
    text = _("A recorded deposit of at least 10 % is missing.")
    return Missing(Stage.TEN_PERCENT_DEPOSIT, Mend.RECORD_DEPOSIT, text, can_be_waived=True)


def changes_of(interest: Interest) -> Sequence[StageChange]:
    """The latest first, with who made them."""
    found = select(StageChange).where(StageChange.port_id == interest.port_id, StageChange.interest_id == interest.id)
    return db.session.scalars(found.options(joinedload(StageChange.by)).order_by(StageChange.id.desc())).all()
