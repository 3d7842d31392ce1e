"""Offering a berth: to who is next and fits, or with a reason to somebody further back."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...berths.models import Overlap
from ...current import member
from ...db import db
from ...errors import Refused
from ...numbers import one_numbered
from ...once import once
from ...web import go, page, requires, said
from ..forms import OfferForm
from ..models import WaitingEntry, WaitingList
from ..queries import SEES, berths_named
from . import bp
from .lists import MANAGES, PLACE, locked, shown


def offer_page(waiting_list: WaitingList, form: OfferForm, status: int = 200) -> ResponseReturnValue:
    """With the line, and for a berth that is chosen why some are passed over."""
    berth = form.berth.record
    return page(
        "waiting_list/offer.html",
        status,
        waiting_list=waiting_list,
        form=form,
        berth=berth,
        line=waiting_list.line(berth),
    )


@bp.get(f"{PLACE}/<int:number>/offers/new")
@requires(MANAGES)
def new_offer(number: int) -> ResponseReturnValue:
    """`?berth=`, `?arrives=`, `?leaves=` fill the form, `?to=` names an entry out of turn."""
    form = OfferForm(formdata=None)
    form.prefill(request.args)
    return offer_page(shown(number), form)


@bp.post(f"{PLACE}/<int:number>/offers")
@requires(MANAGES)
@once
def create_offer(number: int) -> ResponseReturnValue:
    found, form = locked(number), OfferForm()
    if not form.validate():
        return offer_page(shown(number), form, 422)
    to = one_numbered(WaitingEntry, WaitingEntry.visible_to(member), form.to.data)
    try:
        entry = found.offer(form.berth.record, form.during(), by=member, to=to, reason=form.reason.data or "")
    except Overlap:
        form.berth.errors = [_("This berth is taken in that time, or was offered to somebody just now.")]
    except Refused as error:
        field = form.reason if to is not None and not form.reason.data else form.berth
        field.errors = [error.text]
    else:
        said(_("Berth %(berth)s was offered to %(name)s", berth=form.berth.record.name, name=entry.client.full_name))
        return go("waiting_list.show_entry", number=entry.number)
    db.session.expire_all()
    return offer_page(shown(number), form, 409)


@bp.get(f"{PLACE}/berths")
@requires(*SEES)
def index_berth_choices() -> ResponseReturnValue:
    """What a field for a berth offers while somebody types."""
    typed = request.args.get("berth", "")[:60]
    found = berths_named(member, typed) if typed.strip() else []
    return render_template("waiting_list/_berths.html", berths=found)
