"""Versions of a file: a new one, an earlier one again."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from ...current import member
from ...errors import Refused
from ...numbers import LAST
from ...once import once
from ...web import find_or_404, go, requires, said
from ..content import Content, extension_of
from ..forms import VersionForm
from ..incoming import keep
from ..models import File, FileVersion
from . import bp
from .files import by_number, kept, locked, show_page


def version_of(file: File, ordinal: int) -> FileVersion:
    its = (FileVersion.port_id == file.port_id) & (FileVersion.file_id == file.id)
    return find_or_404(select(FileVersion).where(its, FileVersion.ordinal == min(ordinal, LAST)))


@bp.post("/<int:number>/versions")
@requires("files.upload", limit="upload")
def create_version(number: int) -> ResponseReturnValue:
    file, form = kept(find_or_404(by_number(number))), VersionForm()
    if form.validate() and extension_of(file.filename) not in ("", *form.file.upload.kind.extensions):
        text = _("This is another kind of file than “%(name)s”. Upload it as a file of its own.", name=file.filename)
        form.file.errors = [text]
    if form.errors or form.file.errors:
        return show_page(file, 422, version_form=form)
    content = keep(form.file.upload, by=member, entity=file.entity, entity_id=file.entity_id)
    answer: ResponseReturnValue = take_in(content, number=number)
    return answer


@once
def take_in(content: Content, *, number: int) -> ResponseReturnValue:
    file = kept(locked(number))
    file.replace(content, by=member)
    said(_("A new version of “%(name)s” was uploaded", name=file.filename))
    return go("files.show", number=number)


@bp.post("/<int:number>/versions/<int:ordinal>/restoration")
@requires("files.upload")
def create_version_restoration(number: int, ordinal: int) -> ResponseReturnValue:
    file = kept(locked(number))
    version = version_of(file, ordinal)
    if not version.may_be_opened:
        raise Refused(_("A virus was found in version %(ordinal)d; it stays where it is.", ordinal=ordinal))
    if file.restore_version(version, by=member):
        said(_("Version %(ordinal)d is the current one again", ordinal=ordinal))
    return go("files.show", number=number)


@bp.post("/<int:number>/versions/<int:ordinal>/scan")
@requires("files.upload")
def create_scan(number: int, ordinal: int) -> ResponseReturnValue:
    version = version_of(locked(number), ordinal)
    if version.scan_again():
        said(_("The scanner is asked again"), category="info")
    return go("files.show", number=number)
