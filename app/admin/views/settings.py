"""The settings of the port: an overview, and a form for each group."""

from __future__ import annotations

from typing import Any

from flask import abort
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...db import now
from ...events.timeline import timeline
from ...formats import zone
from ...forms import EditForm
from ...web import go, page, requires, said
from ..forms import GROUPS, HolidayForm, HoursForm, RateForm
from ..labels import BERTH_STATUSES, MODES, TRIGGERS
from ..models import SettingsSheet
from ..summaries import groups_of, hours_now, next_invoice
from . import bp

LATEST = 8


@bp.get("/settings")
@requires("admin.manage_settings")
def index_settings() -> ResponseReturnValue:
    sheet = SettingsSheet.of(member)
    return page(
        "admin/settings/index.html",
        follow=["settings"],
        groups=groups_of(sheet.settings),
        timeline=timeline(sheet.subject_type, sheet.id, limit=LATEST),
    )


@bp.get("/settings/<group>")
@requires("admin.manage_settings")
def edit_settings(group: str) -> ResponseReturnValue:
    sheet = SettingsSheet.of(member)
    return group_page(group, opened(group, sheet), sheet)


def opened(group: str, sheet: SettingsSheet) -> EditForm:
    if group not in GROUPS:
        abort(404)
    form = GROUPS[group](formdata=None, obj=sheet)
    form.open(sheet)
    return form


def group_page(
    group: str, form: EditForm, sheet: SettingsSheet, status: int = 200, **context: Any
) -> ResponseReturnValue:
    """The form of one group, also as the answer of a form on its page that was refused."""
    lists = {"holiday_form": HolidayForm(formdata=None), "rate_form": RateForm(formdata=None)}
    return page(
        "admin/settings/edit.html",
        status,
        # What was typed and not saved is not to be replaced.
        follow=["settings"] if status == 200 and not context.get("copied") else [],
        group=group,
        groups=groups_of(sheet.settings),
        form=form,
        sheet=sheet,
        hours_now=hours_now(sheet.port) if group == "hours" else None,
        next_invoice=next_invoice(sheet),
        today=now().astimezone(zone(sheet.port.timezone)).date(),
        triggers=TRIGGERS,
        modes=dict(MODES),
        statuses=dict(BERTH_STATUSES),
        **{**lists, "clashes": [], "merged": [], **context},
    )


@bp.put("/settings/<group>")
@requires("admin.manage_settings")
def update_settings(group: str) -> ResponseReturnValue:
    if group not in GROUPS:
        abort(404)
    sheet = SettingsSheet.locked(member)
    form = GROUPS[group](obj=sheet)
    if not form.validate():
        return group_page(group, form, sheet, 422)
    edit = form.compare(sheet)
    if edit.clashes:
        return group_page(group, form, sheet, 409, clashes=edit.clashes, merged=edit.merged)
    sheet.update(edit.changes, by=member)
    said(edit.told(_("Settings saved")))
    return go("admin.edit_settings", group=group)


@bp.post("/settings/hours/copy")
@requires("admin.manage_settings")
def create_hours_copy() -> ResponseReturnValue:
    """Monday's hours for Tuesday to Friday as well, to be looked at before they are saved."""
    sheet = SettingsSheet.of(member)
    form = HoursForm(obj=sheet)
    form.copy_monday()
    return group_page("hours", form, sheet, copied=True)
