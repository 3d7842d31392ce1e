"""Looking clients up: what finds whom, and in which order."""

from __future__ import annotations

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select, text

from app.clients.models import Client, Note
from app.clients.models.finding import search
from app.current import Member
from app.db import commit
from app.search.models import SPELLINGS, WORDS
from tests.world import enter, make_client, user_id

MANAGER = "sales_manager@north.example"


@pytest.fixture
def manager(db: SQLAlchemy) -> Member:
    return enter(MANAGER)


def found(db: SQLAlchemy, member: Member, asked: str, most: int = 10, *, archived: bool = False) -> list[str]:
    hits = search(member, asked, most, archived=archived)
    statement = select(Client.full_name).join(hits, hits.c.client_id == Client.id).order_by(hits.c.place)
    return list(db.session.scalars(statement))


@pytest.mark.parametrize(
    "asked",
    [
        "Émile Ørsted-Núñez",
        "emile orsted nunez",
        "EMILE",
        "Ørsted Émile",
        "nunez emile",
        "ors em",
        "Orsetd",
        "Emlie Orsted",
        "Emilie",
        "orstd nunex",
        "  émile   ørsted ",
        "Skipper",
        "bateaux d'azur",
        "bateaux dazur",
        "emile@oersted.example",
        "EMILE@OERS",
        "@oersted",
        "oersted.example",
        "+33 6 55 55 14 02",
        "0033 (0)6 55 55 14",
        "06 55 55",
        "655-55.14",
        "33655551402",
        "1402",
        "+33655551402",
        "gaff rigged",
    ],
)
def test_a_client_is_found(db: SQLAlchemy, manager: Member, asked: str) -> None:
    client = make_client(
        manager,
        full_name="Émile Ørsted-Núñez",
        company_name="Bateaux d’Azur",
        preferred_name="Skipper",
        email="Emile@oersted.example",
        phone="+33 6 55 55 14 02",
    )
    Note.create(client, "Sails a gaff-rigged cutter.", by=manager)
    make_client(manager, full_name="Nobody Else", email="else@example.org", phone="+44 20 7946 0991")
    assert found(db, manager, asked) == ["Émile Ørsted-Núñez"]


@pytest.mark.parametrize(
    "asked", ["", " ", "-", "%", "_", "'", "100%", "a' OR '1'='1", "\\", "$1 {seen}", "xyzzy", "٣"]
)
def test_what_nobody_is_called_finds_nobody(db: SQLAlchemy, manager: Member, asked: str) -> None:
    make_client(manager, full_name="Émile Ørsted")
    assert found(db, manager, asked) == []


def test_who_fits_better_comes_first(db: SQLAlchemy, manager: Member) -> None:
    best_first = ["Marina", "Marina Bay", "Marinade Ltd", "Old Marina", "Mariana Costa"]
    for name in ("Yacht Club", *reversed(best_first)):
        make_client(manager, full_name=name)
    note = make_client(manager, full_name="Zed")
    Note.create(note, "Moved here from another marina", by=manager)
    assert found(db, manager, "marina") == [
        "Marina",
        "Marina Bay",
        "Marinade Ltd",
        "Old Marina",
        "Mariana Costa",
        "Zed",
    ]


def test_the_number_of_a_client_finds_it(db: SQLAlchemy, manager: Member) -> None:
    number = make_client(manager, full_name="Émile Ørsted").number
    assert found(db, manager, str(number))[0] == "Émile Ørsted"


def test_what_changes_is_found_as_it_is_now(db: SQLAlchemy, manager: Member) -> None:
    client = make_client(manager, full_name="Léa Marchand", company_name="Marchand Frères")
    client.update({"full_name": "Léa Kerlann"}, by=manager)
    db.session.flush()
    assert found(db, manager, "kerlann") == ["Léa Kerlann"]
    assert found(db, manager, "marchand") == ["Léa Kerlann"]
    client.update({"company_name": ""}, by=manager)
    db.session.flush()
    assert found(db, manager, "marchand") == []


def test_a_deleted_client_leaves_no_words(db: SQLAlchemy, manager: Member) -> None:
    client = make_client(manager, full_name="Léa Marchand")
    words = select(func.count()).select_from(WORDS).where(WORDS.c.subject_id == client.id)
    assert db.session.scalar(words) == 2
    db.session.execute(text("DELETE FROM clients WHERE id = :id"), {"id": client.id})
    assert db.session.scalar(words) == 0


def test_archived_clients_are_found_among_the_archived(db: SQLAlchemy, manager: Member) -> None:
    make_client(manager, full_name="Léa Marchand").archive(by=manager)
    make_client(manager, full_name="Luc Marchand")
    db.session.flush()
    assert found(db, manager, "marchand") == ["Luc Marchand"]
    assert found(db, manager, "marchand", archived=True) == ["Léa Marchand"]


def test_removed_notes_and_contacts_find_nobody(db: SQLAlchemy, manager: Member) -> None:
    client = make_client(manager, full_name="Léa", email="lea@marchand.example", phone="+33655551402")
    note = Note.create(client, "Prefers the inner harbour", by=manager)
    note.archive(client, by=manager)
    db.session.execute(text("UPDATE client_contacts SET archived_at = :now"), {"now": client.created_at})
    db.session.flush()
    for asked in ("inner harbour", "lea@marchand", "marchand.example", "0655551402", "1402"):
        assert found(db, manager, asked) == [], asked


def test_who_sees_their_own_finds_their_own(db: SQLAlchemy, manager: Member) -> None:
    operator = user_id("operator@north.example")
    for at in range(12):
        client = make_client(manager, full_name=f"Ana Marchand {at}", email=f"ana{at}@marchand.example", owner_id=None)
        Note.create(client, "Prefers the inner harbour", by=manager)
    client = make_client(manager, full_name="Zoë Marchand", email="zoe@marchand.example", owner_id=operator)
    Note.create(client, "Prefers the inner harbour", by=manager)
    commit()
    member = enter("operator@north.example")
    for asked in ("Zoë Marchand", "marchand", "marchnad", "inner harbour", "@marchand", "m", "ana"):
        assert found(db, member, asked, 5) in (["Zoë Marchand"], []), asked
    assert found(db, member, "marchand", 5) == ["Zoë Marchand"]


def test_another_port_is_not_looked_into(db: SQLAlchemy) -> None:
    make_client(enter("sales_manager@south.example", "south"), full_name="Léa Marchand", email="lea@marchand.example")
    commit()
    member = enter(MANAGER)
    for asked in ("Léa Marchand", "marchand", "marchnad", "lea@marchand.example", "marchand.example"):
        assert found(db, member, asked) == []


def test_words_are_kept_of_what_comes_in_bulk(db: SQLAlchemy, manager: Member) -> None:
    """One statement, several rows, two of them with the same words."""
    make_client(manager, full_name="Léa Marchand")
    copy = (
        "INSERT INTO clients SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'number',"
        " 900000 + n, 'full_name', 'Tove ' || n, 'sort_name', 'tove ' || n))).* FROM clients c, generate_series(1, 3) n"
    )
    db.session.execute(text(copy))
    assert len(found(db, manager, "tove")) == 3
    db.session.execute(text("UPDATE clients SET full_name = 'Siri', sort_name = 'siri' WHERE number > 900000"))
    assert found(db, manager, "tove") == []
    assert len(found(db, manager, "siri")) == 3
    known = select(SPELLINGS.c.spelling).where(SPELLINGS.c.word == "siri").order_by(SPELLINGS.c.spelling)
    assert list(db.session.scalars(known)) == ["iri", "sii", "sir", "siri", "sri"]
