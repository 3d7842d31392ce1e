"""People of a port: list, page, invite, roles, activation, removal."""

from __future__ import annotations

import uuid
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...events.timeline import timeline
from ...once import once
from ...web import find_or_404, go, kept_list, page, requires, said
from ..models import RuleSaysNo, User, roles_here
from ..people_forms import InvitationForm, roles_form
from ..queries import invitation_of, people_filters, people_page, search_words, teams_of
from . import bp
from .refusals import keep, recording_refusals

LATEST = 10


def person_here(user_id: uuid.UUID) -> User:
    return find_or_404(User.in_port(member.here().id).where(User.id == user_id))


@bp.get("/<port>/admin/users")
@requires("admin.manage_users")
def index_users() -> ResponseReturnValue:
    filters = people_filters(roles_here(member.here().id))
    people = people_page(member, filters)
    return page("identity/users/index.html", follow=["people"], people=people, filters=filters, q=search_words())


@bp.get("/<port>/admin/users/new")
@requires("admin.manage_users")
def new_user() -> ResponseReturnValue:
    return page("identity/users/new.html", form=InvitationForm(formdata=None))


@bp.post("/<port>/admin/users")
@requires("admin.manage_users", step_up=True)
@once
def create_user() -> ResponseReturnValue:
    form = InvitationForm()
    if not form.validate():
        return page("identity/users/new.html", 422, form=form)
    try:
        name = str(form.name.data)
        user = User.invite(email=form.address(), name=name, role_ids=form.role_ids(), by=member)
    except RuleSaysNo as refusal:
        keep(refusal)
        form.form_errors = [refusal.text]
        return page("identity/users/new.html", 409, form=form)
    said(_("%(name)s is invited", name=user.name))
    return go("identity.show_user", user_id=user.id)


@bp.get("/<port>/admin/users/<uuid:user_id>")
@requires("admin.manage_users")
def show_user(user_id: uuid.UUID) -> ResponseReturnValue:
    user, port_id = person_here(user_id), member.here().id
    held = user.role_ids(port_id)
    return page(
        "identity/users/show.html",
        follow=["people"],
        person=user,
        roles=[here for here in roles_here(port_id) if here.role.id in held],
        teams=teams_of(user, port_id),
        invitation=invitation_of(user, port_id) if user.is_invited else None,
        is_only_here=user.is_only_here,
        timeline=timeline("user", user.id, limit=LATEST) if member.can("admin.view_audit_log") else [],
    )


@bp.post("/<port>/admin/users/<uuid:user_id>/invitation")
@requires("admin.manage_users", step_up=True)
@recording_refusals
def create_invitation(user_id: uuid.UUID) -> ResponseReturnValue:
    user = person_here(user_id)
    user.invite_again(by=member)
    said(_("The invitation is sent once more"))
    return go("identity.show_user", user_id=user_id, list=kept_list())


@bp.get("/<port>/admin/users/<uuid:user_id>/roles")
@requires("admin.manage_users")
def edit_user_roles(user_id: uuid.UUID) -> ResponseReturnValue:
    user = person_here(user_id)
    form: Any = roles_form(user, formdata=None)
    form.open(form.record)
    return page("identity/users/roles.html", person=user, form=form)


@bp.put("/<port>/admin/users/<uuid:user_id>/roles")
@requires("admin.manage_users", step_up=True)
def update_user_roles(user_id: uuid.UUID) -> ResponseReturnValue:
    user = person_here(user_id)
    form: Any = roles_form(user)
    changes = form.compare(form.record).changes
    try:
        user.change_roles({uuid.UUID(name): value for name, value in changes.items()}, by=member)
    except RuleSaysNo as refusal:
        keep(refusal)
        form.form_errors = [refusal.text]
        return page("identity/users/roles.html", 409, person=person_here(user_id), form=form)
    said(_("Roles of %(name)s saved", name=user.name))
    return go("identity.show_user", user_id=user_id, list=kept_list())


@bp.post("/<port>/admin/users/<uuid:user_id>/deactivation")
@requires("admin.manage_users", step_up=True)
@recording_refusals
def create_deactivation(user_id: uuid.UUID) -> ResponseReturnValue:
    user = person_here(user_id)
    user.deactivate(by=member)
    undo = url_for("identity.destroy_deactivation", user_id=user_id, _method="DELETE")
    said(_("%(name)s is deactivated and signed out everywhere", name=user.name), undo_url=undo)
    return go("identity.show_user", user_id=user_id, list=kept_list())


@bp.delete("/<port>/admin/users/<uuid:user_id>/deactivation")
@requires("admin.manage_users", step_up=True)
@recording_refusals
def destroy_deactivation(user_id: uuid.UUID) -> ResponseReturnValue:
    user = person_here(user_id)
    user.activate(by=member)
    said(_("%(name)s can sign in again", name=user.name))
    return go("identity.show_user", user_id=user_id, list=kept_list())


@bp.delete("/<port>/admin/users/<uuid:user_id>/factors")
@requires("admin.manage_users", step_up=True)
@recording_refusals
def destroy_user_factors(user_id: uuid.UUID) -> ResponseReturnValue:
    user = person_here(user_id)
    user.reset_factors(by=member)
    said(_("%(name)s signs in with the password and sets up a new second factor", name=user.name))
    return go("identity.show_user", user_id=user_id, list=kept_list())


@bp.delete("/<port>/admin/users/<uuid:user_id>")
@requires("admin.manage_users", step_up=True)
@recording_refusals
def destroy_user(user_id: uuid.UUID) -> ResponseReturnValue:
    user = person_here(user_id)
    name = user.name
    user.remove(by=member)
    said(_("%(name)s is no longer in this port", name=name))
    return go("identity.index_users")
