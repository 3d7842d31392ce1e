from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import RadioField

from ..forms import Form
from .formats import ExportExtent, ExportFormat

EXTENTS = [
    (ExportExtent.SHOWN, _("What the list shows")),
    (ExportExtent.ALL, _("Everything, to be imported again")),
]
SHEETS = [(ExportFormat.XLSX, _("Excel (.xlsx)")), (ExportFormat.CSV, _("CSV (.csv)"))]


class ExportForm(Form):
    """Of a list that hands out what it shows; others have a choice under `extent` besides."""

    format = RadioField(
        _("File"), choices=SHEETS, default=ExportFormat.XLSX, description=_("CSV is for other programs.")
    )

    @property
    def extent_asked(self) -> str:
        return str(self["extent"].data) if "extent" in self else ExportExtent.SHOWN


class WholeForm(ExportForm):
    """Of a list that hands out all there is as well."""

    extent = RadioField(_("What is in it"), choices=EXTENTS, default=ExportExtent.SHOWN)
