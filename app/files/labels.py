"""How files are spoken of."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

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
CATEGORY_WORDS: dict[str, Any] = {str(value): label for value, label in CATEGORIES}
