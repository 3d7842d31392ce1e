"""What the rules, classes, statuses and events of waiting lists are called."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _

from ..events.timeline import FieldWords, one_of
from ..formats import format_datetime
from .models import AfterNo, Order, PriorityClass, WaitingStatus

ORDERS = [
    (Order.DATE, _("By date of request")),
    (Order.CLASS_THEN_DATE, _("Who has a berth first, then who lives here; by date among them")),
]
AFTER_NO = [
    (AfterNo.LEAVES, _("leaves the list")),
    (AfterNo.GOES_BACK, _("goes to the end")),
    (AfterNo.KEEPS, _("keeps the place")),
]
CLASSES = [
    (PriorityClass.HOLDER, _("Has a berth here")),
    (PriorityClass.RESIDENT, _("Lives here")),
    (PriorityClass.OTHER, _("Everybody else")),
]
STATUSES = [
    (WaitingStatus.WAITING, _("Waiting")),
    (WaitingStatus.OFFERED, _("Offered")),
    (WaitingStatus.ACCEPTED, _("Accepted")),
    (WaitingStatus.DECLINED, _("Declined")),
    (WaitingStatus.EXPIRED, _("No answer")),
    (WaitingStatus.WITHDRAWN, _("Withdrawn")),
]
TONES = {"waiting": "", "offered": "hold", "accepted": "ok", "declined": "warn", "expired": "warn", "withdrawn": ""}
KINDS = [
    ("entered", _("Put on the list")),
    ("placed", _("Put into another class")),
    ("offered", _("Offered")),
    ("accepted", _("Accepted")),
    ("declined", _("Declined")),
    ("expired", _("No answer in time")),
    ("taken_back", _("Offer taken back")),
    ("withdrawn", _("Taken off the list")),
    ("skipped", _("Passed over")),
]
TENURES = [
    ("annual", _("Annual")),
    ("seasonal", _("Seasonal")),
    ("lease", _("Lease")),
    ("freehold", _("Freehold")),
    ("visitor", _("Visitor")),
]


def as_moment(recorded: Any) -> str:
    return format_datetime(datetime.fromisoformat(str(recorded))) if recorded else ""


LIST_FIELDS = {
    "name": FieldWords(_("Name")),
    "harbour_id": FieldWords(_("Harbour")),
    "dock_id": FieldWords(_("Dock")),
    "berth_id": FieldWords(_("Berth")),
    "over_width": FieldWords(_("Wider than")),
    "up_to_width": FieldWords(_("Up to a width of")),
    "tenure": FieldWords(_("Tenure"), one_of(TENURES)),
    "order": FieldWords(_("Order"), one_of(ORDERS)),
    "offer_days": FieldWords(_("Days to answer")),
    "after_no": FieldWords(_("Who declines"), one_of(AFTER_NO)),
    "offers_next": FieldWords(_("Offers the next one by itself")),
}
ENTRY_FIELDS = {"priority_class": FieldWords(_("Class"), one_of(CLASSES))}
