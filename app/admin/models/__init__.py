"""What administrators settle: the port's settings, its hours, its tags."""

from .hours import Holiday, is_open, next_opening, next_opening_or_now
from .settings import BerthStatus, Mode, PortSettings, SettingsSheet, StatusRule, TaxMode, TaxRate, Trigger, settings_of
from .tag import COLOURS, USES, Tag, Taken, uses
from .tagging import Tagging, tag_called

__all__ = [
    "COLOURS",
    "USES",
    "BerthStatus",
    "Holiday",
    "Mode",
    "PortSettings",
    "SettingsSheet",
    "StatusRule",
    "Tag",
    "Tagging",
    "Taken",
    "TaxMode",
    "TaxRate",
    "Trigger",
    "is_open",
    "next_opening",
    "next_opening_or_now",
    "settings_of",
    "tag_called",
    "uses",
]
