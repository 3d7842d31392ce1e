"""The way of a request: who acts, where, whether they may; then the view; then one commit.

authenticate → resolve port → rate-limit → authorise → CSRF → (view: validate → act → record) → commit → respond
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, overload
from urllib.parse import parse_qsl, urlencode, urlsplit

import jinja2
import structlog
from flask import (
    Flask,
    Response,
    abort,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import Select, text
from sqlalchemy.exc import DBAPIError
from werkzeug.wrappers.response import Response as BaseResponse

from . import formats, limits, proofs
from .current import CurrentPort, Member, PortLink
from .db import begin, commit, db, now, rollback
from .errors import Refused
from .events.models import record
from .identity.models import SESSION_LONGEST, hash_token
from .identity.permissions import LEAVES, leaves_of

log = structlog.get_logger()
T = TypeVar("T")
View = TypeVar("View", bound=Callable[..., Any])

SESSION_COOKIE = "quayside_session"
LARGEST_FORM = 1024 * 1024
LARGEST_PUBLIC_FORM = 64 * 1024
LARGEST_UPLOAD = 51 * 1024 * 1024  # a file of 50 MB in its form
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
OVERRIDES = frozenset({"PUT", "PATCH", "DELETE"})

csrf = CSRFProtect()
login_manager = LoginManager()


class Quayside(Flask):
    """Flask, with the unit of work around the view: committed when the answer is below 400, rolled back otherwise.

    Inside dispatch, so that what the database refuses at commit is answered like any other error.
    """

    def dispatch_request(self) -> Response:
        response = self.make_response(super().dispatch_request())
        if response.status_code < 400:
            commit()
            for message, category in g.pop("said", ()):
                flash(message, category)
        else:
            rollback()
        return response

    def url_for(self, endpoint: str, *, _method: str | None = None, **values: Any) -> str:
        """As in Flask; for PUT, PATCH and DELETE with the `?_method=` that lets a plain form send them."""
        url = super().url_for(endpoint, _method=_method, **values)
        if _method not in OVERRIDES:
            return url
        return f"{url}{'&' if '?' in url else '?'}_method={_method}"


class Template(jinja2.Template):
    """Templates get no globals but those of the environment, so what one imports is made once: Jinja would compare all
    names for each import of each page."""

    def _get_default_module(self, ctx: Any = None) -> Any:
        return super()._get_default_module()


class MethodOverride:
    """POST with `?_method=PUT|PATCH|DELETE` becomes that method, so plain forms can send all of them."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST":
            for pair in environ.get("QUERY_STRING", "").split("&"):
                name, _, value = pair.partition("=")
                if name == "_method" and value.upper() in OVERRIDES:
                    environ["REQUEST_METHOD"] = value.upper()
        return self.app(environ, start_response)


# --- What a view states


@dataclass(frozen=True)
class Access:
    """Who may use an endpoint: everybody, everybody signed in, or who holds one of `permissions` in the port; with
    `super_admin`, only those of them."""

    public: bool = False
    permissions: tuple[str, ...] = ()
    limit: str | None = None
    step_up: bool = False
    # Open also while a second factor is missing that the port asks for; and even before one that is there was given.
    for_setting_up: bool = False
    for_proving: bool = False
    # A form that carries a signed token of its own; there is no cookie to stand beside another one.
    is_signed: bool = False
    by_token: bool = False  # a program, which shows a token; cookies mean nothing there
    super_admin: bool = False


def requires(
    *permissions: str, limit: str | None = None, step_up: bool = False, super_admin: bool = False
) -> Callable[[View], View]:
    """The member must hold one of these permissions in the port of the address. `step_up`: and have proved lately who
    they are. `super_admin`: and be one, for what is the same in every port."""
    if not permissions or not LEAVES.issuperset(permissions):
        raise ValueError(f"no such permission: {permissions}")
    return _states(Access(permissions=permissions, limit=limit, step_up=step_up, super_admin=super_admin))


def public(view: View) -> View:
    """No sign-in needed. A test lists these."""
    return _states(Access(public=True))(view)


