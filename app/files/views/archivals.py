"""Into the trash and out of it."""

from __future__ import annotations

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from ...current import member
from ...web import go, requires, said
from ..models import HOLDERS, File, Folder
from . import bp
from .files import locked


def to_its_list(file: File) -> Response:
    """Where the file lay."""
    if holder := HOLDERS.get(file.entity):
        return go(holder.endpoint, number=holder.number_of(member, file.entity_id))
    folder = Folder.path_of(file.folder_id)[-1:] if file.folder_id else []
    return go("files.show_folder", number=folder[0].number) if folder else go("files.index")


@bp.post("/<int:number>/archival")
@requires("files.delete")
def create_archival(number: int) -> ResponseReturnValue:
    file = locked(number)
    file.archive(by=member)
    undo = url_for("files.destroy_archival", number=number, _method="DELETE")
    said(_("“%(name)s” was deleted", name=file.filename), undo_url=undo)
    return to_its_list(file) if member.can("files.view") else go("files.index_trash")


@bp.delete("/<int:number>/archival")
@requires("files.delete")
def destroy_archival(number: int) -> ResponseReturnValue:
    file = locked(number)
    file.restore(by=member)
    said(_("“%(name)s” is back", name=file.filename), undo_url=url_for("files.create_archival", number=number))
    return go("files.show", number=number) if member.can("files.view") else go("files.index_trash")
