"""Notes and tags of interests: written, pinned, changed, colleagues named; on the page and in the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from app.clients.models import Client
from app.clients.models.erasure import erase
from app.clients.privacy.archiving import gathered
from app.db import begin, commit, now
from app.db import db as unit
from app.events.timeline import timeline
from app.identity.models import User
from app.interests.models import Interest, InterestNote, InterestTag, LeadCategory
from app.notifications.models import Notification
from app.tags.models import Tag
from tests.world import NORTH, Visitor, enter, make_client, make_interest, user_id

MANAGER, MATE, VIEWER = "sales_manager@north.example", "teammate@north.example", "viewer@north.example"
OPERATOR = "operator@north.example"  # sees no interests
Visit = Callable[[str], Visitor]
Relayed = Callable[[], list[str]]


@pytest.fixture
def interest(db: SQLAlchemy) -> Interest:
    by = enter(MANAGER)
    return make_interest(make_client(by, full_name="Ana Beltrán"), by=by)


def page_of(interest: Interest) -> str:
    return f"/north/interests/{interest.number}"


class TestNotes:
    def test_verbs_record_once_and_repeat_without_harm(self, interest: Interest, relayed: Relayed) -> None:
        relayed()
        by = enter(MANAGER)
        note = InterestNote.create(interest, "Wants to see B 12", by=by)
        for _ in range(2):
            note.update(interest, "Wants to see B 14", by=by)
            note.pin(interest, by=by)
        for _ in range(2):
            note.unpin(interest, by=by)
        for _ in range(2):
            note.archive(interest, by=by)
        for _ in range(2):
            note.restore(interest, by=by)
        verbs = ("Added", "Updated", "Pinned", "Unpinned", "Removed", "Restored")
        assert relayed() == [f"interest:note{verb}" for verb in verbs]

    def test_who_writes_one_has_done_something_about_it(self, interest: Interest) -> None:
        interest.active_at, interest.lead_category = now() - timedelta(days=90), LeadCategory.DORMANT
        InterestNote.create(interest, "Called: still looking", by=enter(MANAGER))
        assert interest.lead_category == LeadCategory.HOT

    def test_the_client_s_timeline_tells_of_it(self, interest: Interest) -> None:
        InterestNote.create(interest, "Wants to see B 12", by=enter(MANAGER))
        for kind, one in (("interest", interest.id), ("client", interest.client_id)):
            assert timeline(kind, one)[0].text == f"noted on interest {interest.number}: “Wants to see B 12”"

    def test_a_colleague_who_is_named_hears_of_it_where_they_may_open_it(
        self, interest: Interest, relayed: Relayed
    ) -> None:
        by = enter(MANAGER)
        mate, operator = (name_of(email) for email in (MATE, OPERATOR))
        InterestNote.create(interest, f"@{mate} and @{operator}: she asks for a bigger one", by=by)
        relayed()
        told = select(Notification.user_id).where(Notification.type == "mention")
        begin(port_id=NORTH, user_id=user_id(MATE), scope="staff")
        assert unit.session.scalars(told).all() == [user_id(MATE)]
        begin(port_id=NORTH, user_id=user_id(OPERATOR), scope="staff")
        assert unit.session.scalars(told).all() == []

    def test_it_is_written_pinned_and_removed_on_the_page(self, interest: Interest, visit: Visit) -> None:
        at = page_of(interest)
        commit()
        manager = visit(MANAGER)
        empty = manager.post(f"{at}/notes", {**manager.form(at), "body": " "})
        assert empty.status_code == 422
        assert "Write the note first." in empty.text
        assert manager.post(f"{at}/notes", {**manager.form(at), "body": "Wants to see B 12"}).status_code == 303
        begin(port_id=NORTH, scope="staff")
        note_id = unit.session.scalars(select(InterestNote.id)).one()
        assert "Wants to see B 12" in manager.get(at).text
        assert manager.post(f"{at}/notes/{note_id}/pin", manager.form(at)).status_code == 303
        assert 'class="pinned"' in manager.get(at).text
        form = {**manager.form(f"{at}/notes/{note_id}/edit"), "body": "Wants to see B 14"}
        assert manager.put(f"{at}/notes/{note_id}", form).status_code == 303
        assert "B 14" in manager.get(at).text
        assert manager.delete(f"{at}/notes/{note_id}").status_code == 303
        assert "B 14" not in manager.get(at).text.partition('id="timeline-title"')[0]

    def test_only_its_author_changes_its_words(self, interest: Interest, visit: Visit) -> None:
        note_id = InterestNote.create(interest, "Wants to see B 12", by=enter(MANAGER)).id
        at = page_of(interest)
        commit()
        assert visit(MATE).get(f"{at}/notes/{note_id}/edit").status_code == 409

    def test_what_was_typed_is_kept_where_somebody_archived_it_meanwhile(
        self, interest: Interest, visit: Visit
    ) -> None:
        at = page_of(interest)
        commit()
        manager = visit(MANAGER)
        form = manager.form(at)
        enter(MANAGER)
        interest.archive(by=enter(MANAGER))
        commit()
        answer = manager.post(f"{at}/notes", {**form, "body": "Wants to see B 12"})
        assert answer.status_code == 409
        assert "Wants to see B 12" in answer.text
        assert "Somebody archived this interest meanwhile." in answer.text

    def test_it_stands_in_the_archive_of_the_client_and_goes_with_them(self, interest: Interest) -> None:
        by = enter(MANAGER)
        InterestNote.create(interest, "Found one in Zadar", by=by)
        client = unit.session.get_one(Client, interest.client_id)
        held = {section.name: section for section in gathered(client).sections}
        assert ("Note", "Found one in Zadar") in held["interest_notes"].rows[0]
        interest_id = interest.id
        erase(client, reason="Asked for it", by=by)
        assert unit.session.scalars(select(InterestNote.id)).all() == []
        assert "Zadar" not in str([entry.text for entry in timeline("interest", interest_id)])


class TestTags:
    def test_a_tag_is_put_on_and_taken_off_once(self, interest: Interest, relayed: Relayed) -> None:
        relayed()
        by = enter(MANAGER)
        tag = Tag.create("Boat show", "teal", port_id=NORTH, by=by)
        assert InterestTag.put_on(interest, tag, by=by)
        assert not InterestTag.put_on(interest, tag, by=by)
        assert InterestTag.take_off(interest, tag, by=by)
        assert not InterestTag.take_off(interest, tag, by=by)
        assert relayed() == ["tag:created", "interest:tagged", "interest:untagged"]

    def test_it_is_put_on_by_its_name_on_the_page(self, interest: Interest, visit: Visit) -> None:
        Tag.create("Boat show", "teal", port_id=NORTH, by=enter(MANAGER))
        at = page_of(interest)
        commit()
        manager = visit(MANAGER)
        unknown = manager.post(f"{at}/tags", {**manager.form(at), "name": "Nobody knows"})
        assert unknown.status_code == 422
        assert 'value="Nobody knows"' in unknown.text
        assert manager.post(f"{at}/tags", {**manager.form(at), "name": "boat show"}).status_code == 303
        assert "Take the tag “Boat show” off" in manager.get(at).text
        assert "Boat show" in visit(VIEWER).get(at).text


def test_the_page_takes_the_statements_it_says(interest: Interest, visit: Visit, statements: list[str]) -> None:
    by = enter(MANAGER)
    for number in range(3):
        tag = Tag.create(f"Tag {number}", "teal", port_id=NORTH, by=by)
        InterestTag.put_on(interest, tag, by=by)
        InterestNote.create(interest, f"Note {number}", by=by)
    at = page_of(interest)
    commit()
    manager = visit(MANAGER)
    manager.get(at)
    statements.clear()
    manager.get(at)
    assert len(statements) <= 13, statements


def name_of(email: str) -> str:
    return str(unit.session.scalars(select(User.name).where(User.email == email)).one())
