"""Does a vessel fit on a berth? One answer for map, booking, waiting list and recommendations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_

from ...admin.models import settings_of
from ...admin.models.settings import HasSettings
from ...measures import in_digits, show_length
from ...vessels.models import Vessel
from ...vessels.models.dimensions import NAMES
from .berth import Berth

# Of each dimension of a vessel, what bounds it on a berth.
BOUNDS = {"loa": "max_loa", "beam": "max_beam", "draft": "depth", "air_draft": "max_height"}
CENTIMETRES = Decimal(100)
NO_CLEARANCE: Mapping[str, Decimal] = {}


class Bounded(Protocol):
    """A berth, or a row of a list of berths."""

    @property
    def min_loa(self) -> Decimal | None: ...
    @property
    def max_loa(self) -> Decimal | None: ...
    @property
    def max_beam(self) -> Decimal | None: ...
    @property
    def depth(self) -> Decimal | None: ...
    @property
    def max_height(self) -> Decimal | None: ...


@dataclass(frozen=True)
class Margin:
    """Of one dimension, in metres: what the vessel needs, what the berth has, and what has to stay free between them.
    None where nobody knows."""

    name: str
    vessel: Decimal | None
    berth: Decimal | None
    clearance: Decimal

    @property
    def spare(self) -> Decimal | None:
        """What is left; less than nothing where it does not fit."""
        if self.vessel is None or self.berth is None:
            return None
        return self.berth - self.vessel - self.clearance

    @property
    def is_known(self) -> bool:
        return self.spare is not None

    @property
    def fits(self) -> bool:
        """What nobody knows keeps nobody away."""
        return self.spare is None or self.spare >= 0

    @property
    def reason(self) -> str:
        """`beam 4.62 m, berth 4.50 m: 12 cm too wide`; empty where it fits."""
        if self.spare is None or self.spare >= 0:
            return ""
        missing = round(-self.spare * CENTIMETRES)
        sizes = {"vessel": show_length(self.vessel), "berth": show_length(self.berth), "missing": missing}
        words = {
            "loa": _("length %(vessel)s, berth %(berth)s: %(missing)d cm too long"),
            "beam": _("beam %(vessel)s, berth %(berth)s: %(missing)d cm too wide"),
            "draft": _("draft %(vessel)s, depth %(berth)s: %(missing)d cm too deep"),
            "air_draft": _("air draft %(vessel)s, height %(berth)s: %(missing)d cm too high"),
        }[self.name] % sizes
        if not self.clearance:
            return words
        return words + " " + _("(with %(clearance)s m to spare)", clearance=in_digits(self.clearance))


@dataclass(frozen=True)
class Fit:
    """`too_small`: why a vessel is shorter than the berth takes; empty where it is not."""

    margins: tuple[Margin, ...]
    too_small: str = ""

    @property
    def fits(self) -> bool:
        return not self.too_small and all(margin.fits for margin in self.margins)

    @property
    def reasons(self) -> list[str]:
        """Why it does not fit."""
        return [*filter(None, (margin.reason for margin in self.margins)), *filter(None, [self.too_small])]

    @property
    def spare(self) -> Decimal | None:
        """The narrowest of what is left; None where nothing is known."""
        known = [margin.spare for margin in self.margins if margin.spare is not None]
        return min(known) if known else None


def fit(vessel: Mapping[str, Decimal | None], berth: Bounded, clearances: Mapping[str, Decimal] = NO_CLEARANCE) -> Fit:
    """`vessel`: `loa`, `beam`, `draft`, `air_draft` in metres, measured before declared; `clearances` by the same
    names, as the port wants them."""
    margins = tuple(
        Margin(name, vessel.get(name), getattr(berth, bound), clearances.get(name, Decimal(0)))
        for name, bound in BOUNDS.items()
    )
    loa, least = vessel.get("loa"), berth.min_loa
    if loa is None or least is None or loa >= least:
        return Fit(margins)
    words = _("length %(vessel)s, berth for %(berth)s and more", vessel=show_length(loa), berth=show_length(least))
    return Fit(margins, words)


def size_of(vessel: Vessel | None) -> dict[str, Decimal | None]:
    """What `fit` asks of a vessel."""
    return {name: vessel.dimension(name).value for name in NAMES} if vessel else {}


def clearances_of(port: HasSettings) -> dict[str, Decimal]:
    """What has to stay free beside a boat, in metres, by dimension; as the port settled it."""
    settled = settings_of(port).berth_clearances
    return {name: Decimal(getattr(settled, name)) / CENTIMETRES for name in BOUNDS}


def fitting(size: Mapping[str, Decimal | None], clearances: Mapping[str, Decimal]) -> list[ColumnElement[bool]]:
    """What `fit` says, as conditions: what nobody knows keeps nobody away."""
    needs = {BOUNDS[name]: own + clearances.get(name, Decimal(0)) for name, own in size.items() if own}
    found = [or_(getattr(Berth, bound).is_(None), getattr(Berth, bound) >= need) for bound, need in needs.items()]
    if loa := size.get("loa"):
        found.append(or_(Berth.min_loa.is_(None), Berth.min_loa <= loa))
    return found
