"""Imports: send a contact file, look at what would happen, let it happen, watch, stop."""

from __future__ import annotations

import re
import uuid
from pathlib import PurePath

from flask import Response, abort, make_response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import case, select, tuple_

from ... import storage
from ...current import member
from ...db import begin, db, rollback
from ...numbers import has_number
from ...once import digest_of_input, once
from ...web import find_or_404, go, page, requires, said
from ..contact_file import written_errors
from ..forms import ImportForm
from ..jobs import check_import, run_import
from ..models import Import, ImportRow, Verdict
from . import bp

SHOWN = 50


def import_of(number: int) -> Import:
    return find_or_404(Import.visible_to(member).where(has_number(Import, number)))


def locked_import(number: int) -> Import:
    return find_or_404(Import.visible_to(member).where(has_number(Import, number)).with_for_update())


@bp.get("/imports")
@requires("admin.import_data")
def index_imports() -> ResponseReturnValue:
    latest = db.session.scalars(Import.visible_to(member).order_by(Import.id.desc()).limit(SHOWN)).all()
    return page("clients/imports/index.html", follow=["imports"], imports=latest)


@bp.get("/imports/new")
@requires("admin.import_data")
def new_import() -> ResponseReturnValue:
    return page("clients/imports/new.html", form=ImportForm(formdata=None))


@bp.post("/imports")
@requires("admin.import_data", limit="upload")
def create_import() -> ResponseReturnValue:
    """The file is stored between two transactions. Its key follows from what was sent, so that sending again stores it
    in the same place; one that comes to nothing is removed."""
    form = ImportForm()
    if not form.validate():
        return page("clients/imports/new.html", 422, form=form)
    upload, port = form.file.data, member.here()
    sent = f"{member.id} {request.form.get('_key', '')} {digest_of_input().hex()}"
    key = f"{port.slug}/general/imports/{uuid.uuid5(port.id, sent)}.csv"
    rollback()
    storage.put(upload.stream, key, "text/csv")
    begin(port_id=port.id, user_id=member.id, scope="staff")
    response = make_response(take_in(plain_name(upload.filename), key))
    if response.status_code >= 400:
        rollback()
        storage.delete(key)
    return response


@once
def take_in(filename: str, key: str) -> ResponseReturnValue:
    found = Import.create(filename=filename, storage_key=key, by=member)
    check_import.later(import_id=found.id)
    return go("clients.show_import", number=found.number)


def plain_name(sent: str) -> str:
    """The name of the file without its folders and without what cannot be printed."""
    name = PurePath(sent.replace("\\", "/")).name
    return "".join(character for character in name if character.isprintable())[:200].strip() or "contacts.csv"


@bp.get("/imports/<int:number>")
@requires("admin.import_data")
def show_import(number: int) -> ResponseReturnValue:
    found = import_of(number)
    asked = request.args.get("verdict", "")
    verdict = asked if asked in list(Verdict) else ""
    rows = _rows(found, verdict, after=request.args.get("after", ""))
    more = f"{RANKS[rows[SHOWN - 1].verdict]}.{rows[SHOWN - 1].row_number}" if len(rows) > SHOWN else None
    return page(
        "clients/imports/show.html",
        follow=[f"import:{number}"],
        imported=found,
        verdict=verdict,
        rows=rows[:SHOWN],
        more_url=url_for("clients.show_import", number=number, verdict=verdict or None, after=more) if more else None,
    )


# What needs somebody comes first.
RANKS: dict[str, int] = {Verdict.WRONG: 0, Verdict.DUPLICATE: 1, Verdict.NEW: 2}


def _rows(found: Import, verdict: str, *, after: str) -> list[ImportRow]:
    """One page of rows and one row more, by rank, each in the order of the file. `after`: `rank.row`, or nothing."""
    rank = case(RANKS, value=ImportRow.verdict)
    statement = select(ImportRow).where(ImportRow.import_id == found.id).order_by(rank, ImportRow.row_number)
    if verdict:
        statement = statement.where(ImportRow.verdict == verdict)
    if place := re.fullmatch(r"([012])\.([0-9]{1,9})", after):
        statement = statement.where(tuple_(rank, ImportRow.row_number) > (int(place[1]), int(place[2])))
    elif after:
        abort(400)
    return list(db.session.scalars(statement.limit(SHOWN + 1)))


@bp.post("/imports/<int:number>/run")
@requires("admin.import_data")
def create_import_run(number: int) -> ResponseReturnValue:
    found = locked_import(number)
    if found.start(by=member):
        run_import.later(import_id=found.id)
    return go("clients.show_import", number=number)


@bp.delete("/imports/<int:number>/run")
@requires("admin.import_data")
def destroy_import_run(number: int) -> ResponseReturnValue:
    if locked_import(number).stop():
        said(_("The import stops after the rows in hand"), category="info")
    return go("clients.show_import", number=number)


@bp.get("/imports/<int:number>/errors")
@requires("admin.import_data")
def show_import_errors(number: int) -> ResponseReturnValue:
    """The rows that were left out, as they came, with a column that says why."""
    found = import_of(number)
    response = Response(written_errors(found, found.left_out()), mimetype="text/csv")
    name = PurePath(found.filename).stem
    response.headers.set("Content-Disposition", "attachment", filename=f"{name} - left out.csv")
    return response
