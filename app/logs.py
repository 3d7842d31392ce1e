"""Logs: JSON in production, readable lines in development; secrets hidden and personal data masked in both.

Standard logging ends in the same place. Every line written during a request, a relayed event or a job
carries the id of the request that began it (`structlog.contextvars`).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from time import perf_counter
from typing import Any

import structlog
from flask import Flask, Response, g, request
from structlog.typing import EventDict, Processor, WrappedLogger
from uuid_utils.compat import uuid7

from .config import Settings
from .current import Member

log = structlog.get_logger("quayside.request")

HIDDEN = "[hidden]"
WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{7,63}")

SECRET_PARTS = ("passw", "token", "secret", "cookie", "authorization", "credential", "apikey")
SECRET_WORDS = {"key", "keys", "card", "cards", "pin", "otp"}
PHONE_WORDS = {"phone", "phones", "mobile", "whatsapp", "telephone"}
WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")

# A stranger chooses the path of a request: each of these looks at a character a bounded number of times.
EMAIL = re.compile(r"([\w.!#$%&'*+/=?^`{|}~-])[\w.!#$%&'*+/=?^`{|}~-]{0,63}@([\w-]+(?:\.[\w-]+)+)")
# With a plus or a leading zero, so that times, versions, addresses and ids are left alone.
PHONE = re.compile(r"(?<![\w.:/-])(\+\d|0\d)(?:[ ().-]{0,2}\d){5,12}(\d\d)(?![\w:-])")
SECRET_IN_TEXT = re.compile(
    r"(?i)((?<![\w-])(?:(?=[\w-]*?(?:password|token|secret|cookie|api_?key|authorization))[\w-]++|[\w-]++(?<=\bkey))"
    r"[\"']?\s*[=:]\s*[\"']?)"
    r"(?:(?:bearer|basic)\s+)?[^\s\"'&,;)}\]]+"
)
BEARER = re.compile(r"(?i)\b(bearer|basic) [\w.~+/=-]{8,}")
# A link of a mail works for whoever has it.
LINK = re.compile(r"(/auth/(?:accept|reset|email)/)[^\s\"'<>?#,;)]+")
URL_PASSWORD = re.compile(r"(\w://[^\s:/@]*):[^\s@/]+@")


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a field of this name may hold a credential."""
    return any(part in name.lower() for part in SECRET_PARTS) or not SECRET_WORDS.isdisjoint(_words(name))


@lru_cache(maxsize=4096)
def is_phone(name: str) -> bool:
    return not PHONE_WORDS.isdisjoint(_words(name))


def _words(name: str) -> set[str]:
    return {word.lower() for word in WORD.findall(name)}


def mask(text: str) -> str:
    """The text with credentials hidden, and with e-mail addresses and phone numbers made unrecognisable."""
    if "://" in text:
        text = URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text)
    if "/auth/" in text:
        text = LINK.sub(rf"\1{HIDDEN}", text)
    if "=" in text or ":" in text:
        text = SECRET_IN_TEXT.sub(rf"\1{HIDDEN}", text)
    if " " in text:
        text = BEARER.sub(rf"\1 {HIDDEN}", text)
    if "@" in text:
        text = EMAIL.sub(r"\1***@\2", text)
    return PHONE.sub(r"\1***\2", text)


def redact(value: Any, name: str = "") -> Any:
    """A copy of any value that is safe to log, at any depth; what JSON does not know becomes masked text."""
    if name and value is not None and not isinstance(value, bool):
        if is_secret(name):
            return HIDDEN
        if is_phone(name) and not isinstance(value, Mapping | list | tuple):
            return f"***{str(value)[-2:]}"
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {mask(str(key)): redact(kept, str(key)) for key, kept in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(kept, name) for kept in value]
    return mask(str(value))


def redact_line(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    # What begins with an underscore is structlog's own and leaves the line later.
    return {
        name: value if name.startswith("_") or name == "exc_info" else redact(value, name)
        for name, value in line.items()
    }


def redact_exception(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    if isinstance(line.get("exception"), str):
        line["exception"] = mask(line["exception"])
    return line


class Stdout(logging.Handler):
    """Writes to what stdout is at the moment, which tests and servers replace."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stdout.write(f"{self.format(record)}\n")
            sys.stdout.flush()
        except (OSError, ValueError):
            self.handleError(record)


def configure(settings: Settings) -> None:
    """Send structlog and standard logging to stdout, in the same form."""
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact_line,
        structlog.processors.format_exc_info,
        redact_exception,
    ]
    last: Processor = structlog.processors.JSONRenderer()
    if settings.environment == "development":
        last = structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    handler = Stdout()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(settings.log_level.upper())
    _quieten()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _quieten() -> None:
    for name in ("gunicorn.error", "gunicorn.access", "werkzeug", "rq", "rq.worker", "alembic"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # Werkzeug's line of a request repeats ours, with the values of the query.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.INFO)


def request_id_of(header: str | None, *, is_trusted: bool) -> str:
    """The id a proxy of ours gave the request, or a new one; an id from anybody else could forge the logs."""
    if is_trusted and header and WELL_FORMED.fullmatch(header):
        return header
    return uuid7().hex


def init_app(app: Flask) -> None:
    """To be called before anything else registers a `before_request`: the id comes first."""
    settings: Settings = app.extensions["settings"]
    configure(settings)

    def begin() -> None:
        g.started = perf_counter()
        given = request.headers.get("X-Request-ID")
        g.request_id = request_id_of(given, is_trusted=settings.trusted_proxies > 0)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    def finish(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        write_line(response)
        return response

    def forget(_: BaseException | None) -> None:
        structlog.contextvars.clear_contextvars()

    app.before_request(begin)
    app.after_request(finish)
    app.teardown_request(forget)


def write_line(response: Response) -> None:
    """One line a request. Of its query only the names are kept: values may be names of people."""
    is_routine = (request.endpoint or "").partition(".")[0] in ("static", "health")
    member: Member | None = g.get("member")
    write = log.debug if is_routine and response.status_code < 400 else log.info
    write(
        "request",
        method=request.method,
        path=request.path,
        query=sorted(request.args),
        endpoint=request.endpoint,
        status=response.status_code,
        ms=round((perf_counter() - g.started) * 1000, 1),
        statements=g.get("statements", 0),
        user_id=str(member.id) if member else None,
        port=g.get("port_slug"),
    )
