"""Notifications by mail: each by itself, or those of a day together in the evening."""

from __future__ import annotations

import uuid
from urllib.parse import urljoin

import structlog
from flask import current_app
from sqlalchemy import select

from ..config import Settings
from ..db import db, now
from ..identity.models import User, current_port_of
from ..jobs import job
from ..mail.models import Mail, Unaddressable
from . import models  # and it this one, so neither uses the other's names before both are read

log = structlog.get_logger("quayside.notifications")


@job(queue="notifications")
def send_notification(notification_id: uuid.UUID) -> None:
    """One mail about one notification."""
    found = db.session.get(models.Notification, notification_id)
    user = reader(found.user_id) if found else None
    if found is None or user is None:
        return
    _send(user, found.port_id, "notification", notification=found, url=url_of(found))


@job(queue="notifications")
def send_digests() -> None:
    """At the end of a day in the port: a mail for everybody for whom something waits."""
    waiting = models.Notification.undigested().with_only_columns(models.Notification.user_id).distinct()
    for user_id in db.session.scalars(waiting):
        send_digest.later(user_id=user_id)


@job(queue="notifications")
def send_digest(user_id: uuid.UUID) -> None:
    """What waits for one user, in one mail."""
    waiting = (
        models.Notification.undigested().where(models.Notification.user_id == user_id).order_by(models.Notification.id)
    )
    found = db.session.scalars(waiting.with_for_update()).all()
    if not found:
        return
    for notification in found:
        notification.digested_at = now()
    if user := reader(user_id):
        lines = [(notification, url_of(notification)) for notification in found]
        port = current_port_of(found[0].port_id)
        _send(user, port.id, "digest", lines=lines, url=absolute(f"/{port.slug}/notifications"))


def reader(user_id: uuid.UUID) -> User | None:
    """The user, while they are in the port and active."""
    return db.session.scalars(select(User).where(User.id == user_id, User.is_active.is_(True))).one_or_none()


def _send(user: User, port_id: uuid.UUID, template: str, **words: object) -> None:
    try:
        Mail.send(to=user.email, template=template, port_id=port_id, locale=user.locale, name=user.name, **words)
    except Unaddressable as error:
        log.warning("not_addressable", user_id=str(user.id), error=str(error))


def url_of(notification: models.Notification) -> str | None:
    link = notification.words.link
    return absolute(link) if link else None


def absolute(path: str) -> str:
    settings: Settings = current_app.extensions["settings"]
    return urljoin(settings.public_url, path)
