"""What follows the events of accounts: mail; and how they are told."""

from __future__ import annotations

from flask_babel import lazy_gettext

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


tells("user:accepted", lazy_gettext("accepted the invitation"), icon="circle-check", tone="ok")
tells("user:updated", lazy_gettext("changed the profile"), icon="pencil")
tells("user:passwordChanged", lazy_gettext("changed the password"), icon="key-round")
tells("user:emailChangeAsked", lazy_gettext("asked for another e-mail address"), icon="mail")
tells("user:emailChanged", lazy_gettext("changed the e-mail address"), icon="mail")
tells("auth:resetSent", lazy_gettext("sent a link for a new password"), icon="key-round")
tells("auth:passwordReset", lazy_gettext("set a new password by a link"), icon="key-round")
tells("user:factorAdded", lazy_gettext("added a second step: %(label)s"), icon="shield-check", tone="ok")
tells("user:factorRemoved", lazy_gettext("removed a second step: %(label)s"), icon="shield-check")
tells("user:factorsReset", lazy_gettext("reset the second factors"), icon="shield-check")
tells("user:recoveryCodesMade", lazy_gettext("made %(count)s new recovery codes"), icon="key-round")
tells("user:recoveryCodeUsed", lazy_gettext("signed in with a recovery code; %(left)s are left"), icon="key-round")
tells("user:identityLinked", lazy_gettext("linked an account of %(issuer)s"), icon="key-round")
tells("user:identityUnlinked", lazy_gettext("unlinked an account of %(issuer)s"), icon="key-round")
tells("auth:sessionsEnded", lazy_gettext("ended %(count)s other sessions"), icon="log-out")
tells("token:created", lazy_gettext("made the API token %(name)s"), icon="key-round", tone="ok")
tells("token:revoked", lazy_gettext("revoked the API token %(name)s"), icon="key-round")
