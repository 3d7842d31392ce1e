"""Ports: the list of super-admins; inside a port its name and place, its logo and colours."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from io import BytesIO
from typing import Any

from flask import Response, abort, g, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Row

from ... import storage
from ...assets import IMMUTABLE
from ...current import member
from ...db import after_commit, rollback
from ...once import once
from ...storage.store import StorageAway
from ...web import find_or_404, go, page, public, requires, said, signed_in
from ..branding import DEFAULTS, Unusable, encoded_logo, shades_of, style_sheet, version_of
from ..models import Port, open_port
from ..models.port import SlugTaken
from ..port_forms import BrandingForm, NewPortForm, PortForm, look_of
from ..sign_in import resume
from . import bp


@bp.get("/<port>/admin/ports")
@requires("admin.manage_settings", super_admin=True)
def index_all_ports() -> ResponseReturnValue:
    return page("identity/ports/index.html", ports=Port.all())


@bp.get("/<port>/admin/ports/new")
@requires("admin.manage_settings", super_admin=True)
def new_port() -> ResponseReturnValue:
    here = member.here()
    given = {
        "country": here.country,
        "timezone": here.timezone,
        "default_currency": here.currency,
        "locale": here.locale,
    }
    return page("identity/ports/new.html", form=NewPortForm(formdata=None, data=given))


@bp.post("/<port>/admin/ports")
@requires("admin.manage_settings", step_up=True, super_admin=True)
@once
def create_port() -> ResponseReturnValue:
    form = NewPortForm()
    if not form.validate():
        return page("identity/ports/new.html", 422, form=form)
    fields = form.values()
    try:
        made = Port.create(slug=fields.pop("slug"), fields=fields, by=member)
    except SlugTaken as taken:
        form.slug.errors = [taken.text]
        return page("identity/ports/new.html", 422, form=form)
    said(_("%(name)s is there. Open it and invite its first administrator.", name=made.name))
    return go("identity.index_all_ports")


def port_at(slug: str) -> Row[Any]:
    found = [each for each in Port.all() if each.slug == slug]
    return found[0] if found else abort(404)


@bp.post("/<port>/admin/ports/<slug>/deactivation")
@requires("admin.manage_settings", step_up=True, super_admin=True)
def create_port_deactivation(slug: str) -> ResponseReturnValue:
    found = port_at(slug)
    Port.set_active(found.id, False, by=member)
    said(_("%(name)s is deactivated", name=found.name))
    return go("identity.index_all_ports")


@bp.delete("/<port>/admin/ports/<slug>/deactivation")
@requires("admin.manage_settings", step_up=True, super_admin=True)
def destroy_port_deactivation(slug: str) -> ResponseReturnValue:
    found = port_at(slug)
    Port.set_active(found.id, True, by=member)
    said(_("%(name)s is open again", name=found.name))
    return go("identity.index_all_ports")


# --- The port one stands in


def here(*, locked: bool = False) -> Port:
    found = Port.of(member)
    return find_or_404(found.with_for_update() if locked else found)


@bp.get("/<port>/admin/port")
@requires("admin.manage_settings")
def edit_port() -> ResponseReturnValue:
    port = here()
    form = PortForm(formdata=None, obj=port)
    form.open(port)
    return page("identity/ports/edit.html", port=port, form=form, clashes=[])


@bp.put("/<port>/admin/port")
@requires("admin.manage_settings", step_up=True)
def update_port() -> ResponseReturnValue:
    port = here(locked=True)
    form = PortForm(obj=port)
    if not form.validate():
        return page("identity/ports/edit.html", 422, port=port, form=form, clashes=[])
    edit = form.compare(port)
    if edit.clashes:
        return page("identity/ports/edit.html", 409, port=port, form=form, clashes=edit.clashes)
    port.update(edit.changes, by=member)
    said(_("Port saved"))
    return go("identity.edit_port")


@bp.get("/<port>/admin/port/branding")
@requires("admin.manage_settings")
def edit_branding() -> ResponseReturnValue:
    look = look_of(here())
    form = BrandingForm(formdata=None, obj=look)
    form.open(look)
    return branding_page(form)


def branding_page(form: BrandingForm, status: int = 200, *, clashes: Any = (), wrong: str = "") -> ResponseReturnValue:
    """`wrong`: what is the matter with the logo that was sent."""
    branding = here().branding
    return page(
        "identity/ports/branding.html",
        status,
        form=form,
        clashes=list(clashes),
        wrong=wrong,
        shades=shades_of(branding),
        defaults=DEFAULTS,
        branding=branding,
    )


@bp.put("/<port>/admin/port/branding")
@requires("admin.manage_settings", step_up=True)
def update_branding() -> ResponseReturnValue:
    port = here(locked=True)
    look = look_of(port)
    form = BrandingForm(obj=look)
    if not form.validate():
        return branding_page(form, 422)
    edit = form.compare(look)
    if edit.clashes:
        return branding_page(form, 409, clashes=edit.clashes)
    port.brand({name: value or None for name, value in edit.changes.items()}, by=member)
    said(_("Colours saved"))
    return go("identity.edit_branding")


@bp.put("/<port>/admin/port/logo")
@requires("admin.manage_settings", limit="upload", step_up=True)
def update_logo() -> ResponseReturnValue:
    """Read, re-encoded and stored between two transactions."""
    upload, standing = request.files.get("logo"), member.here()
    rollback()
    try:
        if upload is None or not upload.filename:
            raise Unusable(_("Choose a file first."))
        content = encoded_logo(upload.stream.read())
    except Unusable as error:
        resume(member)
        look = look_of(here())
        form = BrandingForm(formdata=None, obj=look)
        form.open(look)
        return branding_page(form, 422, wrong=str(error))
    key = storage.new_key(standing.slug, "general", "logo", "webp")
    storage.put(BytesIO(content), key, "image/webp")
    resume(member)
    replace_logo(key)
    said(_("Logo saved"))
    return go("identity.edit_branding")


@bp.delete("/<port>/admin/port/logo")
@requires("admin.manage_settings", step_up=True)
def destroy_logo() -> ResponseReturnValue:
    replace_logo(None)
    said(_("Logo removed"))
    return go("identity.edit_branding")


def replace_logo(key: str | None) -> None:
    port = here(locked=True)
    before = port.branding.get("logo")
    port.brand({"logo": key}, by=member)
    if before and before != key:
        after_commit(partial(forget, before))


def forget(key: str) -> None:
    """A file nobody needs any more; one that cannot be removed now does no harm."""
    with suppress(StorageAway):
        storage.delete(key)


@bp.get("/public/<port>/brand.css")
@public
def show_public_brand() -> ResponseReturnValue:
    """For who is not signed in: the look of a port that has a public page, kept for as long as its version."""
    port = open_port(g.port_slug)
    if port is None:
        abort(404)
    rollback()  # no transaction waits for storage
    response = Response(style_sheet(port.branding), mimetype="text/css")
    if request.args.get("v") == version_of(port.branding):
        response.headers["Cache-Control"] = IMMUTABLE
    return response


@bp.get("/<port>/brand.css")
@signed_in
def show_brand() -> ResponseReturnValue:
    """Kept by browsers for ever under its version; under another one it is what it is now, and not kept."""
    branding = member.here().branding
    rollback()  # no transaction waits for storage
    response = Response(style_sheet(branding), mimetype="text/css")
    if request.args.get("v") == version_of(branding):
        response.headers["Cache-Control"] = IMMUTABLE.replace("public", "private")
    return response
