"""The sidebar, the bottom bar and the "+ New" menu: one table of what there is, filtered by permission."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from .current import member


@dataclass(frozen=True)
class Entry:
    group: str | None
    label: str
    icon: str
    endpoint: str
    permissions: tuple[str, ...]
    in_bar: bool = True
    is_new: bool = False


ENTRIES = (
    Entry(None, lazy_gettext("Clients"), "users", "clients.index", ("clients.view", "clients.view_own")),
    Entry(None, lazy_gettext("New client"), "plus", "clients.new", ("clients.create",), is_new=True),
    Entry(None, lazy_gettext("Import"), "upload", "clients.index_imports", ("admin.import_data",)),
)


# The tabs of one's own settings, and what the index of administration lists. Each needs one of its permissions; a tab
# without any is everybody's.
SETTINGS: tuple[Entry, ...] = (Entry(None, lazy_gettext("Profile"), "user", "identity.edit_profile", ()),)
ADMIN: tuple[Entry, ...] = ()


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
    """What the sidebar shows this member, in groups."""
    groups: dict[str | None, list[Link]] = {}
    for entry in ENTRIES:
        if not entry.is_new and any(member.can(p) for p in entry.permissions):
            groups.setdefault(entry.group, []).append(_link(entry))
    return [Group(_(label) if label else None, items) for label, items in groups.items()]


def new_links() -> list[Link]:
    """What the "+ New" menu offers this member."""
    return [_link(e) for e in ENTRIES if e.is_new and any(member.can(p) for p in e.permissions)]


def settings_tabs() -> list[Link]:
    return [_link(e) for e in SETTINGS if not e.permissions or any(member.can(p) for p in e.permissions)]


def _link(entry: Entry) -> Link:
    urls = _urls()
    here = urls[entry.endpoint]
    deeper = any(
        url.startswith(here + "/") and request.path.startswith(url)
        for name, url in urls.items()
        if name != entry.endpoint
    )
    active = request.path == here or (request.path.startswith(here + "/") and not deeper)
    return Link(str(entry.label), entry.icon, here, active, entry.in_bar)


def _urls() -> dict[str, str]:
    """The addresses of all entries, worked out once a page: sidebar, bottom bar and menu show them."""
    if "navigation_urls" not in g:
        g.navigation_urls = {entry.endpoint: url_for(entry.endpoint) for entry in (*ENTRIES, *SETTINGS, *ADMIN)}
    urls: dict[str, str] = g.navigation_urls
    return urls


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(navigation=navigation, new_links=new_links, settings_tabs=settings_tabs)
