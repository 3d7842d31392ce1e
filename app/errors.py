"""What can be refused, and the one place that turns errors into pages and fragments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, generate_csrf
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from .db import rollback
from .limits import retry_after

log = structlog.get_logger()


class Refused(Exception):
    """A rule says no (409). `text` is shown as it stands; `url` and `label` offer the way on."""

    status = 409

    def __init__(self, text: str, *, url: str | None = None, label: str | None = None) -> None:
        super().__init__(text)
        self.text, self.url, self.label = text, url, label


class Away(Exception):
    """A service this request needs is not there (503)."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True)
class Failure:
    """What an error page says."""

    code: int
    title: str
    text: str
    action_url: str | None = None
    action_label: str | None = None
    resend: bool = False
    opens_beside: bool = False  # what was typed stays on this page meanwhile


def words_for(code: int) -> tuple[str, str]:
    """Title and text of an error nobody described better."""
    return {
        400: (_("This could not be read"), _("The request was not complete. Go back and try again.")),
        401: (_("Not signed in"), _("A token that is good is needed, as “Authorization: Bearer …”.")),
        403: (_("Not permitted"), _("Your role does not allow this. An administrator can change that.")),
        404: (
            _("Nothing here"),
            _("The page does not exist, or it belongs to somebody else. Check the address or go back."),
        ),
        405: (_("Not possible this way"), _("This address does not take that kind of request.")),
        409: (
            _("Changed meanwhile"),
            _("Somebody else changed this at the same moment. Load it again and repeat."),
        ),
        413: (
            _("Too large"),
            _("What you sent is larger than this page takes; a file may have 50 MB. Nothing was stored."),
        ),
        415: (_("Unknown form"), _("This page does not read that kind of content.")),
        422: (_("Not accepted"), _("Something in what you sent does not fit. Go back and look at each field.")),
        429: (
            _("A little slower"),
            _("Too many requests came from you in a short time. Wait a moment and repeat."),
        ),
        503: (
            _("Away for a moment"),
            _("A service Quayside needs does not answer. Nothing was lost; try again in a moment."),
        ),
    }.get(
        code,
        (_("Something broke"), _("That was our fault. It has been logged; nothing of yours was changed.")),
    )


def typed() -> list[tuple[str, str]]:
    """What was typed, to be sent again: never a password, a token or a file."""
    if request.method == "GET" or request.mimetype not in (
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ):
        return []
    return [
        (name, value)
        for name, values in request.form.lists()
        if "password" not in name and name != "csrf_token"
        for value in values
    ]


def answer(failure: Failure, *, headers: dict[str, str] | None = None) -> ResponseReturnValue:
    """The failure as a whole page, or as a fragment for the error region when a fragment was asked for."""
    from .web import is_partial

    rollback()
    if request.path.startswith("/api/"):
        return answer_in_json(failure, headers or {})
    context: dict[str, Any] = {
        "member": g.get("member"),
        "code": failure.code,
        "title": failure.title,
        "text": failure.text,
        "action_url": failure.action_url,
        "action_label": failure.action_label,
        "opens_beside": failure.opens_beside,
        "kept": typed() if failure.resend else [],
        "resend_token": generate_csrf() if failure.resend else None,
        "request_id": g.get("request_id", ""),
    }
    if is_partial():
        response = make_response(render_template("errors/_error.html", **context), failure.code)
        response.headers["HX-Retarget"] = "#errors"
        response.headers["HX-Reswap"] = "innerHTML"
    else:
        known = failure.code if failure.code in (400, 403, 404, 409, 413, 422, 429, 500, 503) else 400
        response = make_response(render_template(f"errors/{known}.html", **context), failure.code)
    response.headers.extend(headers or {})
    return response


CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMITED",
    503: "UNAVAILABLE",
}


def answer_in_json(failure: Failure, headers: dict[str, str]) -> ResponseReturnValue:
    """What a program is told."""
    body: dict[str, Any] = {
        "error": failure.text,
        "code": CODES.get(failure.code, "INTERNAL" if failure.code >= 500 else "BAD_REQUEST"),
        "details": [],
        "request_id": g.get("request_id", ""),
    }
    if failure.code == 429:
        body["retry_after"] = int(headers.get("Retry-After") or retry_after())
    response = make_response(body, failure.code)
    response.headers.extend(headers)
    if failure.code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def init_app(app: Flask) -> None:
    @app.errorhandler(CSRFError)
    def csrf(error: CSRFError) -> ResponseReturnValue:
        text = _("This page was open for too long, or you signed in anew meanwhile. Nothing was saved yet.")
        return answer(Failure(400, _("Please send it once more"), text, resend=True))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        code = error.code or 500
        if code < 400:
            return error
        title, text = words_for(code)
        headers = {}
        if allowed := getattr(error, "valid_methods", None):
            headers["Allow"] = ", ".join(sorted(allowed))
        if retry := getattr(error, "retry_after", None):
            headers["Retry-After"] = str(retry)
        return answer(Failure(code, title, text), headers=headers)

    @app.errorhandler(Refused)
    def refused(error: Refused) -> ResponseReturnValue:
        return answer(Failure(error.status, _("Not done"), error.text, error.url, error.label))

    @app.errorhandler(StaleDataError)
    def stale(error: StaleDataError) -> ResponseReturnValue:
        title, text = words_for(409)
        return answer(Failure(409, title, text))

    @app.errorhandler(Away)
    def away(error: Away) -> ResponseReturnValue:
        return answer(Failure(503, words_for(503)[0], error.text), headers={"Retry-After": "5"})

    @app.errorhandler(PoolTimeout)
    def busy(error: PoolTimeout) -> ResponseReturnValue:
        log.warning("database_busy", error=str(error))
        return answer(Failure(503, *words_for(503)), headers={"Retry-After": "5"})

    @app.errorhandler(DataError)
    def unfit(error: DataError) -> ResponseReturnValue:
        """What the driver does not even send, such as a NUL in an address, is the sender's fault."""
        return answer(Failure(400, *words_for(400))) if _state(error) is None else database(error)

    @app.errorhandler(DBAPIError)
    def database(error: DBAPIError) -> ResponseReturnValue:
        """A database that is away, restarting or too slow is 503; anything else it says is our fault."""
        if _is_away(error):
            log.warning("database_away", error=str(error.orig)[:300])
            return answer(Failure(503, *words_for(503)), headers={"Retry-After": "5"})
        if _state(error) == DEADLOCK:
            log.warning("deadlock", error=str(error.orig)[:300])
            return answer(Failure(409, *words_for(409)))
        if _state(error) == ERASED:
            text = _("What was kept about this client was erased meanwhile. Nothing was saved.")
            return answer(Failure(409, _("Erased meanwhile"), text))
        log.exception("database_error")
        return answer(Failure(500, *words_for(500)))

    @app.errorhandler(Exception)
    def broken(error: Exception) -> ResponseReturnValue:
        if app.testing and app.config.get("PROPAGATE_EXCEPTIONS"):
            raise error
        log.exception("unhandled")
        return answer(Failure(500, *words_for(500)))


# SQLSTATE classes: connection exception, resources, operator intervention (shutdown, cancelled), lock not available
AWAY = ("08", "53", "57", "55P03")
DEADLOCK = "40P01"
ERASED = "23Q01"  # what the triggers of migration 0029 raise


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _is_away(error: DBAPIError) -> bool:
    state = _state(error)
    return error.connection_invalidated or state is None or state.startswith(AWAY)
