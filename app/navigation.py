"""The sidebar, the bottom bar and the "+ New" menu: one table of what there is, filtered by permission."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from .current import member
from .identity.permissions import LEAVES


@dataclass(frozen=True)
class Entry:
    group: str | None
    label: str
    icon: str
    endpoint: str
    permissions: tuple[str, ...]
    in_bar: bool = True
    is_new: bool = False
    super_admin: bool = False


# Who holds any of these has something to look after.
ADMIN_LEAVES = tuple(sorted(leaf for leaf in LEAVES if leaf.startswith("admin.")))

ENTRIES = (
    Entry(None, lazy_gettext("Dashboard"), "layout-dashboard", "dashboard.show", ("reports.view_dashboard",)),
    Entry(None, lazy_gettext("Clients"), "users", "clients.index", ("clients.view", "clients.view_own")),
    Entry(None, lazy_gettext("Vessels"), "ship", "vessels.index", ("clients.view", "clients.view_own")),
    Entry(None, lazy_gettext("Interests"), "flag", "interests.index", ("interests.view",)),
    Entry(None, lazy_gettext("Registrations"), "log-in", "registration.index", ("interests.view",), in_bar=False),
    Entry(None, lazy_gettext("Berths"), "anchor", "berths.index", ("berths.view",)),
    Entry(None, lazy_gettext("Harbours"), "map-pin", "berths.index_harbours", ("berths.view",), in_bar=False),
    Entry(None, lazy_gettext("Prices"), "receipt", "prices.index", ("berths.view",), in_bar=False),
    Entry(None, lazy_gettext("Waiting lists"), "clock", "waiting_list.index", ("berths.view",), in_bar=False),
    Entry(None, lazy_gettext("New client"), "plus", "clients.new", ("clients.create",), is_new=True),
    Entry(None, lazy_gettext("New interest"), "flag", "interests.new", ("interests.create",), is_new=True),
    Entry(None, lazy_gettext("New vessel"), "ship", "vessels.new", ("clients.create",), is_new=True),
    Entry(None, lazy_gettext("New berth"), "anchor", "berths.new", ("berths.edit",), is_new=True),
    Entry(
        None, lazy_gettext("Import contacts"), "upload", "clients.index_imports", ("admin.import_data",), in_bar=False
    ),
    Entry(lazy_gettext("Operations"), lazy_gettext("Files"), "files", "files.index", ("files.view",)),
    Entry(None, lazy_gettext("Upload files"), "upload", "files.new", ("files.upload",), is_new=True),
    Entry(
        lazy_gettext("Operations"),
        lazy_gettext("Reminders"),
        "list-checks",
        "reminders.index",
        ("reminders.view_own", "reminders.view_all"),
    ),
    Entry(None, lazy_gettext("New reminder"), "list-checks", "reminders.new", ("reminders.create",), is_new=True),
    Entry(
        lazy_gettext("Administration"),
        lazy_gettext("Overview"),
        "settings-2",
        "admin.index",
        ADMIN_LEAVES,
        in_bar=False,
    ),
)


# The tabs of one's own settings, and what the index of administration lists. Each needs one of its permissions; a tab
# without any is everybody's.
SETTINGS: tuple[Entry, ...] = (
    Entry(None, lazy_gettext("Profile"), "user", "identity.edit_profile", ()),
    Entry(None, lazy_gettext("Security"), "shield-check", "identity.show_security", ()),
    Entry(None, lazy_gettext("API tokens"), "key-round", "identity.index_tokens", ()),
    Entry(None, lazy_gettext("Notifications"), "bell", "notifications.edit_preferences", ()),
)
ADMIN: tuple[Entry, ...] = (
    Entry(None, lazy_gettext("People"), "users", "identity.index_users", ("admin.manage_users",)),
    Entry(None, lazy_gettext("Roles"), "key-round", "identity.index_roles", ("admin.manage_users",)),
    Entry(None, lazy_gettext("Teams"), "user-plus", "identity.index_teams", ("admin.manage_users",)),
    Entry(None, lazy_gettext("This port"), "building-2", "identity.edit_port", ("admin.manage_settings",)),
    Entry(None, lazy_gettext("Branding"), "star", "identity.edit_branding", ("admin.manage_settings",)),
    Entry(
        None, lazy_gettext("Ports"), "anchor", "identity.index_all_ports", ("admin.manage_settings",), super_admin=True
    ),
    Entry(
        None, lazy_gettext("Port settings"), "sliders-horizontal", "admin.index_settings", ("admin.manage_settings",)
    ),
    Entry(None, lazy_gettext("Getting started"), "list-checks", "admin.show_onboarding", ("admin.manage_settings",)),
    Entry(None, lazy_gettext("Tags"), "tags", "admin.index_tags", ("admin.manage_tags",)),
    Entry(None, lazy_gettext("Custom fields"), "file-text", "fields.index", ("admin.manage_custom_fields",)),
    Entry(None, lazy_gettext("Import contacts"), "upload", "clients.index_imports", ("admin.import_data",)),
    Entry(None, lazy_gettext("Audit log"), "history", "audit.index", ("admin.view_audit_log",)),
)


@dataclass(frozen=True)
class Link:
    label: str
    icon: str
    url: str
    active: bool
    in_bar: bool


@dataclass(frozen=True)
class Group:
    label: str | None
    items: list[Link]


def navigation() -> list[Group]:
    """What the sidebar shows this member, in groups; worked out once a page, of which the bottom bar shows a part."""
    if "navigation" not in g:
        groups: dict[str | None, list[Link]] = {}
        for entry in ENTRIES:
            if not entry.is_new and _may(entry):
                groups.setdefault(entry.group, []).append(_link(entry, ENTRIES))
        g.navigation = [Group(_(label) if label else None, items) for label, items in groups.items()]
    shown: list[Group] = g.navigation
    return shown


def new_links() -> list[Link]:
    """What the "+ New" menu offers this member."""
    return [_link(entry, ENTRIES) for entry in ENTRIES if entry.is_new and _may(entry)]


def settings_tabs() -> list[Link]:
    return [_link(entry, SETTINGS) for entry in SETTINGS if _may(entry)]


def admin_links() -> list[Link]:
    """What this member may look after."""
    return [_link(entry, ADMIN) for entry in ADMIN if _may(entry)]


def _may(entry: Entry) -> bool:
    if entry.super_admin and not member.is_super_admin:
        return False
    return not entry.permissions or any(member.can(permission) for permission in entry.permissions)


def _link(entry: Entry, among: tuple[Entry, ...]) -> Link:
    """The entry as a link; active on its own page and below it, unless another of its table is nearer."""
    urls = _urls()
    here = urls[entry.endpoint]
    active = request.path == here
    if request.path.startswith(here + "/"):
        others = (urls[other.endpoint] for other in among if other.endpoint != entry.endpoint)
        active = not any(url.startswith(here + "/") and request.path.startswith(url) for url in others)
    return Link(str(entry.label), entry.icon, here, active, entry.in_bar)


def _urls() -> dict[str, str]:
    """The addresses of all entries, worked out once a page: sidebar, bottom bar and menu show them."""
    if "navigation_urls" not in g:
        g.navigation_urls = {entry.endpoint: url_for(entry.endpoint) for entry in (*ENTRIES, *SETTINGS, *ADMIN)}
    urls: dict[str, str] = g.navigation_urls
    return urls


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(navigation=navigation, new_links=new_links, settings_tabs=settings_tabs)
