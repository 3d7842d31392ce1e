"""Putting a client away, and back."""

from __future__ import annotations

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...web import go, kept_list, requires, said
from . import bp
from .clients import locked


@bp.post("/<int:number>/archival")
@requires("clients.delete")
def create_archival(number: int) -> ResponseReturnValue:
    client = locked(number)
    client.archive(by=member)
    said(
        _("%(name)s was archived", name=client.full_name),
        undo_url=url_for("clients.destroy_archival", number=number, list=kept_list(), _method="DELETE"),
    )
    return go("clients.show", number=number, list=kept_list())


@bp.delete("/<int:number>/archival")
@requires("clients.delete")
def destroy_archival(number: int) -> ResponseReturnValue:
    client = locked(number)
    client.restore(by=member)
    said(
        _("%(name)s is back", name=client.full_name),
        undo_url=url_for("clients.create_archival", number=number, list=kept_list()),
    )
    return go("clients.show", number=number, list=kept_list())
