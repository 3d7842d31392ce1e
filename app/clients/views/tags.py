"""Tags of a client: put on, take off."""

from __future__ import annotations

from ...tags.views import Carriers, takes_tags
from ..models import ClientTag
from . import bp
from .clients import locked, refusal, show_page, unarchived

takes_tags(
    bp,
    Carriers(
        ClientTag, "/<int:number>", "clients.edit", find=locked, check=unarchived, refusal=refusal, show=show_page
    ),
)
