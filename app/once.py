"""A form posted twice acts once.

What creates carries a hidden `_key`. The key's row is inserted first in the request's transaction; a second request
with the same key waits for it, then gets the first one's answer. A refusal rolls the row back, so the form can be
sent again. The same key with other input is answered 409, with what was typed kept and an offer to send it as new.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from flask import Flask, g, make_response, redirect, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from .current import member
from .db import Base, Identified, db, now, rollback
from .web import is_partial

KEPT = timedelta(hours=24)
LONGEST_BODY = 64 * 1024


class OnceKey(Identified, Base):
    """One form that was sent, and its answer."""

    __tablename__ = "once_keys"
    __table_args__ = (
        UniqueConstraint("actor_id", "route", "key"),
        Index("ix_once_keys_expires_at", "expires_at"),
        Index("ix_once_keys_port_id", "port_id"),
    )

    port_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"))
    actor_id: Mapped[uuid.UUID]
    route: Mapped[str] = mapped_column(String(120))
    key: Mapped[str] = mapped_column(String(80))
    input_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    location: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime]


# Made once, and over the table: a statement of the model is put together anew each time.
TABLE = Base.metadata.tables["once_keys"]
CLAIM = insert(TABLE).on_conflict_do_nothing().returning(TABLE.c.id)
ANSWER = update(TABLE).where(TABLE.c.id == bindparam("key_id"))


def once_key() -> str:
    return uuid7().hex


def once(view: Callable[..., Any]) -> Callable[..., Any]:
    """Run the view once per (member, route, `_key`); a request without a key just runs."""

    @wraps(view)
    def run(*args: Any, **values: Any) -> Any:
        key = request.form.get("_key", "")[:80]
        if not key:
            return view(*args, **values)
        route = f"{member.here().slug} {request.endpoint} {sorted(values.items())}"[:120]
        digest = digest_of_input()
        key_id = _claim(route, key, digest)
        if key_id is None:
            return _answer_again(route, key, digest)
        response = make_response(view(*args, **values))
        if response.status_code < 400:
            _keep(key_id, response)
        return response

    return run


def _claim(route: str, key: str, digest: bytes) -> uuid.UUID | None:
    claimed = {
        "id": uuid7(),
        "port_id": member.here().id,
        "actor_id": member.id,
        "route": route,
        "key": key,
        "input_hash": digest,
        "expires_at": now() + KEPT,
    }
    key_id: uuid.UUID | None = db.session.scalar(CLAIM, claimed)
    return key_id


def _keep(key_id: uuid.UUID, response: Any) -> None:
    body = None if response.is_streamed or response.location else response.get_data(as_text=True)
    kept = body if body and len(body.encode()) <= LONGEST_BODY else None
    answer = {"key_id": key_id, "status": response.status_code, "location": response.location, "body": kept}
    db.session.execute(ANSWER, answer)


def _answer_again(route: str, key: str, digest: bytes) -> Any:
    kept = db.session.scalar(
        select(OnceKey).where(OnceKey.actor_id == member.id, OnceKey.route == route, OnceKey.key == key)
    )
    if kept is not None and kept.input_hash == digest:
        if kept.location:
            return redirect(kept.location, kept.status or 303)
        return make_response(kept.body or "", kept.status or 200)
    return _already_sent(kept.location if kept else None)


def _already_sent(location: str | None) -> Any:
    """409: this form was sent before with other words; they are kept, and may be sent as new. A file cannot be kept by
    a page, so a form with one is to be filled in again."""
    rollback()
    if request.files:
        text = _("This form was sent before with another file. Open the form again to send this one too.")
    else:
        text = _("This form was sent before with other words. What you typed now is kept below.")
    response = make_response(
        render_template(
            "errors/_error.html" if is_partial() else "errors/409.html",
            member=g.get("member"),
            code=409,
            title=_("Already sent"),
            text=text,
            action_url=location,
            action_label=_("Open what was saved"),
            kept=[*_typed(), ("_key", once_key())],
            resend_token=None if request.files else generate_csrf(),
            request_id=g.get("request_id", ""),
        ),
        409,
    )
    if is_partial():
        response.headers["HX-Retarget"] = "#errors"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _typed() -> list[tuple[str, str]]:
    """The fields of the form as they were sent, without its plumbing."""
    return [(n, value) for n, values in request.form.lists() for value in values if n not in ("csrf_token", "_key")]


def digest_of_input() -> bytes:
    """The same for the same fields and files, whatever the tokens beside them."""
    digest = hashlib.sha256(repr(sorted(_typed())).encode())
    for name, upload in sorted(request.files.items(multi=True), key=lambda pair: pair[0]):
        digest.update(repr((name, upload.filename)).encode())
        upload.stream.seek(0)
        while piece := upload.stream.read(64 * 1024):
            digest.update(piece)
        upload.stream.seek(0)
    return digest.digest()


def init_app(app: Flask) -> None:
    app.jinja_env.globals["once_key"] = once_key
