"""Forms: what is tidied, and what becomes of an edit when somebody else saved in between."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import BadRequest
from wtforms import BooleanField, PasswordField, SelectField, SelectMultipleField, StringField, TextAreaField

from app.forms import Edit, EditForm, Form
from tests.world import enter

pytestmark = pytest.mark.usefixtures("db")


class Typed(Form):
    line = StringField()
    text = TextAreaField()
    password = PasswordField()


class BerthForm(EditForm):
    name = StringField("Name")
    side = SelectField("Side", choices=[("", ""), ("port", "Port"), ("starboard", "Starboard")])
    has_power = BooleanField("Power")
    tags = SelectMultipleField("Tags", choices=[("calm", "Calm"), ("deep", "Deep"), ("near", "Near")])


def berth(**values: Any) -> SimpleNamespace:
    kept = {"name": "A 1", "side": "port", "has_power": True, "tags": ["calm"], **values}
    return SimpleNamespace(id=uuid.uuid4(), subject_type="berth", **kept)


def base_of(app: Flask, record: Any) -> str:
    """What the form carries when it is opened."""
    with app.test_request_context():
        form = BerthForm(formdata=None, obj=record)
        form.open(record)
        return str(form.base.data)


# A browser sends the whole form, a box only when it is ticked.
UNTOUCHED = {"name": "A 1", "side": "port", "has_power": "y", "tags": "calm"}


def edit(app: Flask, record: Any, base: str, typed: dict[str, Any]) -> tuple[Edit, BerthForm]:
    with app.test_request_context(method="PUT", data={"_base": base, **typed}):
        enter("sales_manager@north.example")
        form = BerthForm(obj=record)
        assert form.validate(), form.errors
        return form.compare(record), form


def test_text_is_tidied_and_a_password_is_not(app: Flask) -> None:
    typed = {"line": " a\x00b \t c\n", "text": " one\r\ntwo\rthree \x00", "password": "  as  typed "}
    with app.test_request_context(method="POST", data=typed):
        form = Typed()
    assert form.values() == {"line": "ab c", "text": "one\ntwo\nthree", "password": "  as  typed "}


@pytest.mark.parametrize(
    ("typed", "changes"),
    [
        ({}, {}),
        ({"name": "B 2"}, {"name": "B 2"}),
        ({"side": ""}, {"side": ""}),
        ({"tags": ["calm", "deep"]}, {"tags": ["calm", "deep"]}),
    ],
)
def test_what_was_typed_differently_is_written(app: Flask, typed: dict[str, Any], changes: dict[str, Any]) -> None:
    record = berth()
    compared, _form = edit(app, record, base_of(app, record), {**UNTOUCHED, **typed})
    assert (compared.changes, compared.clashes, compared.merged) == (changes, [], [])


def test_a_field_that_was_not_sent_is_not_touched_but_an_unticked_box_is_off(app: Flask) -> None:
    record = berth()
    compared, _form = edit(app, record, base_of(app, record), {"name": "A 1"})
    assert {name for name in compared.changes if name != "tags"} == {"has_power"}
    assert compared.changes["has_power"] is False


def test_nothing_chosen_is_no_change_where_the_record_has_nothing(app: Flask) -> None:
    record = berth(side=None)
    base = base_of(app, record)
    record.side = "starboard"  # somebody chose meanwhile
    compared, _form = edit(app, record, base, {**UNTOUCHED, "side": ""})
    assert (compared.changes, compared.clashes, compared.merged) == ({}, [], ["Side"])


@pytest.mark.parametrize(
    ("theirs", "typed", "kept"),
    [
        ({"name": "C 3"}, {"side": "starboard"}, {"side": "starboard"}),
        ({"has_power": False}, {"name": "B 2"}, {"name": "B 2"}),
        ({"tags": ["deep"]}, {"name": "B 2"}, {"name": "B 2"}),
        ({"side": "starboard"}, {"tags": ["near"]}, {"tags": ["near"]}),
    ],
)
def test_changes_to_different_fields_merge(
    app: Flask, theirs: dict[str, Any], typed: dict[str, Any], kept: dict[str, Any]
) -> None:
    record = berth()
    base = base_of(app, record)
    vars(record).update(theirs)
    compared, form = edit(app, record, base, {**UNTOUCHED, **typed})
    assert (compared.changes, compared.clashes, compared.merged) == (
        kept,
        [],
        [str(form[name].label.text) for name in theirs],
    )


@pytest.mark.parametrize(
    ("name", "theirs", "typed", "yours"),
    [
        ("name", "C 3", "B 2", "B 2"),
        ("side", "starboard", "", ""),
        ("tags", ["deep"], ["calm", "near"], ["calm", "near"]),
    ],
)
def test_the_same_field_changed_differently_is_a_clash(
    app: Flask, name: str, theirs: Any, typed: Any, yours: Any
) -> None:
    record = berth()
    before, base = getattr(record, name), base_of(app, record)
    setattr(record, name, theirs)
    compared, form = edit(app, record, base, {**UNTOUCHED, name: typed})
    (clash,) = compared.clashes
    assert (clash.name, clash.before, clash.theirs, clash.yours) == (name, before, theirs, yours)
    for chosen in (before, theirs, yours):
        settled, _form = edit(app, record, str(form.base.data), {**UNTOUCHED, name: chosen})
        assert settled.clashes == []
        assert settled.changes == ({} if chosen == theirs else {name: chosen})


def test_a_box_both_turned_is_no_clash(app: Flask) -> None:
    record = berth()
    base = base_of(app, record)
    record.has_power = False
    compared, _form = edit(app, record, base, {key: UNTOUCHED[key] for key in ("name", "side", "tags")})
    assert (compared.changes, compared.clashes, compared.merged) == ({}, [], [])


def test_a_clash_keeps_what_was_typed_elsewhere_and_shows_what_merged(app: Flask) -> None:
    record = berth()
    base = base_of(app, record)
    record.name, record.side = "C 3", "starboard"
    compared, form = edit(app, record, base, {**UNTOUCHED, "name": "B 2", "tags": ["near"]})
    assert [clash.name for clash in compared.clashes] == ["name"]
    assert (form.side.data, form.tags.data, form.name.data) == ("starboard", ["near"], "B 2")


class OlderForm(EditForm):
    name = StringField("Name")


def test_a_form_opened_before_a_field_existed_leaves_it_alone(app: Flask) -> None:
    record = berth()
    with app.test_request_context():
        older = OlderForm(formdata=None, obj=record)
        older.open(record)
    compared, _form = edit(app, record, str(older.base.data), UNTOUCHED)
    assert (compared.changes, compared.clashes) == ({}, [])


@pytest.mark.parametrize("alter", [lambda base: "x" + base, lambda base: "", lambda base: base.swapcase()])
def test_an_altered_original_is_refused(app: Flask, alter: Any) -> None:
    record = berth()
    with pytest.raises(BadRequest):
        edit(app, record, alter(base_of(app, record)), UNTOUCHED)


def test_a_form_without_its_original_is_refused(app: Flask) -> None:
    with app.test_request_context(method="PUT", data=UNTOUCHED), pytest.raises(BadRequest):
        BerthForm(obj=berth())


def test_the_original_of_another_record_is_refused(app: Flask) -> None:
    with pytest.raises(BadRequest):
        edit(app, berth(), base_of(app, berth()), UNTOUCHED)
