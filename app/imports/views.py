"""Imports: send a file, say what its columns are, look at what would happen, decide, let it happen, stop.

A module takes these addresses with `imports_of(bp, kind)`, below its own and with the permission of its kind.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from flask import Blueprint, make_response, request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Select, select

from .. import storage
from ..current import member
from ..db import db, take_turn
from ..errors import Refused
from ..files.incoming import put_between
from ..files.models import LooseKey
from ..numbers import LAST, has_number
from ..once import once
from ..web import find_or_404, go, page, requires, said
from .deciding import compared, decide, form_of, mend
from .forms import ImportForm
from .jobs import check_import, run_import
from .kinds import KINDS, Kind
from .left_out import file_of_left_out
from .listed import place_of, rows_of_import
from .models import RANKS, Import, ImportRow

SHOWN = 50
UNREAD = ("checking", "failed")


class Imports:
    """The addresses of one kind's imports."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def go(self, name: str, **values: Any) -> ResponseReturnValue:
        return go(f"{self.kind.blueprint}.{name}", **values)

    def visible(self) -> Select[Import]:
        return Import.visible_to(member).where(Import.kind == self.kind.name)

    def found(self, number: int) -> Import:
        return find_or_404(self.visible().where(has_number(Import, number)))

    def locked(self, number: int) -> Import:
        return find_or_404(self.visible().where(has_number(Import, number)).with_for_update())

    def index(self) -> ResponseReturnValue:
        latest = db.session.scalars(self.visible().order_by(Import.id.desc()).limit(SHOWN)).all()
        return page("imports/index.html", follow=["imports"], imports=latest, kind=self.kind)

    def new(self) -> ResponseReturnValue:
        return self.new_page(ImportForm(formdata=None))

    def new_page(self, form: ImportForm, status: int = 200) -> ResponseReturnValue:
        form.file.label.text = self.kind.words.file
        return page("imports/new.html", status, form=form, kind=self.kind)

    def create(self) -> ResponseReturnValue:
        form = ImportForm()
        if not form.validate():
            return self.new_page(form, 422)
        upload = form.file.data
        is_workbook = upload.filename.lower().endswith((".xlsx", ".xlsm"))
        key = storage.new_key(member.here().slug, "general", "imports", "xlsx" if is_workbook else "csv")
        put_between([(key, upload.stream, "application/octet-stream")], by=member)
        return make_response(self.take_in(plain_name(upload.filename), key))

    @once
    def take_in(self, filename: str, key: str) -> ResponseReturnValue:
        if not LooseKey.claim(key):
            raise Refused(_("This upload was left unfinished for too long. Send the file again."))
        found = Import.create(self.kind.name, filename=filename, storage_key=key, by=member)
        check_import.later(import_id=found.id)
        return self.go("show_import", number=found.number)

    def show(self, number: int) -> ResponseReturnValue:
        found = self.found(number)
        asked, columns = request.args.get("verdict", ""), self.kind.columns_of(found)
        verdict = asked if asked in ("needs", *RANKS) else ""
        return page(
            "imports/show.html",
            follow=[f"import:{number}"],
            imported=found,
            kind=self.kind,
            verdict=verdict,
            rows=rows_of_import(found, verdict, columns) if found.status not in (*UNREAD, "mapping") else None,
            changes=found.change_set(),
            groups=columns.groups(),
            label_of=columns.label_of,
        )

    def edit_columns(self, number: int) -> ResponseReturnValue:
        """What each column holds, to be said again: nothing is in yet."""
        found = self.found(number)
        if found.status not in ("mapping", "preview"):
            return self.go("show_import", number=number)
        groups = self.kind.columns_of(found).groups()
        return page("imports/columns.html", imported=found, kind=self.kind, groups=groups, problem="")

    def update_columns(self, number: int) -> ResponseReturnValue:
        found = self.locked(number)
        offered = self.kind.columns_of(found)
        targets = [request.form.get(f"column-{at}", "") for at in range(len(found.columns))]
        if problem := offered.problem_of(targets):
            columns = [(heading, target) for (heading, _old), target in zip(found.columns, targets, strict=True)]
            chosen: dict[str, Any] = {"groups": offered.groups(), "problem": problem, "columns": columns}
            return page("imports/columns.html", 422, imported=found, kind=self.kind, **chosen)
        found.reopen_columns()
        if found.match_columns(targets):
            check_import.later(import_id=found.id)
        return self.go("show_import", number=number)

    def edit_row(self, number: int, row: int) -> ResponseReturnValue:
        """One row: what is wrong with it, or what it resembles; to be mended or decided on."""
        found = self.found(number)
        shown, columns = row_of(found, row), self.kind.columns_of(found)
        return page("imports/row.html", **compared(found, shown, columns), form=form_of(found, columns, shown))

    def update_row(self, number: int, row: int) -> ResponseReturnValue:
        found = self.locked(number)
        shown, form = row_of(found, row, locks=True), form_of(found, self.kind.columns_of(found))
        if not (form.validate() and mend(found, shown, form)):
            return page("imports/row.html", 422, **compared(found, shown, form.columns), form=form)
        return self.go("show_import", number=number, verdict=request.args.get("verdict") or None)

    def update_row_verdict(self, number: int, row: int) -> ResponseReturnValue:
        """Leave a row out, take it in again, or decide on a duplicate."""
        found = self.locked(number)
        decide(found, row_of(found, row, locks=True), request.form.get("to", ""))
        return self.go("show_import", number=number, **place_of(request.args))

    def create_run(self, number: int) -> ResponseReturnValue:
        found = self.locked(number)
        if found.start(by=member):
            run_import.later(import_id=found.id)
        return self.go("show_import", number=number)

    def destroy_run(self, number: int) -> ResponseReturnValue:
        take_turn(find_or_404(self.visible().where(has_number(Import, number)).with_only_columns(Import.id)))
        if self.locked(number).stop():
            said(_("The import stops after the rows in hand"), category="info")
        return self.go("show_import", number=number)

    def show_errors(self, number: int) -> ResponseReturnValue:
        """The rows that were left out, as they came, with a column that says why."""
        found = self.found(number)
        pieces, ending, mimetype = file_of_left_out(found)
        file = tempfile.TemporaryFile()  # noqa: SIM115  # whoever sends it closes it
        file.writelines(pieces)
        file.seek(0)
        name = f"{PurePath(found.filename).stem} - left out.{ending}"
        return send_file(file, mimetype=mimetype, as_attachment=True, download_name=name)


