"""What somebody wants a berth for: the map and the list show what it fits on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from flask_babel import gettext as _
from sqlalchemy import ColumnElement

from ..current import Member, member
from ..measures import BEAM, DRAFT, LENGTH, Unread, read_length, show_length
from ..paging import Filter
from ..vessels.models import Vessel
from .models import Fit, clearances_of, fit, size_of
from .models.fit import fitting

BETWEEN_SIZES = re.compile(r"\s*[×x*;/]\s*", re.IGNORECASE)
SIZES = {"loa": LENGTH, "beam": BEAM, "draft": DRAFT}
LONGEST = 80


def kept_size(size: Mapping[str, Decimal | None]) -> str:
    """`loa=14.02 beam=4.10`, as `size_kept` reads it."""
    return " ".join(f"{name}={value}" for name, value in size.items() if value)


def size_kept(text: str) -> dict[str, Decimal | None]:
    found = (part.partition("=") for part in text.split())
    return {name: Decimal(value) for name, _sign, value in found}


class Wanted:
    """What has to fit: a vessel, or length, beam and draft as they are typed. `trouble` says why nobody knows."""

    def __init__(self, typed: str) -> None:
        self.typed = typed.replace("\x00", "").strip()[:LONGEST]
        self.size: Mapping[str, Decimal | None] = {}
        self.words = self.name = self.trouble = ""
        if self.typed:
            self._read()

    def _read(self) -> None:
        if self.typed[0].isdigit() and not self.typed.isdigit():
            self._measure()
            return
        found = Vessel.named(member, self.typed)
        if len(found) == 1:
            self.size, self.name = size_of(found[0]), found[0].name
            self.words = " × ".join(show_length(self.size[name]) for name in SIZES if self.size.get(name))
            return
        several = _("Several vessels are called so. Type the number of the one you mean.")
        self.trouble = several if found else _("No vessel is called so. A size is typed as 14.02 × 4.10 × 2.10.")

    def _measure(self) -> None:
        parts = zip(SIZES.items(), BETWEEN_SIZES.split(self.typed), strict=False)
        try:
            self.size = {name: read_length(part, limit) for (name, limit), part in parts}
        except Unread as error:
            self.trouble = str(error)
            return
        self.words = " × ".join(show_length(value) for value in self.size.values())

    def fits(self, berth: Any) -> Fit | None:
        return fit(self.size, berth, clearances_of(member.here())) if self.size else None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same of many berths."""
        return fitting(self.size, clearances_of(member.here())) if self.size else []


@dataclass(frozen=True)
class FitsFilter(Filter):
    """Typed, not chosen; one that cannot be read narrows nothing, and says so."""

    kind: str = "text"
    hint: Any = ""
    trouble: str = ""

    def offers(self, value: str) -> bool:
        return bool(value.strip())

    def said(self, value: str) -> str:
        return value

    def lasting(self, value: str, member: Member) -> str:
        """The size of the vessel by now, so that what is done with the list goes on with that."""
        return kept_size(Wanted(value).size)

    @classmethod
    def of(cls, wanted: Wanted) -> Self:
        hint = _("Fits: vessel or 14 × 4.1 × 2.1")
        return cls("fits", _("Vessel, or length × beam × draft"), [], wanted.typed, hint=hint, trouble=wanted.trouble)
