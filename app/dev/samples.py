"""What the page of components is shown with: records that are nowhere, and somebody who may do everything."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from flask import url_for

from ..berths.calendar import DAY, Cell, Line, Span
from ..berths.labels import SIGNS
from ..clients.listing import CLIENTS
from ..current import CurrentPort, Member, PortLink
from ..db import now
from ..formats import today
from ..identity.permissions import LEAVES
from ..imports.kinds import KINDS
from ..notes.forms import NoteForm
from ..notes.mentions import pieces
from ..notifications.types import TYPES
from ..reminders.queries import Day
from ..saved_views.forms import ViewForm
from ..search.palette import Group
from ..search.palette import Line as Choice
from ..tags.forms import AddTagForm

PLACES = (PortLink("Port Nimara", "port-nimara"), PortLink("Hanko Itäsatama", "hanko-itasatama"))
AGO = timedelta(days=1)


def port() -> CurrentPort:
    return CurrentPort(uuid.UUID(int=1), PLACES[0].name, PLACES[0].slug, "EUR", "Europe/Helsinki", "en", "FI")


def somebody(**about: Any) -> Member:
    """With every permission in a port that may not be there."""
    plain = {
        "id": uuid.UUID(int=2),
        "session_id": uuid.UUID(int=3),
        "name": "Inês Rocha",
        "email": "ines@example.com",
        "is_super_admin": False,
        "port": port(),
        "ports": PLACES[:1],
        "permissions": LEAVES,
        "roles": ("port_admin",),
        "role_label": "Port admin",
        "timezone": None,
        "locale": None,
        "preferences": {},
    }
    return Member(**{**plain, **about})


def records(member: Member) -> dict[str, Any]:
    return {
        "member": member,
        "port": member.here(),
        "moment": now(),
        "record": record,
        "contacts": contacts(),
        "notes": notes(member),
        "note_form_wrong": wrong(NoteForm, "body", "Write the note first."),
        "tags": tags(),
        "tag_form": wrong(AddTagForm, "name", "There is no tag called “Rafted”. Choose one of the list.", "Rafted"),
        "reminders": reminders(member),
        "day": Day.of(member.here().timezone),
        "notifications": notifications(),
        "palette": palette(),
        "imports": imports(),
        "kind": KINDS["clients"],
        "files": files(),
        "signs": {sign: at * 7 for at, sign in enumerate(SIGNS, 1)},
        "columns": columns(),
        "address": SimpleNamespace(kept={}),
        "calendar": calendar(),
        **views(member),
    }


def wrong(form: Callable[..., Any], name: str, text: str, typed: str = "") -> Any:
    made = form(formdata=None, data={name: typed}, prefix=form.__name__)
    made[name].errors = [text]
    return made


def contacts() -> list[SimpleNamespace]:
    def one(kind: str, value: str, *, label: str = "", is_primary: bool = False) -> SimpleNamespace:
        about = {"kind": kind, "value": value, "display": value, "label": label, "is_primary": is_primary}
        return SimpleNamespace(id=uuid.uuid4(), **about)

    return [
        one("email", "emile.orsted.and.daughters@long-name-of-a-yard.example", is_primary=True),
        one("phone", "+33 6 12 34 56 78", label="captain"),
        one("address", "Rantakatu 4\n10900 Hanko"),
    ]


def notes(member: Member) -> list[SimpleNamespace]:
    def one(body: str, *, pinned: bool = False, author: str = "", edited: bool = False) -> SimpleNamespace:
        about = {"body": body, "pieces": list(pieces(body, ["mats berg"])), "pinned": pinned, "author_name": author}
        whose = member.id if author == member.name else uuid.uuid4() if author else None
        times = {"created_at": now() - 3 * AGO, "edited_at": now() - AGO if edited else None}
        return SimpleNamespace(id=uuid.uuid4(), author_id=whose, **about, **times)

    return [
        one("Calls back in the evening. @Mats Berg knows the boat.", pinned=True, author=member.name, edited=True),
        one("Prefers the inner harbour.\n\nNo calls before ten.", author="Mats Berg"),
        one("Came with a file of the old system."),
    ]


def tags() -> list[SimpleNamespace]:
    names = {"VIP": "teal", "Winter": "blue", "Near the crane": "amber", "Rolls in a westerly": "red"}
    made = [SimpleNamespace(id=uuid.uuid4(), name=name, colour=tint, is_archived=False) for name, tint in names.items()]
    made[-1].is_archived = True
    return made


def record(kind: str, number: int) -> SimpleNamespace:
    return SimpleNamespace(subject_type=kind, number=number)


def reminders(member: Member) -> list[tuple[SimpleNamespace, SimpleNamespace | None]]:
    """One in each state, and what it is about."""

    def one(number: int, title: str, due: timedelta, **about: Any) -> SimpleNamespace:
        at = now() + due
        plain = {"priority": "normal", "completed_at": None, "snoozed_until": None, "recurrence": "", "about_type": ""}
        times = {"due_at": at, "rings_at": about.get("snoozed_until") or at}
        return SimpleNamespace(number=number, title=title, **{**plain, **times, "assignee": member.name, **about})

    client = SimpleNamespace(name="Émile Ørsted", url=url_for("clients.show", number=1042))
    berth = SimpleNamespace(name="B 12", url="")
    return [
        (one(1, "Call about the mooring", -2 * AGO, priority="urgent", about_type="client"), client),
        (one(2, "Read the meters", AGO, priority="high", recurrence="FREQ=MONTHLY", about_type="berth"), berth),
        (one(3, "Send the winter prices", -AGO, snoozed_until=now() + AGO, assignee=""), None),
        (one(4, "Order paint", -3 * AGO, completed_at=now() - AGO), None),
    ]


def notifications() -> list[SimpleNamespace]:
    def one(title: str, body: str, *, read: bool) -> SimpleNamespace:
        words = SimpleNamespace(title=title, body=body)
        about = {"kind": TYPES["system_alert"], "words": words, "created_at": now() - AGO}
        return SimpleNamespace(id=uuid.uuid4(), read_at=now() if read else None, **about)

    return [
        one("An interest was given to you", "Émile Ørsted, berth B 12", read=False),
        one("The export is ready", "", read=True),
    ]


def palette() -> list[Group]:
    here = url_for("components.index")
    found = [Choice("Anna Virtanen", "users", here, "Helsinki"), Choice("Annabel", "ship", here, "14.02 m · Mats Berg")]
    return [
        Group("Clients", found),
        Group("Do", [Choice("Sign out, and ask for the password anew", "log-out", form="sign-out-form")]),
    ]


def imports() -> dict[str, SimpleNamespace]:
    """One at work, and one that is looked at before."""

    def one(number: int, status: str, *, total: int, done: int = 0, left: int | None = None) -> SimpleNamespace:
        counts = {"new_count": 1_180, "update_count": 31, "duplicate_count": 12, "wrong_count": 7}
        written = {"used_count": 1_211, "created_count": min(done, 1_180), "updated_count": max(done - 1_180, 0)}
        about = {"number": number, "status": status, "total": total, "done": done, "seconds_left": left}
        return SimpleNamespace(**about, **counts, **written)

    return {"running": one(1, "running", total=1_230, done=1_190, left=1), "checked": one(2, "preview", total=1_230)}


def files() -> SimpleNamespace:
    def one(number: int, name: str, mime: str, **about: Any) -> SimpleNamespace:
        plain = {"scan_status": "clean", "look": "none", "ordinal": 1, "category": "other", "uploader": "Inês Rocha"}
        of = {"id": number, "number": number, "filename": name, "mime": mime, "size": 48_200, "updated_at": now() - AGO}
        return SimpleNamespace(**{**plain, **of, **about})

    rows = [
        one(1, "Crane.pdf", "application/pdf", ordinal=3),
        one(2, "Prices of the winter and of what comes with it 2026-2027.xlsx", "text/csv", scan_status="pending"),
        one(3, "invoice.docx", "application/msword", scan_status="infected", uploader=None),
    ]
    return SimpleNamespace(rows=rows)


def columns() -> list[SimpleNamespace]:
    """Of the board: one with cards of each age and lead, one that is won, one without any."""

    def card(number: int, days: int, lead: str, **about: Any) -> SimpleNamespace:
        plain = {"client_name": "Émile Ørsted", "vessel_name": "Belle Étoile", "loa": Decimal("14.02"), "outcome": None}
        berth = {"berth_code": "12", "berth_number": 1012, "dock_name": "B", "owner_name": "Inês Rocha"}
        value = {"expected_value": Decimal(12_000), "currency": "EUR", "lead_category": lead}
        of = {"number": number, "stage": "open", "stage_since": now() - timedelta(days=days), **value}
        return SimpleNamespace(**{**plain, **berth, **of, **about})

    bare = {"client_name": "Rosalind St. Clair-Featherstonehaugh", "vessel_name": None, "loa": None}
    bare |= {"berth_code": None, "owner_name": None}
    ages = [card(1, 0, "hot"), card(2, 8, "warm"), card(3, 15, "cold"), card(4, 40, "dormant", **bare)]
    won = [card(5, 3, "hot", stage="completed", outcome="won")]

    def column(stage: str, label: str, rows: list[SimpleNamespace]) -> SimpleNamespace:
        sums = [(Decimal(12_000) * len(rows), "EUR")] if rows else []
        head = SimpleNamespace(stage=stage, label=label, count=len(rows), sums=sums)
        return SimpleNamespace(head=head, cards=SimpleNamespace(stage=stage, rows=rows, after=None))

    return [column("open", "Open", ages), column("completed", "Completed", won), column("visited", "Visited", [])]


def calendar() -> dict[str, Any]:
    """A fortnight of three berths: each kind of stay and each state of one, who is away, and what is free."""
    first = today() - 2 * DAY
    span = Span(first, 14)

    def stay(number: int, kind: str, state: str, begins: int, ends: int | None, called: str = "Belle Étoile") -> Any:
        about = {"number": number, "kind": kind, "state": state, "title": "", "vessel": called, "client": "Mats Berg"}
        end = moment(ends) if ends is not None else None
        return SimpleNamespace(begins_at=moment(begins), ends_at=end, **about)

    def moment(day: int) -> datetime:
        return now() + DAY * (day - 2)

    def free(at: int, width: int = 2) -> Cell:
        return Cell(width, arrives=first + DAY * at, leaves=first + DAY * (at + 1))

    away = SimpleNamespace(may_sublet=True, ends_at=moment(10))
    contract = stay(1, "contract", "active", -20, None)
    lines = {
        "12": [
            Cell(8, contract, starts_before=True),
            Cell(8, contract, away, arrives=first + DAY * 4, leaves=first + DAY * 8),
            Cell(12, contract, goes_on=True, is_first=False),
        ],
        "14": [
            free(0),
            Cell(6, stay(2, "visit", "planned", 1, 4)),
            Cell(6, stay(3, "season", "confirmed", 4, 7, "Rosalind St. Clair-Featherstonehaugh")),
            *(free(at) for at in (7, 8, 9)),
            Cell(8, stay(4, "visit", "completed", 10, 14)),
        ],
        "16": [
            Cell(8, stay(5, "hold", "planned", 0, 4)),
            Cell(6, stay(6, "maintenance", "active", 4, 7)),
            *(free(at) for at in (7, 8, 9)),
            Cell(8, stay(7, "sublet", "active", 10, 14)),
        ],
    }
    sizes = {"max_loa": Decimal(15), "max_beam": Decimal("4.5"), "dock_name": "B"}
    rows = [
        Line(SimpleNamespace(number=1000 + int(code), code=code, **sizes), cells, 0) for code, cells in lines.items()
    ]
    return {"span": span, "lines": rows, "kept": {"from": first.isoformat(), "days": 14}}


def views(member: Member) -> dict[str, Any]:
    """Those of a list: one's own, one that is shared, somebody else's; the first opens, the second is open."""

    def one(name: str, user_id: uuid.UUID, *, is_shared: bool) -> SimpleNamespace:
        return SimpleNamespace(id=uuid.uuid4(), name=name, user_id=user_id, is_shared=is_shared, query="status=active")

    mine, shared = one("My active clients", member.id, is_shared=False), one("Winter", member.id, is_shared=True)
    other = one("Who left, by last change", uuid.uuid4(), is_shared=True)
    return {
        "views": [(mine, "", True, ["Active"]), (shared, "", True, ["Winter"]), (other, "Mats Berg", False, [])],
        "default_view": str(mine.id),
        "current_view": str(shared.id),
        "listing": CLIENTS,
        "at": lambda name: f"clients.{name}",
        "view_form": ViewForm(formdata=None, prefix="view"),
    }