def plain_name(sent: str) -> str:
    """The name of the file without its folders and without what cannot be printed."""
    name = PurePath(sent.replace("\\", "/")).name
    return "".join(character for character in name if character.isprintable())[:200].strip() or "file.csv"


def row_of(found: Import, row: int, *, locks: bool = False) -> ImportRow:
    statement = select(ImportRow).where(ImportRow.import_id == found.id, ImportRow.row_number == min(row, LAST))
    return find_or_404(statement.with_for_update() if locks else statement)


def imports_of(bp: Blueprint, kind: Kind, *, place: str = "") -> None:
    """Give the kind's blueprint the addresses of its imports, below `place`."""
    KINDS[kind.name] = kind
    imports = Imports(kind)
    one, row = "/imports/<int:number>", "/imports/<int:number>/rows/<int:row>"
    ways: tuple[tuple[str, str, str, Callable[..., ResponseReturnValue]], ...] = (
        ("GET", "/imports", "index_imports", imports.index),
        ("GET", "/imports/new", "new_import", imports.new),
        ("POST", "/imports", "create_import", imports.create),
        ("GET", one, "show_import", imports.show),
        ("GET", f"{one}/columns", "edit_import_columns", imports.edit_columns),
        ("PUT", f"{one}/columns", "update_import_columns", imports.update_columns),
        ("GET", row, "edit_import_row", imports.edit_row),
        ("PUT", row, "update_import_row", imports.update_row),
        ("PUT", f"{row}/verdict", "update_import_row_verdict", imports.update_row_verdict),
        ("POST", f"{one}/run", "create_import_run", imports.create_run),
        ("DELETE", f"{one}/run", "destroy_import_run", imports.destroy_run),
        ("GET", f"{one}/errors", "show_import_errors", imports.show_errors),
    )
    for method, path, name, view in ways:
        limit = "upload" if name == "create_import" else None
        bp.add_url_rule(f"{place}{path}", name, stated(view, kind, limit), methods=[method])


def stated(
    view: Callable[..., ResponseReturnValue], kind: Kind, limit: str | None
) -> Callable[..., ResponseReturnValue]:
    def answer(**values: Any) -> ResponseReturnValue:
        return view(**values)

    return requires(kind.permission, limit=limit)(answer)
