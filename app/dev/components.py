"""Every component in each of its states, at /dev/components. In development only: what it shows is made up here."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import BooleanField, PasswordField, RadioField, SelectField, StringField, TextAreaField

from ..db import now
from ..events.timeline import Entry
from ..files.incoming import UploadField
from ..formats import today
from ..forms import Form, PickField
from ..paging import Filter, Page
from ..web import public

bp = Blueprint("components", __name__, url_prefix="/dev/components")

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
THEMES = ("system", "light", "dark")


def names() -> list[str]:
    """The components, as their templates are called."""
    return sorted(path.stem for path in (TEMPLATES / "components").glob("*.html") if not path.stem.startswith("_"))


@bp.get("")
@public
def index() -> ResponseReturnValue:
    theme = request.args.get("theme", "system")
    if theme not in THEMES:
        abort(404)
    return render_template("dev/components.html", names=names(), theme=theme, themes=THEMES, samples=samples())


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


def samples() -> dict[str, Any]:
    form = SampleForm(formdata=None, data={"name": "Émile Ørsted", "wrong": "emile@"})
    for field, text in ((form.wrong, _("Add what comes after the @.")), (form.wrong_file, _("This file is empty."))):
        field.errors = [text]
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
        "papers": papers(),
        "vessel": vessel(),
        **pages(),
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
