"""What becomes of an offer: yes, a sale, no, or it is taken back."""

from __future__ import annotations

from flask import abort
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...berths.models import Overlap
from ...current import member
from ...errors import Refused
from ...web import go, requires, said
from ..forms import ReasonForm
from . import bp
from .entries import ENTRIES, entry_page, locked
from .lists import MANAGES


@bp.post(f"{ENTRIES}/<int:number>/acceptance")
@requires(MANAGES)
def create_acceptance(number: int) -> ResponseReturnValue:
    entry = locked(number)
    try:
        booked = entry.accept(by=member)
    except Overlap:
        raise Refused(_("Somebody else has the berth by now. Offer another one.")) from None
    said(_("%(name)s has the berth", name=entry.client.full_name))
    if booked is None:
        return go("waiting_list.show_entry", number=number)
    return go("berths.show_occupancy", number=booked.number)


@bp.post(f"{ENTRIES}/<int:number>/sale")
@requires(MANAGES)
def create_sale(number: int) -> ResponseReturnValue:
    """Accepted, and a contract is negotiated first."""
    if not member.can("interests.create"):
        abort(403)
    entry = locked(number)
    interest = entry.begin_sale(by=member)
    if interest is None:
        return go("waiting_list.show_entry", number=number)
    said(_("The berth is held for %(name)s", name=interest.name))
    return go("interests.show", number=interest.number)


@bp.post(f"{ENTRIES}/<int:number>/refusal")
@requires(MANAGES)
def create_refusal(number: int) -> ResponseReturnValue:
    entry, form = locked(number), ReasonForm()
    if not form.validate():
        return entry_page(entry, 422, reason_form=form)
    entry.decline(by=member, reason=form.reason.data or "")
    said(_("Noted that %(name)s declined", name=entry.client.full_name))
    return go("waiting_list.show", number=entry.waiting_list.number)


@bp.delete(f"{ENTRIES}/<int:number>/offer")
@requires(MANAGES)
def destroy_offer(number: int) -> ResponseReturnValue:
    entry = locked(number)
    if entry.take_back(by=member):
        name = entry.client.full_name
        waits = _("%(name)s waits again, in the same place", name=name)
        said(waits if entry.is_open else _("%(name)s is off the list", name=name))
    return go("waiting_list.show_entry", number=number)
