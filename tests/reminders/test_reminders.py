"""Reminders: verbs, pages, who is told."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from app.clients.models import Client, Merge
from app.clients.models.erasure import erase
from app.db import begin, commit, db, now
from app.errors import Refused
from app.events.models import Event, System
from app.events.timeline import timeline
from app.identity.models import Team
from app.jobs import act_for
from app.notifications.models import Notification
from app.reminders.jobs import ring_reminders, tell_of_overdue
from app.reminders.models import Reminder
from app.schedule import tick
from tests.servers import Installation
from tests.waiting import together
from tests.world import NORTH, SOUTH, Visitor, enter, make_berth, make_client, make_reminder, make_vessel, user_id

MANAGER, AGENT, VIEWER = "sales_manager@north.example", "sales_agent@north.example", "viewer@north.example"
MATE = "teammate@north.example"
Visit = Callable[[str], Visitor]
Relayed = Callable[[], list[str]]
NINE = datetime(2027, 7, 5, 6, tzinfo=UTC)  # a Monday, by the clock of Port North


def told_to(email: str) -> list[tuple[str, str]]:
    begin(port_id=NORTH, user_id=user_id(email), scope="staff")
    rows = db.session.scalars(select(Notification).where(Notification.user_id == user_id(email)))
    return sorted((row.type, row.words.title) for row in rows)


# --- Verbs --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_verbs_record_once_and_repeat_without_harm(relayed: Relayed) -> None:
    manager = enter(MANAGER)
    found = make_reminder(manager)
    later = now() + timedelta(days=3)
    for _ in range(2):
        found.update({"title": "Call again"}, by=manager)
    for _ in range(2):
        found.assign(user_id(MATE), by=manager)
    for _ in range(2):
        found.snooze(later, by=manager)
    for _ in range(2):
        found.wake(by=manager)
    for _ in range(2):
        found.complete(by=manager)
    for _ in range(2):
        found.reopen(by=manager)
    for _ in range(2):
        found.archive(by=manager)
    for _ in range(2):
        found.restore(by=manager)
    verbs = ("created", "updated", "assigned", "snoozed", "woken", "completed", "reopened", "archived", "restored")
    assert relayed() == [f"reminder:{verb}" for verb in verbs]


@pytest.mark.usefixtures("db")
def test_what_is_done_or_away_is_not_changed() -> None:
    manager = enter(MANAGER)
    found = make_reminder(manager)
    with pytest.raises(Refused, match="past"):
        found.snooze(now() - timedelta(minutes=1), by=manager)
    found.complete(by=manager)
    acts: tuple[Callable[[], bool], ...] = (
        lambda: found.update({"title": "Other"}, by=manager),
        lambda: found.snooze(now() + timedelta(days=1), by=manager),
        lambda: found.assign(None, by=manager),
    )
    for act in acts:
        with pytest.raises(Refused, match="Reopen"):
            act()
    found.archive(by=manager)
    with pytest.raises(Refused, match="Restore"):
        found.update({"title": "Other"}, by=manager)


@pytest.mark.usefixtures("db")
def test_it_is_told_of_what_it_is_about_and_goes_with_whom_it_is_about() -> None:
    manager = enter(MANAGER)
    client, berth = make_client(manager), make_berth(manager)
    found = make_reminder(manager, "Send the price list", subject=client)
    make_reminder(manager, "Look at the cleats", subject=berth)
    reminder_id = found.id
    found.complete(by=manager)
    assert [entry.text for entry in timeline("client", client.id)][:2] == [
        "did “Send the price list”",
        "added the reminder “Send the price list”",
    ]
    assert timeline("berth", berth.id)[0].text == "added the reminder “Look at the cleats”"
    erase(client, reason="Asked for it", by=manager)
    assert db.session.scalars(select(Reminder.title)).all() == ["Look at the cleats"]
    assert "Send the price list" not in str([entry.text for entry in timeline("reminder", reminder_id)])


@pytest.mark.usefixtures("db")
def test_what_was_told_goes_with_whom_it_was_about(relayed: Relayed) -> None:
    manager = enter(MANAGER)
    client_id = make_client(manager).id
    make_reminder(manager, subject=db.session.get_one(Client, client_id))
    relayed()
    with time_machine.travel(NINE + timedelta(minutes=1), tick=False):
        act_for(NORTH)
        ring_reminders()
        relayed()
    assert told_to(MANAGER) == [("reminder_due", "Call about the mooring")]
    manager = enter(MANAGER)
    erase(db.session.get_one(Client, client_id), reason="Asked for it", by=manager)
    assert told_to(MANAGER) == []


@pytest.mark.usefixtures("db")
def test_reminders_follow_a_merge_and_come_back() -> None:
    manager = enter(MANAGER)
    survivor, merged = make_client(manager), make_client(manager, full_name="L. Marchand")
    found = make_reminder(manager, subject=merged)
    merge = Merge.make(survivor, merged, [], by=manager)
    db.session.refresh(found)
    assert found.about_id == survivor.id
    merge.undo(survivor, merged, by=manager)
    db.session.refresh(found)
    assert found.about_id == merged.id


@pytest.mark.usefixtures("db")
def test_what_it_was_made_for_makes_it_once() -> None:
    manager = enter(MANAGER)
    client = make_client(manager)
    one, other = (make_reminder(manager, subject=client, once_for="interest:7") for _ in range(2))
    assert one is other
    one.complete(by=manager)
    assert make_reminder(manager, subject=client, once_for="interest:7") is one
    assert make_reminder(manager, subject=client, once_for="interest:8") is not one


# --- What repeats -------------------------------------------------------------------------------------------------


def series(first: Reminder) -> list[str]:
    """When each of them is due, by the clock of the port."""
    rows = db.session.scalars(
        select(Reminder).where(Reminder.title == first.title, Reminder.archived_at.is_(None)).order_by(Reminder.id)
    )
    return [f"{one.due_on} {one.due_time:%H:%M}" for one in rows]


@pytest.mark.usefixtures("db")
def test_the_next_one_is_there_when_one_is_done_and_nothing_drifts() -> None:
    manager = enter(MANAGER)
    with time_machine.travel(datetime(2027, 1, 31, 8, tzinfo=UTC), tick=False):
        found = make_reminder(manager, due_at=datetime(2027, 1, 31, 7, tzinfo=UTC), recurrence="FREQ=MONTHLY")
        found.snooze(datetime(2027, 2, 2, 15, tzinfo=UTC), by=manager)
    with time_machine.travel(datetime(2027, 2, 3, 8, tzinfo=UTC), tick=False):
        for _ in range(2):
            found.complete(by=manager)
    assert series(found) == ["2027-01-31 09:00", "2027-02-28 09:00"]
    second = db.session.scalars(select(Reminder).where(Reminder.follows_id == found.id)).one()
    with time_machine.travel(datetime(2027, 6, 2, 8, tzinfo=UTC), tick=False):
        second.complete(by=manager)
    # What was missed meanwhile is not made up for; the clocks have changed, and the last day of the month stays.
    assert series(found)[2:] == ["2027-06-30 09:00"]
    third = db.session.scalars(select(Reminder).where(Reminder.follows_id == second.id)).one()
    assert third.due_at == datetime(2027, 6, 30, 6, tzinfo=UTC)


@pytest.mark.usefixtures("db")
def test_who_opens_one_again_has_one_and_not_two() -> None:
    manager = enter(MANAGER)
    found = make_reminder(manager, recurrence="FREQ=WEEKLY")
    found.complete(by=manager)
    found.reopen(by=manager)
    assert len(series(found)) == 1
    found.complete(by=manager)
    assert len(series(found)) == 2
    follower = db.session.scalars(select(Reminder).where(Reminder.follows_id == found.id)).one()
    follower.complete(by=manager)
    found.reopen(by=manager)
    assert len(series(found)) == 3


@pytest.mark.usefixtures("db")
def test_another_day_begins_the_series_anew() -> None:
    manager = enter(MANAGER)
    found = make_reminder(manager, due_at=datetime(2027, 1, 31, 7, tzinfo=UTC), recurrence="FREQ=MONTHLY")
    found.update({"due_at": datetime(2027, 2, 10, 7, tzinfo=UTC)}, by=manager)
    assert found.recurrence == "FREQ=MONTHLY"
    found.complete(by=manager)
    assert series(found) == ["2027-02-10 09:00", "2027-03-10 09:00"]


# --- Who is told --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_each_moment_is_told_once(relayed: Relayed) -> None:
    manager = enter(MANAGER)
    found, quiet = make_reminder(manager), make_reminder(manager, "Not yet", due_at=NINE + timedelta(days=2))
    done = make_reminder(manager, "Done already")
    done.complete(by=manager)
    relayed()
    with time_machine.travel(NINE + timedelta(minutes=1), tick=False):
        for _ in range(2):
            act_for(NORTH)
            ring_reminders()
            relayed()
        assert told_to(MANAGER) == [("reminder_due", "Call about the mooring")]
        act_for(NORTH)
        enter(MANAGER)
        db.session.get_one(Reminder, found.id).snooze(NINE + timedelta(hours=2), by=manager)
        relayed()
    with time_machine.travel(NINE + timedelta(hours=3), tick=False):
        act_for(NORTH)
        ring_reminders()
        relayed()
    assert told_to(MANAGER) == [("reminder_due", "Call about the mooring")] * 2
    assert quiet.id


@pytest.mark.usefixtures("db")
def test_a_day_that_is_over_is_told_once_in_the_morning(relayed: Relayed) -> None:
    manager = enter(MANAGER)
    make_reminder(manager)
    relayed()
    with time_machine.travel(NINE + timedelta(hours=5), tick=False):
        act_for(NORTH)
        tell_of_overdue()
        assert "reminder:overdue" not in relayed()
    with time_machine.travel(NINE + timedelta(days=1), tick=False):
        for _ in range(2):
            act_for(NORTH)
            tell_of_overdue()
            relayed()
    assert told_to(MANAGER) == [("reminder_overdue", "Call about the mooring")]


@pytest.mark.usefixtures("db")
def test_whom_it_is_given_to_is_told_by_whom_it_was_not_made(relayed: Relayed) -> None:
    manager = enter(MANAGER)
    make_reminder(manager, "My own")
    make_reminder(manager, "For a mate", assigned_to=user_id(MATE))
    make_reminder(manager, "Nobody’s", assigned_to=None).assign(user_id(MATE), by=manager)
    relayed()
    assert told_to(MANAGER) == []
    assert told_to(MATE) == [("follow_up_created", "For a mate"), ("follow_up_created", "Nobody’s")]


@pytest.mark.usefixtures("db")
def test_ringing_takes_the_same_statements_however_many_there_are(statements: list[str]) -> None:
    manager = enter(MANAGER)
    seen = []
    for count in (2, 40):
        for _ in range(count):
            make_reminder(manager)
        with time_machine.travel(NINE + timedelta(minutes=1), tick=False):
            act_for(NORTH)
            statements.clear()
            assert Reminder.ring(port_id=NORTH, by=System()) == count
            seen.append(len(statements))
    assert seen[0] == seen[1]
    assert seen[1] <= 8


@pytest.mark.usefixtures("db")
def test_every_port_is_looked_after(relayed: Relayed) -> None:
    with time_machine.travel(datetime(2027, 7, 5, 6, 1, tzinfo=UTC), tick=False):
        for _ in range(2):
            tick("reminder-check")
        begin()
        waiting = db.session.connection().exec_driver_sql("SELECT port_id FROM job_runs WHERE name = 'reminder-check'")
        assert waiting is not None
    for port_id in (NORTH, SOUTH):
        act_for(port_id)
        runs = db.session.connection().exec_driver_sql("SELECT name FROM jobs WHERE name LIKE '%%ring_reminders'")
        assert len(runs.all()) == 1


# --- Pages --------------------------------------------------------------------------------------------------------


@pytest.fixture
def noon() -> Iterator[None]:
    with time_machine.travel(datetime(2027, 7, 7, 9, tzinfo=UTC), tick=True):
        yield


@pytest.mark.usefixtures("db", "noon")
def test_the_list_says_what_is_late_today_and_to_come(visit: Visit) -> None:
    manager = enter(MANAGER)
    for title, days in (("Late", -1), ("Now", 0), ("Then", 3)):
        make_reminder(manager, title, due_at=NINE + timedelta(days=2 + days))
    make_reminder(manager, "A mate’s", assigned_to=user_id(MATE))
    commit()
    visitor = visit(MANAGER)
    text = visitor.get("/north/reminders").text
    words = (">Overdue</h2>", ">Late<", ">Today</h2>", ">Now<", ">Upcoming</h2>", ">Then<")
    assert [text.index(word) for word in words] == sorted(text.index(word) for word in words)
    assert "A mate’s" not in text
    assert "A mate’s" in visitor.get("/north/reminders?whose=all").text
    assert "Then" not in visitor.get("/north/reminders?view=overdue").text


@pytest.mark.usefixtures("db")
def test_one_sees_ones_own_and_that_of_the_team_one_leads(visit: Visit) -> None:
    manager = enter("port_admin@north.example")
    make_reminder(manager, "The office’s")
    make_reminder(manager, "The mate’s", assigned_to=user_id(MATE))
    number = make_reminder(manager, "The agent’s", assigned_to=user_id(AGENT)).number
    hidden = make_reminder(manager, "Hidden").number
    commit()
    agent = visit(AGENT)
    text = agent.get("/north/reminders?whose=all").text
    assert "The agent’s" in text
    assert "The mate’s" not in text
    assert agent.get(f"/north/reminders/{number}").status_code == 200
    assert agent.get(f"/north/reminders/{hidden}").status_code == 404
    admin = enter("port_admin@north.example")
    team = Team.create(name="Sales", supervisor_id=user_id(AGENT), by=admin)
    team.add(user_id(MATE), name="Team Mate", by=admin)
    commit()
    assert "The mate’s" in visit(AGENT).get("/north/reminders").text


@pytest.mark.usefixtures("db")
def test_who_may_only_look_changes_nothing(visit: Visit) -> None:
    number = make_reminder(enter(MANAGER)).number
    commit()
    viewer = visit(VIEWER)
    assert "Done:" not in viewer.get("/north/reminders?whose=all").text
    assert viewer.get(f"/north/reminders/{number}").status_code == 200
    assert viewer.post(f"/north/reminders/{number}/completion").status_code == 403


@pytest.mark.usefixtures("db", "noon")
def test_a_reminder_is_added_done_taken_back_and_put_off(visit: Visit) -> None:
    manager = visit(MANAGER)
    form = {
        **manager.form("/north/reminders/new"),
        "title": "Order fenders",
        "due_on": "2027-07-09",
        "due_time": "08:30",
    }
    for _ in range(2):
        assert manager.post("/north/reminders", form).status_code == 303
    begin(port_id=NORTH, scope="staff")
    found = db.session.scalars(select(Reminder)).one()
    number = found.number
    assert found.due_at == datetime(2027, 7, 9, 5, 30, tzinfo=UTC)
    answer = manager.post(f"/north/reminders/{number}/completion?next=/north/reminders")
    assert answer.location == "/north/reminders"
    assert "Order fenders" in manager.get("/north/reminders?view=done").text
    assert manager.delete(f"/north/reminders/{number}/completion").status_code == 303
    for until, expected in (("tomorrow", "8 Jul 2027, 09:00"), ("next_week", "12 Jul 2027, 09:00")):
        manager.post(f"/north/reminders/{number}/snooze", {"until": until})
        assert f"put off until {expected}" in manager.get("/north/reminders").text
    manager.delete(f"/north/reminders/{number}/snooze")
    manager.put(f"/north/reminders/{number}/assignee", {"assigned_to_id": str(user_id(MATE))})
    manager.get("/north/reminders")  # says whose it is
    assert "Order fenders" not in manager.get("/north/reminders").text
    manager.post(f"/north/reminders/{number}/archival")
    manager.get("/north/reminders")  # says that it was archived
    assert "Order fenders" not in manager.get("/north/reminders?whose=all").text
    manager.delete(f"/north/reminders/{number}/archival")
    assert "Order fenders" in manager.get("/north/reminders?whose=all").text


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"title": ""}, "Say what is to be done."),
        ({"due_on": ""}, "Say on which day."),
        ({"due_time": "25:99"}, "Write the time as hours and minutes"),
        ({"due_on": "2277-01-01"}, "Write the year with four digits."),
        ({"due_on": "2027-03-28", "due_time": "03:30"}, "this time does not come"),
        ({"repeat_until": "2028-01-01"}, "Say how often it repeats."),
        ({"repeat": "weekly", "repeat_until": "2027-01-01"}, "It ends before it begins."),
        ({"about": f"client:{uuid.UUID(int=1)}"}, "is not there any more"),
        ({"about": "client:nobody"}, "is not there any more"),
        ({"assigned_to_id": str(uuid.UUID(int=1))}, "Not a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(visit: Visit, wrong: dict[str, str], words: str) -> None:
    manager = visit(MANAGER)
    typed = {"title": "Order fenders", "due_on": "2027-07-09", "due_time": "08:30", "notes": "Six of them"}
    answer = manager.post("/north/reminders", {**manager.form("/north/reminders/new"), **typed, **wrong})
    assert answer.status_code == 422
    assert words in answer.text
    assert "Six of them" in answer.text


@pytest.mark.usefixtures("db")
def test_who_may_not_hand_out_keeps_them(visit: Visit) -> None:
    agent = visit(AGENT)
    form = {**agent.form("/north/reminders/new"), "title": "For a mate", "assigned_to_id": str(user_id(MATE))}
    assert agent.post("/north/reminders", form).status_code == 422


@pytest.mark.usefixtures("db")
def test_changes_meet_and_clash(visit: Visit) -> None:
    number = make_reminder(enter(MANAGER)).number
    commit()
    manager, mate = visit(MANAGER), visit(MATE)
    url = f"/north/reminders/{number}"
    forms = [one.form(f"{url}/edit") for one in (manager, mate)]
    assert manager.put(url, {**forms[0], "title": "Ring back", "repeat": "monthly"}).status_code == 303
    assert mate.put(url, {**forms[1], "title": "Write"}).status_code == 409
    assert mate.put(url, {**forms[1], "assigned_to_id": str(user_id(MATE))}).status_code == 303
    begin(port_id=NORTH, scope="staff")
    found = db.session.scalars(select(Reminder)).one()
    assert (found.title, found.recurrence, found.assigned_to_id) == ("Ring back", "FREQ=MONTHLY", user_id(MATE))


@pytest.mark.usefixtures("db")
def test_the_page_of_a_record_shows_its_reminders_and_takes_another(visit: Visit) -> None:
    manager = enter(MANAGER)
    vessel = make_vessel(manager)
    client = db.session.get_one(Client, vessel.client_id)
    berth = make_berth(manager)
    pages: dict[str, Any] = {
        f"/north/clients/{client.number}": client,
        f"/north/vessels/{vessel.number}": vessel,
        f"/north/berths/{berth.number}": berth,
    }
    abouts = {url: f"{one.subject_type}:{one.id}" for url, one in pages.items()}
    berth_url = f"/north/berths/{berth.number}"
    for one in pages.values():
        make_reminder(manager, f"About the {one.subject_type}", subject=one)
    visitor = visit(MANAGER)
    for url, about in abouts.items():
        text = visitor.get(url).text
        assert f"About the {about.partition(':')[0]}" in text
        assert about in text
        form = {"about": about, "title": "Another", "due_on": "2027-07-09", "due_time": "10:00"}
        answer = visitor.post(f"/north/reminders?next={url}", {**form, "_key": uuid.uuid4().hex})
        assert answer.location == url
        assert ">Another<" in visitor.get(url).text
    assert "Reminders</h2>" not in visit("operator@north.example").get(berth_url).text


@pytest.mark.usefixtures("db")
def test_the_list_takes_a_handful_of_statements(visit: Visit, statements: list[str]) -> None:
    manager = enter(MANAGER)
    client = make_client(manager)
    for at in range(30):
        make_reminder(manager, f"Number {at}", subject=client)
    commit()
    visitor = visit(MANAGER)
    statements.clear()
    assert visitor.get("/north/reminders").text.count('id="reminder-1') == 30
    assert len(statements) <= 5


@pytest.mark.usefixtures("db")
def test_search_finds_them(visit: Visit) -> None:
    make_reminder(enter(MANAGER), "Order Fenders")
    commit()
    assert "/north/reminders/1" in visit(MANAGER).get("/north/search/palette?q=fend").text
    assert "/north/reminders/1" not in visit(AGENT).get("/north/search/palette?q=fend").text


# --- Two at once --------------------------------------------------------------------------------------------------


def test_two_who_do_it_at_once_make_one_next(committed: Installation) -> None:
    app = committed.app
    with app.app_context():
        found = make_reminder(enter(MANAGER), "Twice at once", recurrence="FREQ=WEEKLY")
        number = found.number
        commit()
        visitors = [Visitor.of(app, email) for email in (MANAGER, MATE)]
    acts = [lambda one=one: one.post(f"/north/reminders/{number}/completion") for one in visitors]
    assert [answer.status_code for answer in together(*acts)] == [303, 303]
    with app.app_context():
        begin(port_id=NORTH, scope="staff")
        assert len(db.session.scalars(select(Reminder).where(Reminder.title == "Twice at once")).all()) == 2
        done = select(Event.id).where(Event.name == "reminder:completed", Event.subject_id == found_id(number))
        assert len(db.session.scalars(done).all()) == 1


def found_id(number: int) -> uuid.UUID:
    return db.session.scalars(select(Reminder.id).where(Reminder.number == number)).one()


def test_two_workers_ring_once(committed: Installation) -> None:
    app = committed.app

    def work() -> int:
        with app.app_context():
            act_for(NORTH)
            count = Reminder.ring(port_id=NORTH, by=System())
            commit()
            return count

    with app.app_context():
        for at in range(6):
            make_reminder(enter(MANAGER), f"Ring {at}", due_at=now() - timedelta(minutes=1))
        commit()
    assert sum(together(work, work)) == 6


def test_two_who_make_it_for_one_thing_make_one(committed: Installation) -> None:
    app = committed.app

    def make() -> int:
        with app.app_context():
            number = make_reminder(enter(MANAGER), "Follow up", once_for="interest:9").number
            commit()
            return number

    one, other = together(make, make)
    assert one == other
