"""The outbox page of development. In production it is not registered, and there is nothing it could show."""

from __future__ import annotations

from base64 import b64encode
from email.message import EmailMessage

from flask import Blueprint, abort, make_response, render_template
from flask.typing import ResponseReturnValue

from ..web import public
from . import outbox

bp = Blueprint("outbox", __name__, url_prefix="/dev/mail")

# Looked at in a frame of the outbox page, as a mail program would: styles of its own, no scripts, nothing fetched.
LETTER = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox allow-popups"


@bp.get("")
@public
def index() -> ResponseReturnValue:
    return render_template("outbox/index.html", mails=outbox.kept())


@bp.get("/<mail>")
@public
def show(mail: str) -> ResponseReturnValue:
    message = found(mail)
    headers = [(label, str(value)) for label, value in message.items()]
    text = part_of(message, "plain")
    return render_template("outbox/show.html", mail=mail, message=message, text=text, headers=headers)


@bp.get("/<mail>/html")
@public
def show_html(mail: str) -> ResponseReturnValue:
    """The HTML part; its links open in windows of their own."""
    message = found(mail)
    html = part_of(message, "html").replace("<head>", '<head><base target="_blank">', 1)
    for part in message.walk():
        if part["Content-ID"] == "<logo>":
            html = html.replace("cid:logo", f"data:image/png;base64,{b64encode(part.get_content()).decode()}")
    response = make_response(html)
    response.headers["Content-Security-Policy"] = f"{LETTER} allow-popups-to-escape-sandbox"
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def found(name: str) -> EmailMessage:
    message = outbox.find(name)
    if message is None:
        abort(404)
    return message


def part_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if isinstance(part, EmailMessage) else ""
