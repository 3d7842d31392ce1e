"""Where one is led after signing in, the choice of ports, and preferences."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests.world import ROLES, Visitor, enter

Visit = Callable[[str], Visitor]


def follow(visitor: Visitor, url: str) -> tuple[str, int, str]:
    """Where one ends up: the address, its status, its page."""
    for _ in range(5):
        response = visitor.get(url)
        if response.status_code != 303:
            return url, response.status_code, response.text
        url = response.headers["Location"]
    raise AssertionError("in a circle")


def test_a_user_with_no_port_is_told_so(visit: Visit) -> None:
    nobody = visit("nowhere@quayside.example")
    url, status, html = follow(nobody, "/")
    assert (url, status) == ("/auth/ports", 200)
    assert "No access yet" in html
    assert "Port North" not in html
    assert nobody.delete("/auth/logout").status_code == 303


def test_with_one_port_there_is_no_choice(visit: Visit) -> None:
    agent = visit("sales_agent@north.example")
    url, status, html = follow(agent, "/")
    assert (url, status) == ("/north/", 200)
    assert "Change port" not in html
    assert "Port South" not in html
    assert "/south/" not in html


def test_with_two_ports_one_chooses_and_changes(visit: Visit) -> None:
    both = visit("both@quayside.example")
    url, status, html = follow(both, "/")
    assert (url, status) == ("/auth/ports", 200)
    assert "Port North" in html
    assert "Port South" in html
    page = both.get("/north/clients").text
    assert "Change port, now Port North" in page
    assert 'href="/south/' in page
    assert both.get("/south/clients").status_code == 200


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_led_somewhere_it_may_be(visit: Visit, role: str) -> None:
    """Not onto a refusal, which would be recorded against them."""
    url, status, _html = follow(visit(f"{role}@north.example"), "/")
    assert status == 200
    assert url == ("/north/clients" if role == "operator" else "/north/")


def test_a_role_that_opens_nothing_is_told_so(visit: Visit) -> None:
    assert "Nothing here for your role yet" in visit("technician@north.example").get("/north/").text


# --- Preferences


def test_what_one_chose_is_kept_each_apart(db: SQLAlchemy, visit: Visit) -> None:
    agent = visit("sales_agent@north.example")
    assert "data-theme" not in agent.get("/north/clients").text
    answer = agent.put("/auth/preferences", {"theme": "dark", "next": "/north/clients"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/north/clients")
    agent.put("/auth/preferences", {"sidebar_collapsed": "1"})
    html = agent.get("/north/clients").text
    assert 'data-theme="dark"' in html
    assert 'data-side="narrow"' in html
    agent.put("/auth/preferences", {"sidebar_collapsed": "0"})
    agent.put("/auth/preferences", {})
    assert enter("sales_agent@north.example").preferences == {"theme": "dark", "sidebar_collapsed": False}
    assert enter("viewer@north.example").preferences == {}


def test_they_follow_the_user_to_another_browser(visit: Visit) -> None:
    visit("sales_agent@north.example").put("/auth/preferences", {"theme": "light"})
    assert 'data-theme="light"' in visit("sales_agent@north.example").get("/north/clients").text


@pytest.mark.parametrize("theme", ["purple", 'dark" onload="x', "DARK", "x" * 100_000])
def test_an_unknown_theme_is_refused(db: SQLAlchemy, visit: Visit, theme: str) -> None:
    assert visit("sales_agent@north.example").put("/auth/preferences", {"theme": theme}).status_code == 400
    assert enter("sales_agent@north.example").preferences == {}


def test_nothing_else_can_be_written_there(db: SQLAlchemy, visit: Visit) -> None:
    sent = {"theme": "dark", "is_super_admin": "1", "default_port": "south", "email": "x@y.example"}
    visit("sales_agent@north.example").put("/auth/preferences", sent)
    member = enter("sales_agent@north.example")
    assert member.preferences == {"theme": "dark"}
    assert (member.email, member.is_super_admin) == ("sales_agent@north.example", False)


def test_a_fragment_stays_where_it_is(app: Flask, visit: Visit) -> None:
    headers = {"HX-Request-Type": "partial"}
    answer = visit("sales_agent@north.example").put("/auth/preferences", {"theme": "dark"}, headers=headers)
    assert (answer.status_code, answer.get_data()) == (204, b"")


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example"])
def test_it_leads_nowhere_else(visit: Visit, target: str) -> None:
    answer = visit("sales_agent@north.example").put("/auth/preferences", {"theme": "dark", "next": target})
    assert answer.headers["Location"] == "/"
