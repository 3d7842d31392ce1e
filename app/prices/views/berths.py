"""What every berth costs, and why."""

from __future__ import annotations

from datetime import date

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...formats import today
from ...web import page, requires
from ..models import Term
from ..queries import DayFilter, berth_prices, filters_of, summary_of
from . import bp


def day_asked() -> date:
    try:
        asked = date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        return today()
    return asked if 1990 <= asked.year <= 2200 else today()


@bp.get("/<port>/berth-prices")
@requires("berths.view")
def index_berths() -> ResponseReturnValue:
    """`?term=`, `?on=`: for which term and day."""
    filters, on = filters_of(member), day_asked()
    term = next((one.value for one in filters if one.name == "term"), "") or Term.ANNUAL
    found, prices = berth_prices(member, filters, term, on)
    chosen = DayFilter("on", _("On"), on.isoformat() if request.args.get("on") else "")
    return page(
        "prices/berths.html",
        follow=["prices"],
        berths=found,
        prices=prices,
        filters=[*filters, chosen],
        term=term,
        on=on,
        summary=summary_of(member, term, on),
    )
