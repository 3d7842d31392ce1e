"""Tags: list, create, edit, put away and back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...errors import Refused
from ...forms import Clash, Form
from ...once import once
from ...tags.models import Tag, Taken
from ...web import find_or_404, go, page, requires, said
from ..forms import TagForm
from ..queries import tags_of
from . import bp


def locked(tag_id: uuid.UUID) -> Tag:
    return find_or_404(Tag.visible_to(member).where(Tag.id == tag_id).with_for_update())


def taken(form: Form, act: Callable[[], object]) -> bool:
    """Do it; True, with the reason beside the name, where another tag is called so."""
    try:
        act()
    except Taken as error:
        form["name"].errors = [_("There is a tag called %(name)s already.", name=error.name)]
        return True
    return False


@bp.get("/tags")
@requires("admin.manage_tags")
def index_tags() -> ResponseReturnValue:
    archived = request.args.get("archived") == "1"
    return page("admin/tags/index.html", follow=["tags"], tags=tags_of(member, archived=archived), archived=archived)


@bp.get("/tags/new")
@requires("admin.manage_tags")
def new_tag() -> ResponseReturnValue:
    return page("admin/tags/new.html", form=TagForm(formdata=None))


@bp.post("/tags")
@requires("admin.manage_tags")
@once
def create_tag() -> ResponseReturnValue:
    form = TagForm()

    def create() -> Tag:
        return Tag.create(str(form.name.data), str(form.colour.data), port_id=member.here().id, by=member)

    if not form.validate() or taken(form, create):
        return page("admin/tags/new.html", 422, form=form)
    said(_("%(name)s was added", name=form.name.data))
    return go("admin.index_tags")


@bp.get("/tags/<uuid:tag_id>/edit")
@requires("admin.manage_tags")
def edit_tag(tag_id: uuid.UUID) -> ResponseReturnValue:
    tag = find_or_404(Tag.visible_to(member).where(Tag.id == tag_id))
    form = TagForm(formdata=None, obj=tag)
    form.open(tag)
    return edit_page(tag, form, 200)


def edit_page(tag: Tag, form: TagForm, status: int, *, clashes: Sequence[Clash] = ()) -> ResponseReturnValue:
    return page("admin/tags/edit.html", status, tag=tag, form=form, clashes=list(clashes))


@bp.put("/tags/<uuid:tag_id>")
@requires("admin.manage_tags")
def update_tag(tag_id: uuid.UUID) -> ResponseReturnValue:
    tag = locked(tag_id)
    form = TagForm(obj=tag)
    if not form.validate():
        return edit_page(tag, form, 422)
    edit = form.compare(tag)
    if edit.clashes:
        return edit_page(tag, form, 409, clashes=edit.clashes)
    if taken(form, lambda: tag.update(edit.changes, by=member)):
        return edit_page(tag, form, 422)
    said(_("Tag saved"))
    return go("admin.index_tags")


@bp.post("/tags/<uuid:tag_id>/archival")
@requires("admin.manage_tags")
def create_tag_archival(tag_id: uuid.UUID) -> ResponseReturnValue:
    tag = locked(tag_id)
    tag.archive(by=member)
    undo = url_for("admin.destroy_tag_archival", tag_id=tag_id, _method="DELETE")
    said(_("%(name)s was archived", name=tag.name), undo_url=undo)
    return go("admin.index_tags")


@bp.delete("/tags/<uuid:tag_id>/archival")
@requires("admin.manage_tags")
def destroy_tag_archival(tag_id: uuid.UUID) -> ResponseReturnValue:
    tag = locked(tag_id)
    try:
        tag.restore(by=member)
    except Taken as error:
        text = _("%(name)s cannot come back: the tag %(holder)s has the name now.", name=tag.name, holder=error.name)
        raise Refused(text, url=url_for("admin.index_tags"), label=_("Tags")) from error
    said(_("%(name)s is back", name=tag.name))
    return go("admin.index_tags")
