"""Files: upload, detail, name, folder."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Select
from werkzeug.wrappers.response import Response

from ...current import member
from ...errors import Refused
from ...events.timeline import timeline
from ...numbers import LAST, has_number
from ...once import once
from ...web import find_or_404, go, page, requires, said
from ..content import Content
from ..forms import FileForm, PlaceForm, UploadForm, VersionForm
from ..incoming import keep_all
from ..models import HOLDERS, NOBODY, File, Folder, Holder
from ..queries import pictures_of, places_of, versions_of
from . import bp
from .lists import folder_page


def by_number(number: int) -> Select[File]:
    return File.visible_to(member).where(has_number(File, number))


def locked(number: int) -> File:
    return find_or_404(by_number(number).with_for_update())


def kept(file: File) -> File:
    """The file, unless it lies in the trash: then it is not changed (409)."""
    if file.is_archived:
        raise Refused(_("“%(name)s” lies in the trash. Restore it first.", name=file.filename))
    return file


@dataclass(frozen=True)
class Place:
    """Where uploads go: a folder, a record, or neither."""

    folder: Folder | None = None
    holder: Holder | None = None
    record: Any = None

    @classmethod
    def asked(cls, *, is_kept: bool = False) -> Place:
        """`?folder=12` or `?of=clients&number=1042`; 404 for what the member may not open. `is_kept`: the record stays
        what it is until the transaction ends."""
        number, entity = request.args.get("number", type=int), request.args.get("of", "")
        if entity:
            holder = HOLDERS.get(entity)
            if holder is None or number is None or not 0 <= number <= LAST:
                abort(404)
            record = holder.find(number, member, is_kept) or abort(404)
            return cls(holder=holder, record=record)
        if "folder" not in request.args:
            return cls()
        number = request.args.get("folder", type=int)
        return cls(folder=find_or_404(Folder.visible_to(member).where(has_number(Folder, number if number else -1))))

    @property
    def entity(self) -> str:
        return self.holder.entity if self.holder else NOBODY

    @property
    def record_id(self) -> uuid.UUID | None:
        return self.record.id if self.record is not None else None

    def go(self) -> Response:
        """Back to where the files are now."""
        if not member.can("files.view"):
            return go("files.new")
        if self.holder:
            return go(self.holder.endpoint, number=self.record.number)
        return go("files.show_folder", number=self.folder.number) if self.folder else go("files.index")


@bp.get("/new")
@requires("files.upload")
def new() -> ResponseReturnValue:
    return page("files/new.html", form=UploadForm(formdata=None), place=Place.asked())


@bp.post("")
@requires("files.upload", limit="upload")
def create() -> ResponseReturnValue:
    form, place = UploadForm(), Place.asked()
    if not form.validate():
        if place.holder or not member.can("files.view"):
            return page("files/new.html", 422, form=form, place=place)
        return folder_page(place.folder, 422, form=form)
    contents = keep_all(form.files.uploads, by=member, entity=place.entity, entity_id=place.record_id)
    answer: ResponseReturnValue = take_in(contents, str(form.category.data))
    return answer


@once
def take_in(contents: list[Content], category: str) -> ResponseReturnValue:
    """In a new transaction: where they go is looked up again."""
    place = Place.asked(is_kept=True)
    where = {"record": place.record, "folder": place.folder, "category": category}
    files = [File.upload(content, port_id=member.here().id, by=member, **where) for content in contents]
    words = {"name": files[0].filename, "count": len(files)}
    said(ngettext("“%(name)s” was uploaded", "%(count)d files were uploaded", len(files), **words))
    return place.go()


@bp.get("/<int:number>")
@requires("files.view")
def show(number: int) -> ResponseReturnValue:
    return show_page(find_or_404(by_number(number)))


def show_page(file: File, status: int = 200, **context: Any) -> ResponseReturnValue:
    """The detail page, also as the answer of a form on it that was refused."""
    versions = versions_of(file)
    current = next(version for version in versions if version.is_current)
    is_its_own = file.entity == NOBODY
    return page(
        "files/show.html",
        status,
        follow=[f"file:{file.number}"],
        file=file,
        versions=versions,
        current=current,
        pictures=pictures_of(current) if current.may_be_opened else [],
        place=places_of(member, [file]).get(file.id),
        path=file_path(file),
        timeline=timeline(file.subject_type, file.id, limit=10) if is_its_own else None,
        **{"version_form": VersionForm(formdata=None), **context},
    )


def file_path(file: File) -> list[Folder]:
    return Folder.path_of(file.folder_id) if file.folder_id else []


@bp.get("/<int:number>/edit")
@requires("files.upload")
def edit(number: int) -> ResponseReturnValue:
    file = kept(find_or_404(by_number(number)))
    form = FileForm(formdata=None, obj=file)
    form.open(file)
    return edit_page(file, form)


def edit_page(file: File, form: FileForm, status: int = 200, *, clashes: Any = ()) -> ResponseReturnValue:
    place = PlaceForm(member=member, formdata=None) if file.entity == NOBODY else None
    if place is not None:
        place.folder.data = next((str(folder.number) for folder, _d in place.tree if folder.id == file.folder_id), "")
    return page("files/edit.html", status, file=file, form=form, place=place, clashes=list(clashes))


@bp.put("/<int:number>")
@requires("files.upload")
def update(number: int) -> ResponseReturnValue:
    file = kept(locked(number))
    form = FileForm(obj=file)
    if not form.validate():
        return edit_page(file, form, 422)
    edit = form.compare(file, told_in=file.told_in)
    if edit.clashes:
        return edit_page(file, form, 409, clashes=edit.clashes)
    file.update(edit.changes, by=member)
    said(_("File saved"))
    return go("files.show", number=number)


@bp.put("/<int:number>/folder")
@requires("files.upload")
def update_folder_of(number: int) -> ResponseReturnValue:
    file, form = kept(locked(number)), PlaceForm(member=member)
    if not form.validate():
        abort(422)
    folder = form.chosen()
    if file.move(folder, by=member):
        where = {"name": file.filename, "folder": folder.name if folder else _("no folder")}
        said(_("“%(name)s” was moved: %(folder)s", **where))
    return go("files.show", number=number)
