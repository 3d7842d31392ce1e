"""Lists of files: of a folder, of all records, of the trash."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import Select

from ...current import member
from ...numbers import has_number
from ...web import find_or_404, page, requires
from ..forms import FolderForm, UploadForm
from ..models import Folder
from ..queries import (
    asked_filters,
    asked_words,
    deleted_folders,
    everywhere,
    file_page,
    folders_in,
    in_folder,
    narrowed,
    places_of,
    trash_page,
    with_records,
)
from . import bp


def folder_of(number: int) -> Folder:
    return find_or_404(Folder.visible_to(member).where(has_number(Folder, number)))


def list_page(scope: Select[Any], status: int = 200, *, here: str, **context: Any) -> ResponseReturnValue:
    """The list of a place; with words, what is called so in all places."""
    filters, words = asked_filters(), asked_words()
    files = file_page(narrowed(everywhere(member) if words else scope, filters, words))
    spread = bool(words) or here == "records"
    context = {"folder": None, "folders": [], "path": [], "folder_form": FolderForm(formdata=None), **context}
    return page(
        "files/index.html",
        status,
        follow=["files"],
        here=here,
        files=files,
        places=places_of(member, files.rows) if spread else {},
        filters=filters,
        words=words,
        **{"form": UploadForm(formdata=None), **context},
    )


def folder_page(folder: Folder | None, status: int = 200, **context: Any) -> ResponseReturnValue:
    words = asked_words()
    return list_page(
        in_folder(member, folder),
        status,
        here="folders",
        folder=folder,
        folders=folders_in(member, folder, words=words),
        path=folder.path() if folder else [],
        **context,
    )


@bp.get("")
@requires("files.view")
def index() -> ResponseReturnValue:
    return folder_page(None)


@bp.get("/folders/<int:number>")
@requires("files.view")
def show_folder(number: int) -> ResponseReturnValue:
    return folder_page(folder_of(number))


@bp.get("/records")
@requires("files.view")
def index_records() -> ResponseReturnValue:
    return list_page(with_records(member), here="records")


@bp.get("/trash")
@requires("files.delete")
def index_trash() -> ResponseReturnValue:
    files = trash_page(member)
    return page(
        "files/trash.html",
        follow=["files"],
        here="trash",
        files=files,
        folders=deleted_folders(member),
        places=places_of(member, files.rows),
    )
