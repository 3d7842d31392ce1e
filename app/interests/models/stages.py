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
from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, Text, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ...admin.models.settings import HasSettings
from ...berths.models import Berth
from ...db import Base, PortScoped, db
from ...documents.models import Document, DocumentStatus, DocumentType
from ...identity.models import User, current_port_of
from .deposit import Deposit
from .wanted import fit_on, trouble_with_time, words_of

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
# Whoever has come so far has signed for the berth, or paid.
EARNING = (Stage.SIGNED_EOI_NDA, Stage.TEN_PERCENT_DEPOSIT, Stage.CONTRACT)
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
    CHANGE_TIME = "change_time"
    CHOOSE_BERTH = "choose_berth"


@dataclass(frozen=True)
class Missing:
    """What a stage asks for and is not there. `can_be_waived`: with permission and a reason; a berth that is too small
    with another one (`can_be_overridden`)."""

    stage: Stage
    mend: Mend
    text: str
    can_be_waived: bool = False

    @property
    def can_be_overridden(self) -> bool:
        return self.mend == Mend.CHOOSE_BERTH

    def is_settled(self, *, waives: bool, override: str) -> bool:
        return (waives and self.can_be_waived) or (bool(override) and self.can_be_overridden)


@dataclass(frozen=True)
class Papers:
    """What is recorded of an interest and was not taken back: the types of documents that are signed, and what was paid
    in the currency of its value. `gave_back`: whether a deposit was taken back."""

    signed: frozenset[str]
    paid: Decimal
    gave_back: bool = False

    @classmethod
    def of(cls, interest: Interest) -> Papers:
        documents = select(Document).where(Document.port_id == interest.port_id, Document.interest_id == interest.id)
        return cls.among(interest, db.session.scalars(documents).all(), db.session.scalars(Deposit.of(interest)).all())

    @classmethod
    def among(cls, interest: Interest, documents: Sequence[Document], deposits: Sequence[Deposit]) -> Papers:
        """Where they are at hand."""
        signed = frozenset(one.type for one in documents if one.status == DocumentStatus.COMPLETED)
        counted = (one for one in deposits if one.reversed_at is None and one.currency == interest.currency)
        gave_back = any(one.reversed_at is not None for one in deposits)
        return cls(signed, sum((one.amount for one in counted), Decimal(0)), gave_back)

    def is_tenth_of(self, value: Decimal | None) -> bool:
        """Nobody knows how much that is where no value is known."""
        return value is not None and self.paid >= value * PART


NO_PAPERS = Papers(frozenset(), Decimal(0))


def is_back(now: str, to: Stage) -> bool:
    return STAGES.index(to) < STAGES.index(Stage(now))


def missing(
    interest: Interest, to: Stage, *, papers: Papers | None = None, port: HasSettings | None = None
) -> list[Missing]:
    """What the stages up to that one ask for, those that are skipped as well, and those behind it of which something
    was taken back; a deposit that was not waited for is not asked for twice. `papers` and `port` where they are at
    hand."""
    passed = STAGES[STAGES.index(Stage(interest.stage)) + 1 : STAGES.index(to) + 1]
    if not passed:
        return []
    reached = STAGES[: STAGES.index(to) + 1]
    if papers is None:
        papers = Papers.of(interest) if to in STAGES[4:] else NO_PAPERS
    found = []
    if Stage.SIGNED_EOI_NDA in reached and DocumentType.EOI not in papers.signed:
        text = _("A signed expression of interest is missing. Upload it first.")
        found.append(Missing(Stage.SIGNED_EOI_NDA, Mend.SIGN_EOI, text))
    asks_deposit = Stage.TEN_PERCENT_DEPOSIT in (reached if papers.gave_back else passed)
    if asks_deposit and (lacking := _lacking_deposit(interest, papers)):
        found.append(lacking)
    if Stage.CONTRACT in reached and DocumentType.CONTRACT not in papers.signed:
        text = _("A signed contract is missing. Upload it first.")
        found.append(Missing(Stage.CONTRACT, Mend.SIGN_CONTRACT, text))
    if Stage.COMPLETED in passed:
        found += _in_the_way_of_the_sale(interest, port)
    return found


def _lacking_deposit(interest: Interest, papers: Papers) -> Missing | None:
    """None where a tenth was received, in the currency of the value."""
    if interest.expected_value is None:
        text = _("The expected value is missing, so nobody knows how much a tenth is. Type it first.")
        return Missing(Stage.TEN_PERCENT_DEPOSIT, Mend.SAY_VALUE, text, can_be_waived=True)
    if papers.is_tenth_of(interest.expected_value):
        return None
    text = _("A recorded deposit of at least 10 % is missing.")
    return Missing(Stage.TEN_PERCENT_DEPOSIT, Mend.RECORD_DEPOSIT, text, can_be_waived=True)


def _in_the_way_of_the_sale(interest: Interest, port: HasSettings | None) -> list[Missing]:
    found = []
    if interest.berth_id is None:
        text = _("No berth is linked. Link the berth that is sold.")
        found.append(Missing(Stage.COMPLETED, Mend.LINK_BERTH, text))
    if trouble := trouble_with_time(interest):
        found.append(Missing(Stage.COMPLETED, Mend.CHANGE_TIME, trouble))
    if interest.berth_id is not None:
        berth = db.session.get_one(Berth, interest.berth_id)
        fits = fit_on(berth, interest, port or current_port_of(interest.port_id))
        if not fits.fits:
            found.append(Missing(Stage.COMPLETED, Mend.CHOOSE_BERTH, words_of(fits)))
    return found


def changes_of(interest: Interest) -> Sequence[StageChange]:
    """The latest first, with who made them."""
    found = select(StageChange).where(StageChange.port_id == interest.port_id, StageChange.interest_id == interest.id)
    return db.session.scalars(found.options(joinedload(StageChange.by)).order_by(StageChange.id.desc())).all()
