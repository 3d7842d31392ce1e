"""Teams: who works together, and who looks after them."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...errors import Refused
from ...once import once
from ...web import find_or_404, go, page, requires, said
from ..models import Team
from ..people_forms import MembershipForm, TeamForm
from ..queries import members_of, team_rows
from . import bp


def team_of(team_id: uuid.UUID, *, locked: bool = False) -> Team:
    found = Team.visible_to(member).where(Team.id == team_id)
    return find_or_404(found.with_for_update() if locked else found)


@bp.get("/<port>/admin/teams")
@requires("admin.manage_users")
def index_teams() -> ResponseReturnValue:
    return page("identity/teams/index.html", follow=["people"], teams=team_rows(member))


@bp.get("/<port>/admin/teams/new")
@requires("admin.manage_users")
def new_team() -> ResponseReturnValue:
    return page("identity/teams/new.html", form=TeamForm(formdata=None))


@bp.post("/<port>/admin/teams")
@requires("admin.manage_users", step_up=True)
@once
def create_team() -> ResponseReturnValue:
    form = TeamForm()
    if not form.validate():
        return page("identity/teams/new.html", 422, form=form)
    try:
        team = Team.create(**form.written(form.values()), by=member)
    except Refused as refusal:
        form.name.errors = [refusal.text]
        return page("identity/teams/new.html", 422, form=form)
    said(_("The team %(name)s is there", name=team.name))
    return go("identity.show_team", team_id=team.id)


@bp.get("/<port>/admin/teams/<uuid:team_id>")
@requires("admin.manage_users")
def show_team(team_id: uuid.UUID) -> ResponseReturnValue:
    return team_page(team_of(team_id))


def team_page(team: Team, status: int = 200, *, form: MembershipForm | None = None) -> ResponseReturnValue:
    inside = members_of(team)
    ids = {each.id for each in inside}
    form = form or MembershipForm(formdata=None, inside=ids)
    supervisor = form.everybody.get(str(team.supervisor_id))
    return page(
        "identity/teams/show.html",
        status,
        follow=["people"],
        team=team,
        members=inside,
        form=form,
        supervisor=supervisor,
    )


@bp.get("/<port>/admin/teams/<uuid:team_id>/edit")
@requires("admin.manage_users")
def edit_team(team_id: uuid.UUID) -> ResponseReturnValue:
    team = team_of(team_id)
    form = TeamForm(formdata=None, obj=team)
    form.open(team)
    return edit_page(team, form)


def edit_page(team: Team, form: TeamForm, status: int = 200, *, clashes: Any = ()) -> ResponseReturnValue:
    return page("identity/teams/edit.html", status, team=team, form=form, clashes=list(clashes))


@bp.put("/<port>/admin/teams/<uuid:team_id>")
@requires("admin.manage_users", step_up=True)
def update_team(team_id: uuid.UUID) -> ResponseReturnValue:
    team = team_of(team_id, locked=True)
    form = TeamForm(obj=team)
    if not form.validate():
        return edit_page(team, form, 422)
    edit = form.compare(team)
    if edit.clashes:
        return edit_page(team, form, 409, clashes=edit.clashes)
    named = form.named(team) if "supervisor_id" in edit.changes else None
    try:
        team.update(form.written(edit.changes), by=member, named=named)
    except Refused as refusal:
        form.name.errors = [refusal.text]
        return edit_page(team_of(team_id), form, 422)
    said(_("Team saved"))
    return go("identity.show_team", team_id=team_id)


@bp.delete("/<port>/admin/teams/<uuid:team_id>")
@requires("admin.manage_users", step_up=True)
def destroy_team(team_id: uuid.UUID) -> ResponseReturnValue:
    team = team_of(team_id, locked=True)
    name = team.name
    team.delete(by=member)
    said(_("The team %(name)s is deleted", name=name))
    return go("identity.index_teams")


@bp.post("/<port>/admin/teams/<uuid:team_id>/members")
@requires("admin.manage_users", step_up=True)
def create_membership(team_id: uuid.UUID) -> ResponseReturnValue:
    team = team_of(team_id, locked=True)
    form = MembershipForm()
    if not form.validate():
        return team_page(team, 422, form=form)
    chosen = form.user_id.data
    team.add(uuid.UUID(chosen), name=form.everybody[chosen], by=member)
    said(_("%(name)s is in the team", name=form.everybody[chosen]))
    return go("identity.show_team", team_id=team_id)


@bp.delete("/<port>/admin/teams/<uuid:team_id>/members/<uuid:user_id>")
@requires("admin.manage_users", step_up=True)
def destroy_membership(team_id: uuid.UUID, user_id: uuid.UUID) -> ResponseReturnValue:
    team = team_of(team_id, locked=True)
    names = {each.id: each.name for each in members_of(team)}
    if user_id not in names:
        abort(404)
    team.drop(user_id, name=names[user_id], by=member)
    said(_("%(name)s is no longer in the team", name=names[user_id]))
    return go("identity.show_team", team_id=team_id)
