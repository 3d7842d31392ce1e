"""Price lists: list, detail, create, edit, timeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...admin.models import settings_of
from ...admin.models.settings import TaxMode
from ...current import member
from ...errors import Refused
from ...events.timeline import timeline
from ...formats import format_date, today
from ...forms import EditForm
from ...numbers import has_number
from ...once import once
from ...web import find_or_404, go, page, requires, said
from ..forms import LinesFileForm, PriceListForm, RowForm
from ..models import Clash, PriceList
from ..queries import LATEST, harbour_names, in_groups, lists_of, state_of
from . import bp

PLACE = "/<port>/price-lists"


def list_of(number: int) -> PriceList:
    return find_or_404(PriceList.visible_to(member).where(has_number(PriceList, number)))


def locked(number: int) -> PriceList:
    """The price list, locked until the request ends: two editors take turns."""
    return find_or_404(PriceList.visible_to(member).where(has_number(PriceList, number)).with_for_update())


def unarchived(found: PriceList) -> None:
    """Raises Refused where it is put away: then it is not changed."""
    if found.is_archived:
        url = url_for("prices.show", number=found.number)
        raise Refused(_("%(name)s is archived. Restore it first.", name=found.name), url=url, label=_("Open"))


def words_of(error: Clash) -> str:
    other = error.other
    if other is None:
        return _("Another price list has prices for this term in the same time.")
    ends = format_date(other.valid_until) if other.valid_until else _("without an end")
    return _(
        "%(name)s has prices for this term from %(begins)s, %(ends)s. Let one begin after the other has ended.",
        name=other.name,
        begins=format_date(other.valid_from),
        ends=_("until %(day)s", day=ends) if other.valid_until else ends,
    )


def clash(form: EditForm | Any, act: Callable[[], object]) -> int | None:
    """Do it; 409 with the reason beside the days when another list has that time."""
    try:
        act()
    except Clash as error:
        form.valid_from.errors = [words_of(error)]
        return 409
    return None


@bp.get(PLACE)
@requires("berths.view")
def index() -> ResponseReturnValue:
    return page("prices/index.html", follow=["prices"], lists=lists_of(member, today()))


@bp.get(f"{PLACE}/new")
@requires("berths.edit")
def new() -> ResponseReturnValue:
    """With the port's own currency and tax."""
    tax = settings_of(member.here()).tax
    rate = next((rate.percent for rate in tax.rates if rate.name == tax.default), None)
    own = {"currency": member.here().currency, "tax_rate": rate, "tax_included": tax.mode != TaxMode.EXCLUSIVE}
    return page("prices/new.html", form=PriceListForm(formdata=None, data=own))


@bp.post(PLACE)
@requires("berths.edit")
@once
def create() -> ResponseReturnValue:
    form = PriceListForm()
    if not form.validate():
        return page("prices/new.html", 422, form=form)
    made = PriceList.create(form.written(form.values()), port_id=member.here().id, by=member)
    said(_("%(name)s was added", name=made.name))
    return go("prices.show", number=made.number)


@bp.get(f"{PLACE}/<int:number>")
@requires("berths.view")
def show(number: int) -> ResponseReturnValue:
    return list_page(list_of(number))


def list_page(
    found: PriceList, rows: Sequence[RowForm] | None = None, status: int = 200, **what: Any
) -> ResponseReturnValue:
    """The page, also as the answer of its table of lines that was refused. `rows`: as they were sent."""
    rows = rows if rows is not None else [RowForm(line, formdata=None) for line in found.lines()]
    return page(
        "prices/show.html",
        status,
        follow=[f"price_list:{found.number}"] if status == 200 else [],
        found=found,
        state=state_of(found, today()),
        rows=rows,
        groups=in_groups(rows, harbour_names(member)),
        timeline=timeline(found.subject_type, found.id, limit=LATEST),
        **{"file_form": LinesFileForm(formdata=None), "problem": "", **what},
    )


@bp.get(f"{PLACE}/<int:number>/edit")
@requires("berths.edit")
def edit(number: int) -> ResponseReturnValue:
    found = list_of(number)
    unarchived(found)
    form = PriceListForm(formdata=None, obj=found)
    form.open(found)
    return page("prices/edit.html", found=found, form=form, clashes=[], merged=[])


@bp.put(f"{PLACE}/<int:number>")
@requires("berths.edit")
def update(number: int) -> ResponseReturnValue:
    found = locked(number)
    unarchived(found)
    form = PriceListForm(obj=found)
    context: dict[str, Any] = {"found": found, "form": form, "clashes": [], "merged": []}
    if not form.validate():
        return page("prices/edit.html", 422, **context)
    edit = form.compare(found)
    if edit.clashes:
        return page("prices/edit.html", 409, **{**context, "clashes": edit.clashes, "merged": edit.merged})
    if status := clash(form, lambda: found.update(form.written(edit.changes), by=member)):
        return page("prices/edit.html", status, **context)
    said(edit.told(_("Price list saved")))
    return go("prices.show", number=number)


@bp.get(f"{PLACE}/<int:number>/events")
@requires("berths.view")
def index_events(number: int) -> ResponseReturnValue:
    """The whole timeline, by pages."""
    found = list_of(number)
    entries = timeline(found.subject_type, found.id, limit=51, before=request.args.get("before", type=UUID))
    return page(
        "prices/events.html",
        follow=[f"price_list:{number}"],
        found=found,
        timeline=entries[:50],
        older=entries[49].id if len(entries) > 50 else None,
    )
