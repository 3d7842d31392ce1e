"""The checklist of a new port."""

from __future__ import annotations

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...errors import Refused
from ...web import go, page, requires, said
from ..models import SettingsSheet
from ..onboarding import steps_of
from . import bp


@bp.get("/onboarding")
@requires("admin.manage_settings")
def show_onboarding() -> ResponseReturnValue:
    return page("admin/onboarding.html", follow=["administration"], steps=steps_of(member))


@bp.post("/onboarding/dismissal")
@requires("admin.manage_settings")
def create_onboarding_dismissal() -> ResponseReturnValue:
    """Put the checklist away, once everything on it is done."""
    if not steps_of(member).is_complete:
        raise Refused(_("There is still something to settle."), url=url_for("admin.show_onboarding"), label=_("Open"))
    SettingsSheet.locked(member).update({"onboarding_dismissed": True}, by=member)
    said(_("The checklist is put away"), undo_url=url_for("admin.destroy_onboarding_dismissal", _method="DELETE"))
    return go("admin.index")


@bp.delete("/onboarding/dismissal")
@requires("admin.manage_settings")
def destroy_onboarding_dismissal() -> ResponseReturnValue:
    SettingsSheet.locked(member).update({"onboarding_dismissed": False}, by=member)
    said(_("The checklist is back"))
    return go("admin.show_onboarding")
