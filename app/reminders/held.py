"""What is held about a client by way of reminders; they go with whom they are about."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from ..clients.models.holding import WHEN, holds
from ..events.timeline import FieldWords, one_of
from .labels import PRIORITIES

holds(
    "reminders",
    _("Reminders"),
    "(t.about_type = 'client' AND t.about_id = ANY (:clients)"
    " OR t.about_type = 'vessel' AND t.about_id IN their_vessels"
    " OR t.about_type = 'interest' AND t.about_id IN their_interests)",
    rank=4,
    subject="reminder",
    page="'reminders/' || t.number",
    columns=("about_id",),
    fields={
        "number": _("Number"),
        "title": _("What to do"),
        "notes": _("Notes"),
        "priority": FieldWords(_("Priority"), one_of(PRIORITIES)),
        "due_at": _("Due"),
        "completed_at": _("Done"),
        "assigned_to": _("Whose it is"),
        **WHEN,
        "archived_at": _("Removed on"),
    },
    left_out=(
        "id",
        "port_id",
        "zone",
        "recurrence",
        "starts_at",
        "occurs_at",
        "follows_id",
        "about_type",
        "about_id",
        "assigned_to_id",
        "created_by_id",
        "snoozed_until",
        "rings_at",
        "rung_at",
        "told_overdue_at",
        "completed_by_id",
        "once_for",
        "version",
    ),
    also={"assigned_to": "(SELECT o.name FROM users o WHERE o.id = t.assigned_to_id)"},
)
