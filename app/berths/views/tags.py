"""Tags of a berth: put on, take off."""

from __future__ import annotations

import uuid

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...admin.models import Tag, tag_called
from ...current import member
from ...web import find_or_404, go, kept_list, page, requires, said
from ..forms import TagForm
from ..models import Berth, BerthTag
from . import bp
from .berths import PLACE, detail, locked, refusal

ONE = f"{PLACE}/<int:number>/tags/<uuid:tag_id>"


def tag_of(tag_id: uuid.UUID) -> Tag:
    """The tag, which nobody puts away meanwhile."""
    return find_or_404(Tag.visible_to(member).where(Tag.id == tag_id).with_for_update(read=True))


@bp.post(f"{PLACE}/<int:number>/tags")
@requires("berths.edit")
def create_tag(number: int) -> ResponseReturnValue:
    berth, form = locked(number), TagForm()
    status = refusal(form, berth)
    tag = None if status else tag_called(str(form.name.data), member=member)
    if tag is None:
        unknown = _("There is no tag called “%(name)s”. Choose one of the list.", name=form.name.data)
        form.name.errors = [*form.name.errors, *form.form_errors] or [unknown]
        return page("berths/show.html", status or 422, **detail(berth, tag_form=form))
    return tagged(berth, tag)


def tagged(berth: Berth, tag: Tag) -> ResponseReturnValue:
    if BerthTag.put_on(berth, tag, by=member):
        undo = url_for("berths.destroy_tag", number=berth.number, tag_id=tag.id, list=kept_list(), _method="DELETE")
        said(_("Tagged “%(tag)s”", tag=tag.name), undo_url=undo)
    return go("berths.show", number=berth.number, list=kept_list())


@bp.put(ONE)
@requires("berths.edit")
def update_tag(number: int, tag_id: uuid.UUID) -> ResponseReturnValue:
    """A tag that was taken off before."""
    berth = locked(number)
    berth.check_in_use()
    return tagged(berth, tag_of(tag_id))


@bp.delete(ONE)
@requires("berths.edit")
def destroy_tag(number: int, tag_id: uuid.UUID) -> ResponseReturnValue:
    berth, tag = locked(number), tag_of(tag_id)
    berth.check_in_use()
    if BerthTag.take_off(berth, tag, by=member):
        undo = url_for("berths.update_tag", number=number, tag_id=tag_id, list=kept_list(), _method="PUT")
        # What is put away cannot be put on again.
        said(_("Took “%(tag)s” off", tag=tag.name), undo_url=None if tag.archived_at else undo)
    return go("berths.show", number=number, list=kept_list())
