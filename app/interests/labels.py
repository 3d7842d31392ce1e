"""What the stages, outcomes and fields of interests are called."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _

from ..berths.models import Tenure
from ..events.timeline import FieldWords, one_of
from ..formats import format_day
from ..measures import show_length
from .models import LeadCategory, Outcome, Source, Stage

STAGES = [
    (Stage.OPEN, _("Open")),
    (Stage.DETAILS_SENT, _("Details sent")),
    (Stage.IN_COMMUNICATION, _("In communication")),
    (Stage.VISITED, _("Visited")),
    (Stage.SIGNED_EOI_NDA, _("EOI & NDA signed")),
    (Stage.TEN_PERCENT_DEPOSIT, _("10 % deposit")),
    (Stage.CONTRACT, _("Contract")),
    (Stage.COMPLETED, _("Completed")),
]
LEADS = [
    (LeadCategory.HOT, _("Hot")),
    (LeadCategory.WARM, _("Warm")),
    (LeadCategory.COLD, _("Cold")),
    (LeadCategory.DORMANT, _("Dormant")),
]
OUTCOMES = [(Outcome.WON, _("Won")), (Outcome.LOST, _("Lost")), (Outcome.WITHDRAWN, _("Withdrawn"))]
SOURCES = [
    (Source.MANUAL, _("Entered here")),
    (Source.WEBSITE, _("Website")),
    (Source.REFERRAL, _("Referral")),
    (Source.BROKER, _("Broker")),
    (Source.EVENT, _("Event")),
    (Source.OTHER, _("Other")),
]
TENURES = [
    ("", _("Not known")),
    (Tenure.FREEHOLD, _("Freehold")),
    (Tenure.LEASE, _("Lease")),
    (Tenure.ANNUAL, _("Annual")),
    (Tenure.SEASONAL, _("Seasonal")),
    (Tenure.VISITOR, _("Visitor")),
]
MEASURES = {"loa": _("Length"), "beam": _("Width"), "draft": _("Depth")}


def _length(value: Any) -> str:
    return show_length(Decimal(str(value))) if value is not None else ""


FIELDS = {
    "stage": FieldWords(_("Stage"), one_of(STAGES)),
    "lead_category": FieldWords(_("Lead"), one_of(LEADS)),
    "owner_id": FieldWords(_("Owner")),
    "vessel_id": FieldWords(_("Vessel")),
    "source": FieldWords(_("Source"), one_of(SOURCES)),
    "expected_value": FieldWords(_("Expected value")),
    "currency": FieldWords(_("Currency")),
    "expected_close_on": FieldWords(_("Closes on"), format_day),
    **{name: FieldWords(label, _length) for name, label in MEASURES.items()},
    "budget": FieldWords(_("Budget")),
    "tenure": FieldWords(_("Tenure"), one_of(TENURES)),
    "wanted_from": FieldWords(_("Wanted from"), format_day),
    "wanted_until": FieldWords(_("Wanted until"), format_day),
    "notes": FieldWords(_("Wishes")),
}

WORDS: dict[str, dict[Any, Any]] = {
    "stages": dict(STAGES),
    "outcomes": dict(OUTCOMES),
    "leads": dict(LEADS),
    "sources": dict(SOURCES),
    "tenures": dict(TENURES),
}


def interest_words(kind: str, value: str) -> str:
    """What a value of an interest is called, for templates."""
    return str(WORDS[kind][value])
