"""Handing out a list: choose the file, get it at once, or see how far it is and get it when it is ready.

A module takes these addresses with `exports_of(bp, kind)`, below its own and with the permission of its kind.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Select

from .. import storage
from ..current import member
from ..db import db
from ..errors import Refused
from ..events.tellers import COUNTED
from ..formats import today
from ..lists.addresses import Ways, give
from ..lists.selection import Listed
from ..numbers import has_number
from ..once import once
from ..storage.store import disposition
from ..tables.writing import MOST_SHEET_ROWS
from ..web import find_or_404, go, kept_list, list_url, page, said
from .exporting import AT_THE_CLICK, TYPES, Manner, at_once, run_export, take_note
from .formats import ExportFormat
from .forms import ExportForm
from .kinds import KINDS, Kind
from .models import Export

LATEST = 5


class Exports:
    """The addresses of one kind's exports."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def visible(self) -> Select[Export]:
        return Export.visible_to(member).where(Export.resource == self.kind.name)

    def by_number(self, number: int) -> Select[Export]:
        return self.visible().where(has_number(Export, number))

    def shown(self, number: int) -> ResponseReturnValue:
        return go(self.kind.endpoint("show_export"), number=number)

    def listed(self, sent: Any) -> Listed:
        return Listed.sent(self.kind.records, sent, kept_list() or "", member)

    def new(self) -> ResponseReturnValue:
        return self.form_page(self.kind.form(formdata=None), self.listed(request.args))

    def form_page(self, form: ExportForm, listed: Listed, status: int = 200) -> ResponseReturnValue:
        latest = self.visible().order_by(Export.id.desc()).limit(LATEST)
        return page(
            "exports/new.html",
            status,
            kind=self.kind,
            form=form,
            listed=listed,
            is_later=listed.count > AT_THE_CLICK,
            exports=db.session.scalars(latest).all(),
            back=list_url(self.kind.records.listing.endpoint),
        )

    def create(self) -> ResponseReturnValue:
        """A few go out with the answer; recorded before the first of them leaves."""
        form, listed = self.kind.form(), self.listed(request.form)
        if not self.is_good(form, listed):
            return self.form_page(form, listed, 422)
        if listed.count > AT_THE_CLICK:
            return make_response(self.make_later(form, listed))
        ids, who = listed.every_id(), g.member
        take_note(self.kind, len(ids), port_id=who.here().id, by=who)
        manner = Manner(self.kind, form.format.data, form.extent_asked, listed.columns)
        response = Response(stream_with_context(at_once(manner, ids, who)), mimetype=TYPES[ExportFormat(manner.format)])
        response.headers["Content-Disposition"] = disposition(self.name_of(manner.format), inline=False)
        return response

    def is_good(self, form: ExportForm, listed: Listed) -> bool:
        if not form.validate():
            return False
        if not listed.count:
            form.form_errors = [self.kind.nothing[1]]
        elif form.format.data == ExportFormat.XLSX and listed.count >= MOST_SHEET_ROWS:
            form.format.errors = [_("A sheet holds a million rows. Choose CSV.")]
        else:
            return True
        return False

    @once
    def make_later(self, form: ExportForm, listed: Listed) -> ResponseReturnValue:
        fields = {
            "format": form.format.data,
            "extent": form.extent_asked,
            "chosen": dict(listed.chosen),
            "sort": listed.order.key,
            "descending": listed.order.descending,
            "columns": list(listed.columns),
        }
        found = Export.start(self.kind, fields, record_ids=listed.ids, total=listed.count, by=member)
        run_export.later(export_id=found.id)
        return self.shown(found.number)

    def name_of(self, ending: str) -> str:
        return f"{self.kind.called} {member.here().name} {today():%Y-%m-%d}.{ending}"

    def show(self, number: int) -> ResponseReturnValue:
        found = find_or_404(self.by_number(number))
        return page("exports/show.html", follow=[f"export:{number}"], kind=self.kind, export=found)

    def show_content(self, number: int) -> ResponseReturnValue:
        """To an address that gives the file for a quarter of an hour. This answer is kept nowhere."""
        found = find_or_404(self.by_number(number))
        if not found.is_there:
            url = list_url(self.kind.records.listing.endpoint)
            raise Refused(_("This file is not there any more. Make it anew."), url=url, label=self.kind.called)
        return redirect(storage.link(found.storage_key, self.name_of(found.format)), 303)

    def destroy_run(self, number: int) -> ResponseReturnValue:
        if find_or_404(self.by_number(number).with_for_update()).stop(by=member):
            said(_("The export was stopped; nothing of it is kept"), category="info")
        return self.shown(number)


def exports_of(bp: Blueprint, kind: Kind, *, place: str = "") -> None:
    """Give the kind's blueprint the addresses of its exports, below `place`."""
    KINDS[kind.name], COUNTED[kind.name] = kind, kind.many
    exports, one = Exports(kind), f"{place}/exports/<int:number>"
    ways: Ways = (
        ("GET", f"{place}/exports/new", "new_export", exports.new),
        ("POST", f"{place}/exports", "create_export", exports.create),
        ("GET", one, "show_export", exports.show),
        ("GET", f"{one}/content", "show_export_content", exports.show_content),
        ("DELETE", f"{one}/run", "destroy_export_run", exports.destroy_run),
    )
    give(bp, ways, kind.permission, suffix=kind.suffix, limit="bulk")
