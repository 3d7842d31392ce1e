"""How files are spoken of."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from flask_babel import ngettext

from ..formats import format_number
from .content import BY_MIME
from .models import Category

CATEGORIES: list[tuple[str, Any]] = [
    (Category.CONTRACT, _("Contract")),
    (Category.IDENTITY, _("Identity")),
    (Category.INSURANCE, _("Insurance")),
    (Category.REGISTRATION, _("Registration")),
    (Category.SURVEY, _("Survey")),
    (Category.INVOICE, _("Invoice")),
    (Category.LETTER, _("Letter")),
    (Category.PHOTO, _("Photo")),
    (Category.OTHER, _("Other")),
]
UNITS = ("kB", "MB")


def file_size(size: int) -> str:
    """`1.2 MB`."""
    if size < 1000:
        return _bytes(size)
    value, unit = (size / 1000, UNITS[0]) if size < 999_500 else (size / 1_000_000, UNITS[1])
    return f"{format_number(round(value) if value >= 10 else round(value, 1))}\u00a0{unit}"


def _bytes(size: int) -> str:
    return ngettext("%(num)d byte", "%(num)d bytes", size)


def category_word(category: str) -> str:
    return str(CATEGORY_WORDS.get(category, category))


def kind_name(mime: str) -> str:
    return BY_MIME[mime].name if mime in BY_MIME else mime


def sign_of(mime: str) -> str:
    """The icon of a kind of file."""
    if mime.startswith("image/"):
        return "image"
    return "file-spreadsheet" if mime == "text/csv" or "excel" in mime or "spreadsheet" in mime else "file-text"


CATEGORY_WORDS: dict[str, Any] = {str(value): label for value, label in CATEGORIES}
