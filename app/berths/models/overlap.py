"""What is in the way of a stay, as the constraints of the database say it, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext
from sqlalchemy.exc import IntegrityError

if TYPE_CHECKING:
    from .occupancy import Occupancy


class Overlap(Exception):
    """The berth is taken in that time, by `other`."""

    def __init__(self, other: Occupancy | None) -> None:
        super().__init__("overlap")
        self.other = other


OF_SUBLETS = lazy_gettext("The holder of this berth is not away for all of that time.")
# What a constraint refuses, in words.
IN_THE_WAY = {
    "ck_berth_occupancies_within": OF_SUBLETS,
    "fk_berth_occupancies_absence": OF_SUBLETS,
    "fk_berth_occupancies_sublet": lazy_gettext("The berth is sublet while its holder is away. Move the sublet first."),
    "ck_berth_absences_within": lazy_gettext("An absence of this holder is outside that time. Change it first."),
    "ck_berth_absences_held": lazy_gettext("This holder has an absence. Cancel it first."),
}


def broken_by(error: IntegrityError) -> str:
    """The name of the constraint."""
    diagnosis = getattr(error.orig, "diag", None)
    return str(diagnosis.constraint_name or "") if diagnosis else ""
