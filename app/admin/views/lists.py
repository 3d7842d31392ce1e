"""Holidays and tax rates: what is added to the settings and taken away one by one."""

from __future__ import annotations

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...errors import Refused
from ...web import go, requires, said
from ..forms import HolidayForm, RateForm
from ..models import Holiday, SettingsSheet, TaxRate
from . import bp
from .settings import group_page, opened


@bp.post("/settings/hours/holidays")
@requires("admin.manage_settings")
def create_holiday() -> ResponseReturnValue:
    """Also what brings one back that was taken away: then it stands in the address."""
    sheet, form = SettingsSheet.locked(member), HolidayForm(formdata=request.values)
    if not form.validate() or form.day.data is None:
        return group_page("hours", opened("hours", sheet), sheet, 422, holiday_form=form)
    day = form.day.data.isoformat()
    holiday = Holiday(day=day[5:] if form.is_yearly.data else day, name=str(form.name.data))
    try:
        sheet.add_holiday(holiday, by=member)
    except Refused as error:
        form.day.errors = [error.text]
        return group_page("hours", opened("hours", sheet), sheet, 422, holiday_form=form)
    said(_("%(name)s was added", name=holiday.name))
    return go("admin.edit_settings", group="hours", _anchor="holidays")


@bp.delete("/settings/hours/holidays/<day>")
@requires("admin.manage_settings")
def destroy_holiday(day: str) -> ResponseReturnValue:
    gone = SettingsSheet.locked(member).remove_holiday(day, by=member)
    if gone:
        whole, yearly = (f"2024-{day}", "y") if gone.is_yearly else (day, None)
        undo = url_for("admin.create_holiday", name=gone.name, day=whole, is_yearly=yearly)
        said(_("%(name)s was taken away", name=gone.name), undo_url=undo)
    return go("admin.edit_settings", group="hours", _anchor="holidays")


@bp.post("/settings/money/rates")
@requires("admin.manage_settings")
def create_rate() -> ResponseReturnValue:
    """Also what brings one back that was taken away: then it stands in the address."""
    sheet, form = SettingsSheet.locked(member), RateForm(formdata=request.values)
    if not form.validate():
        return group_page("money", opened("money", sheet), sheet, 422, rate_form=form)
    rate = TaxRate(**form.rate())
    try:
        sheet.add_rate(rate, by=member)
    except Refused as error:
        form.name.errors = [error.text]
        return group_page("money", opened("money", sheet), sheet, 422, rate_form=form)
    said(_("%(name)s was added", name=rate.name))
    return go("admin.edit_settings", group="money", _anchor="rates")


@bp.delete("/settings/money/rates/<name>")
@requires("admin.manage_settings")
def destroy_rate(name: str) -> ResponseReturnValue:
    gone = SettingsSheet.locked(member).remove_rate(name, by=member)
    if gone:
        undo = url_for("admin.create_rate", name=gone.name, percent=str(gone.percent))
        said(_("%(name)s was taken away", name=gone.name), undo_url=undo)
    return go("admin.edit_settings", group="money", _anchor="rates")
