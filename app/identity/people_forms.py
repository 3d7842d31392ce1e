"""The shape of what administrators send: invitations, roles, rights, teams."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

from flask import request
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from wtforms import BooleanField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired
from wtforms.widgets import CheckboxInput, ListWidget

from ..current import member
from ..db import db
from ..forms import EditForm, Form, at_most
from .forms import is_address, is_name, readable_address
from .models import RoleHere, Team, User, roles_here
from .permissions import LEAVES, RESOURCES

PLUMBING = frozenset({"csrf_token", "next"})


class Checkboxes(SelectMultipleField):
    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class InvitationForm(Form):
    email = StringField(
        _("E-mail"),
        [DataRequired(_("Type their e-mail address.")), at_most(320), is_address],
        description=_("The invitation goes here. It works for three days."),
    )
    name = StringField(_("Name"), [DataRequired(_("Type their name.")), at_most(120), is_name])
    roles = Checkboxes(_("Roles"), [DataRequired(_("Choose at least one role."))], coerce=str)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = roles_here(member.here().id)
        self.roles.choices = [(str(here.role.id), here.role.label) for here in self.offered]

    def address(self) -> str:
        return readable_address(self.email.data or "") or ""

    def role_ids(self) -> list[uuid.UUID]:
        return [uuid.UUID(role_id) for role_id in self.roles.data or ()]


def roles_form(user: User, **kwargs: Any) -> EditForm:
    """One box for each role of the port; two administrators who tick different ones do not get into each other's
    way."""
    offered = roles_here(member.here().id)
    boxes: dict[str, Any] = {here.role.id.hex: BooleanField(here.role.label) for here in offered}
    held = user.role_ids(member.here().id)
    record = sheet("user", user.id, {here.role.id.hex: here.role.id in held for here in offered})
    form = type("RolesForm", (EditForm,), boxes)(obj=record, **kwargs)
    form.offered, form.record = offered, record
    return cast(EditForm, form)


def sheet(subject_type: str, subject_id: uuid.UUID, values: dict[str, Any]) -> Any:
    """What is edited, as a form reads records: by the names of its fields."""
    return SimpleNamespace(**values, id=subject_id, subject_type=subject_type)


class MapForm(EditForm):
    """A form over leaves of the permission map. A leaf nobody knows is refused, and nothing of it stored."""

    record: Any

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        known = PLUMBING | set(self._fields)
        # What begins with an underscore is a form's own, or of the question whether somebody is still there.
        unknown = sorted(name for name in request.form if name not in known and not name.startswith("_"))
        good = super().validate(*args, **kwargs)
        if unknown:
            self.form_errors = [_("There is no such right: %(names)s.", names=", ".join(unknown)[:200])]
        return good and not unknown


class RoleForm(MapForm):
    label = StringField(_("Name"), [DataRequired(_("Type a name for the role.")), at_most(80)])
    description = TextAreaField(_("In a sentence"), [at_most(300)])


class CopyForm(Form):
    label = StringField(_("Name of the copy"), [DataRequired(_("Type a name for the role.")), at_most(80)])
    description = TextAreaField(_("In a sentence"), [at_most(300)])


def leaves() -> Iterable[str]:
    return (f"{resource}.{action}" for resource, actions in RESOURCES.items() for action in actions)


BOXES: dict[str, Any] = {leaf: BooleanField(leaf) for leaf in leaves()}
RoleMapForm = type("RoleMapForm", (RoleForm,), BOXES)


def role_form(here: RoleHere, **kwargs: Any) -> MapForm:
    from .words import leaf_words

    values = {**here.stated, "label": here.role.label, "description": here.role.description}
    record = sheet("role", here.role.id, values)
    form = RoleMapForm(obj=record, **kwargs)
    form.record = record
    for leaf in LEAVES:
        form[leaf].label.text = leaf_words(leaf)
    return cast(MapForm, form)


STATES = (("", _("As the role")), ("on", _("On in this port")), ("off", _("Off in this port")))
OverrideForm = type("OverrideForm", (MapForm,), {leaf: SelectField(leaf, choices=STATES) for leaf in leaves()})
WRITTEN = {None: "", True: "on", False: "off"}
READ = {written: value for value, written in WRITTEN.items()}


def override_form(here: RoleHere, **kwargs: Any) -> MapForm:
    """What this port lays over a role: for each leaf as the role says, on, or off."""
    from .words import leaf_words

    record = sheet("role", here.role.id, {leaf: WRITTEN[here.overrides.get(leaf)] for leaf in leaves()})
    form = OverrideForm(obj=record, **kwargs)
    form.record = record
    for leaf in LEAVES:
        form[leaf].label.text = leaf_words(leaf)
    return cast(MapForm, form)


def overrides_of(changes: dict[str, str]) -> dict[str, bool | None]:
    return {leaf: READ[written] for leaf, written in changes.items()}


def colleagues() -> list[tuple[str, str]]:
    """The active people of the port."""
    statement = User.in_port(member.here().id).where(User.is_active).with_only_columns(User.id, User.name)
    rows = db.session.execute(statement.order_by(User.name, User.id))
    return [(str(row.id), row.name) for row in rows]


def as_id(value: Any) -> str:
    return str(value) if value else ""


class TeamForm(EditForm):
    name = StringField(_("Name"), [DataRequired(_("Type a name for the team.")), at_most(80)])
    supervisor_id = SelectField(
        _("Supervisor"), coerce=as_id, description=_("Sees and hands out what belongs to the team.")
    )

    def __init__(self, *args: Any, obj: Team | None = None, **kwargs: Any) -> None:
        super().__init__(*args, obj=obj, **kwargs)
        offered = [("", _("Nobody")), *colleagues()]
        for kept in {as_id(obj and obj.supervisor_id), as_id(self.opened_with.get("supervisor_id"))}:
            if kept and kept not in dict(offered):
                name = db.session.scalar(select(User.name).where(User.id == uuid.UUID(kept)))
                offered.append((kept, name or str(_("A former colleague"))))
        self.supervisor_id.choices = offered

    def written(self, changes: dict[str, Any]) -> dict[str, Any]:
        if "supervisor_id" in changes:
            chosen = changes["supervisor_id"]
            changes = {**changes, "supervisor_id": uuid.UUID(chosen) if chosen else None}
        return changes

    def named(self, team: Team) -> dict[str, list[str]]:
        """The names of the supervisors before and after, for the timeline."""
        words = {value: str(label) if value else "" for value, label in cast(Any, self.supervisor_id.choices)}
        return {"supervisor_id": [words.get(as_id(team.supervisor_id), ""), words.get(self.supervisor_id.data, "")]}


class MembershipForm(Form):
    user_id = SelectField(_("Add somebody"), coerce=as_id)

    def __init__(self, *args: Any, inside: Iterable[uuid.UUID] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.everybody = dict(colleagues())
        self.user_id.choices = [pair for pair in self.everybody.items() if uuid.UUID(pair[0]) not in set(inside)]
