"""What others do with files appears on open pages, and in the timeline of the record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy

from app import live
from app.files.models import Folder
from app.live import TOPICS
from tests.world import NORTH, enter, make_client, make_file, user_id

MANAGER = "sales_manager@north.example"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """(room, message or target) of everything that is said."""
    heard: list[tuple[str, str]] = []
    monkeypatch.setattr("app.live.rooms.say", lambda room, message: heard.append((room, message)))
    return heard


def test_lists_and_the_page_of_the_file_look_again(
    db: SQLAlchemy, relayed: Callable[[], list[str]], said: list[tuple[str, str]]
) -> None:
    by = enter(MANAGER)
    file_id = make_file(by).id
    assert relayed() == ["file:uploaded"]
    assert set(said) == {(f"port:{NORTH}:files", "refresh #main"), (f"file:{file_id}", "refresh #main")}


def test_a_file_of_a_client_is_told_on_the_page_of_the_client(
    db: SQLAlchemy, relayed: Callable[[], list[str]], said: list[tuple[str, str]]
) -> None:
    by = enter(MANAGER)
    client = make_client(by)
    room, target = client.room, f'hx-target="#client-{client.number}-timeline"'
    make_file(by, "Passport.pdf", record=client)
    assert relayed() == ["client:created", "file:uploaded"]
    timeline = [message for where, message in said if where == room and target in message][-1]
    assert "uploaded “Passport.pdf”" in timeline


def test_folders_tell_the_lists(db: SQLAlchemy, relayed: Callable[[], list[str]], said: list[tuple[str, str]]) -> None:
    Folder.create("Plans", port_id=NORTH, by=enter(MANAGER))
    assert relayed() == ["folder:created"]
    assert said == [(f"port:{NORTH}:files", "refresh #main")]


def test_the_page_of_a_hidden_records_file_cannot_be_followed(db: SQLAlchemy) -> None:
    by = enter(MANAGER)
    file = make_file(by, record=make_client(by, owner_id=user_id("teammate@north.example")))
    number = str(file.number)
    assert TOPICS["file"](by, number) == file.room
    follow: Any = live.TOPICS["file"]
    assert follow(enter("operator@north.example"), number) is None
    assert follow(enter("technician@north.example"), number) is None
