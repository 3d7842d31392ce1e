"""To the provider that vouches for people, and back from it."""

from __future__ import annotations

import secrets
from dataclasses import asdict

from flask import redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import Member, member
from ...proofs import ProofForm, confirmation_page
from ...web import allowed_next, load_member, public, set_session_cookie, signed_in
from .. import oidc
from ..sign_in import Paused, Wrong
from . import bp
from .sign_in import browser_here, go_on, sign_in_page


@bp.get("/auth/oidc")
@public
def new_oidc_session() -> ResponseReturnValue:
    """Nothing is written before one comes back: what is to be remembered is in this browser's signed cookie."""
    if not oidc.is_set_up():
        return sign_in_page(note=_not_set_up())
    try:
        address, asked = oidc.ask(allowed_next(request.args.get("next")))
    except (oidc.NoAnswer, oidc.NotBelieved):
        return sign_in_page(status=503, note=_no_answer())
    session["oidc"] = asdict(asked)
    return redirect(address, 303)


@bp.get("/auth/confirm/oidc")
@signed_in(for_proving=True)
def new_oidc_confirmation() -> ResponseReturnValue:
    """Once more to the provider, which is to ask who it is even of somebody who is signed in there."""
    then = allowed_next(request.args.get("next"))
    if not oidc.is_set_up():
        return redirect(url_for("identity.new_confirmation", next=then), 303)
    try:
        address, asked = oidc.ask(then, confirming=member)
    except (oidc.NoAnswer, oidc.NotBelieved):
        return _unconfirmed(member, then, _no_answer(), 503)
    session["oidc"] = asdict(asked)
    return redirect(address, 303)


@bp.get("/auth/oidc/callback")
@public
def create_oidc_session() -> ResponseReturnValue:
    kept = session.pop("oidc", None)
    if not oidc.is_set_up():
        return sign_in_page(note=_not_set_up())
    state, code = request.args.get("state", ""), request.args.get("code", "")
    if not kept or not secrets.compare_digest(str(kept["state"]).encode(), state.encode()):
        return sign_in_page(status=422, note=_("That sign-in was not begun in this browser. Try again."))
    if kept.get("confirms"):
        return _create_oidc_confirmation(oidc.Asked(**kept), code)
    if not code:
        return sign_in_page(status=422, note=_("The other service did not sign you in. Nothing happened here."))
    asked = oidc.Asked(**kept)
    try:
        signed = oidc.sign_in_from(asked, code, browser=browser_here())
    except oidc.NoAnswer:
        return sign_in_page(status=503, note=_no_answer())
    except oidc.NotBelieved:
        return sign_in_page(status=422, note=_("What the other service said could not be verified. Try again."))
    except oidc.Unknown:
        return sign_in_page(status=422, note=_("Nobody here belongs to that account. Accounts are by invitation."))
    except (oidc.Inactive, Wrong):
        return sign_in_page(status=422, note=_("Your account here is deactivated. Ask your harbour manager."))
    except Paused:
        return sign_in_page(status=429, paused=True)
    return go_on(signed, asked.then)


def _create_oidc_confirmation(asked: oidc.Asked, code: str) -> ResponseReturnValue:
    found = load_member()
    if found is None:
        return sign_in_page(status=422, note=_("You were signed out meanwhile. Sign in again."))
    try:
        if not code:
            raise oidc.NotBelieved
        token = oidc.confirm_from(asked, code, by=found)
    except oidc.NoAnswer:
        return _unconfirmed(found, asked.then, _no_answer(), 503)
    except oidc.NotBelieved:
        words = _("The other service did not say that you signed in there just now. Try again, or use your password.")
        return _unconfirmed(found, asked.then, words, 422)
    except oidc.Unknown:
        words = _("You signed in there with another account than the one that is linked to you here.")
        return _unconfirmed(found, asked.then, words, 422)
    response = redirect(asked.then or url_for("identity.home"), 303)
    set_session_cookie(response, token)
    return response


def _unconfirmed(found: Member, then: str | None, note: str, status: int) -> ResponseReturnValue:
    return confirmation_page(found, ProofForm(formdata=None), then=then, note=note, status=status)


def _not_set_up() -> str:
    return _("Signing in through another service is not set up here.")


def _no_answer() -> str:
    return _("The other service does not answer. Try again in a moment, or sign in with your password.")
