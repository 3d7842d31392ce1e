"""To the provider that vouches for people, and back from it."""

from __future__ import annotations

import secrets
from dataclasses import asdict

from flask import redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...web import allowed_next, public
from .. import oidc
from ..sign_in import Paused, Wrong
from . import bp
from .sign_in import browser_here, go_on, sign_in_page


@bp.get("/auth/oidc")
@public
def new_oidc_session() -> ResponseReturnValue:
    """Nothing is written before one comes back: what is to be remembered is in this browser's signed cookie."""
    if not oidc.is_set_up():
        return sign_in_page(note=_("Signing in through another service is not set up here."))
    try:
        address, asked = oidc.ask(allowed_next(request.args.get("next")))
    except (oidc.NoAnswer, oidc.NotBelieved):
        return sign_in_page(status=503, note=_no_answer())
    session["oidc"] = asdict(asked)
    return redirect(address, 303)


@bp.get("/auth/oidc/callback")
@public
def create_oidc_session() -> ResponseReturnValue:
    kept = session.pop("oidc", None)
    if not oidc.is_set_up():
        return sign_in_page(note=_("Signing in through another service is not set up here."))
    state, code = request.args.get("state", ""), request.args.get("code", "")
    if not kept or not secrets.compare_digest(str(kept["state"]).encode(), state.encode()):
        return sign_in_page(status=422, note=_("That sign-in was not begun in this browser. Try again."))
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


def _no_answer() -> str:
    return _("The other service does not answer. Try again in a moment, or sign in with your password.")