def public_form(view: View) -> View:
    """No sign-in and no cookies: the form carries a signed token, which the view reads. A test lists these."""
    return _states(Access(public=True, limit="public", is_signed=True))(view)


@overload
def signed_in(view: View) -> View: ...


@overload
def signed_in(
    *, limit: str | None = None, step_up: bool = False, for_setting_up: bool = False, for_proving: bool = False
) -> Callable[[View], View]: ...


def signed_in(
    view: View | None = None,
    *,
    limit: str | None = None,
    step_up: bool = False,
    for_setting_up: bool = False,
    for_proving: bool = False,
) -> View | Callable[[View], View]:
    """Anybody signed in, with or without a port. A test lists these. `step_up`: who has proved lately who they are;
    `for_setting_up`, `for_proving`: open to whom a second factor is still missing."""
    state = _states(Access(limit=limit, step_up=step_up, for_setting_up=for_setting_up, for_proving=for_proving))
    return state(view) if view is not None else state


def token_holders(view: View) -> View:
    """Any program that shows a good token. A test lists these."""
    return _states(Access(by_token=True))(view)


def _states(access: Access) -> Callable[[View], View]:
    def state(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]  # functions take attributes
        return view

    return state


def check_access_is_stated(app: Flask) -> None:
    """Refuse to start with an endpoint that says nothing about who may use it."""
    silent = [name for name, view in app.view_functions.items() if not hasattr(view, "access")]
    if silent:
        raise RuntimeError(f"endpoints without a stated permission: {', '.join(sorted(silent))}")


# --- Before the view


def identify() -> ResponseReturnValue | None:
    """Who asks, and for which port; what follows counts and authorises."""
    # What the last request of this connection wrote in may still be in force.
    formats.put_in_force(None)
    access = stated_access()
    if access is not None and access.is_signed:
        request.max_content_length = LARGEST_PUBLIC_FORM
    if access is None or access.public:
        return None
    request.max_content_length = LARGEST_UPLOAD if access.limit == "upload" else LARGEST_FORM
    if access.by_token:
        load_token_holder()  # refused later, since refusals are counted too
        return None
    return ask_to_sign_in() if load_member() is None else None


def authorise() -> ResponseReturnValue | None:
    """A port one is not in does not exist; then the permission; then that the form is one of ours; then what is still
    to be proved."""
    access = stated_access()
    if access is None:
        return None
    if access.by_token:
        authorise_token_holder()
        return None
    if not access.public:
        found: Member = g.member
        if "port_slug" in g and found.port is None:
            abort(404)
        if found.preview:
            only_look(found.preview)
        if access.permissions and not any(found.can(permission) for permission in access.permissions):
            deny(found, access)
        if access.super_admin and not found.is_super_admin:
            deny(found, access)
    protect()
    return None if access.public else proofs.ask(g.member, access)


def authorise_token_holder() -> None:
    """No page of another origin can make a browser send a token, so there is no CSRF to think of."""
    if g.member is None:
        abort(401)


# Where somebody who looks as another role may go all the same: to the end of it.
WAYS_OUT = frozenset({"identity.destroy_preview", "identity.destroy_session", "identity.index_ports"})
ONES_OWN = ("/auth/", "/<port>/settings")


def only_look(label: str) -> None:
    """While a role is tried on nothing is written, and no page about passwords and proofs opens. Raises Refused."""
    rule = request.url_rule.rule if request.url_rule else ""
    if request.endpoint in WAYS_OUT or (request.method not in WRITES and not rule.startswith(ONES_OWN)):
        return
    raise Refused(
        _("You are looking around as “%(role)s”, and nothing is changed that way. End the preview first.", role=label)
    )


def stated_access() -> Access | None:
    """What the view of this request states; None where there is no such page."""
    view = current_app.view_functions.get(request.endpoint or "")
    access: Access | None = getattr(view, "access", None)
    return access


