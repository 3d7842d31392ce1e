"""What follows the events of accounts: mail; and how they are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from .. import live
from ..current import Member
from ..events.models import Event
from ..events.reactions import on
from ..events.timeline import tells
from .jobs import send_email_change, send_email_changed, send_invitation, send_password_changed

PEOPLE = (
    "user:activated",
    "user:deactivated",
    "user:factorsReset",
    "user:invited",
    "user:removed",
    "user:rolesChanged",
)
ROLES = ("role:created", "role:updated", "role:deleted", "role:overridden")
TEAMS = ("team:created", "team:updated", "team:memberAdded", "team:memberRemoved", "team:deleted")


@live.topic("people")
def people_topic(member: Member, key: str | None) -> str | None:
    """People, roles and teams of the port: few pages that few have open, so each looks again at any change."""
    return f"port:{member.here().id}:people" if member.can("admin.manage_users") else None


@on(*PEOPLE, *ROLES, *TEAMS)
def show_people(event: Event) -> None:
    """A system role that changes does so in every port; whoever looks at it in another one sees it on the next look."""
    if event.port_id is not None:
        live.refresh(f"port:{event.port_id}:people")


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


@tells("user:factorAdded", icon="shield-check", tone="ok")
def factor_added(details: Mapping[str, Any]) -> str:
    return _("added a second step: %(name)s", name=details["label"])


@tells("user:factorRemoved", icon="shield-check")
def factor_removed(details: Mapping[str, Any]) -> str:
    return _("removed a second step: %(name)s", name=details["label"])


@tells("user:factorsReset", icon="shield-check")
def factors_reset(details: Mapping[str, Any]) -> str:
    return _("reset the second factors")


@tells("user:recoveryCodesMade", icon="key-round")
def recovery_codes_made(details: Mapping[str, Any]) -> str:
    return _("made %(count)d new recovery codes", count=details["count"])


@tells("user:recoveryCodeUsed", icon="key-round")
def recovery_code_used(details: Mapping[str, Any]) -> str:
    return _("signed in with a recovery code; %(left)d are left", left=details["left"])


@tells("user:identityLinked", icon="key-round")
def identity_linked(details: Mapping[str, Any]) -> str:
    return _("linked an account of %(issuer)s", issuer=details["issuer"])


@tells("user:identityUnlinked", icon="key-round")
def identity_unlinked(details: Mapping[str, Any]) -> str:
    return _("unlinked an account of %(issuer)s", issuer=details["issuer"])


@tells("auth:sessionsEnded", icon="log-out")
def sessions_ended(details: Mapping[str, Any]) -> str:
    return _("ended %(count)d other sessions", count=details["count"])


@tells("token:created", icon="key-round", tone="ok")
def tell_of_token(details: Mapping[str, Any]) -> str:
    return _("made the API token %(name)s", name=details["name"])


@tells("token:revoked", icon="key-round")
def tell_of_revoked_token(details: Mapping[str, Any]) -> str:
    return _("revoked the API token %(name)s", name=details["name"])
