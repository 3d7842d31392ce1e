"""The programs whose files are known: what their columns fill."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...imports.columns import plain
from .targets import guess


@dataclass(frozen=True)
class Program:
    """Told by headings that only it writes; its files are read without asking."""

    name: str
    tells: frozenset[str]
    targets: Callable[[list[str]], list[str]]


def _google(headings: list[str]) -> list[str]:
    """Both generations: `E-mail 1 - Value` with its `Type` or `Label` before it, `Organization 1 - Name` or
    `Organization Name`. The first address is the client's, the others stay whole."""
    return [_google_target(plain(heading), set(map(plain, headings))) for heading in headings]


def _google_target(heading: str, all_of_them: set[str]) -> str:
    numbered = re.fullmatch(r"(e-mail|phone|address|organization) (\d+) - (.+)", heading)
    if not numbered:
        fixed = {
            "name": "full_name",
            "organization name": "company_name",
            "notes": "note",
            "nickname": "preferred_name",
            "first name": "first_name",
            "given name": "first_name",
            "middle name": "middle_name",
            "additional name": "middle_name",
            "last name": "last_name",
            "family name": "last_name",
            "labels": "tags",
            "group membership": "tags",
        }
        # Files that others made with headings of Google's have a few of their own.
        return fixed.get(heading, guess(heading) if heading in ("city", "country", "town", "postcode") else "")
    kind, number, part = numbered.groups()
    if kind in ("e-mail", "phone"):
        return {"value": kind.replace("-", ""), "type": "label", "label": "label"}.get(part, "")
    if kind == "organization":
        return "company_name" if (number, part) == ("1", "name") else ""
    if number != "1":
        return {"formatted": "address", "type": "label", "label": "label"}.get(part, "")
    parts = {"street": "street", "city": "town", "region": "region", "postal code": "postcode", "country": "country"}
    if part == "formatted" and "address 1 - street" not in all_of_them:
        return "street"
    return parts.get(part, "")


def _outlook(headings: list[str]) -> list[str]:
    return [_outlook_target(plain(heading)) for heading in headings]


def _outlook_target(heading: str) -> str:
    if heading == "categories":
        return "tags"
    if re.search(r"fax|pager|telex|assistant|callback|car phone|isdn|radio|tty|display name|type$|po box", heading):
        return ""
    return "" if heading.startswith("company main") and "phone" not in heading else guess(heading)


def _hubspot(headings: list[str]) -> list[str]:
    fixed = {
        "associated company": "company_name",
        "associated company (primary)": "company_name",
        **dict.fromkeys(("contact owner", "original source", "record source", "lead status", "contact"), ""),
    }
    return [fixed.get(plain(heading), guess(heading)) for heading in headings]


PROGRAMS = (
    Program("Google Contacts", frozenset({"first name", "e-mail 1 - value"}), _google),
    Program("Google Contacts", frozenset({"given name", "e-mail 1 - value"}), _google),
    Program("Google Contacts", frozenset({"name", "e-mail 1 - value"}), _google),
    Program("Outlook", frozenset({"first name", "business street"}), _outlook),
    Program("Outlook", frozenset({"first name", "home street"}), _outlook),
    Program("Outlook", frozenset({"first name", "e-mail address", "business phone"}), _outlook),
    Program("HubSpot", frozenset({"record id", "email"}), _hubspot),
    Program("HubSpot", frozenset({"record id - contact", "email"}), _hubspot),
)


def program_of(header: Iterable[str]) -> Program | None:
    """Whose file has these headings."""
    plains = {plain(heading) for heading in header}
    return next((program for program in PROGRAMS if program.tells <= plains), None)


# How Google heads the column of who belongs to which group.
GROUP_HEADINGS = ("labels", "group membership")


def groups_of(cell: str) -> list[str]:
    """The names of the groups that somebody made. Those with a star before them are Google's own."""
    names = (part.strip() for part in cell.split(":::"))
    return [name for name in names if name and not name.startswith("* ")]
