"""Every component in each of its states, at /dev/components. In development only: what it shows is made up here."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, PasswordField, RadioField, SelectField, StringField, TextAreaField

from ..current import Member
from ..db import now
from ..events.timeline import Entry
from ..files.incoming import UploadField
from ..formats import today
from ..forms import Form, PickField
from ..paging import Filter, Page
from ..web import public
from .samples import PLACES, records, somebody

bp = Blueprint("components", __name__, url_prefix="/dev/components")

SAMPLES = Path(__file__).resolve().parents[2] / "templates" / "dev" / "components"
THEMES = ("system", "light", "dark")
# What stands around every page, in its states.
SHELLS: dict[str, dict[str, Any]] = {
    "plain": {},
    "narrow": {"preferences": {"sidebar_collapsed": True}, "unread": 7},
    "ports": {"ports": PLACES, "unread": 120},
    "preview": {"preview": "Dock hand"},
    "reader": {"permissions": frozenset({"clients.view", "berths.view"})},
}


def names() -> list[str]:
    """The components, as their samples are called."""
    return sorted(path.stem for path in SAMPLES.glob("*.html"))


@bp.get("")
@public
def index() -> ResponseReturnValue:
    member, theme = enter(somebody()), theme_asked()
    return render_template("dev/components.html", names=names(), theme=theme, themes=THEMES, samples=samples(member))


@bp.get("/shell/<state>")
@public
def show_shell(state: str) -> ResponseReturnValue:
    """An empty page, with what stands around it."""
    if state not in SHELLS:
        abort(404)
    theme = theme_asked()
    about = {"preferences": {}, **SHELLS[state]}
    member = enter(somebody(**about | {"preferences": {**about["preferences"], "theme": theme}}))
    return render_template("dev/shell.html", member=member, follow=[], state=state, shells=SHELLS)


def theme_asked() -> str:
    theme = request.args.get("theme", "system")
    if theme not in THEMES:
        abort(404)
    return theme


def enter(member: Member) -> Member:
    """For this request it is somebody else who looks, in a port of their own."""
    g.member, g.port_slug = member, member.here().slug
    return member


class SampleForm(Form):
    name = StringField("Full name", description="As it stands in the passport.")
    wrong = StringField("E-mail")
    status = SelectField("Status", choices=[("", "Choose one"), ("active", "Active")])
    note = TextAreaField("Note")
    password = PasswordField("Password")
    kind = RadioField("Kind", choices=[("person", "Person"), ("company", "Company")], default="person")
    news = BooleanField("Send news and offers by e-mail")
    file = UploadField("Contract")
    wrong_file = UploadField("Insurance")
    client = PickField("Owner", description="Name or number.", find=lambda words: [], near=lambda words: [])
    several = PickField("Captain", find=lambda words: [], near=lambda words: [])
    wrong_status = SelectField("Status of the vessel", choices=[("", "Choose one")])
    wrong_note = TextAreaField("What is done")
    wrong_password = PasswordField("New password")
    wrong_kind = RadioField("Pays by", choices=[("card", "Card"), ("bank", "Bank transfer")])
    wrong_news = BooleanField("The client agrees", description="As the law asks.")
    wrong_client = PickField("Agent", description="Name or number.", find=lambda words: [], near=lambda words: [])


WRONG = {
    "wrong": ("Add what comes after the @.",),
    "wrong_file": ("This file is empty.",),
    "wrong_status": ("Choose one.",),
    "wrong_note": ("Say what is done.",),
    "wrong_password": ("Use at least twelve characters.", "It contains your name.", "It is among those that leaked."),
    "wrong_kind": ("Say how.",),
    "wrong_news": ("Ask the client first.",),
    "wrong_client": ("Nobody is called so.",),
}


def samples(member: Member) -> dict[str, Any]:
    typed = {"name": "Émile Ørsted", "wrong": "emile@", "wrong_client": "Emil Orsted"}
    form = SampleForm(formdata=None, data=typed)
    for name, texts in WRONG.items():
        form[name].errors = list(texts)
    form.several.matches = [
        SimpleNamespace(number=1042, full_name="Anna Virtanen", town="Helsinki"),
        SimpleNamespace(number=1107, full_name="Anna Virtanen", town=""),
    ]
    clash = SimpleNamespace(
        name="status", label="Status", before="", theirs="active", yours="", by="Inês Rocha", at=now()
    )
    return {
        "form": form,
        "clash": clash,
        "entries": entries(),
        "filters": filters(),
        "chips": chips(),
        "papers": papers(),
        "vessel": vessel(),
        **pages(),
        **records(member),
    }


def entries() -> list[Entry]:
    changes = [("Town", "Nice", "Toulon"), ("Status", "", "Active"), ("Region", "Var", ""), ("Street", "1", "2")]
    return [
        Entry(uuid.uuid4(), "pencil", "", "Inês Rocha", "changed this client", now() - timedelta(minutes=4), changes),
        Entry(uuid.uuid4(), "plus", "ok", "", "was added by an import", now() - timedelta(days=2), changes[:1]),
        Entry(uuid.uuid4(), "trash-2", "bad", "Mats Berg", "removed a note", now() - timedelta(days=40)),
    ]


def vessel() -> dict[str, Any]:
    """One dimension measured, one declared, one not known."""
    values = {"loa": ("14", "14.02"), "beam": ("4.3", None), "draft": (None, None)}
    of = {name: [Decimal(value) if value else None for value in pair] for name, pair in values.items()}
    dimensions = [
        {
            "name": name,
            "value": measured or declared,
            "is_weight": False,
            "is_measured": measured is not None,
            "declared": declared,
            "measured": measured,
        }
        for name, (declared, measured) in of.items()
    ]
    return {"dimensions": dimensions}


def papers() -> list[SimpleNamespace]:
    """One in each state, and the days on which the words change."""
    policy = SimpleNamespace(
        issuer="Third party", reference="MR-555-2041", cover_amount=5_000_000, cover_currency="EUR", valid_until=today()
    )
    states = [("valid", 200), ("expiring", 12), ("expiring", 1), ("expiring", 0), ("expired", -1), ("expired", -40)]
    there = [SimpleNamespace(kind="insurance", state=state, days=days, document=policy) for state, days in states]
    return [*there, SimpleNamespace(kind="registration", state="missing", days=None, document=None)]


def filters() -> list[Filter]:
    statuses = [("active", "Active"), ("former", "Former")]
    return [
        Filter("status", "Status", statuses, "active"),
        Filter("kind", "Kind", [("person", "Person")], ""),
        Filter("source", "Source", [("website", "Website"), ("broker", "Broker")], ""),
    ]


def chips() -> list[dict[str, Any]]:
    """A filter of each other kind."""
    fits = {"kind": "text", "name": "fits", "label": "Fits", "hint": "Fits: vessel or 14 × 4.1", "options": []}
    docks = [("Inner harbour", [("a", "Dock A"), ("b", "Dock B")]), ("Outside", [("m", "Moorings")])]
    return [
        {"kind": "date", "name": "since", "label": "From", "value": "", "options": []},
        {"kind": "date", "name": "until", "label": "To", "value": "2026-11-21", "options": []},
        {**fits, "value": "", "trouble": ""},
        {**fits, "name": "suits", "value": "14 × 4.1", "trouble": ""},
        {**fits, "name": "takes", "value": "14 by four", "trouble": "Write length × beam."},
        {"name": "dock", "label": "Dock", "value": "b", "options": [], "groups": docks},
        {"name": "mine", "label": "Mine", "value": "", "options": [("y", "Mine")]},
    ]


def pages() -> dict[str, Page]:
    """A list of one page, the middle of a long one, and one that was entered at a letter."""
    here = url_for("components.index")
    sorts = [("name", "Name", here, True, False), ("updated", "Last change", here, False, True)]
    rows = range(50)
    ways = {"previous_url": here, "next_url": here, "first_url": here, "last_url": here}
    nowhere = dict.fromkeys(ways)
    return {
        "only_page": Page(rows, 50, True, 1, count_url=None, sorts=sorts, **nowhere),
        "middle_page": Page(rows, 10_000, False, 501, count_url=here, sorts=sorts, **ways),
        "letter_page": Page(rows, 10_000, False, None, count_url=here, sorts=sorts, **ways),
    }