def deny(found: Member, access: Access) -> None:
    """403, logged and recorded in a transaction of its own."""
    log.warning("permission_denied", permission=access.permissions[0], endpoint=request.endpoint)
    port = found.here()
    record_apart(
        "permission:denied",
        by=found,
        subject_type="user",
        subject_id=found.id,
        port_id=port.id,
        permission=access.permissions[0],
        endpoint=request.endpoint or "",
    )
    abort(403)


def record_apart(name: str, *, by: Any, port_id: uuid.UUID | None, **details: Any) -> None:
    """Record what must outlast a refusal: after the rollback, in a short transaction of its own."""
    rollback()
    begin(port_id=port_id, user_id=by.actor_id, scope="staff")
    record(name, by=by, port_id=port_id, **details)
    commit()


def protect() -> None:
    """Foreign origins are refused outright; then the CSRF token."""
    if request.method not in WRITES:
        return
    origin = request.headers.get("Origin")
    # A page without a referrer (the one below) sends no origin either; that it is ours says its token.
    if origin and origin not in allowed_origins() and not (origin == "null" and is_link()):
        log.warning("foreign_origin", origin=origin[:200])
        abort(403)
    access = stated_access()
    if not (access and access.is_signed):
        csrf.protect()


def allowed_origins() -> tuple[str, ...]:
    parts = urlsplit(current_app.extensions["settings"].public_url)
    return f"{parts.scheme}://{parts.netloc}", request.host_url.rstrip("/")


def is_link() -> bool:
    """Whether the address is the link of a mail: it works for whoever has it, so nobody else must see it."""
    return "token" in (request.view_args or {})


def ask_to_sign_in() -> ResponseReturnValue:
    """To the sign-in page and back here afterwards; a fragment is told to go there as a whole page."""
    back = request.full_path.rstrip("?") if request.method == "GET" and request.path != "/" else None
    target = url_for("identity.new_session", next=back)
    if is_partial():
        response = make_response("", 401)
        response.headers["HX-Redirect"] = url_for("identity.new_session", next=page_of_fragment())
        return response
    return redirect(target, 303)


def page_of_fragment() -> str | None:
    """The path and query of the page into which a fragment goes, as its browser says."""
    try:
        parts = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:  # a broken IPv6 host
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path or None


def load_member() -> Member | None:
    """The signed-in user through `enter()`, once a request; the first statement of its transaction."""
    if "member" not in g:
        token = request.cookies.get(SESSION_COOKIE)
        g.member = _enter(token, g.get("port_slug")) if token else None
        formats.put_in_force(g.member.port if g.member else None)
    found: Member | None = g.member
    return found


ENTER = text("SELECT enter(:token_hash, :slug, :now)")


def _enter(token: str, slug: str | None) -> Member | None:
    asked = {"token_hash": hash_token(token), "slug": slug, "now": now()}
    try:
        answer = db.session.scalar(ENTER, asked)
    except DBAPIError as error:
        # A connection of the pool died (Postgres was restarted): once more on a fresh one.
        if not error.connection_invalidated:
            raise
        rollback()
        answer = db.session.scalar(ENTER, asked)
    return member_of(answer) if answer else None


def member_of(answer: dict[str, Any]) -> Member:
    """The member described by the answer of `enter()`."""
    user, port, roles = answer["user"], answer["port"], answer["roles"]
    held = LEAVES if user["is_super_admin"] else leaves_of((r["permissions"], r["overrides"]) for r in roles)
    preview = answer["preview"]
    if preview:
        held &= leaves_of([(preview["permissions"], preview["overrides"])])
    label = ", ".join(r["label"] for r in roles) or ("Super admin" if user["is_super_admin"] else "")
    return Member(
        id=uuid.UUID(user["id"]),
        session_id=uuid.UUID(answer["session_id"]),
        name=user["name"],
        email=user["email"],
        is_super_admin=user["is_super_admin"] and not preview,
        port=CurrentPort(**{**port, "id": uuid.UUID(port["id"])}) if port else None,
        ports=tuple(PortLink(p["name"], p["slug"]) for p in answer["ports"]),
        permissions=held if port else frozenset(),
        roles=tuple(r["name"] for r in roles),
        role_label=label,
        timezone=user["timezone"],
        locale=user["locale"],
        preferences=user["preferences"],
        image_key=user["image_key"],
        has_mfa=answer["has_mfa"],
        mfa_at=_moment(answer["mfa_at"]),
        confirmed_at=_moment(answer["confirmed_at"]),
        unread=answer["unread"],
        preview=preview["label"] if preview else None,
    )


