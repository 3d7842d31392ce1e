"""The public page: no cookie, no session; a signed token says that the form is one of ours, and how old it is."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from flask import Response, abort, current_app, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeTimedSerializer

from ... import formats
from ...admin.models import settings_of
from ...current import CurrentPort
from ...db import begin, now
from ...identity.models import open_port
from ...once import once_key
from ...web import go, public_form
from ..forms import SECTIONS, RegistrationForm
from ..models import Received, Registration
from . import bp

# Nobody fills it in faster; machines do.
QUICKEST = timedelta(seconds=3)
OPEN_FOR = timedelta(hours=12)


def signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="registration")


def port_here() -> CurrentPort:
    """The port of the address, in whose language the page is written; 404 for one that takes no registrations."""
    found = open_port(g.port_slug)
    if found is None:
        abort(404)
    # In force for what may be written; of no scope, so that nothing of it can be read.
    begin(port_id=found.id, scope="public")
    formats.put_in_force(found)
    return found


def form_page(port: CurrentPort, form: RegistrationForm, status: int = 200, problem: str = "") -> Response:
    """With a new token each time."""
    token = signer().dumps([port.slug, once_key()])
    settings = settings_of(port)
    about: dict[str, Any] = {"port": port, "settings": settings, "problem": problem, "locale": port.locale}
    return make_response(render_template("registration/new.html", form=form, token=token, **about), status)


def form_of(port: CurrentPort, **kwargs: Any) -> RegistrationForm:
    settings = settings_of(port)
    return RegistrationForm(
        port=port, sections=[name for name in SECTIONS if getattr(settings, f"registration_{name}")], **kwargs
    )


@bp.get("/public/<port>/register")
@public_form
def new() -> ResponseReturnValue:
    port = port_here()
    if "sent" in request.args:
        return make_response(render_template("registration/sent.html", port=port, locale=port.locale))
    return form_page(port, form_of(port, formdata=None))


@bp.post("/public/<port>/register")
@public_form
def create() -> ResponseReturnValue:
    """Whoever is known already is answered as everybody else is."""
    port = port_here()
    form = form_of(port)
    token, problem = read_token(port)
    if not form.validate() or problem:
        return form_page(port, form, 422, problem)
    # What only a machine fills in is thrown away, and the machine is told what everybody is told.
    if not form.website.data:
        answer = Registration.receive(form.words(port.locale), key=key_of(token, form))
        if answer == Received.FULL:
            return form_page(port, form, 429, _("Too many have registered today. Try again tomorrow, or call us."))
        if answer == Received.CLOSED:
            abort(404)
    return go("registration.new", sent="1")


def read_token(port: CurrentPort) -> tuple[str, str]:
    """The key of the form, or what is wrong with it."""
    try:
        (slug, key), made_at = signer().loads(
            request.form.get("token", ""), max_age=int(OPEN_FOR.total_seconds()), return_timestamp=True
        )
    except (BadData, ValueError, TypeError):
        return "", _("This page was open for too long. Look at it once more, and send it again.")
    if slug != port.slug:
        return "", _("This page was open for too long. Look at it once more, and send it again.")
    if now() - made_at < QUICKEST:
        return "", _("That was very quick. Look at it once more, and send it again.")
    return str(key), ""


def key_of(token: str, form: RegistrationForm) -> bytes:
    """The same for the same words from the same form: sent twice it acts once."""
    return hashlib.sha256(repr([token, sorted(form.values().items())]).encode()).digest()
