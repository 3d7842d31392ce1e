"""Price list: what berths cost in a time, in one currency."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

from flask_babel import gettext as _
from sqlalchemy import (
    Computed,
    Index,
    Numeric,
    Select,
    String,
    UniqueConstraint,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now, write
from ...errors import Refused
from ...events.models import Actor, Recorded
from ...numbers import take_number
from .price_line import PriceLine

HUNDRED = Decimal(100)
MOST_LINES = 500
# Checked at the end of a change, or the bands of a list could not be moved against each other.
CHECKED = "ex_price_lines_valid, ex_price_lines_band, ex_price_lines_measure"
Line = Mapping[str, Any]


class Clash(Exception):
    """Another list has prices for one of the terms in the same time: `other`, unless it is gone meanwhile."""

    def __init__(self, other: PriceList | None) -> None:
        super().__init__("clash")
        self.other = other


class Unclear(Exception):
    """Two lines would give the price of the same berth: `at` and `other`, by their places among the lines."""

    def __init__(self, at: int, other: int) -> None:
        super().__init__("unclear")
        self.at, self.other = at, other


class PriceList(Recorded, Timestamped, Versioned, PortScoped, Base):
    """Verbs: create, update, change_lines, copy, archive, restore.

    `valid_from` and `valid_until` are the first and the last day of use that it prices, None without an end. Prices
    include the tax of `tax_rate` per cent, or it comes on top.
    """

    __tablename__ = "price_lists"
    subject_type = "priceList"
    EDITABLE = ("name", "season", "currency", "tax_included", "tax_rate", "valid_from", "valid_until")

    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    season: Mapped[str] = mapped_column(String(60), default="")
    currency: Mapped[str] = mapped_column(String(3))
    tax_included: Mapped[bool] = mapped_column(default=True)
    tax_rate: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(0))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    archived_at: Mapped[datetime | None]
    valid: Mapped[Range[date]] = mapped_column(
        DATERANGE, Computed("daterange(valid_from, valid_until, '[]')", persisted=True)
    )
    is_current: Mapped[bool] = mapped_column(Computed("archived_at IS NULL", persisted=True))

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        UniqueConstraint("port_id", "id", "valid", "is_current", name="uq_price_lists_valid"),
        Index("ix_price_lists_valid_from", "port_id", "valid_from", "id"),
    )

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.port_id == member.here().id)

    @classmethod
    def create(cls, fields: Mapping[str, Any], *, port_id: uuid.UUID, by: Actor, copied_from: str = "") -> Self:
        """Without lines. `copied_from`: the name of the list whose lines it is going to have."""
        made = cls(port_id=port_id, number=take_number(port_id, "price_list"), **fields)
        db.session.add(made)
        db.session.flush()
        changes = {name: (None, getattr(made, name)) for name in cls.EDITABLE if getattr(made, name)}
        made.record("created", by=by, changes=changes, is_new=True, name=made.name, copied_from=copied_from)
        return made

    def lines(self) -> list[PriceLine]:
        """In the order of a printed list."""
        own = select(PriceLine).where(PriceLine.port_id == self.port_id, PriceLine.price_list_id == self.id)
        return list(db.session.scalars(own.order_by(*ORDER)))

    def update(self, fields: Mapping[str, Any], *, by: Actor, reverting: uuid.UUID | None = None) -> bool:
        """Write what differs and record it; False when nothing does. `reverting`: the event that this takes back.
        Raises Clash."""
        changes = self.differing(fields)
        if not changes:
            return False
        self._keep(**{name: new for name, (_old, new) in changes.items()})
        details: dict[str, Any] = {"name": self.name, "changed_fields": sorted(changes)}
        if reverting is not None:
            self.record("reverted", by=by, changes=changes, event_id=reverting, **details)
        else:
            self.record("updated", by=by, changes=changes, **details)
        return True

    def change_lines(
        self,
        lines: Sequence[Line],
        *,
        by: Actor,
        removing: Iterable[uuid.UUID] = (),
        source: str = "",
        reverting: uuid.UUID | None = None,
    ) -> bool:
        """Write these lines (one that has the `id` of a present one in its place, others beside them) and take the
        removed ones out; False when that leaves everything as it is. `source`: the file they came from. The list is
        locked. Raises Unclear, counting present lines after `lines`, Clash, and Refused for too many."""
        present = {line.id: line for line in self.lines()}
        gone = [present[line_id] for line_id in removing if line_id in present]
        written = [(present.get(line.get("id") or uuid.UUID(int=0)), line) for line in lines]
        differing = [(kept, line) for kept, line in written if kept is None or differs(kept, line)]
        if not gone and not differing:
            return False
        held = {line.id for line in gone} | {kept.id for kept, _line in written if kept}
        rest = [values_of(line) for line in present.values() if line.id not in held]
        check_lines([*lines, *rest])
        old = [as_recorded(line) for line in [*gone, *(kept for kept, _line in differing if kept)]]
        changed = self._write_lines(gone, differing)
        new = [as_recorded(line) for line in changed]
        counts = {"added": sum(kept is None for kept, _line in differing), "removed": len(gone)}
        counts["changed"] = len(differing) - counts["added"]
        self.updated_at = now()
        details: dict[str, Any] = {"name": self.name, "source": source, **counts}
        if reverting is not None:
            details |= {"event_id": reverting, "changed_fields": ["lines"]}
            self.record("reverted", by=by, changes={"lines": (old, new)}, **details)
        else:
            self.record("linesChanged", by=by, changes={"lines": (old, new)}, **details)
        return True

    def copy(self, fields: Mapping[str, Any], *, per_cent: Decimal, by: Actor) -> PriceList:
        """A list with all of its lines, dearer by so many per cent, each rounded as the line says. Raises Clash."""
        values = {**{name: getattr(self, name) for name in self.EDITABLE}, **fields}
        lines = [values_of(line) | raised(line, per_cent) | {"id": None} for line in self.lines()]
        # Both or neither: a copy without its lines is nobody's wish.
        with db.session.begin_nested():
            made = PriceList.create(values, port_id=self.port_id, by=by, copied_from=self.name)
            made.change_lines(lines, by=by, source=self.name)
        return made

    def archive(self, *, by: Actor) -> None:
        """No berth is priced by it any more; nothing is deleted."""
        if self.archived_at is None:
            self._keep(archived_at=now())
            self.record("archived", by=by, name=self.name)

    def restore(self, *, by: Actor) -> None:
        """Raises Clash where another list has its time by now."""
        if self.archived_at is not None:
            self._keep(archived_at=None)
            self.record("restored", by=by, name=self.name)

    def _keep(self, **values: Any) -> None:
        """Raises Clash: the lines follow their list, and a constraint decides between lists."""
        terms = {line.term for line in self.lines()}
        valid = (values.get("valid_from", self.valid_from), values.get("valid_until", self.valid_until))
        try:
            write(self, **values)
        except IntegrityError as error:
            raise self._clash(error, terms, *valid) from None
        for line in self.lines():
            db.session.expire(line, ["valid", "is_current"])

    def _write_lines(
        self, gone: Sequence[PriceLine], differing: Sequence[tuple[PriceLine | None, Line]]
    ) -> list[PriceLine]:
        written = []
        terms = {str(line["term"]) for _kept, line in differing}
        try:
            with db.session.begin_nested():
                db.session.execute(text(f"SET CONSTRAINTS {CHECKED} DEFERRED"))
                for line in gone:
                    db.session.delete(line)
                for kept, values in differing:
                    record = kept or self._new_line(values.get("id"))
                    for name in PriceLine.FIELDS:
                        setattr(record, name, values[name])
                    written.append(record)
                db.session.flush()
                db.session.execute(text(f"SET CONSTRAINTS {CHECKED} IMMEDIATE"))
        except IntegrityError as error:
            raise self._clash(error, terms, self.valid_from, self.valid_until) from None
        return written

    def _new_line(self, line_id: uuid.UUID | None) -> PriceLine:
        line = PriceLine(id=line_id or uuid7(), port_id=self.port_id, price_list_id=self.id)
        line.valid, line.is_current = self.valid, self.is_current
        db.session.add(line)
        return line

    def _clash(self, error: IntegrityError, terms: set[str], begins: date, ends: date | None) -> Exception:
        if "ex_price_lines_valid" not in str(error.orig):
            return error
        own = (PriceList.port_id == self.port_id, PriceList.id != self.id, PriceList.is_current)
        within = PriceList.valid.overlaps(Range(begins, ends, bounds="[]"))
        priced = select(PriceLine.price_list_id).where(PriceLine.term.in_(terms))
        found = select(PriceList).where(*own, within, PriceList.id.in_(priced)).order_by(PriceList.valid_from)
        return Clash(db.session.scalars(found.limit(1)).first())


ORDER = (
    PriceLine.term,
    PriceLine.mooring,
    PriceLine.harbour_id.nulls_first(),
    PriceLine.measure,
    PriceLine.above,
    PriceLine.tier,
    PriceLine.id,
)


def values_of(line: PriceLine) -> dict[str, Any]:
    return {"id": line.id, **{name: getattr(line, name) for name in PriceLine.FIELDS}}


def differs(line: PriceLine, values: Line) -> bool:
    return any(getattr(line, name) != values[name] for name in PriceLine.FIELDS)


def as_recorded(line: PriceLine) -> dict[str, Any]:
    """As it stands in an event; numbers to the hundredth, however they were written."""
    values = {n: f"{v:.2f}" if isinstance(v, Decimal) else v for n, v in values_of(line).items()}
    found: dict[str, Any] = json.loads(json.dumps(values, default=str))
    return found


def raised(line: PriceLine, per_cent: Decimal) -> dict[str, Decimal]:
    times = 1 + per_cent / HUNDRED
    minimum = (line.minimum * times).quantize(Decimal("0.01"))
    return {"amount": line.rounded(line.amount * times), "minimum": minimum}


def check_lines(lines: Sequence[Line]) -> None:
    """What the constraints of the table refuse, found beforehand so that it can be said where. Raises Unclear, or
    Refused for too many."""
    if len(lines) > MOST_LINES:
        raise Refused(_("A price list has at most %(count)d lines.", count=MOST_LINES))
    of: dict[tuple[Any, ...], list[int]] = {}
    for at, line in enumerate(lines):
        of.setdefault((line["term"], line["harbour_id"], line["mooring"]), []).append(at)
    for places in of.values():
        for n, at in enumerate(places):
            for other in places[:n]:
                if are_unclear(lines[at], lines[other]):
                    raise Unclear(*sorted((at, other), reverse=True))


def are_unclear(line: Line, other: Line) -> bool:
    """Of two lines for the same term and place."""
    if line["measure"] != other["measure"]:
        return True
    return line["tier"] == other["tier"] and (
        (other["up_to"] is None or line["above"] < other["up_to"])
        and (line["up_to"] is None or other["above"] < line["up_to"])
    )