ENTER_WITH_TOKEN = text("SELECT enter_with_token(:token_hash, :now)")


def load_token_holder() -> None:
    """Whoever the token of this request belongs to, in its port, with what its scopes leave of their permissions; the
    first statement of the transaction."""
    kind, _, words = request.headers.get("Authorization", "").partition(" ")
    asked = {"token_hash": hash_token(words.strip()), "now": now()}
    answer = db.session.scalar(ENTER_WITH_TOKEN, asked) if kind.lower() == "bearer" and words.strip() else None
    g.member = token_holder_of(answer) if answer else None
    g.token = answer["token"] if answer else None
    formats.put_in_force(g.member.port if g.member else None)


def token_holder_of(answer: dict[str, Any]) -> Member:
    """The member described by the answer of `enter_with_token()`."""
    user, port, roles, scopes = answer["user"], answer["port"], answer["roles"], answer["token"]["scopes"]
    held = LEAVES if user["is_super_admin"] else leaves_of((r["permissions"], r["overrides"]) for r in roles)
    return Member(
        id=uuid.UUID(user["id"]),
        session_id=uuid.UUID(answer["token"]["id"]),
        name=user["name"],
        email=user["email"],
        is_super_admin=user["is_super_admin"],
        port=CurrentPort(**{**port, "id": uuid.UUID(port["id"])}),
        ports=(PortLink(port["name"], port["slug"]),),
        permissions=held if "*" in scopes else held & frozenset(scopes),
        roles=tuple(r["name"] for r in roles),
        role_label=", ".join(r["label"] for r in roles),
        timezone=user["timezone"],
        locale=user["locale"],
        preferences={},
    )


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


def allowed_next(target: str | None) -> str | None:
    """A path of this application to go on to, or None: never another origin."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or "\\" in target:
        return None
    if any(ord(character) < 32 for character in target):
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and not parts.path.startswith("/auth/") else None


# --- In the view


def find_or_404(statement: Select[T]) -> T:
    """The one row of the statement, or 404; what the member may not see does not exist."""
    found = db.session.scalars(statement).one_or_none()
    if found is None:
        abort(404)
    return found


def is_partial() -> bool:
    """Whether htmx asks for the main fragment; the header HX-Request alone also comes with history and boost."""
    return request.headers.get("HX-Request-Type") == "partial"


def page(template: str, status: int = 200, *, follow: Iterable[str] = (), **context: Any) -> Response:
    """The whole page, or its main fragment with the title. `follow`: the live topics this page shows, beside the bell
    that every page of a port has."""
    layout = "layouts/fragment.html" if is_partial() else "layouts/app.html"
    found: Member | None = g.get("member")
    topics = [*follow, "bell"] if found and found.port else list(follow)
    # What answers a form is not what stands at its address, so the page must not fetch itself again.
    answers = request.method != "GET"
    html = render_template(template, layout=layout, member=found, follow=topics, answers=answers, **context)
    return make_response(html, status)


def said(text: str, *, undo_url: str | None = None, category: str = "ok") -> None:
    """A toast on the next page, once what it says is committed; `undo_url` (with its ?_method) offers to take it
    back."""
    message = {"text": text, "undo_url": undo_url} if undo_url else {"text": text}
    g.setdefault("said", []).append((message, category))


def go(endpoint: str, **values: Any) -> BaseResponse:
    """See other: after every act, so that reload and back repeat nothing."""
    return redirect(url_for(endpoint, **values), 303)


def list_url(endpoint: str) -> str:
    """The list as it was when somebody left it for the page of one record: links from a list carry its query as
    `?list=`."""
    kept = urlencode(parse_qsl(request.args.get("list", ""))[:20])
    return f"{url_for(endpoint)}?{kept}" if kept else url_for(endpoint)


def this_list() -> str | None:
    """What a link from the list of this request carries as `?list=`; None for the list as it opens."""
    return urlencode([pair for pair in request.args.items(multi=True) if pair[0] != "list"]) or None


def kept_beside(*names: str) -> list[tuple[str, str | None]]:
    """What of this request's address a form of filters carries on."""
    return [(name, request.args.get(name)) for name in names]


