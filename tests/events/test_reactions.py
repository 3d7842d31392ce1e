import uuid

import pytest

from app.events import reactions
from app.events.models import Event
from app.events.reactions import on, react
from app.events.registry import EVENTS
from tests.events.happenings import NAME


def test_an_event_that_does_not_exist_cannot_be_followed() -> None:
    with pytest.raises(KeyError, match="client:sank"):
        on("client:created", "client:sank")(lambda event: None)


def test_a_refused_registration_leaves_nothing_behind() -> None:
    before = len(reactions._reactions["client:created"])
    with pytest.raises(KeyError):
        on("client:created", "client:sank")(lambda event: None)
    assert len(reactions._reactions["client:created"]) == before


def test_all_that_follows_an_event_runs_in_order(happenings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EVENTS, "test:other", ())
    seen: list[tuple[str, str]] = []
    on(NAME, "test:other")(lambda event: seen.append(("first", event.name)))
    on(NAME)(lambda event: seen.append(("second", event.name)))

    react(Event(name=NAME, subject_type="test", subject_id=uuid.uuid4()))
    react(Event(name="test:other", subject_type="test", subject_id=uuid.uuid4()))

    assert seen == [("first", NAME), ("second", NAME), ("first", "test:other")]
