"""Taking back another name or kind of a file."""

from __future__ import annotations

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from app.db import db as database
from app.events.models import Event
from app.events.reverts import WAYS, NotReverted, revert
from app.files.models import File
from tests.world import enter, make_client, make_file

MANAGER = "sales_manager@north.example"


def renamed(*, of_a_client: bool = False) -> tuple[File, Event]:
    by = enter(MANAGER)
    file = make_file(by, "plan.pdf", record=make_client(by) if of_a_client else None)
    file.update({"filename": "other.pdf", "category": "survey"}, by=by)
    return file, last_event()


def last_event() -> Event:
    return database.session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()


@pytest.mark.parametrize("of_a_client", [False, True])
def test_a_change_goes_back_and_forth(db: SQLAlchemy, of_a_client: bool) -> None:
    file, event = renamed(of_a_client=of_a_client)
    member = enter(MANAGER)
    assert revert(event, WAYS[event.name], member)
    assert (file.filename, file.sort_name, file.category) == ("plan.pdf", "plan.pdf", "other")
    assert not revert(event, WAYS[event.name], member)
    again = last_event()
    assert again.name == "file:reverted"
    assert revert(again, WAYS[again.name], member)
    assert file.filename == "other.pdf"


@pytest.mark.parametrize("of_a_client", [False, True])
def test_what_was_changed_again_stays(db: SQLAlchemy, of_a_client: bool) -> None:
    file, event = renamed(of_a_client=of_a_client)
    member = enter(MANAGER)
    file.update({"filename": "third.pdf"}, by=member)
    with pytest.raises(NotReverted) as refused:
        revert(event, WAYS[event.name], member)
    assert [reason.label for reason in refused.value.reasons] == ["Name"]
    assert "changed again since by Sales Manager North" in refused.value.reasons[0].text


def test_a_file_in_the_trash_stays_as_it_is(db: SQLAlchemy) -> None:
    file, event = renamed()
    file.archive(by=enter(MANAGER))
    with pytest.raises(NotReverted):
        revert(event, WAYS[event.name], enter(MANAGER))


def test_a_file_nobody_may_open_stays_as_it_is(db: SQLAlchemy) -> None:
    _file, event = renamed(of_a_client=True)
    with pytest.raises(NotReverted):
        revert(event, WAYS[event.name], enter("technician@north.example"))
