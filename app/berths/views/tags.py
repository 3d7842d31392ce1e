"""Tags of a berth: put on, take off."""

from __future__ import annotations

from ...tags.views import Carriers, takes_tags
from ..models import Berth, BerthTag
from . import bp
from .berths import PLACE, locked, refusal, show_page

takes_tags(
    bp,
    Carriers(
        BerthTag,
        f"{PLACE}/<int:number>",
        "berths.edit",
        find=locked,
        check=Berth.check_in_use,
        refusal=refusal,
        show=show_page,
    ),
)
