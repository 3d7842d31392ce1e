"""What administrators settle: the port's settings, its hours, its tags."""

from .hours import Holiday, is_open, next_opening, next_opening_or_now
from .settings import BerthStatus, Mode, PortSettings, SettingsSheet, TaxMode, TaxRate, settings_of
from .tag import COLOURS, USES, Tag, Taken, uses

__all__ = [
    "COLOURS",
    "USES",
    "BerthStatus",
    "Holiday",
    "Mode",
    "PortSettings",
    "SettingsSheet",
    "Tag",
    "Taken",
    "TaxMode",
    "TaxRate",
    "is_open",
    "next_opening",
    "next_opening_or_now",
    "settings_of",
    "uses",
]
