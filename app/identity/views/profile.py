"""One's own profile: what is shown of oneself, picture, password, e-mail address."""

from __future__ import annotations

import uuid
from functools import partial
from io import BytesIO
from typing import Any

from flask import Response, abort, g, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from ... import storage
from ...current import member
from ...db import after_commit, rollback
from ...storage.store import NotStored
from ...web import find_or_404, go, page, said, set_session_cookie, signed_in
from .. import accounts
from ..accounts import Profile, own, set_picture
from ..forms import EmailForm, PasswordForm, PictureForm, ProfileForm
from ..models import User
from ..pictures import NotAPicture, square
from ..sign_in import Paused, Wrong, resume
from . import bp

PLACE = "/<port>/settings/profile"


def profile_page(status: int = 200, **forms: Any) -> ResponseReturnValue:
    """All forms of the page; the one that was sent as it came."""
    profile = Profile.of(own(member))
    if "form" not in forms:
        form = ProfileForm(formdata=None, obj=profile)
        form.open(profile)
        forms["form"] = form
    forms.setdefault("clashes", [])
    forms["has_password"] = accounts.has_password(member)
    for name, kind in (("picture_form", PictureForm), ("password_form", PasswordForm), ("email_form", EmailForm)):
        forms.setdefault(name, kind(formdata=None))
    return page("settings/profile.html", status, **forms)


@bp.get(PLACE)
@signed_in
def edit_profile() -> ResponseReturnValue:
    return profile_page()


@bp.put(PLACE)
@signed_in
def update_profile() -> ResponseReturnValue:
    user = own(member, locked=True)
    profile = Profile.of(user)
    form = ProfileForm(obj=profile)
    if not form.validate():
        return profile_page(422, form=form)
    edit = form.compare(profile)
    if edit.clashes:
        return profile_page(409, form=form, clashes=edit.clashes)
    accounts.update_profile(user, edit.changes, by=member)
    said(_("Your profile was saved"))
    return go("identity.edit_profile")


@bp.put(f"{PLACE}/picture")
@signed_in(limit="upload")
def update_picture() -> ResponseReturnValue:
    """The file is looked at and stored between two transactions."""
    form = PictureForm()
    if not form.validate():
        return profile_page(422, picture_form=form)
    rollback()
    try:
        picture = square(form.picture.data.stream)
    except NotAPicture:
        resume(member)
        form.picture.errors = [_("Send a JPEG, PNG or WebP picture of at most 5 MB.")]
        return profile_page(422, picture_form=form)
    key = storage.new_key(member.here().slug, "general", member.id, "webp")
    storage.put(BytesIO(picture), key, "image/webp")
    resume(member)
    _drop(set_picture(own(member, locked=True), key, by=member))
    said(_("Your picture was saved"))
    return go("identity.edit_profile")


@bp.delete(f"{PLACE}/picture")
@signed_in
def destroy_picture() -> ResponseReturnValue:
    _drop(set_picture(own(member, locked=True), None, by=member))
    said(_("Your picture was removed"))
    return go("identity.edit_profile")


def _drop(key: str | None) -> None:
    if key is not None:
        after_commit(partial(storage.delete, key))


@bp.get("/<port>/users/<uuid:user_id>/picture")
@signed_in
def show_picture(user_id: uuid.UUID) -> ResponseReturnValue:
    """Of a colleague; the address changes with the picture, so the browser keeps it."""
    key = find_or_404(select(User).where(User.id == user_id, User.image_key.is_not(None))).image_key
    rollback()
    try:
        with storage.open(str(key)) as stream:
            response = Response(stream.read(), mimetype="image/webp")
    except NotStored:
        abort(404)
    response.headers["Content-Disposition"] = "inline; filename=picture.webp"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, max-age=604800, immutable"
    return response


@bp.app_template_global()
def picture_url(user: Any) -> str | None:
    """Where the picture of a user or member is, on a page of a port; None without one."""
    if not user.image_key or "port_slug" not in g:
        return None
    return url_for("identity.show_picture", user_id=user.id, v=user.image_key[-13:-5])


@bp.put(f"{PLACE}/password")
@signed_in
def update_password() -> ResponseReturnValue:
    form = PasswordForm()
    form.about = (member.name, member.email)
    if not form.validate():
        return profile_page(422, password_form=form)
    try:
        present, new = str(form.present_password.data), str(form.new_password.data)
        token = accounts.change_password(present, new, ip=request.remote_addr, by=member)
    except (Paused, Wrong) as error:
        form.present_password.errors = [_refusal(error)]
        return profile_page(429 if isinstance(error, Paused) else 422, password_form=form)
    session.clear()  # a new CSRF secret with the new token
    said(_("Your password was changed. You are signed out everywhere else."))
    response = go("identity.edit_profile")
    set_session_cookie(response, token)
    return response


@bp.post(f"{PLACE}/email")
@signed_in
def create_email_change() -> ResponseReturnValue:
    form = EmailForm()
    if not form.validate():
        return profile_page(422, email_form=form)
    address = str(form.email.data)
    if address.lower() == member.email.lower():
        form.email.errors = [_("This is your address already.")]
        return profile_page(422, email_form=form)
    try:
        accounts.ask_for_email_change(address, str(form.email_password.data), ip=request.remote_addr, by=member)
    except (Paused, Wrong) as error:
        form.email_password.errors = [_refusal(error)]
        return profile_page(429 if isinstance(error, Paused) else 422, email_form=form)
    said(_("A link was sent to %(email)s. Your address changes when you open it.", email=address))
    return go("identity.edit_profile")


def _refusal(error: Paused | Wrong) -> str:
    """What to say beside the password; the page is read in a transaction of its own."""
    resume(member)
    if isinstance(error, Paused):
        return _("There were too many tries. Wait a few minutes, then try again.")
    return _("This is not your present password.")
