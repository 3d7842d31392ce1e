"""What is done with an interest: its stage, berth and hold, deposit, owner, lead, outcome, and putting it away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...once import once
from ...web import find_or_404, go, is_partial, page, page_of_fragment, requires, said
from ..board import Address
from ..forms import AssigneeForm, BerthForm, DepositForm, HoldForm, LeadForm, OutcomeForm, ReasonForm, StageForm
from ..models import Deposit, Interest, LeadCategory, Misfit, Outcome, Stage, extend_hold, hold, hold_of, release_hold
from ..models.stages import Missing, is_back, missing
from ..queries import board_filters_of
from . import PLACE, bp
from .interests import by_number, locked, shown, unarchived

ONE = f"{PLACE}/<int:number>"
# Who may book money in says that it came, that it went back, and that it is not waited for.
PAYS = "invoices.record_payment"
OVERRIDES = "berths.edit"


def back(number: int) -> ResponseReturnValue:
    return go("interests.show", number=number)


def stage_page(
    interest: Interest, form: StageForm, status: int = 200, *, refused: Sequence[Missing] = ()
) -> ResponseReturnValue:
    """`refused`: what stood in the way of the move that was asked for."""
    about: dict[str, Any] = {"lacking": missing(interest, Stage.COMPLETED), "refused": refused, "board": board_left()}
    return page("interests/stage.html", status, interest=interest, form=form, **about)


@bp.get(f"{ONE}/stage")
@requires("interests.change_stage")
def edit_stage(number: int) -> ResponseReturnValue:
    """`?to=` chooses the stage already."""
    interest = unarchived(find_or_404(by_number(number)))
    return stage_page(interest, StageForm(formdata=None, data={"stage": request.args.get("to", interest.stage)}))


@bp.put(f"{ONE}/stage")
@requires("interests.change_stage")
def update_stage(number: int) -> ResponseReturnValue:
    interest, form = unarchived(locked(number)), StageForm()
    if not form.validate():
        return stage_page(interest, form, 422)
    to, note = Stage(form.stage.data), form.note.data or ""
    waives = bool(form.waives.data) and member.can(PAYS)
    override = overriding(form)
    if not note and (is_back(interest.stage, to) or waives):
        form.note.errors = [_("Say why.")]
        return stage_page(interest, form, 422)
    if refused := [one for one in missing(interest, to) if not one.is_settled(waives=waives, override=override)]:
        return stage_page(interest, form, 409, refused=refused)
    if interest.move_to(to, by=member, note=note, waives=waives, override=override):
        said(_("%(name)s was moved", name=interest.name))
    return to_board(number) if request.args.get("from") == "board" else back(number)


def overriding(form: HoldForm | StageForm) -> str:
    """Why it goes on a berth on which it does not fit; nothing from who may not say so."""
    return str(form.override.data or "") if member.can(OVERRIDES) else ""


def to_board(number: int) -> ResponseReturnValue:
    """The board as it was, narrowed and with as many cards; where it was not narrowed, the moved card is enough."""
    query = board_left()
    chosen, shown = dict(parse_qsl(query)), Address.read((), query).values["shown"]
    kept = {one.name: chosen[one.name] for one in board_filters_of(member) if one.name in chosen}
    if kept or (shown and not is_partial()):
        return go("interests.index", **kept, shown=shown)
    return go("interests.show_card", number=number)


def board_left() -> str:
    """The query of the board on which it is moved: as the link or the form carries it, else as the browser says where
    one is, or came from."""
    sent = request.args.get("board")
    return query_of_board(page_of_fragment()) or query_of_board(request.referrer) if sent is None else sent


def query_of_board(address: str | None) -> str:
    try:
        parts = urlsplit(address or "")
    except ValueError:  # a broken IPv6 host
        return ""
    return parts.query if parts.path == url_for("interests.index") else ""


@bp.put(f"{ONE}/berth")
@requires("interests.edit")
def update_berth(number: int) -> ResponseReturnValue:
    interest, form = locked(number), BerthForm()
    if not form.validate():
        return shown(interest, 422, berth_form=form)
    if interest.link_berth(form.berth.record, by=member):
        said(_("Berth linked"))
    return back(number)


@bp.delete(f"{ONE}/berth")
@requires("interests.edit")
def destroy_berth(number: int) -> ResponseReturnValue:
    if locked(number).unlink_berth(by=member):
        said(_("The berth is no longer linked"))
    return back(number)


@bp.put(f"{ONE}/hold")
@requires("berths.manage_reservations")
def update_hold(number: int) -> ResponseReturnValue:
    """Hold the berth, or longer."""
    interest, form = unarchived(locked(number)), HoldForm()
    if not form.validate():
        return shown(interest, 422, hold_form=form)
    if hold_of(interest) is not None:
        is_done = extend_hold(interest, until=form.moment(), by=member)
    else:
        try:
            is_done = hold(interest, until=form.moment(), by=member, override=overriding(form))
        except Misfit as error:
            form[("override" if member.can(OVERRIDES) else "until")].errors = [error.text]
            return shown(interest, 422, hold_form=form)
    if is_done:
        said(_("The berth is held"))
    return back(number)


@bp.delete(f"{ONE}/hold")
@requires("berths.manage_reservations")
def destroy_hold(number: int) -> ResponseReturnValue:
    if release_hold(locked(number), by=member):
        said(_("The berth is free again"))
    return back(number)


@bp.post(f"{ONE}/deposits")
@requires(PAYS)
@once
def create_deposit(number: int) -> ResponseReturnValue:
    interest, form = locked(number), DepositForm()
    if not form.validate():
        return shown(interest, 422, deposit_form=form)
    interest.record_deposit(**form.received(), by=member)
    said(_("Deposit recorded"))
    return back(number)


def deposit_of(interest: Interest, deposit_id: UUID) -> Deposit:
    return find_or_404(Deposit.of(interest).where(Deposit.id == deposit_id))


@bp.get(f"{ONE}/deposits/<uuid:deposit_id>/reversal")
@requires(PAYS)
def new_deposit_reversal(number: int, deposit_id: UUID) -> ResponseReturnValue:
    interest = unarchived(find_or_404(by_number(number)))
    return reversal_page(interest, deposit_of(interest, deposit_id), ReasonForm(formdata=None))


def reversal_page(interest: Interest, deposit: Deposit, form: ReasonForm, status: int = 200) -> ResponseReturnValue:
    return page("interests/reverse_deposit.html", status, interest=interest, deposit=deposit, form=form)


@bp.post(f"{ONE}/deposits/<uuid:deposit_id>/reversal")
@requires(PAYS)
def create_deposit_reversal(number: int, deposit_id: UUID) -> ResponseReturnValue:
    interest, form = unarchived(locked(number)), ReasonForm()
    deposit = deposit_of(interest, deposit_id)
    if not form.validate():
        return reversal_page(interest, deposit, form, 422)
    if interest.reverse_deposit(deposit, str(form.reason.data), by=member):
        said(_("Deposit taken back"))
    return back(number)


@bp.put(f"{ONE}/assignee")
@requires("interests.edit")
def update_assignee(number: int) -> ResponseReturnValue:
    interest, form = locked(number), AssigneeForm()
    if not form.validate():
        return shown(interest, 422, assignee_form=form)
    if interest.assign(form.chosen(), by=member):
        said(_("Owner changed"))
    return back(number)


@bp.put(f"{ONE}/lead")
@requires("interests.edit")
def update_lead(number: int) -> ResponseReturnValue:
    interest, form = locked(number), LeadForm()
    if not form.validate():
        return shown(interest, 422, lead_form=form)
    if interest.set_lead(LeadCategory(form.lead.data) if form.lead.data else None, by=member):
        said(_("Lead changed"))
    return back(number)


@bp.post(f"{ONE}/outcome")
@requires("interests.change_stage")
def create_outcome(number: int) -> ResponseReturnValue:
    interest, form = unarchived(locked(number)), OutcomeForm()
    if not form.validate():
        return shown(interest, 422, outcome_form=form)
    end = interest.lose if form.outcome.data == Outcome.LOST else interest.withdraw
    if end(str(form.reason.data), by=member):
        said(_("%(name)s is closed", name=interest.name))
    return back(number)


@bp.delete(f"{ONE}/outcome")
@requires("interests.change_stage")
def destroy_outcome(number: int) -> ResponseReturnValue:
    interest = unarchived(locked(number))
    if interest.reopen(by=member):
        said(_("%(name)s is open again", name=interest.name))
    return back(number)


@bp.post(f"{ONE}/archival")
@requires("interests.delete")
def create_archival(number: int) -> ResponseReturnValue:
    interest = locked(number)
    interest.archive(by=member)
    undo = url_for("interests.destroy_archival", number=number, _method="DELETE")
    said(_("%(name)s was archived", name=interest.name), undo_url=undo)
    return back(number)


@bp.delete(f"{ONE}/archival")
@requires("interests.delete")
def destroy_archival(number: int) -> ResponseReturnValue:
    interest = locked(number)
    interest.restore(by=member)
    said(_("%(name)s is back", name=interest.name))
    return back(number)
