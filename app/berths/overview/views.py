"""The overview map of a port."""

from __future__ import annotations

from flask import current_app
from flask.typing import ResponseReturnValue

from ...current import member
from ...web import page, requires
from ..views import bp
from ..views.berths import PLACE
from .queries import harbours_on_map


@bp.get(f"{PLACE}/overview")
@requires("berths.view")
def show_overview() -> ResponseReturnValue:
    settings = current_app.extensions["settings"]
    return page(
        "berths/overview/show.html",
        follow=["overview"],
        harbours=harbours_on_map(member.here().id),
        tiles=settings.map_tile_url,
        credit=settings.map_tile_attribution,
    )
