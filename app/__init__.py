"""Quayside: the software a marina runs on."""

from __future__ import annotations

from importlib import import_module
from typing import Literal

import redis
from flask import Flask
from flask_babel import Babel
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from . import (
    assets,
    errors,
    formats,
    health,
    jobs,
    live,
    logs,
    measures,
    navigation,
    numbers,
    once,
    search,
    storage,
    web,
)
from .config import Settings, is_flask_command, load_settings
from .crypto import Keyring
from .db import Base, count_statements, db, engine_options

Role = Literal["web", "worker", "relay", "console"]

babel = Babel()


def create_app(settings: Settings | None = None, *, role: Role = "web") -> Flask:
    """The application in one of its roles; only `web` answers requests under a statement timeout."""
    settings = settings or load_settings()
    app = web.Quayside(__name__, template_folder="../templates", static_folder=None)
    configure(app, settings, role)
    db.init_app(app)
    if role == "console" or is_flask_command():
        add_commands(app)
    babel.init_app(app, locale_selector=lambda: formats.in_force().locale, default_timezone="UTC")
    with app.app_context():
        app.extensions["engine"] = db.engine
        count_statements(db.engine)
    for part in (logs, errors, formats, measures, numbers, assets, live, jobs, once, search, storage, navigation, web):
        part.init_app(app)
    register(app)
    web.check_access_is_stated(app)
    return app


def add_commands(app: Flask) -> None:
    """What the `flask` command can do. Imported here only: a process that serves pages is ten megabytes lighter."""
    from flask_migrate import Migrate

    from . import demo, schedule
    from .events import relay, seals
    from .identity import console

    Migrate(app, db, directory="migrations")
    for commands in (relay, seals, schedule, demo, console):
        commands.init_app(app)


def configure(app: Flask, settings: Settings, role: Role) -> None:
    is_secure = settings.public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.db_pool_size, role=role),
        SESSION_COOKIE_NAME="quayside_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=is_secure,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_SSL_STRICT=False,  # asks for a referrer; web.protect() asks for the origin, which says the same
        MAX_CONTENT_LENGTH=web.LARGEST_FORM,  # where a file is sent, the view says `limit="upload"`
        MAX_FORM_MEMORY_SIZE=web.LARGEST_FORM,
        TRAP_BAD_REQUEST_ERRORS=False,
    )
    app.extensions["settings"] = settings
    app.extensions["keyring"] = Keyring(settings.field_keys)
    app.extensions["redis"] = redis.Redis.from_url(
        settings.redis_url, socket_connect_timeout=1, socket_timeout=2, health_check_interval=0
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.template_class = web.Template
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.wsgi_app = web.MethodOverride(app.wsgi_app)  # type: ignore[method-assign]  # Flask's documented way
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # Werkzeug's documented way


# What registers tables, jobs, topics, reactions and sentences by being imported.
REGISTERING = (
    "admin.reactions",
    "berths.finding",
    "berths.held",
    "berths.map.reactions",
    "berths.overview.reactions",
    "berths.put_back",
    "berths.reactions",
    "dashboard.reactions",
    "berths.reversals",
    "bulk_edits.editing",
    "changes.jobs",
    "changes.reactions",
    "clients.duplicates.reactions",
    "clients.finding",
    "clients.privacy.forgetting",
    "clients.held",
    "clients.following",
    "clients.privacy.reactions",
    "clients.put_back",
    "clients.reactions",
    "clients.reversals",
    "events.seals",
    "events.tellers",
    "exports.exporting",
    "exports.reactions",
    "fields.reactions",
    "files.reactions",
    "files.reversals",
    "identity.history",
    "identity.reactions",
    "imports.jobs",
    "imports.reactions",
    "mail.reactions",
    "documents.reactions",
    "interests.finding",
    "interests.held",
    "interests.put_back",
    "interests.reactions",
    "interests.recommendations.held",
    "interests.recommendations.reactions",
    "interests.reversals",
    "notifications.reactions",
    "prices.reactions",
    "prices.reversals",
    "registration.held",
    "registration.jobs",
    "registration.reactions",
    "reminders.finding",
    "reminders.held",
    "reminders.reactions",
    "reminders.reversals",
    "saved_views.reactions",
    "search.forgetting",
    "vessels.finding",
    "vessels.held",
    "berths.jobs",
    "vessels.jobs",
    "vessels.put_back",
    "vessels.reactions",
    "vessels.reversals",
    "waiting_list.held",
    "waiting_list.jobs",
    "waiting_list.put_back",
    "waiting_list.reactions",
    "waiting_list.reversals",
)


def register(app: Flask) -> None:
    """The modules: their pages, and what follows their events."""
    from .admin.views import bp as admin
    from .api.views import bp as api
    from .berths.labels import SIGNS, TONES, TRIGGERS
    from .berths.models.berth import berth_name
    from .berths.views import bp as berths
    from .cards import card_of
    from .changes.views import bp as changes
    from .clients.labels import REASONS
    from .clients.views import bp as clients
    from .dashboard.views import bp as dashboard
    from .documents.labels import document_words
    from .documents.views import bp as documents
    from .events.views import bp as audit
    from .fields.views import bp as fields
    from .files.content import ACCEPT
    from .files.views import bp as files
    from .identity.branding import brand_url, public_brand_url
    from .identity.views import bp as identity
    from .interests.labels import interest_words
    from .interests.recommendations.labels import MISSING, PARTS, price_words, reason_words
    from .interests.recommendations.views import bp as recommendations
    from .interests.telling import told
    from .interests.views import bp as interests
    from .notifications.views import bp as notifications
    from .prices.labels import MOORINGS
    from .prices.views import bp as prices
    from .registration.views import bp as registration
    from .reminders.queries import grouped, reminders_about
    from .reminders.views import bp as reminders
    from .scratchpad.views import bp as scratchpad
    from .search.views import bp as search_pages
    from .vessels.views import bp as vessels
    from .waiting_list.labels import TONES as WAITING_TONES
    from .waiting_list.views import bp as waiting_list

    for module in REGISTERING:
        import_module(f".{module}", __name__)
    app.jinja_env.globals.update(
        brand_url=brand_url, public_brand_url=public_brand_url, upload_accept=ACCEPT, client_reasons=REASONS
    )
    app.jinja_env.globals.update(price_moorings=dict(MOORINGS))
    app.jinja_env.globals.update(berth_name=berth_name, berth_tones=TONES, berth_triggers=TRIGGERS)
    app.jinja_env.globals.update(waiting_tones=WAITING_TONES)
    app.jinja_env.globals.update(sign_words=SIGNS)
    app.jinja_env.globals.update(interest_words=interest_words, document_words=document_words)
    app.jinja_env.globals.update(interests_told=told)
    app.jinja_env.globals.update(reminders_about=reminders_about, reminder_groups=grouped, card_of=card_of)
    app.jinja_env.globals.update(
        recommendation_parts=PARTS, recommendation_missing=MISSING, price_words=price_words, reason_words=reason_words
    )
    for blueprint in (
        health.bp,
        api,
        identity,
        admin,
        audit,
        berths,
        dashboard,
        changes,
        clients,
        fields,
        files,
        documents,
        interests,
        recommendations,
        notifications,
        reminders,
        prices,
        registration,
        scratchpad,
        search_pages,
        vessels,
        waiting_list,
    ):
        app.register_blueprint(blueprint)
    if app.extensions["settings"].environment == "development":
        from .dev.components import bp as components
        from .mail.views import bp as outbox

        app.register_blueprint(outbox)
        app.register_blueprint(components)


__all__ = ["Base", "create_app"]
