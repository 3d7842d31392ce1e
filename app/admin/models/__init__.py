"""What administrators settle: the port's settings and its hours."""

from .hours import Holiday, is_open, next_opening, next_opening_or_now
from .settings import BerthStatus, Mode, PortSettings, SettingsSheet, StatusRule, TaxMode, TaxRate, Trigger, settings_of

__all__ = [
    "BerthStatus",
    "Holiday",
    "Mode",
    "PortSettings",
    "SettingsSheet",
    "StatusRule",
    "TaxMode",
    "TaxRate",
    "Trigger",
    "is_open",
    "next_opening",
    "next_opening_or_now",
    "settings_of",
]
