"""The files of a client."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from ...files.forms import UploadForm
from ...files.queries import file_page, of_record
from ...web import find_or_404, page, requires
from ..models import Client
from . import bp
from .clients import by_number


@bp.get("/<int:number>/files")
@requires("files.view")
def index_files(number: int) -> ResponseReturnValue:
    client = find_or_404(by_number(number).options(joinedload(Client.owner)))
    files = file_page(of_record("clients", client.id))
    follow = [f"client:{number}", "files"]
    return page("clients/files.html", follow=follow, client=client, files=files, form=UploadForm(formdata=None))
