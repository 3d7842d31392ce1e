"""The scratchpad: private, kept, and never lost between two windows."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from sqlalchemy import func, select

from app.db import db
from app.events.models import Event
from app.scratchpad.models import both
from tests.world import Visitor

URL = "/north/scratchpad"
MANAGER, MATE = "sales_manager@north.example", "teammate@north.example"


def written(visitor: Visitor) -> str:
    return str(visitor.form(URL)["body"])


def test_what_is_written_is_kept_and_nobody_elses(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    typed = {**manager.form(URL), "body": "Ring the crane\r\n<b>Tuesday</b>"}
    assert manager.put(URL, typed).status_code == 303
    assert written(manager).replace("\r", "") == "Ring the crane\n<b>Tuesday</b>"
    assert written(visit(MATE)) == ""
    assert db.session.scalar(select(func.count()).where(Event.name.like("scratch%"))) == 0


def test_each_port_has_a_page_of_its_own(visit: Callable[[str], Visitor]) -> None:
    both_ports = visit("both@quayside.example")
    both_ports.put(URL, {**both_ports.form(URL), "body": "North only"})
    assert both_ports.form("/south/scratchpad")["body"] == ""


def test_two_windows_lose_nothing(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    first, second = manager.form(URL), manager.form(URL)
    manager.put(URL, {**first, "body": "shared\nof the first"})
    answer = manager.put(URL, {**second, "body": "shared\nof the second"})
    assert answer.status_code == 409
    assert "shared\nof the first\nof the second" in answer.text.replace("\r", "")
    assert "Another window saved" in answer.text
    assert written(manager) == "shared\nof the first"


def test_the_same_words_sent_twice_are_no_conflict(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    form = {**manager.form(URL), "body": "once"}
    assert [manager.put(URL, form).status_code for _ in range(2)] == [303, 303]
    assert manager.form(URL)["version"] == "1"


def test_too_much_is_kept_on_the_page(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    answer = manager.put(URL, {**manager.form(URL), "body": "x" * 50_001})
    assert answer.status_code == 422
    assert "x" * 50_001 in answer.text


def test_a_form_without_its_version_is_refused(visit: Callable[[str], Visitor]) -> None:
    assert visit(MANAGER).put(URL, {"body": "x", "version": "-1"}).status_code == 400


def test_both_keeps_each_line() -> None:
    assert both("a\nb\nc", "a\nc\nd") == "a\nb\nc\nd"
    assert both("", "x") == "\nx"


def test_many_blank_lines_hold_nobody_up() -> None:
    began = perf_counter()
    assert len(both("\n" * 50_000, "\n" * 49_999 + "x")) >= 50_000
    assert perf_counter() - began < 5
