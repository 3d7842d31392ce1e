"""One's own API tokens: list, create, revoke."""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask import make_response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...current import member
from ...db import db
from ...web import find_or_404, go, page, said, signed_in
from ..models import ApiToken
from ..token_forms import TokenForm
from . import bp

PLACE = "/<port>/settings/tokens"


@bp.get(PLACE)
@signed_in
def index_tokens() -> ResponseReturnValue:
    tokens = db.session.scalars(ApiToken.of_member(member).order_by(ApiToken.id.desc())).all()
    return page("settings/tokens/index.html", tokens=tokens)


@bp.get(f"{PLACE}/new")
@signed_in
def new_token() -> ResponseReturnValue:
    return page("settings/tokens/new.html", form=TokenForm(formdata=None))


@bp.post(PLACE)
@signed_in(step_up=True)
def create_token() -> ResponseReturnValue:
    """The page that shows it, this once: nothing keeps the words, so the answer cannot be given again. A form sent
    twice is refused by its name."""
    form = TokenForm()
    if not form.validate():
        return page("settings/tokens/new.html", 422, form=form)
    lasts = timedelta(days=int(form.days.data))
    token, words = ApiToken.create(str(form.name.data), form.wanted(), lasts=lasts, by=member)
    return make_response(page("settings/tokens/created.html", token=token, words=words), 201)


@bp.delete(f"{PLACE}/<uuid:token_id>")
@signed_in
def destroy_token(token_id: uuid.UUID) -> ResponseReturnValue:
    token = find_or_404(ApiToken.of_member(member).where(ApiToken.id == token_id).with_for_update())
    token.revoke(by=member)
    said(_("%(name)s was revoked", name=token.name))
    return go("identity.index_tokens")
