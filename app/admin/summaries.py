"""The settings in a sentence each, for the overview and the heads of the forms."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from ..db import now
from ..formats import format_datetime, zone
from ..identity.models import Port
from .models import Mode, PortSettings, SettingsSheet, is_open, next_opening
from .models.hours import WEEKDAYS, closing

LABELS = {
    "sales": (lazy_gettext("Sales"), "users"),
    "berths": (lazy_gettext("Berths"), "anchor"),
    "hours": (lazy_gettext("Hours"), "clock"),
    "money": (lazy_gettext("Money"), "receipt"),
    "security": (lazy_gettext("Security"), "shield-check"),
    "mail": (lazy_gettext("Mail and portal"), "mail"),
    "registration": (lazy_gettext("Public registration"), "user-plus"),
}


@dataclass(frozen=True)
class GroupLine:
    key: str
    label: str
    icon: str
    text: str


def groups_of(settings: PortSettings) -> list[GroupLine]:
    words = {
        "sales": _sales(settings),
        "berths": _berths(settings),
        "hours": _hours(settings),
        "money": _money(settings),
        "security": _security(settings),
        "mail": _mail(settings),
        "registration": _registration(settings),
    }
    return [GroupLine(key, str(label), icon, words[key]) for key, (label, icon) in LABELS.items()]


def _sales(settings: PortSettings) -> str:
    days = ", ".join(map(str, settings.follow_up_reminder_days))
    return _("Follow-up after %(days)s days", days=days) if days else _("No follow-up reminders")


def _berths(settings: PortSettings) -> str:
    on = sum(rule.mode != Mode.OFF for rule in settings.berth_status_rules)
    rules = ngettext("%(num)d status rule is on", "%(num)d status rules are on", on)
    months = settings.tenure_expiry_warning_months
    return f"{rules} · " + ngettext(
        "warning %(num)d month before a tenure ends", "warning %(num)d months before a tenure ends", months
    )


def _hours(settings: PortSettings) -> str:
    open_days = sum(bool(getattr(settings.business_hours, day)) for day in WEEKDAYS)
    days = ngettext("Open on %(num)d day a week", "Open on %(num)d days a week", open_days)
    count = len(settings.holidays)
    return f"{days} · " + (ngettext("%(num)d holiday", "%(num)d holidays", count) if count else _("no holidays yet"))


def _money(settings: PortSettings) -> str:
    count = len(settings.tax.rates)
    rates = ngettext("%(num)d tax rate", "%(num)d tax rates", count) if count else _("no tax rates yet")
    return f"{settings.invoice_numbering.example(now().year)} · {rates}"


def _security(settings: PortSettings) -> str:
    count = len(settings.mfa_required_roles)
    if not count:
        return _("A second factor is everybody’s own choice")
    return ngettext("Second factor required of %(num)d role", "Second factor required of %(num)d roles", count)


def _mail(settings: PortSettings) -> str:
    answers = settings.mail_reply_to or _("No address for answers")
    portal = _("clients may make an account") if settings.portal_signup else _("clients are invited")
    return f"{answers} · {portal}"


def _registration(settings: PortSettings) -> str:
    return _("Anybody may register") if settings.registration_open else _("Switched off")


def hours_now(port: Port) -> tuple[bool, str]:
    """Whether the port is open at this moment, and until when that is so."""
    moment = now()
    if is_open(port, moment):
        until = closing(port, moment)
        return True, _("Open now, until %(time)s.", time=format_datetime(until))
    opens = next_opening(port, moment)
    if opens is None:
        return False, _("Closed, and it does not open within a year.")
    return False, _("Closed now; opens %(time)s.", time=format_datetime(opens))


def next_invoice(sheet: SettingsSheet) -> str:
    year = now().astimezone(zone(sheet.port.timezone)).year
    return sheet.settings.invoice_numbering.example(year)
