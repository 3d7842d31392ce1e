"""Handing out clients: choose the file, get it at once, or see how far it is and get it when it is ready."""

from __future__ import annotations

from flask import Response, g, make_response, redirect, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Select

from ... import storage
from ...current import member
from ...db import db
from ...errors import Refused
from ...formats import today
from ...numbers import has_number
from ...once import once
from ...storage.store import disposition
from ...tables.writing import MOST_SHEET_ROWS
from ...web import find_or_404, go, kept_list, list_url, page, requires, said
from ..exports.exporting import AT_THE_CLICK, TYPES, Manner, at_once, run_export, take_note
from ..forms import ExportForm
from ..listed import Listed
from ..models import Export, ExportFormat
from . import bp

LATEST = 5


@bp.get("/exports/new")
@requires("clients.export")
def new_export() -> ResponseReturnValue:
    return form_page(ExportForm(formdata=None), Listed.sent(request.args, kept_list() or "", member))


def form_page(form: ExportForm, listed: Listed, status: int = 200) -> ResponseReturnValue:
    latest = Export.visible_to(member).order_by(Export.id.desc()).limit(LATEST)
    return page(
        "clients/exports/new.html",
        status,
        form=form,
        listed=listed,
        is_later=listed.count > AT_THE_CLICK,
        exports=db.session.scalars(latest).all(),
        back=list_url("clients.index"),
    )


@bp.post("/exports")
@requires("clients.export", limit="bulk")
def create_export() -> ResponseReturnValue:
    """A few go out with the answer; recorded before the first of them leaves."""
    form, listed = ExportForm(), Listed.sent(request.form, kept_list() or "", member)
    if not is_good(form, listed):
        return form_page(form, listed, 422)
    if listed.count > AT_THE_CLICK:
        return make_response(make_later(form, listed))
    ids, who = listed.every_id(), g.member
    take_note(len(ids), port_id=who.here().id, by=who)
    manner = Manner(form.format.data, form.extent.data, listed.columns)
    response = Response(stream_with_context(at_once(manner, ids, who)), mimetype=TYPES[ExportFormat(manner.format)])
    response.headers["Content-Disposition"] = disposition(name_of(manner.format), inline=False)
    return response


def is_good(form: ExportForm, listed: Listed) -> bool:
    if not form.validate():
        return False
    if not listed.count:
        form.form_errors = [_("Nobody is in this list.")]
    elif form.format.data == ExportFormat.XLSX and listed.count >= MOST_SHEET_ROWS:
        form.format.errors = [_("A sheet holds a million rows. Choose CSV.")]
    else:
        return True
    return False


@once
def make_later(form: ExportForm, listed: Listed) -> ResponseReturnValue:
    fields = {
        "format": form.format.data,
        "extent": form.extent.data,
        "chosen": dict(listed.chosen),
        "sort": listed.sort,
        "descending": listed.descending,
        "columns": list(listed.columns),
    }
    found = Export.start(fields, client_ids=listed.client_ids, total=listed.count, by=member)
    run_export.later(export_id=found.id)
    return go("clients.show_export", number=found.number)


def name_of(ending: str) -> str:
    return f"{_('Clients')} {member.here().name} {today():%Y-%m-%d}.{ending}"


def by_number(number: int) -> Select[Export]:
    return Export.visible_to(member).where(has_number(Export, number))


@bp.get("/exports/<int:number>")
@requires("clients.export")
def show_export(number: int) -> ResponseReturnValue:
    return page("clients/exports/show.html", follow=[f"export:{number}"], export=find_or_404(by_number(number)))


@bp.get("/exports/<int:number>/content")
@requires("clients.export")
def show_export_content(number: int) -> ResponseReturnValue:
    """To an address that gives the file for a quarter of an hour. This answer is kept nowhere."""
    found = find_or_404(by_number(number))
    if not found.is_there:
        raise Refused(
            _("This file is not there any more. Make it anew."), url=list_url("clients.index"), label=_("Clients")
        )
    return redirect(storage.link(found.storage_key, name_of(found.format)), 303)


@bp.delete("/exports/<int:number>/run")
@requires("clients.export")
def destroy_export_run(number: int) -> ResponseReturnValue:
    if find_or_404(by_number(number).with_for_update()).stop(by=member):
        said(_("The export was stopped; nothing of it is kept"), category="info")
    return go("clients.show_export", number=number)
