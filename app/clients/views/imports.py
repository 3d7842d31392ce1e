"""Imports: send a contact file, say what its columns are, look at what would happen, decide, let it happen, stop."""

from __future__ import annotations

import tempfile
from pathlib import PurePath

from flask import make_response, request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from ... import storage
from ...current import member
from ...db import db
from ...errors import Refused
from ...files.incoming import put_between
from ...files.models import LooseKey
from ...numbers import LAST, has_number
from ...once import once
from ...web import find_or_404, go, page, requires, said
from ..forms import ImportForm
from ..imports.contact_file import columns_of
from ..imports.deciding import compared, decide, form_of, mend, place_of, rows_of_import
from ..imports.jobs import check_import, run_import
from ..imports.left_out import file_of_left_out
from ..models import Import, ImportRow
from ..models.imports import RANKS
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
    form = ImportForm()
    if not form.validate():
        return page("clients/imports/new.html", 422, form=form)
    upload = form.file.data
    is_workbook = upload.filename.lower().endswith((".xlsx", ".xlsm"))
    key = storage.new_key(member.here().slug, "general", "imports", "xlsx" if is_workbook else "csv")
    put_between([(key, upload.stream, "application/octet-stream")], by=member)
    return make_response(take_in(plain_name(upload.filename), key))


@once
def take_in(filename: str, key: str) -> ResponseReturnValue:
    if not LooseKey.claim(key):
        raise Refused(_("This upload was left unfinished for too long. Send the file again."))
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
    asked, columns = request.args.get("verdict", ""), columns_of(found)
    verdict = asked if asked in ("needs", *RANKS) else ""
    return page(
        "clients/imports/show.html",
        follow=[f"import:{number}"],
        imported=found,
        verdict=verdict,
        rows=rows_of_import(found, verdict, columns) if found.status not in (*UNREAD, "mapping") else None,
        changes=found.change_set(),
        groups=columns.groups(),
        label_of=columns.label_of,
    )


UNREAD = ("checking", "failed")


@bp.get("/imports/<int:number>/columns")
@requires("admin.import_data")
def edit_import_columns(number: int) -> ResponseReturnValue:
    """What each column holds, to be said again: nothing is in yet."""
    found = import_of(number)
    if found.status not in ("mapping", "preview"):
        return go("clients.show_import", number=number)
    return page("clients/imports/columns.html", imported=found, groups=columns_of(found).groups(), problem="")


@bp.put("/imports/<int:number>/columns")
@requires("admin.import_data")
def update_import_columns(number: int) -> ResponseReturnValue:
    found = locked_import(number)
    offered = columns_of(found)
    targets = [request.form.get(f"column-{at}", "") for at in range(len(found.columns))]
    if problem := offered.problem_of(targets):
        columns = [(heading, target) for (heading, _old), target in zip(found.columns, targets, strict=True)]
        name = "clients/imports/columns.html"
        return page(name, 422, imported=found, groups=offered.groups(), problem=problem, columns=columns)
    found.reopen_columns()
    if found.match_columns(targets):
        check_import.later(import_id=found.id)
    return go("clients.show_import", number=number)


def row_of(found: Import, row: int, *, locks: bool = False) -> ImportRow:
    statement = select(ImportRow).where(ImportRow.import_id == found.id, ImportRow.row_number == min(row, LAST))
    return find_or_404(statement.with_for_update() if locks else statement)


@bp.get("/imports/<int:number>/rows/<int:row>")
@requires("admin.import_data")
def edit_import_row(number: int, row: int) -> ResponseReturnValue:
    """One row: what is wrong with it, or whom it resembles; to be mended or decided on."""
    found = import_of(number)
    shown, columns = row_of(found, row), columns_of(found)
    return page("clients/imports/row.html", **compared(found, shown, columns), form=form_of(columns, shown))


@bp.put("/imports/<int:number>/rows/<int:row>")
@requires("admin.import_data")
def update_import_row(number: int, row: int) -> ResponseReturnValue:
    found = locked_import(number)
    shown, form = row_of(found, row, locks=True), form_of(columns_of(found))
    if not (form.validate() and mend(found, shown, form)):
        return page("clients/imports/row.html", 422, **compared(found, shown, form.columns), form=form)
    return go("clients.show_import", number=number, verdict=request.args.get("verdict") or None)


@bp.put("/imports/<int:number>/rows/<int:row>/verdict")
@requires("admin.import_data")
def update_import_row_verdict(number: int, row: int) -> ResponseReturnValue:
    """Leave a row out, take it in again, or decide on a duplicate."""
    found = locked_import(number)
    decide(found, row_of(found, row, locks=True), request.form.get("to", ""))
    return go("clients.show_import", number=number, **place_of(request.args))


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
    pieces, ending, mimetype = file_of_left_out(found)
    file = tempfile.TemporaryFile()  # noqa: SIM115  # whoever sends it closes it
    file.writelines(pieces)
    file.seek(0)
    name = f"{PurePath(found.filename).stem} - left out.{ending}"
    return send_file(file, mimetype=mimetype, as_attachment=True, download_name=name)
