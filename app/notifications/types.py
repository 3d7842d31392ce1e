"""What one can be told of, and how unless one chooses otherwise. A type is here once something tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _


@dataclass(frozen=True)
class Channels:
    """Where somebody is told: in Quayside at once, by a mail of its own, in the mail of the evening."""

    in_app: bool
    email: bool
    digest: bool


EVENING = Channels(in_app=True, email=False, digest=True)


@dataclass(frozen=True)
class NotificationType:
    name: str
    label: Any
    about: Any
    icon: str
    default: Channels = EVENING
    always_mailed: bool = False  # nobody can switch off what tells them that somebody else is at work


TYPES = {
    kind.name: kind
    for kind in (
        NotificationType(
            "security",
            _("Security"),
            _("A sign-in from a new device, a changed password or e-mail address, second factors."),
            icon="shield-check",
            default=Channels(in_app=True, email=True, digest=False),
            always_mailed=True,
        ),
        NotificationType(
            "reminder_due",
            _("Reminders"),
            _("What you have to do, when its time has come."),
            icon="list-checks",
        ),
        NotificationType(
            "reminder_overdue",
            _("Overdue reminders"),
            _("What you had to do on a day that is over, told in the morning."),
            icon="clock",
        ),
        NotificationType(
            "waiting_list",
            _("Waiting lists"),
            _("A berth that was offered is accepted or declined, or nobody answered in time."),
            icon="anchor",
        ),
        NotificationType(
            "follow_up_created",
            _("Reminders from others"),
            _("A colleague, or Quayside itself, gave you something to do."),
            icon="user-plus",
        ),
        NotificationType(
            "new_registration",
            _("Registrations"),
            _("Somebody looks for a berth and said so on the public page."),
            icon="log-in",
        ),
        NotificationType(
            "document_expiring",
            _("Papers of vessels"),
            _("Insurance and other papers that end in 60, 30 or 7 days, or today."),
            icon="ship",
        ),
        NotificationType(
            "duplicate_alert",
            _("Duplicates"),
            _("Clients that look like one, after all of them were compared at night."),
            icon="copy",
        ),
        NotificationType(
            "export",
            _("Exports"),
            _("A file of clients, or of everything held about one, which you asked for is ready or could not be made."),
            icon="download",
            default=Channels(in_app=True, email=False, digest=False),
        ),
        NotificationType(
            "mention",
            _("Mentions"),
            _("A colleague names you in a note, with an @ before your name."),
            icon="message-square",
        ),
        NotificationType(
            "tenure_expiring",
            _("Tenures"),
            _("The tenure of a berth ends within the months that the port settled, or has ended."),
            icon="anchor",
        ),
        NotificationType(
            "system_alert",
            _("System"),
            _("Work in the background that failed, and mails that could not be sent."),
            icon="triangle-alert",
        ),
    )
}
