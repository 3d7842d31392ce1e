"""A price list for the next season: a copy with other days, and dearer by so much."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...once import once
from ...web import go, page, requires, said
from ..forms import CopyForm
from ..models import PriceList
from . import bp
from .lists import PLACE, clash, list_of


def year_later(day: date) -> date:
    """The same day of the next year; 1 March after 29 February."""
    return date(day.year + 1, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=day.year + 1)


def following(found: PriceList) -> dict[str, Any]:
    """What the next season most likely is: it begins where this one ends, or a year after it began."""
    if found.valid_until is None:
        return {"valid_from": year_later(found.valid_from), "valid_until": None}
    begins = year_later(found.valid_from)
    ends = year_later(found.valid_until)
    return {"valid_from": max(begins, found.valid_until + timedelta(days=1)), "valid_until": ends}


@bp.get(f"{PLACE}/<int:number>/copies/new")
@requires("berths.edit")
def new_copy(number: int) -> ResponseReturnValue:
    found = list_of(number)
    form = CopyForm(formdata=None, data={"name": found.name, "season": found.season, **following(found)})
    return page("prices/copy.html", found=found, form=form)


@bp.post(f"{PLACE}/<int:number>/copies")
@requires("berths.edit")
@once
def create_copy(number: int) -> ResponseReturnValue:
    found, form, made = list_of(number), CopyForm(), []
    if not form.validate():
        return page("prices/copy.html", 422, found=found, form=form)
    per_cent = form.per_cent.value or Decimal(0)
    if status := clash(form, lambda: made.append(found.copy(form.fields(), per_cent=per_cent, by=member))):
        return page("prices/copy.html", status, found=found, form=form)
    said(_("%(name)s was added", name=made[0].name))
    return go("prices.show", number=made[0].number)
