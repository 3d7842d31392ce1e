"""Notes on a client: write, change, pin, remove, put back."""

from __future__ import annotations

from operator import attrgetter

from flask_babel import lazy_gettext as _

from ...notes.views import Noted, takes_notes
from ..models import Note
from . import bp
from .clients import locked, refusal, show_page, unarchived

takes_notes(
    bp,
    Noted(
        Note,
        "/<int:number>",
        "clients.edit",
        find=locked,
        check=unarchived,
        refusal=refusal,
        show=show_page,
        name=attrgetter("full_name"),
        list=(_("Clients"), "clients.index"),
    ),
)
