"""Following interests up: who is reminded, when, once; and what settles it. How leads follow from what is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select

from app.admin.models import SettingsSheet
from app.clients.models import Client
from app.clients.models.erasure import erase
from app.current import Member
from app.db import begin, commit, now
from app.db import db as unit
from app.documents.models import DocumentType
from app.events.models import Event, System
from app.events.timeline import timeline
from app.interests.jobs import cool_leads, follow_up_interests, note_activity
from app.interests.models import Interest, LeadCategory, Stage
from app.jobs import Job, act_for, perform
from app.notifications.models import Notification
from app.reminders.models import Reminder
from app.schedule import tick
from tests.interests.test_interests import sign
from tests.servers import Installation
from tests.waiting import together
from tests.world import NORTH, SOUTH, Visitor, enter, make_berth, make_client, make_interest, make_reminder, user_id

ADMIN, MANAGER, AGENT = "port_admin@north.example", "sales_manager@north.example", "sales_agent@north.example"
SUPERVISOR = "supervisor@north.example"  # has no reminders
MORNING = datetime(2027, 7, 5, 4, 5, tzinfo=UTC)  # five past seven in Port North
NOON = MORNING + timedelta(hours=5)
Relayed = Callable[[], list[str]]


@pytest.fixture
def interest(db: SQLAlchemy) -> Interest:
    by = enter(MANAGER)
    return make_interest(make_client(by, full_name="Ana Beltrán"), by=by)


def leave_alone(interest: Interest, days: int, hours: int = 0) -> None:
    """Nothing happened since so many days before that morning."""
    interest.active_at = MORNING - timedelta(days=days, hours=hours)
    interest.lead_category = LeadCategory.HOT
    commit()


def look(at: datetime = MORNING) -> None:
    act_for(NORTH)
    with time_machine.travel(at, tick=False):
        follow_up_interests()
    commit()
    enter(MANAGER)


def later(relayed: Relayed, name: str) -> None:
    """What waits is told of, and the jobs of that name are done."""
    relayed()
    act_for(NORTH)
    ids = unit.session.scalars(select(Job.id).where(Job.name.endswith(name))).all()
    commit()
    for job_id in ids:
        perform(str(job_id))
    enter(MANAGER)
    unit.session.expire_all()


def follow_ups() -> list[Reminder]:
    made = select(Reminder).where(Reminder.once_for.startswith("follow-up:"))
    return list(unit.session.scalars(made.order_by(Reminder.id)))


def open_ones() -> list[Reminder]:
    return [one for one in follow_ups() if one.is_open]


class TestFollowUps:
    def test_an_interest_left_alone_is_followed_up_once(self, interest: Interest, relayed: Relayed) -> None:
        leave_alone(interest, 3)
        relayed()
        for _ in range(2):
            look()
        made = follow_ups()
        assert [(one.title, one.about_id, one.assigned_to_id) for one in made] == [
            ("Follow up with Ana Beltrán", interest.id, user_id(MANAGER))
        ]
        assert made[0].due_at == datetime(2027, 7, 5, 14, tzinfo=UTC), "at five by the clock of the port"
        assert made[0].notes == f"Nothing has happened with interest {interest.number} since 2 Jul 2027."
        assert relayed() == ["reminder:created"]
        told = select(Notification.type).where(Notification.user_id == user_id(MANAGER))
        begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
        assert unit.session.scalars(told).all() == ["follow_up_created"]

    @pytest.mark.parametrize(
        ("days", "hours", "made"),
        [(2, 0, 0), (2, 8, 1), (3, 0, 1), (27, 0, 1), (29, 0, 0), (400, 0, 0)],
        ids=["too early", "by the days of the port", "on the day", "made up for", "old news", "years ago"],
    )
    def test_when(self, interest: Interest, days: int, hours: int, made: int) -> None:
        leave_alone(interest, days, hours)
        look()
        assert len(follow_ups()) == made

    def test_the_next_one_takes_the_place_of_the_one_before(self, interest: Interest) -> None:
        leave_alone(interest, 3)
        look()
        look(MORNING + timedelta(days=2))
        assert len(follow_ups()) == 1
        look(MORNING + timedelta(days=4))
        first, second = follow_ups()
        assert (first.is_archived, second.is_open) == (True, True)
        assert interest.followed_up_days == 7

    def test_after_the_last_day_nobody_is_reminded_any_more(self, interest: Interest) -> None:
        leave_alone(interest, 14)
        look()
        for day in range(1, 20):
            look(MORNING + timedelta(days=day))
        assert len(follow_ups()) == 1

    @pytest.mark.parametrize(
        "act",
        [
            lambda interest, by: interest.move_to(Stage.VISITED, by=by),
            lambda interest, by: interest.update({"notes": "By the showers"}, by=by),
            lambda interest, by: interest.lose("Too far", by=by),
            lambda interest, by: interest.withdraw("Bought a house", by=by),
            lambda interest, by: interest.archive(by=by),
        ],
        ids=["moved", "changed", "lost", "withdrawn", "archived"],
    )
    def test_what_is_done_about_it_settles_it(
        self, interest: Interest, act: Callable[[Interest, Member], object]
    ) -> None:
        leave_alone(interest, 3)
        look()
        with time_machine.travel(NOON, tick=False):
            act(interest, enter(MANAGER))
        (made,) = follow_ups()
        assert (made.is_open, made.completed_by_id, interest.followed_up_days) == (False, user_id(MANAGER), None)
        look(MORNING + timedelta(days=2))
        assert open_ones() == []

    def test_done_by_hand_it_counts_as_something_done(self, interest: Interest, relayed: Relayed) -> None:
        leave_alone(interest, 3)
        look()
        (made,) = follow_ups()
        with time_machine.travel(NOON, tick=False):
            made.complete(by=enter(MANAGER))
        done = select(Event.id).where(Event.name == "reminder:completed")
        relayed()
        begin(port_id=NORTH, scope="staff")
        before = interest.active_at
        event_id = unit.session.scalars(done).one()
        for _ in range(2):
            note_activity(event_id=event_id)
        assert interest.active_at > before
        assert interest.followed_up_days is None

    def test_done_and_taken_back_it_stays_in_sight(self, interest: Interest, relayed: Relayed) -> None:
        """Whatever comes first: what follows from its being done, or that it is to be done after all."""
        leave_alone(interest, 3)
        look()
        (made,) = follow_ups()
        with time_machine.travel(NOON, tick=False):
            made.complete(by=enter(MANAGER))
            later(relayed, "note_activity")
            made.reopen(by=enter(MANAGER))
            later(relayed, "note_reopened")
        assert (made.is_open, interest.followed_up_days) == (True, 3)
        look(NOON + timedelta(days=5, hours=20))
        assert [one.is_open for one in follow_ups()] == [True], "nobody is reminded twice"
        with time_machine.travel(NOON + timedelta(days=7), tick=False):
            interest.move_to(Stage.VISITED, by=enter(MANAGER))
        assert open_ones() == []

    def test_what_was_taken_back_at_once_is_not_done_again(self, interest: Interest, relayed: Relayed) -> None:
        leave_alone(interest, 3)
        look()
        (made,) = follow_ups()
        active_at = interest.active_at
        with time_machine.travel(NOON, tick=False):
            made.complete(by=enter(MANAGER))
            made.reopen(by=enter(MANAGER))
            later(relayed, "note_activity")
        assert (made.is_open, interest.followed_up_days, interest.active_at) == (True, 3, active_at)

    def test_one_that_is_brought_back_is_settled_by_what_is_done(self, interest: Interest, relayed: Relayed) -> None:
        leave_alone(interest, 3)
        look()
        (made,) = follow_ups()
        with time_machine.travel(NOON, tick=False) as clock:
            made.archive(by=enter(MANAGER))
            interest.move_to(Stage.VISITED, by=enter(MANAGER))
            made.restore(by=enter(MANAGER))
            later(relayed, "note_reopened")
            assert interest.followed_up_days == 3
            clock.shift(timedelta(hours=1))
            interest.update({"notes": "By the showers"}, by=enter(MANAGER))
        assert open_ones() == []

    def test_it_is_given_to_nobody_who_would_not_see_it(self, interest: Interest) -> None:
        leave_alone(interest, 3)
        look()
        interest.assign(user_id(SUPERVISOR), by=enter(MANAGER))
        assert [one.assigned_to_id for one in open_ones()] == [None]
        interest.assign(user_id(AGENT), by=enter(MANAGER))
        assert [one.assigned_to_id for one in open_ones()] == [user_id(AGENT)]

    def test_whoever_has_it_now_follows_it_up(self, interest: Interest) -> None:
        leave_alone(interest, 3)
        look()
        active_at = interest.active_at
        interest.assign(user_id(AGENT), by=enter(MANAGER))
        (made,) = follow_ups()
        assert (made.is_open, made.assigned_to_id, interest.active_at) == (True, user_id(AGENT), active_at)

    @pytest.mark.parametrize("owner", [None, SUPERVISOR])
    def test_it_is_nobodys_where_nobody_would_see_it(self, interest: Interest, owner: str | None) -> None:
        interest.assign(user_id(owner) if owner else None, by=enter(MANAGER))
        leave_alone(interest, 3)
        look()
        assert [one.assigned_to_id for one in follow_ups()] == [None]

    @pytest.mark.parametrize("end", ["lose", "archive"])
    def test_what_is_over_is_not_followed_up(self, interest: Interest, end: str) -> None:
        by = enter(MANAGER)
        interest.archive(by=by) if end == "archive" else interest.lose("Too far", by=by)
        leave_alone(interest, 3)
        look()
        assert follow_ups() == []

    def test_the_days_are_those_that_the_port_settled(self, interest: Interest) -> None:
        admin = enter(ADMIN)
        SettingsSheet.locked(admin).update({"follow_up_reminder_days": []}, by=admin)
        leave_alone(interest, 3)
        look()
        assert follow_ups() == []
        admin = enter(ADMIN)
        SettingsSheet.locked(admin).update({"follow_up_reminder_days": [2]}, by=admin)
        commit()
        look()
        assert len(follow_ups()) == 1

    def test_it_is_on_the_page_of_the_interest_and_in_its_timeline(
        self, interest: Interest, visit: Callable[[str], Visitor]
    ) -> None:
        leave_alone(interest, 3)
        look()
        number, interest_id = interest.number, interest.id
        commit()
        page = visit(MANAGER).get(f"/north/interests/{number}").text
        card = page.partition('id="reminders-title"')[2].partition("</section>")[0]
        assert "Follow up with Ana Beltrán" in card
        enter(MANAGER)
        assert timeline("interest", interest_id)[0].text == "added the reminder “Follow up with Ana Beltrán”"

    def test_it_goes_with_whom_it_is_about(self, interest: Interest) -> None:
        leave_alone(interest, 3)
        look()
        (made,) = follow_ups()
        interest_id, reminder_id = interest.id, made.id
        interest.lose("Found a berth in Zadar", by=enter(MANAGER))
        commit()
        by = enter(MANAGER)
        erase(unit.session.get_one(Client, interest.client_id), reason="Asked for it", by=by)
        assert follow_ups() == []
        for kind, one in (("interest", interest_id), ("reminder", reminder_id)):
            told = str([entry.text for entry in timeline(kind, one, limit=50)])
            assert "Beltrán" not in told
            assert "Zadar" not in told

    def test_many_take_the_statements_of_each_and_no_more(self, interest: Interest, statements: list[str]) -> None:
        by = enter(MANAGER)
        for name in ("Bram", "Carla"):
            leave_alone(make_interest(make_client(by, full_name=name), by=by), 3)
            by = enter(MANAGER)
        leave_alone(interest, 3)
        statements.clear()
        look()
        assert len(follow_ups()) == 3
        assert len([one for one in statements if "FROM clients" in one and "interests" not in one]) == 0


def test_two_workers_follow_each_up_once(committed: Installation) -> None:
    app = committed.app
    with app.app_context():
        by = enter(MANAGER)
        for name in ("Ana", "Bram", "Carla"):
            interest = make_interest(make_client(by, full_name=name), by=by)
            interest.active_at = now() - timedelta(days=4)
        commit()

    def work() -> None:
        with app.app_context():
            act_for(NORTH)
            follow_up_interests()
            commit()

    for _ in range(2):
        together(work, work)
    with app.app_context():
        begin(port_id=NORTH, scope="staff")
        assert unit.session.scalar(select(func.count()).where(Reminder.once_for.startswith("follow-up:"))) == 3


@pytest.mark.usefixtures("db")
def test_every_port_is_looked_after_once_a_day() -> None:
    with time_machine.travel(datetime(2027, 7, 5, 12, tzinfo=UTC), tick=False):
        for _ in range(2):
            tick("follow-up-check")
    for port_id in (NORTH, SOUTH):
        act_for(port_id)
        waiting = "SELECT name FROM jobs WHERE name LIKE '%%follow_up_interests'"
        assert len(unit.session.connection().exec_driver_sql(waiting).all()) == 1


class TestLeads:
    def test_what_is_done_warms_it_and_says_so(self, interest: Interest, relayed: Relayed) -> None:
        leave_alone(interest, 0)
        interest.active_at = now() - timedelta(days=30)
        commit()
        act_for(NORTH)
        cool_leads()
        relayed()
        by = enter(MANAGER)
        assert interest.lead_category == LeadCategory.COLD
        interest.move_to(Stage.VISITED, by=by)
        assert interest.lead_category == LeadCategory.HOT
        assert relayed() == ["interest:stageChanged", "interest:leadCategoryChanged"]

    def test_set_by_hand_it_is_left_alone_by_what_is_done_and_by_time(self, interest: Interest) -> None:
        by = enter(MANAGER)
        assert interest.set_lead(LeadCategory.DORMANT, by=by)
        assert not interest.set_lead(LeadCategory.DORMANT, by=by)
        interest.move_to(Stage.VISITED, by=by)
        assert interest.lead_category == LeadCategory.DORMANT
        interest.active_at = now() - timedelta(days=30)
        commit()
        act_for(NORTH)
        cool_leads()
        assert interest.lead_category == LeadCategory.DORMANT

    def test_given_back_it_follows_the_activity_which_that_is_not(self, interest: Interest) -> None:
        by = enter(MANAGER)
        interest.set_lead(LeadCategory.HOT, by=by)
        interest.active_at = now() - timedelta(days=30)
        assert interest.set_lead(None, by=by)
        assert (interest.lead_category, interest.is_lead_set) == (LeadCategory.COLD, False)
        assert not interest.set_lead(None, by=by)

    def test_a_signed_document_and_a_reminder_done_are_activity(self, interest: Interest, relayed: Relayed) -> None:
        by = enter(MANAGER)
        reminder = make_reminder(by, subject=interest)
        long_ago = interest.active_at = now() - timedelta(days=90)
        interest.lead_category = LeadCategory.DORMANT
        sign(interest, DocumentType.NDA)
        reminder.complete(by=enter(MANAGER))
        commit()
        for name in ("document:completed", "reminder:completed"):
            act_for(NORTH)
            interest.active_at, interest.lead_category = long_ago, LeadCategory.DORMANT
            note_activity(event_id=unit.session.scalars(select(Event.id).where(Event.name == name)).one())
            assert (interest.active_at > long_ago, interest.lead_category) == (True, LeadCategory.HOT)

    def test_what_the_system_does_is_no_activity(self, interest: Interest) -> None:
        by = enter(MANAGER)
        berth = make_berth(by)
        long_ago = interest.active_at = now() - timedelta(days=90)
        interest.link_berth(berth, by=System())
        assert interest.active_at == long_ago
