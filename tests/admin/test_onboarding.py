"""The checklist of a new port, and the overview it stands on."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import update

from app.admin.models import Holiday, SettingsSheet, TaxRate
from app.db import begin, commit, db
from app.identity.models import Port
from tests.world import NORTH, Visitor, enter, make_client, user_id

ADMIN = "port_admin@north.example"
URL = "/north/admin/onboarding"
Visit = Callable[[str], Visitor]


def settle() -> None:
    """Everything on the list."""
    member = enter(ADMIN)
    make_client(member)
    sheet = SettingsSheet.locked(member)
    sheet.update(
        {"hours_mon": "8-12", "invoice_padding": 5, "mfa_required_roles": ["director"]},
        by=member,
    )
    sheet.add_holiday(Holiday(day="12-24", name="Christmas Eve"), by=member)
    sheet.add_rate(TaxRate(name="Standard", percent="25.5"), by=member)  # type: ignore[arg-type]
    db.session.execute(update(Port).where(Port.id == NORTH).values(branding={"primary": "#123456"}))
    commit()


def dismissed() -> bool:
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    return SettingsSheet.of(enter(ADMIN)).settings.onboarding_dismissed


def test_it_is_worked_out_from_what_is_there(visit: Visit) -> None:
    visitor = visit(ADMIN)
    shown = visitor.get(URL).text
    assert "2 of 9 things are settled." in shown  # name and place; colleagues
    for group in ("hours", "money", "security"):
        assert f'href="/north/admin/settings/{group}' in shown
    assert "Next: Logo and colours." in visitor.get("/north/admin").text
    settle()
    shown = visitor.get(URL).text
    assert "9 of 9 things are settled." in shown
    assert shown.count(">Settle<") == 0


def test_it_is_put_away_when_done_and_not_before(visit: Visit, relayed: Callable[[], list[str]]) -> None:
    visitor = visit(ADMIN)
    assert visitor.post(f"{URL}/dismissal").status_code == 409
    assert not dismissed()
    settle()
    relayed()
    for _ in range(2):
        assert visitor.post(f"{URL}/dismissal").status_code == 303
    assert dismissed()
    assert "steps-left" not in visitor.get("/north/admin").text
    assert visitor.delete(f"{URL}/dismissal").status_code == 303
    assert not dismissed()
    assert relayed() == ["settings:updated"] * 2


def test_the_overview_shows_what_one_may_look_after(visit: Visit) -> None:
    admin = visit(ADMIN).get("/north/admin").text
    listed = visit(ADMIN).get("/north/admin/roles").text.count('class="name"')
    assert f"{listed} roles" in admin
    assert "Port settings" in admin
    assert "0 tags" in admin
    assert "<span>Overview</span>" in admin
    director = visit("director@north.example").get("/north/admin").text
    assert "Port settings" not in director
    assert "Getting started" not in director
    assert visit("viewer@north.example").get("/north/admin").status_code == 403
    assert "/north/admin" not in visit("viewer@north.example").get("/north/clients").text


def test_they_take_few_statements(visit: Visit, statements: list[str]) -> None:
    visitor = visit(ADMIN)
    for url in (URL, "/north/admin"):
        statements.clear()
        visitor.get(url)
        assert len(statements) <= 3, url
