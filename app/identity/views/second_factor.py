"""The second step of signing in, signing in with a passkey alone, and confirming later on."""

from __future__ import annotations

import uuid
from dataclasses import replace

from flask import jsonify, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response as BaseResponse

from ...current import Member, member
from ...db import db
from ...proofs import ProofForm, confirmation_page, is_fresh
from ...web import (
    allowed_next,
    load_member,
    public,
    set_session_cookie,
    signed_in,
)
from .. import passkeys
from ..models import Challenge, FactorKind, MfaFactor, Proof
from ..sign_in import (
    Paused,
    TooLate,
    Wrong,
    confirm,
    finish_sign_in,
    sign_in_with_passkey,
    take_challenge,
    waiting,
)
from . import bp
from .sign_in import TICKET_COOKIE, browser_here, sign_in_page, welcome

# What a passkey is asked for: the page says it when it wants a challenge.
SIGN_IN, SECOND_STEP, CONFIRM, ENROL = "sign_in", "second_step", "confirm", "enrol"


@bp.get("/auth/mfa")
@public
def new_second_factor() -> ResponseReturnValue:
    step = waiting(request.cookies.get(TICKET_COOKIE))
    if step is None or step.user_id is None:
        return sign_in_page(note=_("Sign in with your password first."))
    return _second_step_page(ProofForm(formdata=None), _kinds(step.user_id))


@bp.post("/auth/mfa")
@public
def create_second_factor() -> ResponseReturnValue:
    form, ticket = ProofForm(), request.cookies.get(TICKET_COOKIE)
    step = waiting(ticket)
    if step is None or step.user_id is None:
        return _too_late()
    kinds = _kinds(step.user_id)
    proof = _with_challenge(form.factor(), SECOND_STEP)
    if proof is None or not form.validate():
        form.refuse(None if form.factor() else _("Type the code that your app shows."))
        return _second_step_page(form, kinds, 422)
    try:
        token = finish_sign_in(ticket, proof, browser=browser_here())
    except TooLate:
        return _too_late()
    except Paused:
        return _second_step_page(form, kinds, 429, paused=True)
    except Wrong:
        form.refuse()
        return _second_step_page(form, kinds, 422)
    return welcome(token)


def _kinds(user_id: uuid.UUID) -> frozenset[str]:
    """What the second step may ask for."""
    return frozenset(factor.kind for factor in db.session.scalars(MfaFactor.of(user_id)))


def _too_late() -> ResponseReturnValue:
    response = sign_in_page(status=422, note=_("That took too long. Sign in with your password once more."))
    response.delete_cookie(TICKET_COOKIE, path="/auth")
    return response


def _second_step_page(
    form: ProofForm, kinds: frozenset[str], status: int = 200, *, paused: bool = False
) -> ResponseReturnValue:
    then = allowed_next(request.values.get("next"))
    html = render_template("identity/second_factor.html", form=form, kinds=kinds, paused=paused, next=then)
    return make_response(html, status)


@bp.post("/auth/passkey")
@public
def create_passkey_session() -> ResponseReturnValue:
    form = ProofForm()
    proof = _with_challenge(form.factor(), SIGN_IN)
    if proof is None or proof.kind != FactorKind.PASSKEY or not form.validate():
        return sign_in_page(status=422, note=_("That passkey was not accepted. Try again, or use your password."))
    try:
        token = sign_in_with_passkey(proof, browser=browser_here())
    except Paused:
        return sign_in_page(status=429, paused=True)
    except Wrong:
        return sign_in_page(status=422, note=_("That passkey was not accepted. Try again, or use your password."))
    return welcome(token)


@bp.post("/auth/passkey/challenge")
@public
def create_challenge() -> ResponseReturnValue:
    """What the script hands to the browser. `for`: sign_in, second_step, confirm or enrol."""
    purpose = request.form.get("for", SIGN_IN)
    found = load_member() if purpose in (CONFIRM, ENROL) else None
    step = waiting(request.cookies.get(TICKET_COOKIE)) if purpose == SECOND_STEP else None
    user_id = found.id if found else step.user_id if step else None
    known: list[bytes] = []
    if user_id is not None:
        of_them = db.session.scalars(MfaFactor.of(user_id, FactorKind.PASSKEY))
        known = [factor.credential_id for factor in of_them if factor.credential_id]
    challenge = Challenge.issue(purpose=purpose, user=str(found.id) if found else None)
    session["challenge"] = challenge
    if purpose == ENROL and found is not None:
        options = passkeys.creation_options(
            challenge, user_id=found.id, email=found.email, name=found.name, known=known
        )
    else:
        options = passkeys.request_options(challenge, known=known)
    return jsonify(options)


def _with_challenge(proof: Proof | None, purpose: str, *, by: Member | None = None) -> Proof | None:
    """The proof with the challenge this browser was given, which is used up with it; None where there is none."""
    if proof is None or proof.kind != FactorKind.PASSKEY:
        return proof
    challenge = take_challenge(purpose, session.pop("challenge", None), by=by)
    return replace(proof, challenge=challenge) if challenge else None


@bp.get("/auth/confirm")
@signed_in(for_proving=True)
def new_confirmation() -> ResponseReturnValue:
    return confirmation_page(member, ProofForm(formdata=None), then=allowed_next(request.args.get("next")))


@bp.post("/auth/confirm")
@signed_in(for_proving=True)
def create_confirmation() -> ResponseReturnValue:
    form = ProofForm()
    action = allowed_next(request.form.get("_action"))
    then = allowed_next(request.form.get("next"))
    if is_fresh(member) and not member.lacks_proof() and not form.is_filled():  # confirmed in another window
        return redirect(action, 307) if action else redirect(then or url_for("identity.home"), 303)
    shown = _with_challenge(form.factor(), CONFIRM, by=member) if member.has_mfa else form.password.data
    if not shown or not form.validate():
        form.refuse(None if form.factor() else _("Type it to confirm that it is you."))
        return confirmation_page(member, form, action=action, then=then, status=422)
    try:
        token = confirm(member, shown, ip=request.remote_addr)
    except Paused:
        return confirmation_page(member, form, action=action, then=then, paused=True, status=429)
    except Wrong:
        form.refuse()
        return confirmation_page(member, form, action=action, then=then, status=422)
    # 307: the browser sends the form that came along to where it was meant for.
    response: BaseResponse = redirect(action, 307) if action else redirect(then or url_for("identity.home"), 303)
    set_session_cookie(response, token)
    return response
