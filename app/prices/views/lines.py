"""The lines of a price list: all of them as one table, and each on a page of its own."""

from __future__ import annotations

from uuid import UUID

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...once import once
from ...web import go, page, requires, said
from ..forms import LineForm, RowForm
from ..models import Clash, Measure, PriceLine, PriceList, Unclear
from . import bp
from .lists import PLACE, list_of, list_page, locked, unarchived, words_of


def row_of(found: PriceList, line_id: UUID) -> PriceLine:
    return next((line for line in found.lines() if line.id == line_id), None) or abort(404)


@bp.put(f"{PLACE}/<int:number>/lines")
@requires("berths.edit")
def update_lines(number: int) -> ResponseReturnValue:
    """The table as it was sent; what was not in it stays."""
    found = locked(number)
    unarchived(found)
    rows = [RowForm(line) for line in found.lines()]
    sent = [row for row in rows if row.amount.raw_data]
    wrong = [row for row in sent if not (row.remove.data or row.validate())]
    if wrong:
        return list_page(found, rows, 422)
    if request.form.get("_version", type=int) != found.version:
        return list_page(
            found, rows, 409, problem=_("Somebody changed these prices meanwhile. Below is what you typed.")
        )
    lines = [{**row.present(), **row.band()} for row in sent if not row.remove.data]
    removing = [row.line.id for row in sent if row.remove.data]
    try:
        is_changed = found.change_lines(lines, by=member, removing=removing)
    except Unclear as error:
        kept = [row for row in sent if not row.remove.data]
        at = error.at if error.at < len(kept) else error.other
        kept[at].up_to.errors = [overlap_words(kept, error)]
        return list_page(found, rows, 422)
    except Clash as error:
        return list_page(found, rows, 409, problem=words_of(error))
    said(_("Prices saved") if is_changed else _("Nothing was changed"))
    return go("prices.show", number=number)


def overlap_words(rows: list[RowForm], error: Unclear) -> str:
    if error.at >= len(rows):
        return _("It overlaps with another band of this list.")
    return _("It overlaps with %(band)s.", band=rows[error.other].words())


def form_page(
    found: PriceList, form: LineForm, line: PriceLine | None = None, status: int = 200
) -> ResponseReturnValue:
    return page("prices/lines/form.html", status, found=found, form=form, line=line)


def sent_form(line: PriceLine | None = None) -> LineForm:
    return LineForm(obj=line, measure=request.form.get("measure", Measure.BERTH_WIDTH))


def write(found: PriceList, form: LineForm, line: PriceLine | None) -> int | None:
    """Write it; the status with which the form is shown again where another line is in the way."""
    try:
        found.change_lines([{**form.fields(), "id": line.id if line else None}], by=member)
    except Unclear:
        form.up_to.errors = [
            _("This list already has a price for these berths, term and tier, or it goes by another measure there.")
        ]
        return 422
    except Clash as error:
        form.term.errors = [words_of(error)]
        return 409
    return None


@bp.get(f"{PLACE}/<int:number>/lines/new")
@requires("berths.edit")
def new_line(number: int) -> ResponseReturnValue:
    found = list_of(number)
    unarchived(found)
    lines = found.lines()
    like = {"term": lines[-1].term, "measure": lines[-1].measure} if lines else {}
    return form_page(found, LineForm(formdata=None, data=like))


@bp.post(f"{PLACE}/<int:number>/lines")
@requires("berths.edit")
@once
def create_line(number: int) -> ResponseReturnValue:
    found, form = locked(number), sent_form()
    unarchived(found)
    status = write(found, form, None) if form.validate() else 422
    if status:
        return form_page(found, form, None, status)
    said(_("Price added"))
    return go("prices.show", number=number)


@bp.get(f"{PLACE}/<int:number>/lines/<uuid:line_id>/edit")
@requires("berths.edit")
def edit_line(number: int, line_id: UUID) -> ResponseReturnValue:
    found = list_of(number)
    unarchived(found)
    line = row_of(found, line_id)
    return form_page(found, LineForm(formdata=None, obj=line, measure=line.measure), line)


@bp.put(f"{PLACE}/<int:number>/lines/<uuid:line_id>")
@requires("berths.edit")
def update_line(number: int, line_id: UUID) -> ResponseReturnValue:
    found = locked(number)
    unarchived(found)
    line = row_of(found, line_id)
    form = sent_form(line)
    status = write(found, form, line) if form.validate() else 422
    if status:
        return form_page(found, form, line, status)
    said(_("Price saved"))
    return go("prices.show", number=number)
