"""Every form of the application, found by walking its pages: whatever is typed into any of its fields is shown back as
it was typed, or refused beside its field with nothing of it lost; nothing of it is run."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from sys import modules
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask, template_rendered
from flask_sqlalchemy import SQLAlchemy
from markupsafe import escape
from sqlalchemy import update
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse
from wtforms import HiddenField, PasswordField, StringField, TextAreaField
from wtforms.fields.core import UnboundField

from app import limits
from app.admin.forms import GROUPS
from app.db import commit
from app.fields.models import FieldDefinition
from app.forms import Form
from app.imports.models import Import
from tests.test_access import SUPER_ADMINS, Place, furnish, rules
from tests.test_naughty import NAUGHTY
from tests.world import PASSWORD, Visitor, enter, make_berth, make_client, make_dock, user_id

ADMIN, SUPER = "port_admin@north.example", "super@quayside.example"
TYPED_INTO = ("text", "search", "email", "tel", "url")
ROUNDS = 3


@dataclass
class Sent:
    """A form of a page: where it goes and what it would send untouched."""

    action: str
    values: dict[str, str] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)  # what somebody types into, and how long it may get
    wrong: set[str] = field(default_factory=set)
    has_file: bool = False


class Forms(HTMLParser):
    """The forms of a page that write."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, Sent] = {}
        self.current: Sent | None = None
        self.area: tuple[Sent, str] | None = None
        self.select: tuple[Sent, str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.current = None
            if given.get("method") == "post":
                form = self.current = Sent(given.get("action", ""))
                self.found[given.get("id") or f"form {len(self.found)}"] = form
        elif tag == "option" and self.select:
            form, name = self.select
            if "selected" in given or name not in form.values:
                form.values[name] = given.get("value", "")
        elif "name" in given and (of := self.found.get(given["form"]) if "form" in given else self.current):
            self.take(tag, given, of)

    def take(self, tag: str, given: Mapping[str, str], form: Sent) -> None:
        name, kind = given["name"], given.get("type", "text")
        if given.get("aria-invalid") == "true":
            form.wrong.add(name)
        if tag == "textarea":
            self.area, form.values[name] = (form, name), ""
        elif tag == "select":
            self.select = form, name
        elif tag == "input" and kind == "file":
            form.has_file = True
        elif tag == "input" and (kind not in ("checkbox", "radio") or "checked" in given):
            form.values[name] = given.get("value", "")
        if tag == "textarea" or (tag == "input" and kind in TYPED_INTO and "readonly" not in given):
            form.texts[name] = int(given.get("maxlength") or 0)

    def handle_data(self, data: str) -> None:
        if self.area:
            form, name = self.area
            form.values[name] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.current = None
        elif tag == "textarea":
            self.area = None
        elif tag == "select":
            self.select = None


def forms_of(page: str) -> list[Sent]:
    return [form for form in Forms(page).found.values() if form.texts]


# --- The walk


# What an address is asked with for its form to be there.
QUERIES: dict[str, tuple[str, ...]] = {
    "fields.new": ("resource=client",),
    "clients.new_bulk_edit": tuple(f"act={act}&number={{client}}" for act in ("tag", "edit", "archive")),
    "interests.new_bulk_edit": tuple(f"act={act}&number={{interest}}" for act in ("tag", "lose")),
    "clients.index_views": ("list=status%3Dactive",),
    "interests.index_views": ("list=lead%3Dhot",),
}
# Not pages of the product, or not answered to this member by design.
ELSEWHERE = ("static", "live.", "components.", "outbox.", "storage.", "api.", "health.")


@dataclass(frozen=True)
class Walk:
    """Through all pages of a port, as its administrator, and as a super-admin where only those may be."""

    app: Flask
    db: SQLAlchemy
    admin: Visitor
    super_admin: Visitor
    place: Place
    other: int  # another client

    @contextmanager
    def undone(self) -> Iterator[None]:
        connection: Any = self.db.engine  # one connection stands in its place
        self.db.session.remove()
        outer = connection.begin_nested()
        try:
            yield
        finally:
            self.db.session.remove()
            outer.rollback()

    def addresses(self, blueprint: str = "") -> list[str]:
        """Of what may have a form."""
        urls = self.app.url_map.bind("localhost")
        found = []
        for rule, method in rules(self.app):
            if method != "GET" or rule.endpoint.startswith(ELSEWHERE) or not rule.endpoint.startswith(blueprint):
                continue
            values = self.place.values(rule)
            for group in GROUPS if "group" in rule.arguments else [None]:
                path = urls.build(rule.endpoint, values | ({"group": group} if group else {}), "GET")
                for query in QUERIES.get(rule.endpoint, ("",)):
                    found.append(f"{path}?{self.words(query)}" if query else path)
        return found

    def words(self, text: str) -> str:
        return text.format(**vars(self.place), other=self.other)

    def visitor(self, address: str, method: str = "GET") -> Visitor:
        return self.super_admin if self.endpoint_of(address, method) in SUPER_ADMINS else self.admin

    def open(self, address: str) -> str:
        """The page, or nothing where there is none to be looked at."""
        answer = self.visitor(address).get(address)
        return answer.text if answer.status_code == 200 and answer.mimetype == "text/html" else ""

    def endpoint_of(self, action: str, method: str = "POST") -> str:
        parts = urlsplit(action)
        said = re.search("_method=([A-Z]+)", parts.query)
        try:
            endpoint, _values = self.app.url_map.bind("localhost").match(parts.path, said[1] if said else method)
        except HTTPException:
            return "nowhere"
        return str(endpoint)

    def send(self, address: str, form: Sent, values: Mapping[str, str]) -> TestResponse:
        kind = {"content_type": "multipart/form-data"} if form.has_file else {}
        action = urljoin(address, form.action)
        return self.visitor(action, "POST").post(action, {**form.values, **values}, **kind)


@pytest.fixture
def walk(app: Flask, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch) -> Walk:
    for name in limits.AMOUNTS:  # nobody types so fast
        monkeypatch.setitem(limits.AMOUNTS, name, "100000 per minute")
    place = furnish(app, "north", 5001, user_id(ADMIN))
    by = enter(ADMIN)
    for resource in ("client", "vessel", "berth"):
        known = {"label": f"Said of a {resource}", "kind": "text", "required": False, "help": ""}
        FieldDefinition.create(known, resource=resource, currency="EUR", port_id=by.here().id, by=by)
    make_berth(by, make_dock(by, "Z"), code="9")
    other = make_client(by, full_name="Pia Other").number
    db.session.execute(update(Import).values(status="preview"))
    commit()
    return Walk(app, db, Visitor.of(app, ADMIN), Visitor.of(app, SUPER), place, other)


# --- No field is forgotten


# Fields that no page of the walk has, and why.
NOT_MET: dict[str, str] = {
    **dict.fromkeys(
        (
            f"berths.{name}.override"
            for name in (
                "forms.BesideFitForm",
                "forms.OccupancyForm",
                "stay_forms.DatesForm",
                "stay_forms.RelocationForm",
            )
        ),
        "there once a boat did not fit",
    ),
    **dict.fromkeys(
        (f"interests.forms.{name}.override" for name in ("HoldForm", "StageForm")), "there once a boat did not fit"
    ),
    "berths.stay_forms.FreeForm.vessel": "asks and writes nothing",
    "identity.forms.AcceptanceForm.name": "behind the link of a mail",
    **dict.fromkeys(
        (f"berths.map.forms.BerthPlaceForm.{name}" for name in ("label_x", "label_y", "x", "y")), "numbers"
    ),
    **dict.fromkeys(
        (
            f"identity.people_forms.{form}.{name}"
            for form in ("RoleForm", "RoleMapForm")
            for name in ("label", "description")
        ),
        "of a role that somebody made: tests/identity/test_roles.py",
    ),
    "proofs.ProofForm.code": "the digits of an app, where one is set up",
    "proofs.ProofForm.recovery": "a code of paper, where an app is set up",
}


def text_fields(form: type[Form]) -> set[str]:
    found = {name: getattr(form, name, None) for name in dir(form)}
    return {
        name
        for name, one in found.items()
        if isinstance(one, UnboundField)
        and issubclass(one.field_class, (StringField, TextAreaField))
        and not issubclass(one.field_class, (PasswordField, HiddenField))
    }


def every_form() -> Iterator[type[Form]]:
    waiting: list[type[Form]] = [Form]
    while waiting:
        for form in waiting.pop().__subclasses__():
            waiting.append(form)
            of_product = form.__module__.startswith("app.") and not form.__module__.startswith("app.dev.")
            # Those with custom fields are made anew for each page, from one that is here.
            if of_product and getattr(modules[form.__module__], form.__name__, None) is form:
                yield form


def forms_in(value: Any, depth: int = 2) -> Iterator[Form]:
    if isinstance(value, Form):
        yield value
    elif depth and isinstance(value, (list, tuple)):
        for one in value:
            yield from forms_in(one, depth - 1)
    elif depth and isinstance(value, dict):
        for one in value.values():
            yield from forms_in(one, depth - 1)


def test_the_walk_comes_to_every_field(app: Flask, walk: Walk) -> None:
    shown: list[Form] = []

    def note(_sender: Flask, context: dict[str, Any], **_: Any) -> None:
        shown.extend(forms_in(context))

    met: dict[type[Any], set[str]] = defaultdict(set)
    with template_rendered.connected_to(note, app):
        for address in walk.addresses():
            shown.clear()
            texts = {name for form in Forms(walk.open(address)).found.values() for name in form.values}
            for form in shown:
                for kind in type(form).__mro__:
                    met[kind] |= {name for name, one in form._fields.items() if one.name in texts}
    missed = {
        f"{form.__module__.removeprefix('app.')}.{form.__qualname__}.{name}"
        for form in every_form()
        for name in text_fields(form) - met[form]
    }
    assert not missed ^ set(NOT_MET), "\n".join(sorted(missed ^ set(NOT_MET)))


# --- What is typed


# What a form wants besides, by where it goes.
OTHERS: dict[str, dict[str, str]] = {
    "admin.create_holiday": {"day": "2027-12-25"},
    "admin.create_rate": {"name": "Reduced", "percent": "10"},
    "berths.create_absence": {"arrives": "2027-07-02", "leaves": "2027-07-05"},
    "berths.create_occupancy": {"client": "{client}", "arrives": "2027-10-01", "leaves": "2027-10-05"},
    "berths.create_relocation": {"berth": "Z 9"},
    "berths.create_sighting": {"berth": "Z 9"},
    "berths.update_status": {"status": "sold"},
    "clients.create": {"anyway": "y"},
    "clients.create_contact": {"kind": "address"},
    "clients.create_erasure": {"typed": "{client}"},
    "clients.create_relationship": {"client": "{other}"},
    "fields.create": {"kind": "choice", "options": "Gold"},
    "identity.create_email_change": {"email": "new@north.example", "email_password": PASSWORD},
    "identity.create_port": {"slug": "newport"},
    "identity.create_token": {"reach": "everything"},
    "identity.create_user": {"email": "new.person@north.example", "name": "New Person", "roles": "{role}"},
    "interests.create": {"client": "{client}"},
    "interests.create_deposit": {"amount": "100"},
    "interests.update_berth": {"berth": "Z 9"},
    "interests.update_stage": {"stage": "visited"},
    "prices.create": {"valid_from": "2031-01-01"},
    "prices.create_line": {"term": "monthly", "amount": "5"},
    "recommendations.create": {"berth": "Z 9"},
    "vessels.create": {"client": "{client}"},
    "vessels.create_measurement": {"loa": "10"},
    "vessels.create_transfer": {"client": "{other}"},
    "waiting_list.create_entry": {"client": "{other}"},
    "waiting_list.create_offer": {"berth": "Z 9"},
    "waiting_list.update_class": {"priority_class": "resident"},
}
EVERYWHERE = {"_password": PASSWORD}
# Where what was typed stands, if neither on the page one is led to nor in the form.
SHOWN: dict[str, tuple[str, ...]] = {
    "berths.update_status": ("/north/berths/{berth}/events",),
    "clients.create_erasure": ("/north/admin/audit",),
    "fields.create": ("/north/clients/new",),
    "interests.create_bulk_edit": ("/north/interests/{interest}",),
    "interests.update_stage": ("/north/interests/{interest}/events",),
    "waiting_list.update_class": ("/north/waiting-entries/{waiting_entry}",),
}
# What asks for more than can be typed: that nothing is lost is seen, and not what comes of it.
MORE_THAN_WORDS = {
    "identity.create_app": "digits of an app",
    "identity.create_passkey": "a device",
    "identity.create_session": "the password, which is never shown again",
    "identity.create_reset": "an address of somebody who is here",
    "berths.create_absence": "somebody who holds the berth for longer",
    "berths.create_relocation": "a boat that lies there",
    "identity.create_token": "to be shown at once, and only then",
    "recommendations.create": "measures of a boat",
    "registration.create": "time, and a job that makes of it what staff see",
}


def typed_into(form: Sent, turn: int) -> dict[str, str]:
    """For each field as many of the strings as it has room for."""
    return {name: pack(length or 40, turn + at) for at, (name, length) in enumerate(form.texts.items())}


def pack(room: int, turn: int) -> str:
    begins = turn % len(NAUGHTY)
    words = ""
    for one in (*NAUGHTY[begins:], *NAUGHTY[:begins]):
        longer = f"{words} {one}".strip()
        if len(longer) > room:
            break
        words = longer
    return words or "<b>"


BLUEPRINTS = (
    "admin",
    "berths",
    "clients",
    "documents",
    "fields",
    "files",
    "identity",
    "interests",
    "prices",
    "recommendations",
    "registration",
    "reminders",
    "scratchpad",
    "vessels",
    "waiting_list",
)


def problems(walk: Walk, address: str, form: Sent, turn: int) -> Iterator[str]:
    endpoint = walk.endpoint_of(form.action)
    others = {name: walk.words(text) for name, text in {**EVERYWHERE, **OTHERS.get(endpoint, {})}.items()}
    others = {name: text for name, text in others.items() if name in form.values or name in OTHERS.get(endpoint, {})}
    typed = typed_into(form, turn)
    for _again in range(4):
        answer = walk.send(address, form, {**others, **typed})
        if "<script>alert" in answer.text or "<img src=x" in answer.text:
            yield f"{endpoint}: it would be run"
        if answer.status_code not in (409, 422):
            break
        lost = [name for name, text in typed.items() if str(escape(text)) not in answer.text]
        yield from (f"{endpoint}: {name} is lost" for name in lost)
        wrong = {name for one in Forms(answer.text).found.values() for name in one.wrong} & set(typed)
        if not wrong and endpoint in MORE_THAN_WORDS:
            return
        if not wrong:
            yield f"{endpoint}: {answer.status_code}, and no field says why: {errors_of(answer)}"
            return
        typed = {name: text for name, text in typed.items() if name not in wrong}
    if endpoint in MORE_THAN_WORDS:
        return
    if answer.status_code != 303:
        yield f"{endpoint}: {answer.status_code} {errors_of(answer)}"
        return
    pages = [answer.headers["Location"], address, *map(walk.words, SHOWN.get(endpoint, ()))]
    shown = "".join(walk.open(page) for page in pages)
    lost = [name for name, text in typed.items() if str(escape(text)) not in shown]
    yield from (f"{endpoint}: {name} is not shown as it was typed" for name in lost)
    if "<script>alert" in shown or "<img src=x" in shown:
        yield f"{endpoint}: it is run"


def errors_of(answer: TestResponse) -> list[str]:
    found = re.findall(r'class="error".*?</p>|<title>.*?</title>', answer.text, re.S)
    return [re.sub("(<[^>]+>|\\s)+", " ", one) for one in found]


def test_every_blueprint_with_a_form_is_among_them(walk: Walk) -> None:
    others = {rule.endpoint.partition(".")[0] for rule, _method in rules(walk.app)} - {*BLUEPRINTS}
    found = {name for name in others for one in walk.addresses(f"{name}.") if forms_of(walk.open(one))}
    assert not found, sorted(found)


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_it_is_shown_as_it_was_typed(walk: Walk, blueprint: str) -> None:
    found: list[str] = []
    known: set[tuple[str, ...]] = set()
    for address in walk.addresses(f"{blueprint}."):
        for form in forms_of(walk.open(address)):
            endpoint = walk.endpoint_of(form.action)
            if (endpoint, *form.texts) in known:
                continue
            known.add((endpoint, *form.texts))
            for turn in range(ROUNDS):
                with walk.undone():
                    found += problems(walk, address, form, turn)
    assert not found, "\n".join(sorted(set(found)))
