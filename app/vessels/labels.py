"""What kinds, dimensions and fields of vessels are called."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _

from ..events.timeline import FieldWords, one_of
from ..formats import format_country, format_day
from ..measures import show_length, show_weight
from .models import DocumentKind, VesselKind
from .models.dimensions import NAMES

KINDS = [
    (VesselKind.SAIL, _("Sailing yacht")),
    (VesselKind.MOTOR, _("Motor yacht")),
    (VesselKind.CATAMARAN, _("Catamaran")),
    (VesselKind.TRIMARAN, _("Trimaran")),
    (VesselKind.RIB, _("RIB")),
    (VesselKind.OTHER, _("Other vessel")),
]
DOCUMENT_KINDS = [
    (DocumentKind.INSURANCE, _("Insurance")),
    (DocumentKind.REGISTRATION, _("Registration")),
    (DocumentKind.SURVEY, _("Survey")),
    (DocumentKind.ELECTRICAL_CERTIFICATE, _("Electrical certificate")),
    (DocumentKind.CREW_LIST, _("Crew list")),
    (DocumentKind.OTHER, _("Other document")),
]
DIMENSIONS = {
    "loa": _("Length"),
    "beam": _("Beam"),
    "draft": _("Draft"),
    "air_draft": _("Air draft"),
    "displacement": _("Displacement"),
}
DECLARED = {
    "loa": _("Length declared"),
    "beam": _("Beam declared"),
    "draft": _("Draft declared"),
    "air_draft": _("Air draft declared"),
    "displacement": _("Displacement declared"),
}
MEASURED = {
    "loa": _("Length measured"),
    "beam": _("Beam measured"),
    "draft": _("Draft measured"),
    "air_draft": _("Air draft measured"),
    "displacement": _("Displacement measured"),
}
PHASES = [("", _("Not known")), ("1", _("One phase")), ("3", _("Three phases"))]


def _measure(name: str) -> Callable[[Any], str]:
    show = show_weight if name == "displacement" else show_length
    return lambda value: show(Decimal(str(value))) if value is not None else ""


# Each field as the timeline names it, and its recorded values in words.
FIELDS = {
    "name": FieldWords(_("Name")),
    "kind": FieldWords(_("Kind"), one_of(KINDS)),
    "flag": FieldWords(_("Flag"), lambda code: format_country(code or "")),
    "registration": FieldWords(_("Registration")),
    "imo": FieldWords(_("IMO number")),
    "mmsi": FieldWords(_("MMSI")),
    "power_amps": FieldWords(_("Power need in amperes")),
    "power_phases": FieldWords(_("Phases"), one_of(PHASES)),
    "client_id": FieldWords(_("Owner"), personal=True),
    **{f"{name}_declared": FieldWords(DECLARED[name], _measure(name)) for name in NAMES},
    **{f"{name}_measured": FieldWords(MEASURED[name], _measure(name)) for name in NAMES},
}
DOCUMENT_FIELDS = {
    "kind": FieldWords(_("Kind"), one_of(DOCUMENT_KINDS)),
    "issuer": FieldWords(_("Issued by")),
    "reference": FieldWords(_("Number")),
    "cover_amount": FieldWords(_("Cover")),
    "cover_currency": FieldWords(_("Currency")),
    "valid_from": FieldWords(_("Valid from"), format_day),
    "valid_until": FieldWords(_("Valid until"), format_day),
}
