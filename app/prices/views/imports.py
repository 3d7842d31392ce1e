"""The lines of a price list from a file: looked at first, then let in."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeTimedSerializer

from ...current import member
from ...tables.reading import NotATable, open_table
from ...web import go, page, requires, said
from ..forms import LinesFileForm
from ..labels import TERMS
from ..list_file import Plan, plain_name, planned, read_again, rows_of, written
from ..models import Clash, PriceList, Unclear
from ..models.price_list import check_lines, values_of
from . import bp
from .lists import PLACE, list_page, locked, unarchived, words_of

LONGEST_LOOK = 6 * 60 * 60


def signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="price-list-file")


@bp.post(f"{PLACE}/<int:number>/imports")
@requires("berths.edit", limit="upload")
def create_import(number: int) -> ResponseReturnValue:
    """What the file would do; nothing is written."""
    found, form = locked(number), LinesFileForm()
    unarchived(found)
    if not form.validate():
        return list_page(found, status=422, file_form=form)
    sent = form.file.data
    try:
        with open_table(sent.stream, sent.filename or "") as table:
            rows = rows_of(table, found, form.term.data)
    except NotATable as error:
        form.file.errors = [str(error)]
        return list_page(found, status=422, file_form=form)
    lines = [line for row in rows for line in row.lines]
    plan = planned(found, lines, form.term.data, replaces=form.replaces.data)
    name = plain_name(sent.filename or "")
    about = [str(found.id), found.version, form.term.data, bool(form.replaces.data), name, written(lines)]
    return page(
        "prices/import.html",
        found=found,
        rows=rows,
        plan=plan,
        term=dict(TERMS)[form.term.data],
        filename=name,
        problem=problem_of(found, plan),
        payload=signer().dumps(about) if lines else "",
    )


def problem_of(found: PriceList, plan: Plan) -> str:
    """Why these lines could not be written, before anybody tries."""
    held = {line["id"] for line in plan.lines} | set(plan.removing)
    rest = [values_of(line) for line in found.lines() if line.id not in held]
    try:
        check_lines([*plan.lines, *rest])
    except Unclear:
        return _(
            "Some bands overlap with others of the file or of this list. Mend the file, or take out what is there."
        )
    return ""


@bp.put(f"{PLACE}/<int:number>/imports")
@requires("berths.edit")
def update_import(number: int) -> ResponseReturnValue:
    """What was looked at, let in."""
    found = locked(number)
    unarchived(found)
    about = opened(found)
    plan = planned(found, read_again(about["lines"]), about["term"], replaces=about["replaces"])
    if about["version"] != found.version:
        return list_page(found, status=409, problem=_("Somebody changed these prices meanwhile. Send the file again."))
    try:
        found.change_lines(plan.lines, by=member, removing=plan.removing, source=about["source"])
    except (Clash, Unclear) as error:
        text = words_of(error) if isinstance(error, Clash) else _("Some bands overlap. Nothing was changed.")
        return list_page(found, status=409, problem=text)
    said(_("Prices imported"))
    return go("prices.show", number=number)


def opened(found: PriceList) -> dict[str, Any]:
    """What was looked at. Aborts with 400 for what this page did not write, or too long ago."""
    try:
        list_id, version, term, replaces, source, lines = signer().loads(
            request.form.get("lines", ""), max_age=LONGEST_LOOK
        )
    except (BadData, ValueError, TypeError):
        abort(400)
    if list_id != str(found.id):
        abort(400)
    return {"version": version, "term": term, "replaces": replaces, "source": source, "lines": lines}
