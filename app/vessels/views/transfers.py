"""A vessel becomes somebody else's."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...formats import format_date, today
from ...once import once
from ...web import find_or_404, go, kept_list, page, requires, said
from ..forms import TransferForm
from ..models import Ownership, Vessel
from . import PLACE, bp
from .vessels import by_number, locked, refusal, unarchived


@bp.get(f"{PLACE}/<int:number>/transfers/new")
@requires("clients.edit")
def new_transfer(number: int) -> ResponseReturnValue:
    vessel = unarchived(find_or_404(by_number(number)))
    return page("vessels/transfer.html", vessel=vessel, form=TransferForm(formdata=None, data={"on": today()}))


@bp.post(f"{PLACE}/<int:number>/transfers")
@requires("clients.edit")
@once
def create_transfer(number: int) -> ResponseReturnValue:
    form = TransferForm()
    # The owner before the vessel: merging two clients takes their vessels in the same order.
    is_there = form.client.record is None or form.client.record.stay()
    vessel = locked(number)
    if status := refusal(form, vessel) or too_early(form, vessel):
        return page("vessels/transfer.html", status, vessel=vessel, form=form)
    owner = form.client.record
    if not is_there:
        form.client.errors = [_("%(name)s was merged into another client meanwhile.", name=owner.full_name)]
        return page("vessels/transfer.html", 409, vessel=vessel, form=form)
    if not vessel.change_owner(owner, on=form.on.data or today(), by=member):
        form.client.errors = [_("It is theirs already.")]
        return page("vessels/transfer.html", 422, vessel=vessel, form=form)
    said(_("%(name)s is now of %(owner)s", name=vessel.name, owner=owner.full_name))
    return go("vessels.show", number=number, list=kept_list())


def too_early(form: TransferForm, vessel: Vessel) -> int | None:
    """Nobody can sell a vessel before it was theirs."""
    since = Ownership.present(vessel).since
    if since is None or (form.on.data or today()) >= since:
        return None
    form.on.errors = [_("The present owner has it since %(day)s.", day=format_date(since))]
    return 422
