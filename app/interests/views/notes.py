"""Notes on an interest: write, change, pin, remove, put back."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from ...notes.views import Noted, takes_notes
from ..models import InterestNote
from . import PLACE, bp
from .interests import locked, refusal, shown, unarchived

takes_notes(
    bp,
    Noted(
        InterestNote,
        f"{PLACE}/<int:number>",
        "interests.edit",
        find=locked,
        check=unarchived,
        refusal=refusal,
        show=shown,
        name=lambda interest: interest.client.full_name,
        list=(_("Interests"), "interests.index"),
    ),
)
