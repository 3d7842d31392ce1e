"""Tags of an interest: put on, take off."""

from __future__ import annotations

from ...tags.views import Carriers, takes_tags
from ..models import InterestTag
from . import PLACE, bp
from .interests import locked, refusal, shown, unarchived

takes_tags(
    bp,
    Carriers(
        InterestTag,
        f"{PLACE}/<int:number>",
        "interests.edit",
        find=locked,
        check=unarchived,
        refusal=refusal,
        show=shown,
    ),
)
