"""Clients that look like one: the queue, deciding, and looking anew."""

from __future__ import annotations

import uuid

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...web import find_or_404, go, page, requires, said
from ..duplicates.scan import scan_for_duplicates
from ..models import Duplicate, DuplicateScan
from ..queries import duplicate_page
from . import bp


@bp.get("/duplicates")
@requires("clients.merge")
def index_duplicates() -> ResponseReturnValue:
    return page(
        "clients/duplicates/index.html",
        follow=["duplicates"],
        duplicates=duplicate_page(member),
        scan=DuplicateScan.of_port(member.here().id),
    )


@bp.post("/duplicates/scan")
@requires("clients.merge")
def create_duplicate_scan() -> ResponseReturnValue:
    if DuplicateScan.locked(member.here().id).ask():
        scan_for_duplicates.later()
    said(_("All clients are being compared; what is found appears here"), category="info")
    return go("clients.index_duplicates")


def duplicate_of(duplicate_id: uuid.UUID) -> Duplicate:
    """Locked: two who decide at once take turns."""
    return find_or_404(Duplicate.visible_to(member).where(Duplicate.id == duplicate_id).with_for_update(of=Duplicate))


@bp.post("/duplicates/<uuid:duplicate_id>/dismissal")
@requires("clients.merge")
def create_duplicate_dismissal(duplicate_id: uuid.UUID) -> ResponseReturnValue:
    duplicate_of(duplicate_id).dismiss(by=member)
    undo = url_for("clients.destroy_duplicate_dismissal", duplicate_id=duplicate_id, _method="DELETE")
    said(_("Remembered: these are two different clients"), undo_url=undo)
    return go("clients.index_duplicates")


@bp.delete("/duplicates/<uuid:duplicate_id>/dismissal")
@requires("clients.merge")
def destroy_duplicate_dismissal(duplicate_id: uuid.UUID) -> ResponseReturnValue:
    duplicate_of(duplicate_id).reopen(by=member)
    return go("clients.index_duplicates")
