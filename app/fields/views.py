"""Custom fields: list, create, edit, order, put away and back; another name for a choice."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ..current import member
from ..errors import Refused
from ..forms import Clash, Form
from ..once import once
from ..web import find_or_404, go, page, requires, said
from .forms import FieldForm, NewFieldForm, OptionForm
from .labels import RESOURCES
from .models import FieldDefinition, InUse, Taken
from .queries import fields_by_resource

bp = Blueprint("fields", __name__, url_prefix="/<port>/admin/custom-fields")


def locked(field_id: uuid.UUID) -> FieldDefinition:
    return find_or_404(FieldDefinition.visible_to(member).where(FieldDefinition.id == field_id).with_for_update())


def refused(form: Form, act: Callable[[], object]) -> bool:
    """Do it; True, with the reason beside the field, where it cannot be."""
    try:
        act()
    except Taken as error:
        form["label"].errors = [_("There is a field called %(label)s already.", label=error.label)]
    except InUse as error:
        form[error.field].errors = [error.text]
    except Refused as error:
        form.form_errors = [error.text]
    else:
        return False
    return True


@bp.get("")
@requires("admin.manage_custom_fields")
def index() -> ResponseReturnValue:
    archived = request.args.get("archived") == "1"
    found = fields_by_resource(member, archived=archived)
    return page("fields/index.html", follow=["fields"], found=found, resources=RESOURCES, archived=archived)


@bp.get("/new")
@requires("admin.manage_custom_fields")
def new() -> ResponseReturnValue:
    resource = request.args.get("resource", "client")
    if resource not in RESOURCES:
        abort(404)
    form = NewFieldForm(formdata=None, data={"resource": resource})
    return page("fields/new.html", form=form, resources=RESOURCES)


@bp.post("")
@requires("admin.manage_custom_fields")
@once
def create() -> ResponseReturnValue:
    form, port = NewFieldForm(), member.here()
    values = form.written(form.values())
    resource = values.pop("resource") or "client"
    if resource not in RESOURCES:
        abort(400)

    def act() -> object:
        return FieldDefinition.create(values, resource=resource, currency=port.currency, port_id=port.id, by=member)

    if not form.validate() or refused(form, act):
        return page("fields/new.html", 422, form=form, resources=RESOURCES)
    said(_("%(label)s was added", label=form.label.data))
    return go("fields.index")


@bp.get("/<uuid:field_id>/edit")
@requires("admin.manage_custom_fields")
def edit(field_id: uuid.UUID) -> ResponseReturnValue:
    field = find_or_404(FieldDefinition.visible_to(member).where(FieldDefinition.id == field_id))
    form = FieldForm(formdata=None, obj=field)
    form.open(field)
    return edit_page(field, form, 200)


def edit_page(
    field: FieldDefinition,
    form: FieldForm,
    status: int,
    *,
    clashes: Sequence[Clash] = (),
    option_form: OptionForm | None = None,
) -> ResponseReturnValue:
    return page(
        "fields/edit.html",
        status,
        field=field,
        form=form,
        clashes=list(clashes),
        option_form=option_form or OptionForm(formdata=None, field=field),
    )


@bp.put("/<uuid:field_id>")
@requires("admin.manage_custom_fields")
def update(field_id: uuid.UUID) -> ResponseReturnValue:
    field = locked(field_id)
    form = FieldForm(obj=field)
    if not form.validate():
        return edit_page(field, form, 422)
    change = form.compare(field)
    if change.clashes:
        return edit_page(field, form, 409, clashes=change.clashes)
    values, currency = form.written(change.changes), member.here().currency
    if refused(form, lambda: field.update(values, currency=currency, by=member)):
        return edit_page(field, form, 422)
    said(_("%(label)s was saved", label=field.label))
    return go("fields.index")


@bp.put("/<uuid:field_id>/option")
@requires("admin.manage_custom_fields")
def update_option(field_id: uuid.UUID) -> ResponseReturnValue:
    """Another name for a choice."""
    field = locked(field_id)
    form = OptionForm(field=field)
    key, name = str(form.option.data), str(form.name.data)

    def act() -> object:
        return field.rename_option(key, name, by=member)

    if not form.validate() or refused(form, act):
        form.name.errors = [*form.name.errors, *form.option.errors, *form.form_errors]
        opened = FieldForm(formdata=None, obj=field)
        opened.open(field)
        return edit_page(field, opened, 422, option_form=form)
    said(_("The choice is called “%(name)s” now", name=name))
    return go("fields.edit", field_id=field_id)


@bp.put("/<uuid:field_id>/position")
@requires("admin.manage_custom_fields")
def update_position(field_id: uuid.UUID) -> ResponseReturnValue:
    """`?to=3`: the third of them."""
    field = find_or_404(FieldDefinition.visible_to(member).where(FieldDefinition.id == field_id))
    field.move_to(request.args.get("to", 1, type=int), by=member)
    return go("fields.index", _anchor=f"field-{field_id}")


@bp.post("/<uuid:field_id>/archival")
@requires("admin.manage_custom_fields")
def create_archival(field_id: uuid.UUID) -> ResponseReturnValue:
    field = locked(field_id)
    field.archive(by=member)
    undo = url_for("fields.destroy_archival", field_id=field_id, _method="DELETE")
    said(_("%(label)s was archived", label=field.label), undo_url=undo)
    return go("fields.index")


@bp.delete("/<uuid:field_id>/archival")
@requires("admin.manage_custom_fields")
def destroy_archival(field_id: uuid.UUID) -> ResponseReturnValue:
    field = locked(field_id)
    try:
        field.restore(by=member)
    except Taken as error:
        words = {"label": field.label, "holder": error.label}
        text = _("%(label)s cannot come back: the field %(holder)s has the name now.", **words)
        raise Refused(text, url=url_for("fields.index"), label=_("Custom fields")) from error
    said(_("%(label)s is back", label=field.label))
    return go("fields.index")
