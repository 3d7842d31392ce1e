"""What a session still has to prove before a page opens: the second factor its user has set up, the one its port asks
for, and for what matters most that the person is still there.

Nothing typed is lost on the way: a form that arrives too early is asked about and then sent on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import Length

from .current import Member
from .db import db, now, rollback
from .errors import Failure, answer, typed
from .forms import Form
from .identity.models import FactorKind, Proof, UserIdentity

if TYPE_CHECKING:
    from .web import Access

# How long a proof is good for what asks for a fresh one.
FRESH = timedelta(minutes=10)


class ProofForm(Form):
    """What somebody shows. Its fields begin with an underscore, since they stand beside those of any other form."""

    code = StringField(lazy_gettext("Code from your app"), [Length(max=20)], name="_code")
    recovery = StringField(lazy_gettext("Recovery code"), [Length(max=40)], name="_recovery")
    password = PasswordField(lazy_gettext("Password"), [Length(max=1024)], name="_password")
    passkey = HiddenField(validators=[Length(max=20_000)], name="_passkey")

    def factor(self) -> Proof | None:
        """What was filled in; None where nothing was."""
        for kind, field in (
            (FactorKind.PASSKEY, self.passkey),
            (FactorKind.RECOVERY, self.recovery),
            (FactorKind.TOTP, self.code),
        ):
            if field.data:
                return Proof(kind, str(field.data))
        return None

    def is_filled(self) -> bool:
        return any(field.data for field in (self.code, self.recovery, self.password, self.passkey))

    def refuse(self, words: str | None = None) -> None:
        """Say that it proves nothing, beside what was filled in."""
        if self.recovery.data:
            self.recovery.errors = [words or _("This recovery code is not right, or it was used already.")]
        elif self.password.data:
            self.password.errors = [words or _("This is not your password.")]
        elif self.passkey.data:
            self.code.errors = [words or _("This passkey was not accepted. Try again, or use a code.")]
        else:
            self.code.errors = [words or _("This code is not right, or it was used already. Wait for the next one.")]


ASKED = frozenset({"_code", "_recovery", "_password", "_passkey", "_action", "next"})


def is_fresh(found: Member) -> bool:
    return found.confirmed_at is not None and found.confirmed_at > now() - FRESH


def ask(found: Member, access: Access) -> ResponseReturnValue | None:
    """What to answer instead of the page; None where nothing is missing."""
    if access.for_proving:
        return None
    if found.lacks_proof():
        return ask_to_confirm(found)
    if found.lacks_factor() and not access.for_setting_up:
        return lead_to(url_for("identity.show_security"))
    return ask_to_confirm(found) if access.step_up and not is_fresh(found) else None


def ask_to_confirm(found: Member) -> ResponseReturnValue:
    """To the page that asks, and back here; a form comes along inside that page."""
    rollback()
    if request.method == "GET":
        here = page_before() if is_partial() else request.full_path.rstrip("?")
        return lead_to(url_for("identity.new_confirmation", next=here))
    if is_partial():
        words = _("Nothing was changed yet, and what you typed is still here. Confirm, come back and send it again.")
        link = url_for("identity.new_confirmation", next=page_before())
        return answer(Failure(403, _("Confirm that it is you"), words, link, _("Confirm"), opens_beside=True))
    if any(file.filename for file in request.files.values()):
        words = _("Nothing was sent yet. You have confirmed that it is you: please choose the file once more.")
        flash(words, "info")
        return redirect(url_for("identity.new_confirmation", next=page_before()), 303)
    return confirmation_page(found, ProofForm(formdata=None), action=request.full_path.rstrip("?"), status=403)


def confirmation_page(
    found: Member,
    form: ProofForm,
    *,
    action: str | None = None,
    then: str | None = None,
    paused: bool = False,
    note: str | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    """Asks for the second factor, or the password, or to sign in again where the account is linked. `action`: where
    the form is sent on to that came along; `then`: the page to go on to; `note`: why it was not confirmed."""
    issuer = current_app.extensions["settings"].oidc_issuer
    linked = UserIdentity.of(found).where(UserIdentity.issuer == issuer)
    is_linked = bool(issuer and not found.has_mfa and db.session.scalars(linked).first())
    kept = [(name, value) for name, value in typed() if name not in ASKED] if action else []
    html = render_template(
        "identity/confirmation.html",
        member=found,
        form=form,
        kept=kept,
        action=action,
        next=then,
        paused=paused,
        note=note,
        oidc_label=current_app.extensions["settings"].oidc_label if is_linked else None,
    )
    return make_response(html, status)


def lead_to(url: str) -> ResponseReturnValue:
    """There; a fragment is told to go as a whole page."""
    if is_partial():
        response = make_response("", 403)
        response.headers["HX-Redirect"] = url
        return response
    return redirect(url, 303)


def page_before() -> str | None:
    """The page that this was sent from, as the browser tells it."""
    parts = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    if f"{parts.scheme}://{parts.netloc}" != request.host_url.rstrip("/"):
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path or None


def is_partial() -> bool:
    """As app.web knows it, which asks here."""
    return request.headers.get("HX-Request-Type") == "partial"
