"""What is done with an interest: its stage, berth and hold, deposit, owner, lead, outcome, and putting it away."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...once import once
from ...web import find_or_404, go, page, requires, said
from ..forms import AssigneeForm, BerthForm, DepositForm, HoldForm, LeadForm, OutcomeForm, StageForm
from ..models import Interest, LeadCategory, Outcome, Stage, extend_hold, hold, release_hold
from ..models.stages import Missing, is_back, missing
from ..queries import board_filters_of
from . import PLACE, bp
from .interests import by_number, locked, shown, unarchived

ONE = f"{PLACE}/<int:number>"
WAIVES = "invoices.record_payment"


def back(number: int) -> ResponseReturnValue:
    return go("interests.show", number=number)


def stage_page(
    interest: Interest, form: StageForm, status: int = 200, *, refused: Sequence[Missing] = ()
) -> ResponseReturnValue:
    """`refused`: what stood in the way of the move that was asked for."""
    lacking = missing(interest, Stage.COMPLETED)
    return page("interests/stage.html", status, interest=interest, form=form, lacking=lacking, refused=refused)


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
    waives = bool(form.waives.data) and member.can(WAIVES)
    if not note and (is_back(interest.stage, to) or waives):
        form.note.errors = [_("Say why.")]
        return stage_page(interest, form, 422)
    if refused := [one for one in missing(interest, to) if not (waives and one.can_be_waived)]:
        return stage_page(interest, form, 409, refused=refused)
    if interest.move_to(to, by=member, note=note, waives=waives):
        said(_("%(name)s was moved", name=interest.name))
    return to_board(number) if request.args.get("from") == "board" else back(number)


def to_board(number: int) -> ResponseReturnValue:
    """The board as it was, `?board=` being its query; where that is none, the moved card is enough."""
    query = dict(parse_qsl(request.args.get("board", "")))
    kept = {one.name: query[one.name] for one in board_filters_of(member) if one.name in query}
    return go("interests.index", **kept) if kept else go("interests.show_card", number=number)


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
    act = hold if interest.occupancy_id is None else extend_hold
    if act(interest, until=form.moment(), by=member):
        said(_("The berth is held"))
    return back(number)


@bp.delete(f"{ONE}/hold")
@requires("berths.manage_reservations")
def destroy_hold(number: int) -> ResponseReturnValue:
    if release_hold(locked(number), by=member):
        said(_("The berth is free again"))
    return back(number)


@bp.post(f"{ONE}/deposits")
@requires("interests.edit")
@once
def create_deposit(number: int) -> ResponseReturnValue:
    interest, form = locked(number), DepositForm()
    if not form.validate():
        return shown(interest, 422, deposit_form=form)
    interest.record_deposit(**form.received(), by=member)
    said(_("Deposit recorded"))
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
