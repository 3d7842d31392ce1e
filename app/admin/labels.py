"""What settings, tags and their values are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import lazy_gettext as _

from ..events.timeline import FieldWords, shown
from .models.hours import WEEKDAYS
from .models.settings import RULES, BerthStatus, Mode, TaxMode, Trigger

DAYS = dict(
    zip(
        WEEKDAYS,
        (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")),
        strict=True,
    )
)
MODES = [(Mode.AUTO, _("by itself")), (Mode.SUGGEST, _("after asking")), (Mode.OFF, _("not at all"))]
BERTH_STATUSES = [
    (BerthStatus.AVAILABLE, _("Available")),
    (BerthStatus.UNDER_OFFER, _("Under offer")),
    (BerthStatus.RESERVED, _("Reserved")),
    (BerthStatus.SOLD, _("Sold or let")),
    (BerthStatus.MAINTENANCE, _("Maintenance")),
]
TRIGGERS: dict[str, tuple[Any, Any]] = {
    Trigger.INTEREST_LINKED: (_("An interest is linked"), _("Somebody wants this berth.")),
    Trigger.EOI_SIGNED: (_("The expression of interest is signed"), _("The signed EOI is recorded.")),
    Trigger.DEPOSIT_RECEIVED: (_("The deposit is paid"), _("A tenth of the expected value is recorded.")),
    Trigger.CONTRACT_SIGNED: (_("The contract is signed"), _("The signed contract is recorded.")),
    Trigger.SALE_COMPLETED: (_("The sale is completed"), _("A completed sale always makes the berth sold.")),
    Trigger.INTEREST_LOST: (
        _("The interest is lost"),
        _("Or archived, or its berth taken away; and nobody else has signed or paid for this berth."),
    ),
    Trigger.MAINTENANCE_OPENED: (_("A repair begins"), _("An entry of the maintenance log is opened.")),
    Trigger.MAINTENANCE_CLOSED: (
        _("The repairs are done"),
        _("The last open entry is closed. The berth goes back to what it was before, where that is known."),
    ),
    Trigger.TENURE_EXPIRED: (_("The tenure ends"), _("The last day of the holder’s tenure has passed.")),
}
TAX_MODES = [
    (TaxMode.EXCLUSIVE, _("Prices are without tax; it is added")),
    (TaxMode.INCLUSIVE, _("Prices have the tax in them")),
    (TaxMode.NONE, _("No tax is charged")),
]
REGISTRATION_FIELDS = [
    ("phone", _("Phone")),
    ("vessel", _("The boat and its size")),
    ("dates", _("From when until when")),
    ("kind", _("What they look for")),
    ("message", _("A message")),
]
COLOURS = {
    "grey": _("Grey"),
    "blue": _("Blue"),
    "teal": _("Teal"),
    "green": _("Green"),
    "amber": _("Amber"),
    "red": _("Red"),
    "purple": _("Purple"),
    "navy": _("Navy"),
}


def _one_of(choices: list[tuple[Any, Any]]) -> Callable[[Any], str]:
    words = {str(value): label for value, label in choices}
    return lambda value: str(words.get(str(value), shown(value)))


def _of_list(part: Callable[[dict[str, Any]], str]) -> Callable[[Any], str]:
    return lambda values: ", ".join(map(part, values or ()))


# In centimetres.
CLEARANCES = {
    "loa": _("Along the boat (cm)"),
    "beam": _("Beside the boat, both sides together (cm)"),
    "draft": _("Under the keel (cm)"),
    "air_draft": _("Above the mast (cm)"),
}
# Each setting as the history names it, and its recorded values in words.
FIELDS = {
    "follow_up_reminder_days": FieldWords(_("Follow-up reminders")),
    "tenure_expiry_warning_months": FieldWords(_("Warning before a tenure ends")),
    **{f"clearance_{name}": FieldWords(label) for name, label in CLEARANCES.items()},
    "eoi_reminder_interval_days": FieldWords(_("Reminder of an unsigned EOI")),
    **{f"rule_{r.trigger}_mode": FieldWords(TRIGGERS[r.trigger][0], _one_of(MODES)) for r in RULES},
    **{f"rule_{r.trigger}_status": FieldWords(TRIGGERS[r.trigger][0], _one_of(BERTH_STATUSES)) for r in RULES},
    **{f"hours_{day}": FieldWords(label, lambda text: text or str(_("closed"))) for day, label in DAYS.items()},
    "holidays": FieldWords(_("Holidays"), _of_list(lambda day: f"{day['day']} {day['name']}")),
    "mfa_required_roles": FieldWords(_("Second factor required of")),
    "invoice_prefix": FieldWords(_("Prefix")),
    "invoice_padding": FieldWords(_("Digits")),
    "invoice_first": FieldWords(_("First number")),
    "invoice_yearly": FieldWords(_("Begin again every year")),
    "tax_mode": FieldWords(_("Prices and tax"), _one_of(TAX_MODES)),
    "tax_rates": FieldWords(_("Tax rates"), _of_list(lambda rate: f"{rate['name']} {rate['percent']} %")),
    "tax_default": FieldWords(_("Default rate")),
    "mail_reply_to": FieldWords(_("Answers go to")),
    "portal_signup": FieldWords(_("Clients may make an account")),
    "registration_open": FieldWords(_("Public registration")),
    "registration_intro": FieldWords(_("What the public page says")),
    **{
        f"registration_{part}": FieldWords(_("Public page asks: %(what)s", what=label))
        for part, label in REGISTRATION_FIELDS
    },
    "onboarding_dismissed": FieldWords(_("Checklist put away")),
}
TAG_FIELDS = {
    "name": FieldWords(_("Name")),
    "colour": FieldWords(_("Colour"), lambda colour: str(COLOURS.get(colour, colour or ""))),
}
