"""What custom fields, their kinds and what has them are called."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from ..events.timeline import FieldWords, shown
from .models import FieldKind

KINDS = [
    (FieldKind.TEXT, _("Text")),
    (FieldKind.NUMBER, _("Number")),
    (FieldKind.MONEY, _("Money")),
    (FieldKind.DATE, _("Date")),
    (FieldKind.CHOICE, _("Choice")),
    (FieldKind.YES_NO, _("Yes or no")),
]
# Of all that may have custom fields once, those that do.
RESOURCES = {"client": _("Clients"), "vessel": _("Vessels"), "berth": _("Berths")}


def _kind(kind: Any) -> str:
    return str(dict(KINDS).get(kind, kind or ""))


FIELDS = {
    "label": FieldWords(_("Name")),
    "kind": FieldWords(_("Kind"), _kind),
    "options": FieldWords(_("Choices"), lambda labels: ", ".join(labels or ())),
    "help": FieldWords(_("Help")),
    "required": FieldWords(_("Has to be filled in"), shown),
}
