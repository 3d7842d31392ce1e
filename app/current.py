"""Who acts in this request, for which port, with which permissions."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from flask_login import current_user


@dataclass(frozen=True, slots=True)
class CurrentPort:
    id: uuid.UUID
    name: str
    slug: str
    currency: str
    timezone: str
    locale: str
    country: str
    settings: dict[str, Any] = field(default_factory=dict)
    branding: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PortLink:
    name: str
    slug: str


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A signed-in user as the answer of `enter()`: plain values, so nothing here asks the database again.

    `port` is None on pages outside a port (sign-out, choosing a port).
    """

    id: uuid.UUID
    session_id: uuid.UUID
    name: str
    email: str
    is_super_admin: bool
    port: CurrentPort | None
    ports: tuple[PortLink, ...]
    permissions: frozenset[str]
    roles: tuple[str, ...]
    role_label: str
    timezone: str | None
    locale: str | None
    preferences: dict[str, Any]
    image_key: str | None = None
    # Whether a second factor is set up; when one was given in this session, and when its user last proved who they are.
    has_mfa: bool = False
    mfa_at: datetime | None = None
    confirmed_at: datetime | None = None
    unread: int = 0  # notifications in this port, counted to 100
    preview: str | None = None  # the label of the role that is being tried on

    # What flask-login asks of a user; the session's row decides whether there is one at all.
    is_authenticated = True
    is_active = True
    is_anonymous = False

    actor_kind = "user"

    @property
    def actor_id(self) -> uuid.UUID:
        return self.id

    @property
    def theme(self) -> str:
        return str(self.preferences.get("theme", "system"))

    @property
    def prefers_feet(self) -> bool:
        return self.preferences.get("units") == "feet"

    @property
    def sidebar_collapsed(self) -> bool:
        return bool(self.preferences.get("sidebar_collapsed", False))

    @property
    def single_keys(self) -> bool:
        """Whether keys without Ctrl do something while nothing is typed."""
        return bool(self.preferences.get("single_keys", True))

    def can(self, permission: str) -> bool:
        """Whether the member holds `resource.action` in the current port."""
        return permission in self.permissions

    def get_id(self) -> str:
        return str(self.id)

    def lacks_proof(self) -> bool:
        """Whether a second factor is set up and was not given in this session."""
        return self.has_mfa and self.mfa_at is None

    def lacks_factor(self) -> bool:
        """Whether the port asks a second factor of one of the member's roles and there is none."""
        if self.port is None or self.has_mfa:
            return False
        held = {*self.roles, "super_admin"} if self.is_super_admin else set(self.roles)
        return not held.isdisjoint(self.port.settings.get("mfa_required_roles") or ())

    def here(self) -> CurrentPort:
        """The current port, where a page without one cannot be."""
        if self.port is None:
            raise LookupError("this page has no port")
        return self.port


member: Member = cast(Member, current_user)
