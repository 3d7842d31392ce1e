"""What follows the events of accounts: mail; and how they are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from ..events.models import Event
from ..events.reactions import on
from ..events.timeline import tells
from .jobs import send_email_change, send_email_changed, send_invitation, send_password_changed


@on("user:invited")
def send_the_invitation(event: Event) -> None:
    """Again for an invitation that is sent again: the link before it dies."""
    if event.port_id is not None:
        send_invitation.later(user_id=event.subject_id, event_id=event.id)


@on("auth:passwordReset", "user:passwordChanged")
def tell_of_the_password(event: Event) -> None:
    send_password_changed.later(user_id=event.subject_id)


@on("user:emailChangeAsked")
def send_the_new_address_its_link(event: Event) -> None:
    send_email_change.later(user_id=event.subject_id, event_id=event.id)


@on("user:emailChanged")
def tell_both_addresses(event: Event) -> None:
    send_email_changed.later(user_id=event.subject_id, event_id=event.id)


@tells("user:accepted", icon="circle-check", tone="ok")
def accepted(details: Mapping[str, Any]) -> str:
    return _("accepted the invitation")


@tells("user:updated", icon="pencil")
def updated(details: Mapping[str, Any]) -> str:
    return _("changed the profile")


@tells("user:passwordChanged", icon="key-round")
def password_changed(details: Mapping[str, Any]) -> str:
    return _("changed the password")


@tells("user:emailChangeAsked", icon="mail")
def email_change_asked(details: Mapping[str, Any]) -> str:
    return _("asked for another e-mail address")


@tells("user:emailChanged", icon="mail")
def email_changed(details: Mapping[str, Any]) -> str:
    return _("changed the e-mail address")


@tells("auth:resetSent", icon="key-round")
def reset_sent(details: Mapping[str, Any]) -> str:
    return _("sent a link for a new password")


@tells("auth:passwordReset", icon="key-round")
def password_reset(details: Mapping[str, Any]) -> str:
    return _("set a new password by a link")
