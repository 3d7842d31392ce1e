"""Folders: make, rename, move, delete."""

from __future__ import annotations

from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ...current import member
from ...errors import Refused
from ...numbers import has_number
from ...once import once
from ...web import find_or_404, go, page, requires, said
from ..forms import FolderForm, PlaceForm
from ..models import Folder
from ..models.folder import NameTaken
from . import bp
from .lists import folder_of, folder_page


def locked_folder(number: int) -> Folder:
    return find_or_404(Folder.visible_to(member).where(has_number(Folder, number)).with_for_update())


def asked_parent() -> Folder | None:
    number = request.args.get("folder", type=int)
    return folder_of(number) if number is not None else None


@bp.post("/folders")
@requires("files.manage_folders")
@once
def create_folder() -> ResponseReturnValue:
    form, parent = FolderForm(), asked_parent()
    if form.validate():
        try:
            folder = Folder.create(str(form.name.data), parent=parent, port_id=member.here().id, by=member)
        except Refused as refused:
            form.name.errors = [refused.text]
        else:
            said(_("The folder “%(name)s” was made", name=folder.name))
            return go("files.show_folder", number=folder.number)
    return folder_page(parent, 422, folder_form=form)


@bp.get("/folders/<int:number>/edit")
@requires("files.manage_folders")
def edit_folder(number: int) -> ResponseReturnValue:
    return edit_page(folder_of(number))


def edit_page(folder: Folder, status: int = 200, **context: Any) -> ResponseReturnValue:
    place = PlaceForm(member=member, formdata=None)
    place.folder.data = next((str(one.number) for one, _d in place.tree if one.id == folder.parent_id), "")
    folders, files = folder.counts()
    context = {"form": FolderForm(formdata=None, obj=folder), "place": place, **context}
    return page(
        "files/edit_folder.html", status, folder=folder, path=folder.path(), folders=folders, files=files, **context
    )


@bp.put("/folders/<int:number>")
@requires("files.manage_folders")
def update_folder(number: int) -> ResponseReturnValue:
    folder, form = locked_folder(number), FolderForm()
    if not form.validate():
        return edit_page(folder, 422, form=form)
    try:
        folder.rename(str(form.name.data), by=member)
    except NameTaken as refused:
        form.name.errors = [refused.text]
        return edit_page(folder, 422, form=form)
    said(_("Folder saved"))
    return go("files.show_folder", number=number)


@bp.put("/folders/<int:number>/parent")
@requires("files.manage_folders")
def update_parent(number: int) -> ResponseReturnValue:
    folder, form = locked_folder(number), PlaceForm(member=member)
    if not form.validate():
        abort(422)
    try:
        folder.move(form.chosen(), by=member)
    except Refused as refused:
        form.folder.errors = [refused.text]
        return edit_page(folder, 422, place=form)
    said(_("The folder “%(name)s” was moved", name=folder.name))
    return go("files.show_folder", number=number)


@bp.post("/folders/<int:number>/archival")
@requires("files.manage_folders")
def create_folder_archival(number: int) -> ResponseReturnValue:
    folder = locked_folder(number)
    above = folder.path()[:-1]
    _folders, files = folder.counts()
    if files and not member.can("files.delete"):
        raise Refused(_("There are files in “%(name)s”, which your role may not delete.", name=folder.name))
    folder.archive(by=member)
    undo = url_for("files.destroy_folder_archival", number=number, _method="DELETE")
    words = {"name": folder.name, "count": files}
    text = ngettext(
        "“%(name)s” was deleted with %(count)d file", "“%(name)s” was deleted with %(count)d files", files, **words
    )
    said(text, undo_url=undo)
    return go("files.show_folder", number=above[-1].number) if above else go("files.index")


@bp.delete("/folders/<int:number>/archival")
@requires("files.manage_folders")
def destroy_folder_archival(number: int) -> ResponseReturnValue:
    folder = find_or_404(Folder.all_of(member).where(has_number(Folder, number)).with_for_update())
    folder.restore(by=member)
    undo = url_for("files.create_folder_archival", number=number)
    said(_("The folder “%(name)s” is back", name=folder.name), undo_url=undo)
    return go("files.show_folder", number=number)
