"""The plan of a harbour: its picture behind the docks, where it lies, and taking it away."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Select, select

from ...current import member
from ...db import db
from ...errors import Refused
from ...files.content import Content
from ...files.incoming import keep
from ...files.models import Category, File, FilePicture
from ...files.pictures import answer_with
from ...files.queries import of_record
from ...numbers import has_number
from ...once import once
from ...web import find_or_404, go, page, requires, said
from ..models import Harbour, HarbourPlan
from ..views import bp
from ..views.harbours import PLACE, locked
from .forms import WIDEST, PlanForm, PlanUploadForm
from .layout import drawn
from .queries import rows_of, with_picture

PLAN = f"{PLACE}/<int:number>/plan"
HELD_AS = "harbours"
MOST_EARLIER = 20


def harbour_numbered(number: int) -> Harbour:
    return find_or_404(Harbour.visible_to(member).where(has_number(Harbour, number)))


def shown(harbour: Harbour, status: int = 200, **forms: Any) -> ResponseReturnValue:
    plan = HarbourPlan.of(harbour)
    form = None
    if plan and not plan.archived_at:
        form = PlanForm(formdata=None, obj=plan)
        form.open(plan)
    what = {"form": form, "upload": PlanUploadForm(formdata=None), "clashes": [], **forms}
    is_pictured = bool(plan) and db.session.scalar(picture_key(harbour)) is not None
    about = {"harbour": harbour, "plan": plan, "is_pictured": is_pictured, "earlier": earlier_than(plan, harbour)}
    return page("harbours/plan.html", status, follow=[f"plan:{harbour.number}"], **about, **what)


def picture_key(harbour: Harbour) -> Select[str]:
    """Where the picture of its plan lies, once it is made."""
    found = with_picture(select(FilePicture.storage_key).select_from(Harbour))
    return found.where(Harbour.id == harbour.id, FilePicture.id.is_not(None))


def earlier_than(plan: HarbourPlan | None, harbour: Harbour) -> list[File]:
    """The other pictures that were shown, the latest first."""
    found = of_record(HELD_AS, harbour.id).where(File.port_id == harbour.port_id)
    if plan and not plan.archived_at:
        found = found.where(File.id != plan.file_id)
    return list(db.session.scalars(found.order_by(File.created_at.desc(), File.id).limit(MOST_EARLIER)))


@bp.get(PLAN)
@requires("berths.view")
def show_plan(number: int) -> ResponseReturnValue:
    return shown(harbour_numbered(number))


@bp.post(PLAN)
@requires("berths.edit", limit="upload")
def create_plan(number: int) -> ResponseReturnValue:
    """The first picture, or another one in its place."""
    harbour, upload = harbour_numbered(number), PlanUploadForm()
    if not upload.validate():
        return shown(harbour, 422, upload=upload)
    content = keep(upload.file.upload, by=member, entity=HELD_AS, entity_id=harbour.id)
    answer: ResponseReturnValue = take_in(content, number=number)
    return answer


@once
def take_in(content: Content, *, number: int) -> ResponseReturnValue:
    """In the transaction that began when the file was stored."""
    harbour = locked(number)
    check_in_use(harbour)
    undo = way_back(harbour)
    file = File.upload(content, port_id=harbour.port_id, by=member, record=harbour, category=Category.PHOTO)
    HarbourPlan.show(harbour, file, width=as_wide_as(harbour), by=member)
    said(_("The plan of %(name)s is on the map", name=harbour.name), undo_url=undo)
    return go("berths.show_plan", number=number)


def way_back(harbour: Harbour) -> str:
    """To what is on the map now: another picture, or none."""
    plan = HarbourPlan.of(harbour)
    if plan is None or plan.archived_at:
        return url_for("berths.create_plan_archival", number=harbour.number)
    return url_for("berths.update_plan_file", number=harbour.number, file=plan.file.number, _method="PUT")


def check_in_use(harbour: Harbour) -> None:
    """Raises Refused where it is put away."""
    if harbour.is_archived:
        raise Refused(_("%(name)s is archived. Restore it first.", name=harbour.name))


def as_wide_as(harbour: Harbour) -> Decimal:
    """Metres: as wide as what is drawn of it."""
    return min(Decimal(drawn(rows_of(harbour.id, harbour.port_id)).width) / 10, Decimal(WIDEST))


def plan_of(harbour: Harbour) -> HarbourPlan:
    check_in_use(harbour)
    return HarbourPlan.of(harbour) or abort(404)


@bp.put(PLAN)
@requires("berths.edit")
def update_plan(number: int) -> ResponseReturnValue:
    """Where it lies, how large it is, how strongly it is drawn."""
    harbour = locked(number)
    plan = plan_of(harbour)
    form = PlanForm(obj=plan)
    if not form.validate():
        return shown(harbour, 422, form=form)
    edit = form.compare(plan, told_in=harbour)
    if edit.clashes:
        return shown(harbour, 409, form=form, clashes=edit.clashes)
    if plan.update(harbour, form.written(edit.changes), by=member):
        said(edit.told(_("Plan saved")))
    return go("berths.show_plan", number=number)


@bp.put(f"{PLAN}/file")
@requires("berths.edit")
def update_plan_file(number: int) -> ResponseReturnValue:
    """`?file=` the number of a picture of this harbour that was shown before."""
    harbour = locked(number)
    plan = plan_of(harbour)
    asked = has_number(File, request.args.get("file", type=int) or abort(400))
    file = find_or_404(of_record(HELD_AS, harbour.id).where(File.port_id == harbour.port_id, asked))
    HarbourPlan.show(harbour, file, width=plan.width, by=member)
    said(_("“%(name)s” is on the map again", name=file.filename))
    return go("berths.show_plan", number=number)


@bp.post(f"{PLAN}/archival")
@requires("berths.edit")
def create_plan_archival(number: int) -> ResponseReturnValue:
    harbour = locked(number)
    plan_of(harbour).archive(harbour, by=member)
    undo = url_for("berths.destroy_plan_archival", number=number, _method="DELETE")
    said(_("The plan of %(name)s was taken off the map", name=harbour.name), undo_url=undo)
    return go("berths.show_plan", number=number)


@bp.delete(f"{PLAN}/archival")
@requires("berths.edit")
def destroy_plan_archival(number: int) -> ResponseReturnValue:
    harbour = locked(number)
    plan_of(harbour).restore(harbour, by=member)
    said(_("The plan of %(name)s is on the map", name=harbour.name))
    return go("berths.show_plan", number=number)


@bp.get(f"{PLAN}/picture")
@requires("berths.view")
def show_plan_picture(number: int) -> ResponseReturnValue:
    """A picture of our own making; nothing of what was sent is in it."""
    return answer_with(find_or_404(picture_key(harbour_numbered(number))))
