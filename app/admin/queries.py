"""What the index of administration shows of each thing: a figure, in one statement."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Select, func, select

from ..current import Member
from ..db import db, now
from ..events.models import Event
from ..fields.models import FieldDefinition
from ..identity.models import Role, Team, UserPortRole
from ..navigation import Link
from ..tags.models import Tag, uses

Figure = Callable[[uuid.UUID], Any]


def _people(port_id: uuid.UUID) -> Any:
    return select(func.count(UserPortRole.user_id.distinct())).where(UserPortRole.port_id == port_id)


def _roles(port_id: uuid.UUID) -> Any:
    return Role.all().order_by(None).with_only_columns(func.count())


def _teams(port_id: uuid.UUID) -> Any:
    return select(func.count()).where(Team.port_id == port_id)


def _tags(port_id: uuid.UUID) -> Any:
    return select(func.count()).where(Tag.port_id == port_id, Tag.archived_at.is_(None))


def _fields(port_id: uuid.UUID) -> Any:
    return select(func.count()).where(FieldDefinition.port_id == port_id, FieldDefinition.archived_at.is_(None))


def _today(port_id: uuid.UUID) -> Any:
    return select(func.count()).where(Event.port_id == port_id, Event.occurred_at > now() - timedelta(days=1))


# By the last part of the address: what is counted.
FIGURES: dict[str, Figure] = {
    "users": _people,
    "roles": _roles,
    "teams": _teams,
    "tags": _tags,
    "custom-fields": _fields,
    "audit": _today,
}


def words_of(key: str, count: int | None) -> tuple[str, str]:
    """What the thing is for, and its figure in words."""
    number = count or 0
    return {
        "users": (
            _("Who works here, and what they may do."),
            ngettext("%(num)d person", "%(num)d people", number),
        ),
        "roles": (
            _("What each role may do, and what this port changes about it."),
            ngettext("%(num)d role", "%(num)d roles", number),
        ),
        "teams": (_("Who shares work, and who supervises it."), ngettext("%(num)d team", "%(num)d teams", number)),
        "port": (_("Its name, country, time zone, currency and how it writes numbers."), ""),
        "branding": (_("The logo and the colours of this port."), ""),
        "ports": (_("Every port: make a new one, close one, open it again."), ""),
        "audit": (
            _("Everything that was changed, by whom and when."),
            ngettext("%(num)d event since yesterday", "%(num)d events since yesterday", number),
        ),
        "settings": (_("Reminders, berths, hours, invoices, security and mail."), ""),
        "onboarding": (_("What a new port should settle before it opens."), ""),
        "tags": (_("Words with a colour that records carry."), ngettext("%(num)d tag", "%(num)d tags", number)),
        "custom-fields": (
            _("What this port wants to know of its clients besides."),
            ngettext("%(num)d field", "%(num)d fields", number),
        ),
        "imports": (_("Contact files, with a look at every row before it counts."), ""),
    }.get(key, ("", ""))


@dataclass(frozen=True)
class Card:
    key: str
    link: Link
    text: str
    figure: str


def cards_of(member: Member, links: Iterable[Link]) -> list[Card]:
    """A card for each link, with its figure."""
    keys = {link.url.rsplit("/", 1)[-1]: link for link in links}
    counted = {key: FIGURES[key](member.here().id) for key in keys if key in FIGURES}
    counts: dict[str, int] = {}
    if counted:
        row = db.session.execute(
            select(*(figure.scalar_subquery().label(key) for key, figure in counted.items()))
        ).one()
        counts = dict(row._mapping)
    return [Card(key, link, *words_of(key, counts.get(key))) for key, link in keys.items()]


def tags_of(member: Member, *, archived: bool = False) -> list[tuple[Tag, int]]:
    """The tags by name, each with the number of records that carry it; one statement."""
    at = Tag.archived_at
    visible: Select[Any] = Tag.visible_to(member).where(at.is_not(None) if archived else at.is_(None))
    rows = db.session.execute(visible.add_columns(uses().label("uses")).order_by(func.lower(Tag.name), Tag.id))
    return [(row.Tag, row.uses) for row in rows]
