"""What can be done with many berths at once."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_babel import ngettext

from ..bulk_edits.forms import BulkTagForm
from ..bulk_edits.kinds import Act, Kind
from ..formats import format_number
from .listing import RECORDS
from .models import BerthTag


class BerthsInBulk(Kind):
    name = "berths"
    blueprint = "berths"
    records = RECORDS
    tagging = BerthTag
    nothing = (_("Nothing is selected"), _("Tick berths in the list first. Those that are archived are not changed."))
    icon = "anchor"
    acts = (
        Act(
            "tag", _("Tag"), "tags", "berths.edit", "bulk_berths", BulkTagForm, _("Tags of %(many)s"),
            _("You can undo this for 30 days. What has it already, or has it not, is not changed."),
            button=_("Change %(many)s"),
        ),
    )  # fmt: skip

    def many(self, count: int) -> str:
        return ngettext("%(count)s berth", "%(count)s berths", count, count=format_number(count))
