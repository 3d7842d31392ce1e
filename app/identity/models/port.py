"""Port: the tenant."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, Self

from flask_babel import gettext as _
from sqlalchemy import Boolean, Row, Select, String, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ... import live
from ...current import CurrentPort, Member
from ...db import Base, Identified, Timestamped, Versioned, after_commit, begin, db
from ...errors import Refused
from ...events.models import record
from .role import UserPortRole

# What stands first in other addresses.
NO_SLUGS = frozenset(
    {"auth", "portal", "api", "public", "webhooks", "health", "static", "metrics", "dev", "scan", "admin"}
)
ALL = text("SELECT * FROM all_ports()")


class Port(Identified, Timestamped, Versioned, Base):
    """The tenant. Its slug is the first segment of every staff URL. Verbs: create, update, brand, deactivate,
    activate."""

    __tablename__ = "ports"
    subject_type: ClassVar[str] = "port"

    name: Mapped[str] = mapped_column(String(100))
    slug: Mapped[str] = mapped_column(String(50), unique=True)
    default_currency: Mapped[str] = mapped_column(String(3))
    timezone: Mapped[str] = mapped_column(String(60))
    locale: Mapped[str] = mapped_column(String(20), default="en")
    country: Mapped[str] = mapped_column(String(2))
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    branding: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)

    EDITABLE: ClassVar[tuple[str, ...]] = ("name", "default_currency", "timezone", "locale", "country")

    @classmethod
    def of(cls, member: Member) -> Select[Self]:
        """The port the member stands in."""
        return select(cls).where(cls.id == member.here().id)

    @staticmethod
    def all() -> list[Row[Any]]:
        """Every port with how many people have a role there, for super-admins; for others none."""
        return list(db.session.execute(ALL).all())

    @classmethod
    def create(cls, *, slug: str, fields: Mapping[str, Any], by: Member) -> Self:
        """A new port, which nobody is in yet but super-admins. Raises SlugTaken."""
        port = cls(id=uuid7(), slug=slug, settings={}, branding={}, is_active=True)
        for name in cls.EDITABLE:
            setattr(port, name, fields[name])
        with acting_in(port.id, by):
            try:
                with db.session.begin_nested():
                    db.session.add(port)
            except IntegrityError as error:
                raise SlugTaken from error
            port._record("created", by=by, is_new=True, name=port.name, slug=slug)
        return port

    def update(self, fields: Mapping[str, Any], *, by: Member) -> None:
        changes = {}
        for name, value in fields.items():
            if name not in self.EDITABLE:
                raise KeyError(name)
            before = getattr(self, name)
            if before != value:
                changes[name] = (before, value)
                setattr(self, name, value)
        if changes:
            self._record("updated", by=by, changes=changes, changed_fields=sorted(changes))

    def brand(self, fields: Mapping[str, Any], *, by: Member) -> None:
        """Change the look: primary and secondary as hex or None, logo as the key of a file or None."""
        before = dict(self.branding)
        changes = {
            name: (before.get(name), fields[name])
            for name in ("primary", "secondary", "logo")
            if name in fields and before.get(name) != fields[name]
        }
        if not changes:
            return
        kept = {name: value for name, value in {**before, **fields}.items() if value and name != "version"}
        self.branding = {**kept, "version": uuid7().hex[-12:]} if kept else {}
        self._record("branded", by=by, changes=changes, changed_fields=sorted(changes))

    @classmethod
    def set_active(cls, port_id: uuid.UUID, is_active: bool, *, by: Member) -> None:
        """Close a port, or open it again. Whoever works there is out at once; nothing is deleted."""
        if port_id == by.here().id:
            raise Refused(_("This is the port you are in. Deactivate it from another one."))
        with acting_in(port_id, by):
            port = db.session.scalars(select(cls).where(cls.id == port_id).with_for_update()).one()
            if port.is_active == is_active:
                return
            port.is_active = is_active
            if is_active:
                port._record("activated", by=by, name=port.name)
                return
            port._record("deactivated", by=by, name=port.name)
            for user_id in set(db.session.scalars(select(UserPortRole.user_id).where(UserPortRole.port_id == port_id))):
                after_commit(partial(live.reopen, user_id=user_id, reason=_("This port was deactivated.")))

    def _record(self, happened: str, *, by: Member, **details: Any) -> None:
        db.session.flush()
        record(f"port:{happened}", by=by, subject_type="port", subject_id=self.id, port_id=self.id, **details)


class SlugTaken(Refused):
    def __init__(self) -> None:
        super().__init__(_("Another port has this address already."))


@contextmanager
def acting_in(port_id: uuid.UUID, by: Member) -> Iterator[None]:
    """Act in another port for a while: a super-admin's work on ports."""
    begin(port_id=port_id, user_id=by.id, scope="staff")
    try:
        yield
    finally:
        begin(port_id=by.here().id, user_id=by.id, scope="staff")


OPEN_PORT = text("SELECT open_port(:slug)")


def open_port(slug: str) -> CurrentPort | None:
    """A port that has a public page, with what strangers may know of it; None for every other."""
    found: dict[str, Any] | None = db.session.scalar(OPEN_PORT, {"slug": slug})
    return CurrentPort(**{**found, "id": uuid.UUID(found["id"])}) if found else None


def current_port_of(port_id: uuid.UUID) -> CurrentPort:
    """The port of the unit of work as requests know it, for what runs outside one (relay, jobs)."""
    described: dict[str, Any] | None = db.session.scalar(select(func.describe_port(port_id)))
    if described is None:
        raise LookupError(f"port {port_id} is not in force")
    return CurrentPort(**{**described, "id": port_id})
