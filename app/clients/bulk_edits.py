"""What can be done with many clients at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _
from wtforms import SelectField

from ..bulk_edits.forms import KEEP, BulkArchiveForm, BulkForm, BulkTagForm
from ..bulk_edits.kinds import Act, Kind
from ..formats import format_number
from .forms import SharedCountryField, colleagues
from .labels import SOURCES, STATUSES
from .listing import RECORDS
from .models import ClientTag

LEAVE = (KEEP, _("Leave as it is"))
SINCE = _("You can undo this for 30 days. Who was changed again since then is listed and left as it is.")


class AssignForm(BulkForm):
    owner_id = SelectField(_("Owner"), default=KEEP, description=_("Gets the reminders for these clients."))

    shown: ClassVar[Sequence[str]] = ("owner_id",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner_id.choices = [(KEEP, gettext("Leave as it is")), ("", gettext("Nobody")), *colleagues()]


class EditManyForm(AssignForm):
    status = SelectField(_("Status"), choices=[LEAVE, *STATUSES], default=KEEP)
    source = SelectField(_("Source"), choices=[LEAVE, *SOURCES], default=KEEP)
    country = SharedCountryField(_("Country"), default=KEEP)

    shown = ("status", "owner_id", "source", "country")


class ClientsInBulk(Kind):
    name = "clients"
    blueprint = "clients"
    records = RECORDS
    editable = ("status", "source", "owner_id", "country")
    tagging = ClientTag
    nothing = (_("Nobody is selected"), _("Tick clients in the list first. Those who are archived are not changed."))
    icon = "people"
    acts = (
        Act(
            "edit", _("Edit"), "pencil", "clients.edit", "bulk_edit", EditManyForm,
            _("Edit %(many)s"), SINCE, button=_("Change %(many)s"),
        ),
        Act("assign", _("Assign"), "user", "clients.edit", "bulk_edit", AssignForm, _("Assign %(many)s"), SINCE),
        Act(
            "tag", _("Tag"), "tags", "clients.edit", "bulk_edit", BulkTagForm, _("Tags of %(many)s"),
            _("You can undo this for 30 days. Who has it already, or has it not, is not changed."),
            button=_("Change %(many)s"),
        ),
        Act(
            "archive", _("Archive"), "archive", "clients.delete", "bulk_archive", BulkArchiveForm,
            _("Archive %(many)s"),
            _("They leave the lists and choices; nothing is deleted, and you can undo it for 30 days."),
            is_danger=True,
        ),
    )  # fmt: skip

    def many(self, count: int) -> str:
        return ngettext("%(count)s client", "%(count)s clients", count, count=format_number(count))
