"""What search looks through and what the palette can do. A module adds its own where it registers its topics:

@source("vessels", lazy_gettext("Vessels"), icon="anchor", permissions=SEES, list_endpoint="vessels.index")
def find_vessels(member: Member, asked: str, most: int) -> list[Hit]: ...

command(lazy_gettext("Print the berth plan"), "printer", "berths.show_plan", ("berths.view",))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from ..current import Member


@dataclass(frozen=True)
class Hit:
    """A record that was found, in one line."""

    label: str
    url: str
    meta: str = ""


Finder = Callable[[Member, str, int], Sequence[Hit]]


@dataclass(frozen=True)
class Source:
    """A kind of record that can be looked for, by who holds one of `permissions`. Its list takes the words as `?q=`."""

    key: str
    label: Any
    icon: str
    permissions: tuple[str, ...]
    find: Finder
    list_endpoint: str | None


@dataclass(frozen=True)
class Command:
    """Something the palette does by going somewhere; `words` are other names that people look for."""

    label: Any
    icon: str
    endpoint: str
    permissions: tuple[str, ...] = ()
    words: str = ""


SOURCES: dict[str, Source] = {}
COMMANDS: list[Command] = []


def source(
    key: str, label: Any, *, icon: str, permissions: tuple[str, ...], list_endpoint: str | None = None
) -> Callable[[Finder], Finder]:
    """Register what finds the best records of a kind, at most so many; it sees to it that the member may open them."""

    def register(find: Finder) -> Finder:
        SOURCES[key] = Source(key, label, icon, permissions, find, list_endpoint)
        return find

    return register


def command(label: Any, icon: str, endpoint: str, permissions: tuple[str, ...] = (), *, words: str = "") -> None:
    COMMANDS.append(Command(label, icon, endpoint, permissions, words))


@dataclass(frozen=True)
class Found:
    """What one source found, and where all of it is."""

    label: str
    icon: str
    hits: Sequence[Hit]
    all_url: str | None


def find_all(member: Member, asked: str, *, each: int) -> list[Found]:
    """The best of every kind the member may see; kinds in which there is nothing are left out."""
    found = []
    for one in SOURCES.values():
        if any(member.can(permission) for permission in one.permissions) and (hits := one.find(member, asked, each)):
            all_url = url_for(one.list_endpoint, q=asked) if one.list_endpoint else None
            found.append(Found(str(one.label), one.icon, hits, all_url))
    return found
