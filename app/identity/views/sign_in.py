"""Signing in and out, choosing a port, and what follows the user (theme, sidebar)."""

from __future__ import annotations

from flask import Response, abort, current_app, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response as BaseResponse

from ...current import Member, member
from ...web import (
    SESSION_COOKIE,
    allowed_next,
    go,
    is_partial,
    load_member,
    page,
    public,
    set_session_cookie,
    signed_in,
)
from ..forms import PreferencesForm, SignInForm
from ..models import User
from ..sign_in import SECOND_STEP, Browser, Paused, SecondStep, Wrong, sign_in, sign_out
from . import bp

TICKET_COOKIE = "quayside_sign_in"


@bp.get("/")
@signed_in
def home() -> ResponseReturnValue:
    return redirect(home_of(member), 303)


def home_of(who: Member) -> str:
    """The user's default port, else the only one, else the choice of ports."""
    chosen = who.preferences.get("default_port")
    slugs = [port.slug for port in who.ports]
    if chosen in slugs:
        return url_for("dashboard.show", port=chosen)
    if len(slugs) == 1:
        return url_for("dashboard.show", port=slugs[0])
    return url_for("identity.index_ports")


@bp.get("/auth/login")
@public
def new_session() -> ResponseReturnValue:
    found = load_member()
    if found is not None:
        return redirect(allowed_next(request.args.get("next")) or home_of(found), 303)
    return sign_in_page(SignInForm(formdata=None))


@bp.post("/auth/login")
@public
def create_session() -> ResponseReturnValue:
    form = SignInForm()
    if not form.validate():
        return sign_in_page(form, 422)
    email, password = str(form.email.data), str(form.password.data)
    try:
        signed = sign_in(email, password, browser=browser_here())
    except Paused:
        return sign_in_page(form, 429, paused=True)
    except Wrong:
        form.password.errors = [_("E-mail and password do not belong together.")]
        return sign_in_page(form, 422)
    return go_on(signed)


def browser_here() -> Browser:
    return Browser(request.remote_addr, request.user_agent.string, before=request.cookies.get(SESSION_COOKIE))


def go_on(signed: str | SecondStep, then: str | None = None) -> BaseResponse:
    """In, or to the second step."""
    then = then or allowed_next(request.form.get("next"))
    if isinstance(signed, str):
        return welcome(signed, then)
    response = go("identity.new_second_factor", next=then)
    response.set_cookie(
        TICKET_COOKIE,
        signed.ticket,
        max_age=int(SECOND_STEP.total_seconds()),
        httponly=True,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        samesite="Lax",
        path="/auth",
    )
    return response


def welcome(token: str, then: str | None = None) -> BaseResponse:
    """Signed in: on to where one was going."""
    session.clear()  # a new CSRF secret with the new session
    response = redirect(then or allowed_next(request.form.get("next")) or url_for("identity.home"), 303)
    set_session_cookie(response, token)
    if TICKET_COOKIE in request.cookies:
        response.delete_cookie(TICKET_COOKIE, path="/auth")
    return response


def sign_in_page(
    form: SignInForm | None = None, status: int = 200, *, paused: bool = False, note: str = ""
) -> Response:
    """`note`: why one is here instead of where one wanted to be."""
    form = form or SignInForm(formdata=None)
    target = allowed_next(request.values.get("next"))
    label = current_app.extensions["settings"].oidc_label
    words = {"form": form, "paused": paused, "next": target, "note": note, "oidc_label": label}
    html = render_template("identity/new_session.html", **words)
    return make_response(html, status)


@bp.delete("/auth/logout")
@signed_in(for_proving=True)
def destroy_session() -> ResponseReturnValue:
    sign_out(request.cookies[SESSION_COOKIE], by=member)
    session.clear()
    response = go("identity.new_session")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


@bp.get("/auth/ports")
@signed_in
def index_ports() -> ResponseReturnValue:
    return page("identity/ports.html")


@bp.put("/auth/preferences")
@signed_in
def update_preferences() -> ResponseReturnValue:
    """Only what was sent changes; the answer is the page it was sent from."""
    form = PreferencesForm()
    if not form.validate():
        abort(400)
    User.prefer(member.id, form.sent())
    if is_partial():
        return "", 204
    return redirect(allowed_next(request.form.get("next")) or url_for("identity.home"), 303)