def kept_list() -> str | None:
    """The `?list=` of this request, to be carried on."""
    return request.args.get("list") or None


def dom_id(record: Any, part: str | None = None) -> str:
    """`client-1042` or `client-1042-contacts`."""
    name = f"{record.subject_type}-{record.number}"
    return f"{name}-{part}" if part else name


# --- After the view


def csp_nonce() -> str:
    """The nonce of this page, made when a template first asks: CSRF may have ended the request before."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"


def content_security_policy() -> str:
    settings = current_app.extensions["settings"]
    storage = [_origin(url) for url in (settings.s3_public_url, settings.s3_url) if url][:1]
    tiles = [_origin(settings.map_tile_url)] if settings.map_tile_url else []
    images = " ".join(["'self'", "data:", "blob:", *storage, *tiles])
    connect = " ".join(["'self'", *storage])
    scripts = f"'nonce-{g.csp_nonce}'" if "csp_nonce" in g else "'none'"
    static = f" {_origin(settings.static_url)}" if settings.static_url else ""
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self'{static}; img-src {images}; "
        f"font-src 'self'{static}; connect-src {connect}; frame-src 'self'; worker-src 'self'; manifest-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"


def secure(response: Response) -> Response:
    """The headers of every answer; one that sets one itself (a preview, a download) keeps its own."""
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "no-referrer" if is_link() else "strict-origin-when-cross-origin")
    if response.mimetype == "text/html":
        # A fragment is never a page of its own: should a browser take it for one, nothing in it counts.
        headers.setdefault("Content-Security-Policy", NOTHING if is_partial() else content_security_policy())
        response.vary.add("HX-Request-Type")
    if not is_partial():
        headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if request.endpoint != "static" and "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    if current_app.config["SESSION_COOKIE_SECURE"]:
        headers.setdefault("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
    return response


def lead_by_hand(response: Response) -> Response:
    """A script that sends a form itself cannot be led on without asking for the next page, which would take the toast
    that belongs there: it is told the address instead."""
    if response.status_code == 303 and request.headers.get("X-Lead") == "by-hand":
        response.status_code = 204
        response.headers["X-Location"] = response.headers.pop("Location")
        response.set_data(b"")
    return response


def set_session_cookie(response: BaseResponse, token: str) -> None:
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=SESSION_LONGEST,
        httponly=True,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        samesite="Lax",
        path="/",
    )


def init_app(app: Flask) -> None:
    login_manager.init_app(app)
    login_manager.request_loader(lambda _request: g.get("member"))
    csrf.init_app(app)

    @app.url_value_preprocessor
    def take_port(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        if values and "port" in values:
            g.port_slug = values.pop("port")

    @app.url_defaults
    def give_port(endpoint: str, values: dict[str, Any]) -> None:
        if "port" not in values and app.url_map.is_endpoint_expecting(endpoint, "port"):
            values["port"] = g.get("port_slug")

    app.before_request(identify)
    limits.init_app(app)  # counts before authorisation, since denials write rows
    app.before_request(authorise)
    app.after_request(secure)
    app.after_request(lead_by_hand)
    app.jinja_env.globals.update(list_url=list_url, this_list=this_list, kept_list=kept_list, kept_beside=kept_beside)
    app.jinja_env.globals.update(csp_nonce=csp_nonce, dom_id=dom_id, request_id=lambda: g.get("request_id", ""))
