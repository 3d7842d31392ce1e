"""What each event shows on open pages of administration."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from redis.client import PubSub

from app.admin.models import SettingsSheet
from app.events.timeline import timeline
from app.live.rooms import channel_of
from app.tags.models import Tag
from tests.world import NORTH, enter

pytestmark = pytest.mark.usefixtures("db")

ADMIN = "port_admin@north.example"
Relayed = Callable[[], list[str]]


@pytest.fixture
def air(app: Flask) -> Iterator[PubSub]:
    redis = app.extensions["redis"]
    with redis.pubsub() as subscription:
        subscription.subscribe(channel_of(redis))
        assert subscription.get_message(timeout=2)["type"] == "subscribe"
        yield subscription


def heard(air: PubSub) -> set[str]:
    found = set()
    while message := air.get_message(ignore_subscribe_messages=True, timeout=0.2):
        found.add(message["data"].decode())
    return found


def told(*rooms: str) -> set[str]:
    return {f"say port:{NORTH}:{room}\nrefresh #main" for room in rooms}


def test_settings_refresh_their_pages_and_the_overview(air: PubSub, relayed: Relayed) -> None:
    member = enter(ADMIN)
    SettingsSheet.locked(member).update({"portal_signup": True, "hours_sun": "10-11"}, by=member)
    assert relayed() == ["settings:updated"]
    assert heard(air) == told("settings", "administration")
    enter(ADMIN)
    (entry,) = timeline("settings", NORTH)
    assert set(entry.changes) == {("Sunday", "closed", "10:00–11:00"), ("Clients may make an account", "no", "yes")}


def test_tags_refresh_their_list_and_the_overview(air: PubSub, relayed: Relayed) -> None:
    member = enter(ADMIN)
    tag = Tag.create("VIP", "teal", port_id=NORTH, by=member)
    tag.update({"colour": "navy"}, by=member)
    tag.archive(by=member)
    tag.restore(by=member)
    tag_id = tag.id
    assert relayed() == ["tag:created", "tag:updated", "tag:archived", "tag:restored"]
    lists = ("berths", "berths:narrowed", "clients", "clients:own", "interests:narrowed")
    assert heard(air) == told("tags", "administration", *lists)
    enter(ADMIN)
    lines = [entry.text for entry in timeline("tag", tag_id)]
    assert lines == ["restored the tag VIP", "archived the tag VIP", "changed the tag", "added the tag VIP"]
