"""The settings of a port: who reads them, what fits, what is kept, and who is asked when two change the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from pydantic import ValidationError
from sqlalchemy import select, update

from app.admin.forms import GROUPS
from app.admin.models import Mode, PortSettings, SettingsSheet, settings_of
from app.db import begin, commit, db, now
from app.events.models import Event
from app.identity.models import FactorKind, MfaFactor, Port, Session
from tests.world import NORTH, Visitor, enter, user_id

ADMIN, DIRECTOR = "port_admin@north.example", "director@north.example"
URL = "/north/admin/settings"
Visit = Callable[[str], Visitor]


def port() -> Port:
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    return db.session.scalars(select(Port).where(Port.id == NORTH).execution_options(populate_existing=True)).one()


def stored(**settings: Any) -> PortSettings:
    return settings_of(replace(enter(ADMIN).here(), settings=settings))


def save(visitor: Visitor, group: str, **typed: Any) -> int:
    url = f"{URL}/{group}"
    form = {**form_of(visitor, group), **typed}
    return visitor.put(url, {name: value for name, value in form.items() if value is not None}).status_code


def form_of(visitor: Visitor, group: str) -> dict[str, Any]:
    return visitor.form(f"{URL}/{group}")


# --- What is stored, and how it reads


def test_a_port_that_settled_nothing_has_the_defaults(db: SQLAlchemy) -> None:
    settings = stored()
    assert settings == PortSettings()
    assert settings.follow_up_reminder_days == (3, 7, 14)
    assert [rule.mode for rule in settings.berth_status_rules][:2] == [Mode.OFF, Mode.SUGGEST]


def test_what_is_unknown_or_does_not_fit_is_left_out_when_read(db: SQLAlchemy) -> None:
    settings = stored(
        of_a_later_version=1,
        tenure_expiry_warning_months=900,
        eoi_reminder_interval_days=5,
        invoice_numbering={"prefix": "R", "colour": "red"},
        berth_status_rules=[
            {"trigger": "eoi_signed", "mode": "off", "target_status": "sold"},
            {"trigger": "of_yesterday", "mode": "off", "target_status": "sold"},
        ],
    )
    assert settings.tenure_expiry_warning_months == 3
    assert settings.eoi_reminder_interval_days == 5
    assert settings.invoice_numbering.prefix == "R"
    assert [rule.trigger for rule in settings.berth_status_rules] == [
        rule.trigger for rule in PortSettings().berth_status_rules
    ]
    assert settings.berth_status_rules[1].mode == Mode.OFF


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"of_a_later_version": 1}, KeyError),
        ({"eoi_reminder_interval_days": 0}, ValidationError),
        ({"berth_status_rules": [{"trigger": "eoi_signed", "mode": "often", "target_status": "sold"}]}, KeyError),
        ({"rule_eoi_signed_status": "eaten"}, ValidationError),
        ({"hours_mon": "noon"}, ValueError),
        ({"holidays": [{"day": "13-01", "name": "Never"}]}, ValidationError),
        ({"invoice_prefix": "ümlaut"}, ValidationError),
    ],
)
def test_what_does_not_fit_is_refused_when_written(
    db: SQLAlchemy, fields: dict[str, Any], error: type[Exception]
) -> None:
    member = enter(ADMIN)
    with pytest.raises(error):
        SettingsSheet.locked(member).update(fields, by=member)


def test_saving_keeps_what_was_set_and_leaves_the_rest_to_the_defaults(db: SQLAlchemy) -> None:
    member = enter(ADMIN)
    sheet = SettingsSheet.locked(member)
    version = sheet.port.version
    assert sheet.update({"eoi_reminder_interval_days": 9}, by=member)
    assert sheet.port.settings == {"eoi_reminder_interval_days": 9}
    assert sheet.port.version == version + 1
    assert sheet.update({"rule_eoi_signed_mode": "auto"}, by=member)
    assert set(sheet.port.settings) == {"eoi_reminder_interval_days", "berth_status_rules"}
    assert settings_of(sheet.port).berth_status_rules[1].mode == Mode.AUTO


def test_a_completed_sale_makes_the_berth_sold_whatever_was_stored(db: SQLAlchemy) -> None:
    off = {"trigger": "sale_completed", "mode": "off", "target_status": "reserved"}
    rule = next(one for one in stored(berth_status_rules=[off]).berth_status_rules if one.trigger == "sale_completed")
    assert (rule.mode, rule.target_status) == (Mode.AUTO, "sold")
    member = enter(ADMIN)
    with pytest.raises(KeyError):
        SettingsSheet.locked(member).update({"rule_sale_completed_mode": "off"}, by=member)


# --- The pages


def test_that_rule_is_shown_with_its_reason_and_is_no_choice(visit: Visit) -> None:
    admin = visit(ADMIN)
    row = admin.get(f"{URL}/berths").text.partition('id="sale_completed-what"')[2].partition('role="group"')[0]
    assert "A completed sale always makes the berth sold." in row
    for words in ("The status changes", "by itself", "and becomes", "Sold or let"):
        assert words in row
    assert "<select" not in row
    assert not [name for name in form_of(admin, "berths") if "sale_completed" in name]
    assert save(admin, "berths", rule_eoi_signed_mode="auto") == 303


@pytest.mark.parametrize("group", GROUPS)
def test_a_form_saved_as_it_opens_changes_nothing(visit: Visit, relayed: Callable[[], list[str]], group: str) -> None:
    assert save(visit(ADMIN), group) == 303
    assert relayed() == []
    assert port().settings == {}


@pytest.mark.parametrize(
    ("group", "typed", "name", "value"),
    [
        ("sales", {"follow_up_reminder_days": "30, 2;7 2"}, "follow_up_reminder_days", [2, 7, 30]),
        ("sales", {"follow_up_reminder_days": ""}, "follow_up_reminder_days", []),
        ("sales", {"eoi_reminder_interval_days": "10"}, "eoi_reminder_interval_days", 10),
        ("berths", {"tenure_expiry_warning_months": "12"}, "tenure_expiry_warning_months", 12),
        ("berths", {"rule_interest_lost_mode": "auto"}, "rule_interest_lost_mode", "auto"),
        ("hours", {"hours_sat": "9-12, 13.30 to 17"}, "hours_sat", "09:00–12:00, 13:30–17:00"),
        ("hours", {"hours_mon": ""}, "hours_mon", ""),
        ("money", {"invoice_prefix": "pn/"}, "invoice_prefix", "PN/"),
        ("money", {"invoice_yearly": None}, "invoice_yearly", False),
        ("money", {"tax_mode": "inclusive"}, "tax_mode", "inclusive"),
        ("security", {"mfa_required_roles": "director"}, "mfa_required_roles", ["director"]),
        ("mail", {"mail_reply_to": "office@north.example"}, "mail_reply_to", "office@north.example"),
        ("mail", {"portal_signup": "y"}, "portal_signup", True),
    ],
)
def test_a_setting_is_saved_and_told(
    visit: Visit, relayed: Callable[[], list[str]], group: str, typed: dict[str, Any], name: str, value: Any
) -> None:
    visitor = visit(ADMIN)
    assert save(visitor, group, **typed) == 303
    assert getattr(SettingsSheet(port()), name) == value
    event = db.session.scalars(select(Event).where(Event.name == "settings:updated")).one()
    assert event.changed_fields == [name]
    assert relayed() == ["settings:updated"]
    assert "changed the settings" in visitor.get(URL).text


@pytest.mark.parametrize(
    ("group", "name", "typed", "words"),
    [
        ("sales", "follow_up_reminder_days", "soon", "whole numbers of days"),
        ("sales", "follow_up_reminder_days", "0", "whole numbers of days"),
        ("sales", "follow_up_reminder_days", "366", "whole numbers of days"),
        ("sales", "follow_up_reminder_days", "1,2,3,4,5,6,7", "At most six"),
        ("sales", "eoi_reminder_interval_days", "often", "from 1 to 60"),
        ("sales", "eoi_reminder_interval_days", "61", "from 1 to 60"),
        ("sales", "eoi_reminder_interval_days", "", "from 1 to 60"),
        ("berths", "tenure_expiry_warning_months", "25", "from 1 to 24"),
        ("hours", "hours_tue", "18-9", "ends before it begins"),
        ("hours", "hours_tue", "8-12, 11-17", "overlap at 11:00"),
        ("hours", "hours_tue", "8-25", "not a time of day"),
        ("hours", "hours_tue", "always", "not a time of day"),
        ("hours", "hours_tue", "8", "not a span"),
        ("hours", "hours_tue", "1-2,3-4,5-6,7-8,9-10", "at most 4 spans"),
        ("money", "invoice_prefix", "N°", "Letters A to Z"),
        ("money", "invoice_padding", "10", "from 1 to 9"),
        ("mail", "mail_reply_to", "office", "Write one address"),
        ("mail", "mail_reply_to", "a@x.example, b@x.example", "Write one address"),
    ],
)
def test_what_does_not_fit_is_told_beside_it_and_kept(
    visit: Visit, group: str, name: str, typed: str, words: str
) -> None:
    visitor = visit(ADMIN)
    answer = visitor.put(f"{URL}/{group}", {**form_of(visitor, group), name: typed})
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{typed}"' in answer.text
    assert 'data-follow="bell"' in answer.text, "a live page would replace what was typed"
    assert port().settings == {}


def test_a_choice_that_is_none_is_refused(visit: Visit) -> None:
    visitor = visit(ADMIN)
    assert save(visitor, "berths", rule_eoi_signed_mode="often") == 422
    assert save(visitor, "security", mfa_required_roles="captain") == 422
    assert save(visitor, "money", tax_default="Reduced") == 422


def test_two_admins_merge_or_are_asked(visit: Visit) -> None:
    mine, theirs = visit(ADMIN), visit("super@quayside.example")
    opened = form_of(mine, "sales")
    assert save(theirs, "sales", eoi_reminder_interval_days="20") == 303
    assert mine.put(f"{URL}/sales", {**opened, "follow_up_reminder_days": "5"}).status_code == 303
    assert (port().settings["eoi_reminder_interval_days"], port().settings["follow_up_reminder_days"]) == (20, [5])
    assert save(theirs, "sales", follow_up_reminder_days="8") == 303
    clash = mine.put(f"{URL}/sales", {**opened, "follow_up_reminder_days": "9"})
    assert clash.status_code == 409
    for words in ("Follow-up reminders: which one is right?", "Super Admin", 'value="8"', 'value="9"'):
        assert words in clash.text
    assert port().settings["follow_up_reminder_days"] == [8]


def test_nobody_locks_themselves_out(visit: Visit, db: SQLAlchemy) -> None:
    visitor = visit(ADMIN)
    refused = visitor.put(f"{URL}/security", {**form_of(visitor, "security"), "mfa_required_roles": "port_admin"})
    assert refused.status_code == 422
    assert "you have no second factor yet" in refused.text
    begin(user_id=user_id(ADMIN), scope="staff")
    factor = MfaFactor(user_id=user_id(ADMIN), kind=FactorKind.TOTP, label="Phone", confirmed_at=port().created_at)
    begin(user_id=user_id(ADMIN), scope="staff")
    db.session.add(factor)
    db.session.execute(update(Session).where(Session.user_id == user_id(ADMIN)).values(mfa_at=now()))
    commit()
    assert save(visitor, "security", mfa_required_roles="port_admin") == 303
    assert port().settings == {"mfa_required_roles": ["port_admin"]}


def test_mondays_hours_are_copied_to_friday_and_not_saved(visit: Visit) -> None:
    visitor = visit(ADMIN)
    typed = {**form_of(visitor, "hours"), "hours_mon": "7-11", "hours_sat": "10-11"}
    answer = visitor.post(f"{URL}/hours/copy", typed)
    assert answer.status_code == 200
    assert answer.text.count('value="07:00–11:00"') == 5
    assert 'value="10:00–11:00"' in answer.text
    assert port().settings == {}


# --- Holidays and rates


def test_a_holiday_is_added_taken_away_and_put_back(visit: Visit, relayed: Callable[[], list[str]]) -> None:
    visitor = visit(ADMIN)
    url = f"{URL}/hours/holidays"
    christmas = {"name": "Christmas Eve", "day": "2026-12-24", "is_yearly": "y"}
    assert visitor.post(url, christmas).status_code == 303
    assert visitor.post(url, {"name": "Regatta", "day": "2027-06-12"}).status_code == 303
    assert [day["day"] for day in port().settings["holidays"]] == ["12-24", "2027-06-12"]
    shown = visitor.get(f"{URL}/hours").text
    assert "24 Dec, every year" in shown
    assert "12 Jun 2027" in shown
    assert visitor.delete(f"{url}/12-24").status_code == 303
    assert visitor.delete(f"{url}/12-24").status_code == 303, "twice is once"
    assert [day["name"] for day in port().settings["holidays"]] == ["Regatta"]
    undo = visitor.get(f"{URL}/hours").text.partition('class="toast')[2].partition('action="')[2].partition('"')[0]
    assert visitor.post(undo.replace("&amp;", "&")).status_code == 303
    assert [day["day"] for day in port().settings["holidays"]] == ["12-24", "2027-06-12"]
    assert relayed() == ["settings:updated"] * 4


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": "", "day": "2026-12-24"}, "Type what the day is called."),
        ({"name": "Eve", "day": ""}, "Choose the day."),
        ({"name": "Eve", "day": "2026-02-30"}, "Choose the day."),
        ({"name": "Eve", "day": "2030-12-24", "is_yearly": "y"}, "a holiday already: Christmas Eve"),
    ],
)
def test_a_holiday_that_cannot_be_is_told_beside_it(visit: Visit, typed: dict[str, str], words: str) -> None:
    visitor = visit(ADMIN)
    visitor.post(f"{URL}/hours/holidays", {"name": "Christmas Eve", "day": "2026-12-24", "is_yearly": "y"})
    answer = visitor.post(f"{URL}/hours/holidays", typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{typed["day"]}"' in answer.text


def test_the_first_rate_is_the_default_and_goes_last(visit: Visit) -> None:
    visitor = visit(ADMIN)
    url = f"{URL}/money/rates"
    assert visitor.post(url, {"name": "Standard", "percent": "25,5 %"}).status_code == 303
    assert visitor.post(url, {"name": "Reduced", "percent": "14"}).status_code == 303
    assert port().settings["tax"]["default"] == "Standard"
    assert "25.5 %" in visitor.get(f"{URL}/money").text
    refused = visitor.delete(f"{url}/Standard")
    assert refused.status_code == 409
    assert "Choose another default first." in refused.text
    assert save(visitor, "money", tax_default="Reduced") == 303
    assert visitor.delete(f"{url}/Standard").status_code == 303
    assert visitor.delete(f"{url}/Reduced").status_code == 303
    assert port().settings["tax"] == {"mode": "exclusive", "rates": [], "default": ""}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": "", "percent": "1"}, "Type a name"),
        ({"name": "a/b", "percent": "1"}, "No slashes"),
        ({"name": "standard", "percent": "1"}, "a rate of that name already"),
        ({"name": "New", "percent": "much"}, "not a number"),
        ({"name": "New", "percent": "NaN"}, "From 0 to 100"),
        ({"name": "New", "percent": "101"}, "From 0 to 100"),
        ({"name": "New", "percent": "1.2345"}, "From 0 to 100"),
    ],
)
def test_a_rate_that_cannot_be_is_told_beside_it(visit: Visit, typed: dict[str, str], words: str) -> None:
    visitor = visit(ADMIN)
    visitor.post(f"{URL}/money/rates", {"name": "Standard", "percent": "25"})
    answer = visitor.post(f"{URL}/money/rates", typed)
    assert answer.status_code == 422
    assert words in answer.text


# --- Who, and how much


def test_who_does_not_manage_settings_is_denied(visit: Visit) -> None:
    director = visit(DIRECTOR)
    assert director.get(URL).status_code == 403
    assert director.get("/north/admin").status_code == 200
    assert visit(ADMIN).get(f"{URL}/weather").status_code == 404
    assert visit(ADMIN).get("/south/admin/settings").status_code == 404


@pytest.mark.parametrize("group", GROUPS)
def test_a_page_takes_three_statements(visit: Visit, statements: list[str], group: str) -> None:
    visitor = visit(ADMIN)
    statements.clear()
    assert visitor.get(f"{URL}/{group}").status_code == 200
    assert len(statements) <= 3
    statements.clear()
    visitor.get("/north/admin")
    assert len(statements) <= 3
