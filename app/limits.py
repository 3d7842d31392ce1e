"""How often somebody may ask: sliding windows in Redis, per user, or per address for who is not signed in.

Counted before authorisation, since denials write rows. While Redis is away each process counts for itself; sign-in is
counted in Postgres and does not come here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, g, request
from flask_limiter import ApplicationLimit, Limiter
from flask_limiter.constants import HeaderNames
from redis.backoff import NoBackoff
from redis.retry import Retry

from .db import now

# Read at each request, so that a bench or a test can say otherwise.
AMOUNTS = {
    "requests": "600 per minute",
    "writes": "120 per minute",
    "uploads": "10 per minute",
    "bulk": "5 per minute",
    "public": "10 per hour",
}


def who() -> str:
    """The user, or the address; of IPv6 its /64, which is what one household is given."""
    found = g.get("member")
    return f"user:{found.id}" if found else f"address:{network(request.remote_addr)}"


def network(address: str | None) -> str:
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


def is_page() -> bool:
    """Everything that asks who is there; assets, health and the sign-in page have bounds of their own."""
    access = stated()
    return access is not None and not access.public


def stated() -> Any:
    """What the view states about who may use it (app.web.Access); None where there is no such page."""
    return getattr(current_app.view_functions.get(request.endpoint or ""), "access", None)


def is_write() -> bool:
    return is_page() and request.method in ("POST", "PUT", "PATCH", "DELETE")


def is_upload() -> bool:
    return is_write() and stated().limit == "upload"


def is_bulk() -> bool:
    return is_write() and stated().limit == "bulk"


def is_public_form() -> bool:
    """What somebody sends who is not signed in, from a page that is open to everybody."""
    access = stated()
    return access is not None and bool(access.limit == "public") and request.method == "POST"


def retry_after() -> int:
    """Seconds until the request that was refused may come again."""
    for limiter in current_app.extensions["limiter"]:
        if limiter.current_limit:
            return max(1, int(limiter.current_limit.reset_at - now().timestamp()))
    return 60


def limit(name: str, counts: Callable[[], bool]) -> ApplicationLimit:
    return ApplicationLimit(
        limit_provider=lambda: AMOUNTS[name], key_function=who, scope=name, exempt_when=lambda: not counts()
    )


# Nobody waits longer than this for being counted, and nothing is tried twice.
PATIENCE: dict[str, Any] = {
    "socket_connect_timeout": 0.25,
    "socket_timeout": 0.25,
    "retry": Retry(NoBackoff(), 0),
}


def init_app(app: Flask) -> None:
    limiter = Limiter(
        who,
        strategy="sliding-window-counter",
        application_limits=[
            limit("requests", is_page),
            limit("writes", is_write),
            limit("uploads", is_upload),
            limit("bulk", is_bulk),
            limit("public", is_public_form),
        ],
        storage_uri=app.extensions["settings"].redis_url,
        storage_options=PATIENCE,
        in_memory_fallback_enabled=True,
        # Of the requests that find Redis away at the same moment all but the first would be refused.
        swallow_errors=True,
        headers_enabled=True,
        header_name_mapping={
            HeaderNames.LIMIT: "X-RateLimit-Limit",
            HeaderNames.REMAINING: "X-RateLimit-Remaining",
            HeaderNames.RESET: "X-RateLimit-Reset",
            HeaderNames.RETRY_AFTER: "Retry-After",
        },
        retry_after="delta-seconds",
        key_prefix="quayside",
    )
    limiter.init_app(app)
