"""One's own security: second factors, recovery codes, where one is signed in, linked accounts."""

from __future__ import annotations

import uuid

from flask import Response, abort, current_app, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers.response import Response as BaseResponse

from ...current import member
from ...db import db
from ...devices import device_of, is_phone
from ...web import find_or_404, go, page, said, set_session_cookie, signed_in
from .. import totp
from ..forms import NewAppForm, NewPasskeyForm
from ..models import FactorKind, MfaFactor, Session, UserIdentity
from ..sign_in import take_challenge
from . import bp

bp.add_app_template_filter(device_of, "device")
bp.add_app_template_filter(is_phone, "is_phone")


@bp.get("/<port>/settings/security")
@signed_in(for_setting_up=True)
def show_security() -> ResponseReturnValue:
    factors = db.session.scalars(MfaFactor.of(member.id)).all()
    return page(
        "identity/security/show.html",
        factors=[factor for factor in factors if factor.kind != FactorKind.RECOVERY],
        codes_left=sum(factor.kind == FactorKind.RECOVERY for factor in factors),
        sessions=db.session.scalars(Session.of(member)).all(),
        identities=db.session.scalars(UserIdentity.of(member)).all(),
        oidc_label=current_app.extensions["settings"].oidc_label,
    )


# --- Authenticator apps


@bp.get("/<port>/settings/security/apps/new")
@signed_in(step_up=True, for_setting_up=True)
def new_app() -> ResponseReturnValue:
    form = NewAppForm(formdata=None)
    form.offer(totp.new_secret(), member.id)
    return _app_page(form)


@bp.post("/<port>/settings/security/apps")
@signed_in(step_up=True, for_setting_up=True)
def create_app() -> ResponseReturnValue:
    form = NewAppForm()
    secret = form.offered_to(member.id)
    if secret is None:
        abort(400)
    if not form.validate():
        return _app_page(form, 422)
    label = form.label.data or _("Authenticator app")
    factor = MfaFactor.add_app(secret, str(form.code.data), label=label, by=member)
    if factor is None:
        form.code.errors = [_("This is not the code the app shows now. Type the newest one.")]
        return _app_page(form, 422)
    return _added(_("%(name)s was added.", name=factor.label))


def _app_page(form: NewAppForm, status: int = 200) -> Response:
    secret = form.offered_to(member.id) or ""
    return page(
        "identity/security/new_app.html",
        status,
        form=form,
        picture=totp.picture(secret, email=member.email),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        address=totp.address(secret, email=member.email),
    )


# --- Passkeys


@bp.get("/<port>/settings/security/passkeys/new")
@signed_in(step_up=True, for_setting_up=True)
def new_passkey() -> ResponseReturnValue:
    return page("identity/security/new_passkey.html", form=NewPasskeyForm(formdata=None))


@bp.post("/<port>/settings/security/passkeys")
@signed_in(step_up=True, for_setting_up=True)
def create_passkey() -> ResponseReturnValue:
    form = NewPasskeyForm()
    challenge = take_challenge("enrol", session.pop("challenge", None), by=member)
    factor = None
    if form.validate() and challenge:
        label = form.label.data or _("Passkey")
        factor = MfaFactor.add_passkey(str(form.passkey.data), challenge, label=label, by=member)
    if factor is None:
        form.label.errors = form.label.errors or [_("No passkey was made. Please try again.")]
        return page("identity/security/new_passkey.html", 422, form=form)
    return _added(_("%(name)s was added.", name=factor.label))


def _added(words: str) -> BaseResponse:
    """On, with a new token for this session; after the first factor with the recovery codes, which are shown once."""
    codes_left = len(db.session.scalars(MfaFactor.of(member.id, FactorKind.RECOVERY)).all())
    response: BaseResponse
    if codes_left:
        said(words)
        response = go("identity.show_security")
    else:
        response = _codes_page(words)
    return _renewed(response, with_factor=True)


def _renewed(response: BaseResponse, *, with_factor: bool | None) -> BaseResponse:
    set_session_cookie(response, Session.rotate(member.session_id, with_factor=with_factor))
    return response


@bp.delete("/<port>/settings/security/factors/<uuid:factor_id>")
@signed_in(step_up=True, for_setting_up=True)
def destroy_factor(factor_id: uuid.UUID) -> ResponseReturnValue:
    kinds = (FactorKind.TOTP, FactorKind.PASSKEY)
    factor = find_or_404(MfaFactor.of(member.id, *kinds).where(MfaFactor.id == factor_id))
    factor.remove(by=member)
    said(_("%(name)s was removed.", name=factor.label))
    left = MfaFactor.is_set_up(member.id)
    return _renewed(go("identity.show_security"), with_factor=None if left else False)


# --- Recovery codes


@bp.post("/<port>/settings/security/recovery-codes")
@signed_in(step_up=True, for_setting_up=True)
def create_recovery_codes() -> ResponseReturnValue:
    if not MfaFactor.is_set_up(member.id):
        abort(409)
    return _codes_page(_("The codes of before no longer work."))


def _codes_page(words: str) -> Response:
    codes = MfaFactor.make_recovery_codes(by=member)
    return page("identity/security/recovery_codes.html", codes=codes, words=words)


# --- Sessions and linked accounts


@bp.delete("/<port>/settings/security/sessions/<uuid:session_id>")
@signed_in(for_setting_up=True)
def destroy_other_session(session_id: uuid.UUID) -> ResponseReturnValue:
    if session_id == member.session_id or not Session.revoke(session_id, by=member):
        abort(404)
    said(_("That device is signed out."))
    return go("identity.show_security")


@bp.delete("/<port>/settings/security/sessions")
@signed_in(for_setting_up=True)
def destroy_other_sessions() -> ResponseReturnValue:
    count = Session.revoke_others(by=member)
    said(ngettext("%(num)d other device is signed out.", "%(num)d other devices are signed out.", count))
    return go("identity.show_security")


@bp.delete("/<port>/settings/security/identities/<uuid:identity_id>")
@signed_in(step_up=True, for_setting_up=True)
def destroy_identity(identity_id: uuid.UUID) -> ResponseReturnValue:
    identity = find_or_404(UserIdentity.of(member).where(UserIdentity.id == identity_id))
    identity.unlink(by=member)
    said(_("The account is no longer linked."))
    return go("identity.show_security")
