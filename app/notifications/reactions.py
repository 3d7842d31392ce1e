"""Who is told of what."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, select, text

from .. import formats
from ..db import begin, db
from ..devices import device_of
from ..events.models import Event, SubjectKey, keyring, open_events, place_of_key
from ..events.reactions import on
from ..identity.models import PortRoleOverride, Role, User, UserPortRole, current_port_of
from ..identity.permissions import leaves_of
from . import bell as _bell  # noqa: F401  (registers its topics)
from .models import notify

SETTINGS = text("SELECT current_setting('app.user_id', true) AS user_id, current_setting('app.scope', true) AS scope")
REMEMBERED = 50  # sign-ins that are looked through for a device


@on("system:jobFailed", "system:alert")
def tell_operators(event: Event) -> None:
    """Those who look after the port; what belongs to no port is in the log and on the monitoring page."""
    details = details_of(event) if event.port_id else None
    if event.port_id is None or details is None:
        return
    for user_id in holders_of("admin.view_monitoring", event.port_id):
        with written_for(user_id, event.port_id):
            failed = _("Work in the background failed for good (%(queue)s)", queue=details.get("queue", ""))
            title = failed if event.name == "system:jobFailed" else _("Something was set aside")
            notify(user_id, "system_alert", event=event, title=title, body=details.get("error") or details["text"])


@on("email:failed")
def tell_who_asked(event: Event) -> None:
    """By the bell alone: the next mail could fail as well."""
    details = details_of(event) if event.port_id else None
    if event.port_id is None or details is None or not details["asked_by"]:
        return
    user_id = uuid.UUID(details["asked_by"])
    with written_for(user_id, event.port_id):
        title = _("A mail could not be sent")
        notify(user_id, "system_alert", event=event, title=title, body=details["error"], mail=False)


# --- Security. What is about a user is told in the port they are in, and where that is several, in the first.

SECURITY: dict[str, Callable[[dict[str, Any]], str]] = {
    "user:passwordChanged": lambda _details: _("Your password was changed"),
    "auth:passwordReset": lambda _details: _("Your password was set anew"),
    "user:emailChanged": lambda _details: _("Your e-mail address was changed"),
    "user:factorAdded": lambda details: _("A second factor was added: %(label)s", label=details["label"]),
    "user:factorRemoved": lambda details: _("A second factor was removed: %(label)s", label=details["label"]),
    "user:factorsReset": lambda _details: _("Your second factors were taken away by an administrator"),
    "user:recoveryCodeUsed": lambda _details: _("A recovery code was used to sign in"),
    "user:identityLinked": lambda details: _("A sign-in service was linked: %(issuer)s", issuer=details["issuer"]),
    "user:identityUnlinked": lambda details: _("A sign-in service was unlinked: %(issuer)s", issuer=details["issuer"]),
}
# A mail of their own is sent where they happen.
MAILED_ELSEWHERE = {"user:passwordChanged", "auth:passwordReset", "user:emailChanged"}


@on(*SECURITY)
def tell_of_security(event: Event) -> None:
    warn(event, SECURITY[event.name], mail=event.name not in MAILED_ELSEWHERE)


@on("auth:login")
def tell_of_new_device(event: Event) -> None:
    """A browser that was not among the last sign-ins; the first one of all is nobody's news."""
    earlier = db.session.scalars(
        select(Event)
        .where(Event.name == "auth:login", Event.actor_id == event.actor_id, Event.id < event.id)
        .order_by(Event.id.desc())
        .limit(REMEMBERED)
    ).all()
    if not earlier:
        return
    key = key_of(event)
    if key is None:
        return
    agent = agent_of(event, key)
    if device_of(agent) not in (device_of(agent_of(other, key)) for other in earlier):
        warn(event, lambda _details: _("Signed in from a new device"), body=lambda: device_of(agent))


def agent_of(event: Event, key: bytes) -> str:
    return str(event.opened(key).get("user_agent", ""))


def warn(
    event: Event,
    title: Callable[[dict[str, Any]], str],
    *,
    body: Callable[[], str] = lambda: "",
    mail: bool = True,
) -> None:
    user_id = event.subject_id
    with in_port_of(event) as (port_id, details):
        if port_id is None or details is None:
            return
        with written_for(user_id, port_id) as slug:
            notify(
                user_id,
                "security",
                event=event,
                title=title(details),
                body=" – ".join(filter(None, (body(), formats.format_datetime(event.occurred_at)))),
                link=f"/{slug}/settings/security",
                mail=mail,
            )


@contextmanager
def in_port_of(event: Event) -> Iterator[tuple[uuid.UUID | None, dict[str, Any] | None]]:
    """Act in the event's port, or for one without in the first of the user it is about; afterwards again as the relay
    did. Gives the port and what the event says."""
    if event.port_id is not None:
        yield event.port_id, details_of(event)
        return
    before = db.session.execute(SETTINGS).one()
    begin(user_id=event.subject_id, scope="staff")
    details = details_of(event)
    held = select(UserPortRole.port_id).where(UserPortRole.user_id == event.subject_id)
    first = db.session.scalar(held.order_by(UserPortRole.created_at, UserPortRole.port_id).limit(1))
    begin(port_id=first, scope="staff" if first else "")
    yield first, details
    begin(user_id=uuid.UUID(before.user_id) if before.user_id else None, scope=before.scope or "")


@contextmanager
def written_for(user_id: uuid.UUID, port_id: uuid.UUID) -> Iterator[str]:
    """Words in the user's language, times in the port's zone; gives the port's slug."""
    locale = db.session.scalar(select(User.locale).where(User.id == user_id))
    port = current_port_of(port_id)
    with formats.use(port, locale=locale):
        yield port.slug


# --- What an event says, and who holds a permission


def details_of(event: Event) -> dict[str, Any] | None:
    """None once it was erased."""
    words = open_events([(event.id, event.sealed, key_of(event))])[0]
    return words["details"] if words else None


def key_of(event: Event) -> bytes | None:
    kept = db.session.scalar(
        select(SubjectKey.sealed_key).where(
            SubjectKey.subject_type == event.subject_type, SubjectKey.subject_id == event.subject_id
        )
    )
    return keyring().open(kept, place=place_of_key(event.subject_type, event.subject_id)) if kept else None


def holders_of(permission: str, port_id: uuid.UUID) -> list[uuid.UUID]:
    """The active users whose roles in the port give them this permission."""
    return sorted(who_hold(permission, db.session.execute(roles_held(port_id))))


def roles_held(port_id: uuid.UUID) -> Select[Any]:
    """Of the active users each role that they have in the port, by their names: what it permits, and what of that the
    port settled otherwise."""
    of = (PortRoleOverride.role_id == Role.id) & (PortRoleOverride.port_id == port_id)
    return (
        select(UserPortRole.user_id, User.name, Role.permissions, PortRoleOverride.permission_overrides)
        .join(Role, Role.id == UserPortRole.role_id)
        .join(User, User.id == UserPortRole.user_id)
        .outerjoin(PortRoleOverride, of)
        .where(UserPortRole.port_id == port_id, User.is_active.is_(True))
        .order_by(User.name, User.id)
    )


def who_hold(permission: str, rows: Iterable[Any]) -> dict[uuid.UUID, str]:
    """The names of those to whom these roles give the permission, by their ids."""
    held = ((row, leaves_of([(row.permissions, row.permission_overrides or {})])) for row in rows)
    return {row.user_id: row.name for row, leaves in held if permission in leaves}
