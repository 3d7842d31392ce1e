"""Stays of the port, of a client and of a vessel; and berths that are free for one."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from ...clients.models import Client
from ...current import member
from ...numbers import has_number
from ...vessels.models import Vessel
from ...web import find_or_404, page, requires
from ..availability import free, sublettable
from ..models import clearances_of, size_of
from ..models.days import stay, what_is_left
from ..queries import LONGEST, berths_named
from ..stay_forms import FreeForm
from ..stays import filters_of, in_toolbar, stay_page, words_asked
from . import bp
from .berths import PLACE


@bp.get("/<port>/stays")
@requires("berths.view")
def index_stays() -> ResponseReturnValue:
    """`?client=`, `?vessel=`, `?berth=`: the numbers of whose stays are meant; `?q=`: what any of these is called."""
    filters = filters_of(member)
    asked = words_asked()
    stays = stay_page(member, filters)
    return page("berths/stays/index.html", follow=["board"], stays=stays, filters=in_toolbar(filters), asked=asked)


@bp.get("/<port>/clients/<int:number>/stays")
@requires("berths.view")
def index_of_client(number: int) -> ResponseReturnValue:
    client = find_or_404(Client.numbered(number, member).options(joinedload(Client.owner)))
    follow = [f"client:{number}", "board"]
    return page("berths/stays/of_client.html", follow=follow, client=client, stays=stay_page(member, [], of=client))


@bp.get("/<port>/vessels/<int:number>/stays")
@requires("berths.view")
def index_of_vessel(number: int) -> ResponseReturnValue:
    vessel = find_or_404(Vessel.visible_to(member).where(has_number(Vessel, number)).options(joinedload(Vessel.client)))
    follow = [f"vessel:{number}", "board"]
    return page("berths/stays/of_vessel.html", follow=follow, vessel=vessel, stays=stay_page(member, [], of=vessel))


@bp.get(f"{PLACE}/free")
@requires("berths.view")
def index_free() -> ResponseReturnValue:
    """`?arrives=`, `?leaves=`, `?vessel=`: berths that are free then, and on which it fits."""
    form = FreeForm(formdata=request.args)
    if not request.args.get("arrives"):
        return page("berths/stays/free.html", form=FreeForm(formdata=None), offers=None, sublets=[])
    if not form.validate():
        return page("berths/stays/free.html", 422, form=form, offers=None, sublets=[])
    during, size = what_is_left(stay(*form.days())), size_of(form.vessel.record)
    clearances = clearances_of(member.here())
    offers, sublets = (find(member, during, size, clearances) for find in (free, sublettable))
    return page("berths/stays/free.html", form=form, offers=offers, sublets=sublets)


@bp.get(f"{PLACE}/choices")
@requires("berths.view")
def index_choices() -> ResponseReturnValue:
    """What a field for a berth offers while somebody types."""
    typed = request.args.get("berth", "").replace("\x00", "")[:LONGEST]
    return render_template("berths/_choices.html", berths=berths_named(member, typed) if typed.strip() else [])
