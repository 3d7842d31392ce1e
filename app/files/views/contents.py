"""What is in a file: a link made at the click, and pictures of its pages."""

from __future__ import annotations

from flask import redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ... import storage
from ...errors import Refused
from ...numbers import LAST
from ...web import find_or_404, requires
from ..pictures import answer_with
from ..queries import picture_key
from . import bp
from .files import by_number
from .versions import version_of


@bp.get("/<int:number>/versions/<int:ordinal>/content")
@requires("files.view")
def show_content(number: int, ordinal: int) -> ResponseReturnValue:
    """To an address that gives the file for a quarter of an hour. This answer is kept nowhere."""
    file = find_or_404(by_number(number))
    version = version_of(file, ordinal)
    if not version.may_be_opened:
        raise Refused(_("A virus was found in “%(name)s”. It cannot be downloaded.", name=file.filename))
    return redirect(storage.link(version.storage_key, file.filename), 303)


@bp.get("/<int:number>/versions/<int:ordinal>/pages/<int:at>")
@requires("files.view")
def show_picture(number: int, ordinal: int, at: int) -> ResponseReturnValue:
    """A page as a picture of our own making; nothing of what was sent is in it."""
    return answer_with(find_or_404(picture_key(by_number(number), min(ordinal, LAST), min(at, LAST))))
