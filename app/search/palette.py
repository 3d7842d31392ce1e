"""What the palette offers: records, pages the member may open, things to do, and what they had open lately."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from flask import url_for
from flask_babel import gettext as _

from ..current import Member
from ..events.subjects import label_of
from ..navigation import admin_links, navigation, new_links, settings_tabs
from ..sorting import sort_name
from .recent import recent
from .registry import COMMANDS, find_all

EACH = 5
# What is shown before anything is typed.
FIRST_PLACES = 6


@dataclass(frozen=True)
class Line:
    """One choice: a link, or a button of one of the page's forms (`form`, and what it sends)."""

    label: str
    icon: str
    url: str = ""
    meta: str = ""
    form: str = ""
    name: str = ""
    value: str = ""
    words: str = field(default="", compare=False)


@dataclass(frozen=True)
class Group:
    label: str
    lines: list[Line]


def lines(member: Member, asked: str) -> list[Group]:
    """The groups of the palette; those in which nothing fits are left out."""
    if not asked:
        groups = [
            Group(
                _("Recent"), [Line(one.name, "clock", one.url or "", label_of(kind)) for kind, one in recent(member)]
            ),
            Group(_("Do"), deeds(member)),
            Group(_("Go to"), places(member)[:FIRST_PLACES]),
        ]
    else:
        groups = [
            *(
                Group(found.label, [Line(hit.label, found.icon, hit.url, hit.meta) for hit in found.hits])
                for found in find_all(member, asked, each=EACH)
            ),
            Group(_("Do"), fitting(deeds(member), asked)),
            Group(_("Go to"), places(member, asked)),
        ]
    return [group for group in groups if group.lines]


def places(member: Member, asked: str = "") -> list[Line]:
    """The pages this member may open, by the names they have in menus."""
    found = [Line(link.label, link.icon, link.url) for group in navigation() for link in group.items]
    found += [Line(link.label, link.icon, link.url, _("Administration")) for link in admin_links()]
    found += [Line(link.label, link.icon, link.url, _("Your settings")) for link in settings_tabs()]
    once = {line.url: line for line in reversed(found)}
    ordered = [line for line in found if once[line.url] is line]
    return fitting(ordered, asked) if asked else ordered


def deeds(member: Member) -> list[Line]:
    """What this member can do from anywhere."""
    themes = (
        ("light", _("Light theme"), "sun"),
        ("dark", _("Dark theme"), "moon"),
        ("system", _("Theme of the device"), "monitor"),
    )
    return [
        *(Line(link.label, link.icon, link.url, words=_("add create")) for link in new_links()),
        *(
            Line(str(one.label), one.icon, url_for(one.endpoint), words=one.words)
            for one in COMMANDS
            if not one.permissions or any(member.can(permission) for permission in one.permissions)
        ),
        *(
            Line(label, icon, form="theme-form", name="theme", value=value, words=_("colours"))
            for value, label, icon in themes
            if value != member.theme
        ),
        Line(_("Sign out"), "log-out", form="sign-out-form", words=_("log out leave")),
    ]


def fitting(choices: Iterable[Line], asked: str) -> list[Line]:
    """Those of whose words some begin with each of the words asked for."""
    words = sort_name(asked).split()
    return [
        line
        for line in choices
        if (there := sort_name(f"{line.label} {line.meta} {line.words}").split())
        and all(any(one.startswith(word) for one in there) for word in words)
    ]
