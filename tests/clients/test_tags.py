"""Tags of clients: put on, taken off, shown, asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from sqlalchemy import select

from app.clients.models import Client, ClientTag
from app.db import begin, commit, db
from app.errors import Refused
from app.tags.models import Tag
from tests.world import NORTH, Visitor, enter, make_client, user_id

pytestmark = pytest.mark.usefixtures("db")

MANAGER, ADMIN = "sales_manager@north.example", "port_admin@north.example"
Visit = Callable[[str], Visitor]
Relayed = Callable[[], list[str]]


@pytest.fixture
def vip(relayed: Relayed) -> Tag:
    tag = Tag.create("VIP", "navy", port_id=NORTH, by=enter(MANAGER))
    relayed()
    return tag


@pytest.fixture
def client(vip: Tag, relayed: Relayed) -> Client:
    client = make_client(enter(MANAGER))
    relayed()
    enter(MANAGER)
    return client


def names_on(client_id: object) -> list[str]:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    on = select(Tag.name).join(ClientTag, ClientTag.tag_id == Tag.id).where(ClientTag.client_id == client_id)
    return list(db.session.scalars(on.order_by(Tag.name)))


def undo_of(page: str) -> str:
    return unescape(re.findall(r'class="toast.*?action="([^"]+)"', page, re.S)[0])


def test_on_and_off_are_idempotent_and_tell_once(client: Client, vip: Tag, relayed: Relayed) -> None:
    by = enter(MANAGER)
    assert ClientTag.put_on(client, vip, by=by)
    assert not ClientTag.put_on(client, vip, by=by)
    assert names_on(client.id) == ["VIP"]
    assert ClientTag.take_off(client, vip, by=by)
    assert not ClientTag.take_off(client, vip, by=by)
    assert names_on(client.id) == []
    assert relayed() == ["client:tagged", "client:untagged"]


def test_one_that_is_archived_stays_and_is_put_on_nobody_else(client: Client, vip: Tag) -> None:
    by = enter(MANAGER)
    ClientTag.put_on(client, vip, by=by)
    vip.archive(by=by)
    assert not ClientTag.put_on(client, vip, by=by)
    assert names_on(client.id) == ["VIP"]
    with pytest.raises(Refused):
        ClientTag.put_on(make_client(by, full_name="Somebody Else"), vip, by=by)


def test_a_name_that_is_typed_is_put_on_shown_and_taken_back(visit: Visit, client: Client) -> None:
    url, client_id = f"/north/clients/{client.number}", client.id
    manager = visit(MANAGER)
    assert manager.post(f"{url}/tags", {"name": " vip "}).status_code == 303
    page = manager.get(url).text
    assert 'class="tinted navy">VIP' in page
    assert "added the tag “VIP”" in page
    assert 'class="tinted navy">VIP' in manager.get("/north/clients").text
    assert manager.post(undo_of(page)).status_code == 303
    assert names_on(client_id) == []
    gone = manager.get(url).text
    assert "took the tag “VIP” off" in gone
    assert manager.post(undo_of(gone)).status_code == 303
    assert names_on(client_id) == ["VIP"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [("", "Type the name of a tag."), ("x" * 41, "longer than 40"), ("Nobody’s", "There is no tag called “Nobody’s”")],
)
def test_what_is_no_tag_is_said_beside_it(visit: Visit, client: Client, typed: str, words: str) -> None:
    url = f"/north/clients/{client.number}/tags"
    answer = visit(MANAGER).post(url, {"name": typed})
    assert answer.status_code == 422
    assert words in unescape(answer.text)
    assert f'value="{typed}"' in answer.text


def test_who_looks_after_tags_makes_one_on_the_way(visit: Visit, client: Client, relayed: Relayed) -> None:
    client_id, url = client.id, f"/north/clients/{client.number}/tags"
    assert visit(ADMIN).post(url, {"name": "Regatta week"}).status_code == 303
    assert names_on(client_id) == ["Regatta week"]
    assert relayed() == ["tag:created", "client:tagged"]


def test_an_archived_one_is_not_offered_nor_taken(visit: Visit, client: Client, vip: Tag) -> None:
    tag_id, url = vip.id, f"/north/clients/{client.number}"
    vip.archive(by=enter(MANAGER))
    commit()
    manager = visit(MANAGER)
    assert ">VIP<" not in manager.get(url).text
    assert manager.post(f"{url}/tags", {"name": "VIP"}).status_code == 422
    assert manager.put(f"{url}/tags/{tag_id}").status_code == 409


def test_the_list_is_narrowed_to_a_tag(visit: Visit, client: Client, vip: Tag) -> None:
    by = enter(MANAGER)
    ClientTag.put_on(client, vip, by=by)
    make_client(by, full_name="Nobody Special")
    tag_id = vip.id
    commit()
    manager = visit(MANAGER)
    assert "Nobody Special" in manager.get("/north/clients").text
    narrowed = manager.get(f"/north/clients?tag={tag_id}").text
    assert "Nobody Special" not in narrowed
    assert "Léa Marchand" in narrowed
    assert "Nobody Special" in manager.get("/north/clients?tag=nonsense").text


def test_the_pages_take_no_more_statements(visit: Visit, client: Client, vip: Tag, statements: list[str]) -> None:
    by = enter(MANAGER)
    ClientTag.put_on(client, vip, by=by)
    for at in range(10):
        ClientTag.put_on(make_client(by, full_name=f"Client {at}"), vip, by=by)
    pages = {f"/north/clients/{client.number}": 7, "/north/clients": 3, f"/north/clients?tag={vip.id}": 3}
    commit()
    manager = visit(MANAGER)
    for url, most in pages.items():
        statements.clear()
        assert manager.get(url).status_code == 200
        assert len(statements) <= most, url
