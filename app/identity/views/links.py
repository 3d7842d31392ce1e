"""Links of mails: accepting an invitation, choosing a new password, confirming a new address.

Opening one uses nothing, since mail programs open them too; sending its form does.
"""

from __future__ import annotations

from flask import make_response, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...web import SESSION_COOKIE, go, public, said
from ..accounts import (
    AddressTaken,
    Link,
    NotOpen,
    accept_invitation,
    ask_for_reset,
    change_email,
    open_link,
    reset_password,
)
from ..forms import AcceptanceForm, ResetForm, ResetRequestForm
from ..models import Purpose
from ..sign_in import end_session
from . import bp


@bp.errorhandler(NotOpen)
def closed(error: NotOpen) -> ResponseReturnValue:
    """410: what became of the link, and the way on."""
    purpose = (request.endpoint or "").rpartition("_")[2]
    return _page("identity/link_closed.html", 410, state=error.state, purpose=purpose)


@bp.get("/auth/accept/<token>")
@public
def new_acceptance(token: str) -> ResponseReturnValue:
    link = open_link(Purpose.INVITE, token)
    form = AcceptanceForm(formdata=None, name=link.name)
    return _page("identity/new_acceptance.html", link=link, form=form, token=token)


@bp.post("/auth/accept/<token>")
@public
def create_acceptance(token: str) -> ResponseReturnValue:
    link, form = open_link(Purpose.INVITE, token), AcceptanceForm()
    form.about = (link.name, str(form.name.data), link.email)
    if not form.validate():
        return _page("identity/new_acceptance.html", 422, link=link, form=form, token=token)
    accept_invitation(token, name=str(form.name.data), password=str(form.new_password.data))
    said(_("Your account is ready. Sign in with your new password."))
    return _to_sign_in()


@bp.get("/auth/reset")
@public
def new_reset() -> ResponseReturnValue:
    return _page("identity/new_reset.html", form=ResetRequestForm(formdata=None), is_sent="sent" in request.args)


@bp.post("/auth/reset")
@public
def create_reset() -> ResponseReturnValue:
    """The same answer for any address, after the same work."""
    form = ResetRequestForm()
    if not form.validate():
        return _page("identity/new_reset.html", 422, form=form, is_sent=False)
    ask_for_reset(str(form.email.data), ip=request.remote_addr)
    return go("identity.new_reset", sent="1")


@bp.get("/auth/reset/<token>")
@public
def edit_reset(token: str) -> ResponseReturnValue:
    link = open_link(Purpose.RESET, token)
    return _page("identity/edit_reset.html", link=link, form=ResetForm(formdata=None), token=token)


@bp.post("/auth/reset/<token>")
@public
def update_reset(token: str) -> ResponseReturnValue:
    link, form = open_link(Purpose.RESET, token), ResetForm()
    form.about = (link.name, link.email)
    if not form.validate():
        return _page("identity/edit_reset.html", 422, link=link, form=form, token=token)
    reset_password(token, password=str(form.new_password.data))
    said(_("Your password was changed. Sign in with the new one."))
    return _to_sign_in()


@bp.get("/auth/email/<token>")
@public
def edit_email(token: str) -> ResponseReturnValue:
    return _email_page(open_link(Purpose.EMAIL, token), token)


@bp.post("/auth/email/<token>")
@public
def update_email(token: str) -> ResponseReturnValue:
    """Nobody is signed out: in this browser there may well be nobody signed in."""
    link = open_link(Purpose.EMAIL, token)
    try:
        address = change_email(token)
    except AddressTaken:
        return _email_page(link, token, 409, is_taken=True)
    said(_("From now on you sign in with %(email)s.", email=address))
    return go("identity.new_session") if SESSION_COOKIE not in request.cookies else go("identity.home")


def _email_page(link: Link, token: str, status: int = 200, *, is_taken: bool = False) -> ResponseReturnValue:
    return _page("identity/edit_email.html", status, link=link, token=token, is_taken=is_taken)


def _to_sign_in() -> ResponseReturnValue:
    """Whoever was signed in with this browser is no more, and its forms are new ones."""
    if before := request.cookies.get(SESSION_COOKIE):
        end_session(before)
    session.clear()
    response = go("identity.new_session")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def _page(template: str, status: int = 200, **context: object) -> ResponseReturnValue:
    return make_response(render_template(template, **context), status)
