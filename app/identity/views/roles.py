"""Roles: what each allows, what this port lays over it, copies, and looking around as one of them."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from flask import abort
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from ... import live
from ...current import member
from ...db import after_commit
from ...errors import Refused
from ...once import once
from ...web import find_or_404, go, page, requires, said, signed_in
from ..models import Role, RoleHere, RuleSaysNo, Session, User, roles_here
from ..people_forms import CopyForm, MapForm, override_form, overrides_of, role_form
from ..queries import holders
from ..words import grid
from . import bp
from .refusals import keep


def role_here(role_id: uuid.UUID) -> RoleHere:
    found = [here for here in roles_here(member.here().id) if here.role.id == role_id]
    return found[0] if found else abort(404)


def editable_role(role_id: uuid.UUID) -> RoleHere:
    """A role of one's own; the seeded ones stay as they are (409)."""
    here = role_here(role_id)
    if here.role.is_system:
        raise Refused(_("System roles stay as they are. Copy this one and change the copy."))
    return here


@bp.get("/<port>/admin/roles")
@requires("admin.manage_users")
def index_roles() -> ResponseReturnValue:
    port_id = member.here().id
    return page("identity/roles/index.html", follow=["people"], roles=roles_here(port_id), holders=holders(port_id))


@bp.get("/<port>/admin/roles/<uuid:role_id>")
@requires("admin.manage_users")
def show_role(role_id: uuid.UUID) -> ResponseReturnValue:
    here = role_here(role_id)
    held = holders(member.here().id).get(role_id, 0)
    return page("identity/roles/show.html", follow=["people"], here=here, role=here.role, grid=grid(), held=held)


@bp.get("/<port>/admin/roles/<uuid:role_id>/copy")
@requires("admin.manage_users", super_admin=True)
def new_role(role_id: uuid.UUID) -> ResponseReturnValue:
    role = role_here(role_id).role
    given = {"label": _("%(name)s, copy", name=role.label), "description": role.description}
    return page("identity/roles/new.html", role=role, form=CopyForm(formdata=None, data=given))


@bp.post("/<port>/admin/roles/<uuid:role_id>/copy")
@requires("admin.manage_users", step_up=True, super_admin=True)
@once
def create_role(role_id: uuid.UUID) -> ResponseReturnValue:
    copied, form = role_here(role_id).role, CopyForm()
    if not form.validate():
        return page("identity/roles/new.html", 422, role=copied, form=form)
    try:
        values = {"label": str(form.label.data), "description": str(form.description.data or "")}
        made = Role.create(**values, copied=copied, by=member)
    except Refused as refusal:
        form.label.errors = [refusal.text]
        return page("identity/roles/new.html", 422, role=copied, form=form)
    said(_("%(name)s is a role of its own now", name=made.label))
    return go("identity.edit_role", role_id=made.id)


@bp.get("/<port>/admin/roles/<uuid:role_id>/edit")
@requires("admin.manage_users", super_admin=True)
def edit_role(role_id: uuid.UUID) -> ResponseReturnValue:
    here = editable_role(role_id)
    form = role_form(here, formdata=None)
    form.open(form.record)
    return edit_page("edit", here, form)


@bp.put("/<port>/admin/roles/<uuid:role_id>")
@requires("admin.manage_users", step_up=True, super_admin=True)
def update_role(role_id: uuid.UUID) -> ResponseReturnValue:
    editable_role(role_id)
    found = select(Role).where(Role.id == role_id)
    find_or_404(found.with_for_update().execution_options(populate_existing=True))  # two editors take turns
    here = role_here(role_id)
    form: Any = role_form(here)
    if not form.validate():
        return edit_page("edit", here, form, 422)
    edit = form.compare(form.record)
    if edit.clashes:
        return edit_page("edit", here, form, 409, clashes=edit.clashes)
    here.role.update(edit.changes, by=member)
    after_commit(partial(live.reopen, reason=_("Roles were changed.")))  # it is held in other ports too
    said(edit.told(_("Role saved")))
    return go("identity.show_role", role_id=role_id)


def edit_page(name: str, here: RoleHere, form: MapForm, status: int = 200, *, clashes: Any = ()) -> ResponseReturnValue:
    template = f"identity/roles/{name}.html"
    return page(template, status, here=here, role=here.role, form=form, clashes=list(clashes), grid=grid())


@bp.delete("/<port>/admin/roles/<uuid:role_id>")
@requires("admin.manage_users", step_up=True, super_admin=True)
def destroy_role(role_id: uuid.UUID) -> ResponseReturnValue:
    role = role_here(role_id).role
    role.delete(by=member)
    said(_("%(name)s is deleted", name=role.label))
    return go("identity.index_roles")


# --- What a port lays over a role


@bp.get("/<port>/admin/roles/<uuid:role_id>/override")
@requires("admin.manage_users")
def edit_override(role_id: uuid.UUID) -> ResponseReturnValue:
    here = role_here(role_id)
    form = override_form(here, formdata=None)
    form.open(form.record)
    return edit_page("override", here, form)


@bp.put("/<port>/admin/roles/<uuid:role_id>/override")
@requires("admin.manage_users", step_up=True)
def update_override(role_id: uuid.UUID) -> ResponseReturnValue:
    RoleHere.lock(member.here().id)
    here = role_here(role_id)
    form: Any = override_form(here)
    if not form.validate():
        return edit_page("override", here, form, 422)
    edit = form.compare(form.record)
    if edit.clashes:
        return edit_page("override", here, form, 409, clashes=edit.clashes)
    try:
        here.lay_over(overrides_of(edit.changes), by=member)
    except RuleSaysNo as refusal:
        keep(refusal)
        form.form_errors = [refusal.text]
        return edit_page("override", role_here(role_id), form, 409)
    for user_id in User.holding(role_id, member.here().id):
        after_commit(partial(live.reopen, user_id=user_id, reason=_("Your roles were changed.")))
    said(edit.told(_("Saved for this port")))
    return go("identity.show_role", role_id=role_id)


# --- Looking around as a role, without acting


@bp.post("/<port>/admin/roles/<uuid:role_id>/preview")
@requires("admin.manage_users")
def create_preview(role_id: uuid.UUID) -> ResponseReturnValue:
    role = role_here(role_id).role
    Session.preview(member, role_id, label=role.label)
    return go("dashboard.show")


@bp.delete("/<port>/admin/preview")
@signed_in
def destroy_preview() -> ResponseReturnValue:
    Session.preview(member, None, label=member.preview or "")
    return go("dashboard.show")
