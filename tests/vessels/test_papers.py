"""The file of a paper: taken in with it, replaced, gone and back with it, and who may see it."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.clients.models import Client, Merge
from app.clients.models.erasure import erase
from app.db import begin, commit, db
from app.files.models import File, FileVersion, LooseKey
from app.formats import today
from app.vessels.models import Document, Vessel
from tests.files import samples
from tests.world import NORTH, Visitor, enter, make_client, make_vessel, user_id

pytestmark = pytest.mark.usefixtures("db")

MANAGER, VIEWER, OPERATOR = (f"{name}@north.example" for name in ("sales_manager", "viewer", "operator"))
Visit = Callable[[str], Visitor]


@pytest.fixture
def url() -> str:
    vessel = make_vessel(enter(MANAGER))
    found = f"/north/vessels/{vessel.number}"
    commit()
    return found


def send(visitor: Visitor, to: str, form: dict[str, Any], name: str, content: bytes, **kwargs: Any) -> TestResponse:
    sent = {**form, "upload": (BytesIO(content), name)}
    return visitor.post(to, sent, content_type="multipart/form-data", **kwargs)


def add(visitor: Visitor, url: str, name: str = "Policy.pdf", content: bytes | None = None, **typed: Any) -> Any:
    form = {**visitor.form(f"{url}/documents/new"), "issuer": "Harbour Mutual", **typed}
    return send(visitor, f"{url}/documents", form, name, samples.pdf() if content is None else content)


def change(visitor: Visitor, url: str, name: str, content: bytes) -> TestResponse:
    one = f"{url}/documents/{only(Document.id)}"
    return send(visitor, f"{one}?_method=PUT", visitor.form(f"{one}/edit"), name, content)


def only(column: Any) -> Any:
    return all_of(column)[0]


def all_of(column: Any) -> list[Any]:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    db.session.expire_all()
    return list(db.session.scalars(select(column).order_by(column.class_.id)))


def test_it_comes_with_the_paper_and_is_downloaded(visit: Visit, url: str, relayed: Callable[[], list[str]]) -> None:
    manager = visit(MANAGER)
    relayed()
    assert add(manager, url).status_code == 303
    assert [name for name in relayed() if not name.startswith("system")] == ["vessel:documentAdded", "file:uploaded"]
    page = manager.get(url).text
    assert ">Policy.pdf</a>" in page
    number = only(File.number)
    assert (only(File.entity), only(File.entity_id), only(File.category)) == ("vessels", only(Vessel.id), "insurance")
    assert manager.get(f"/north/files/{number}/versions/1/content").status_code == 303
    assert manager.get(f"/north/files/{number}").status_code == 200
    assert all_of(LooseKey.id) == []


def test_sent_twice_is_once(visit: Visit, url: str) -> None:
    manager = visit(MANAGER)
    form = manager.form(f"{url}/documents/new")
    answers = [send(manager, f"{url}/documents", form, "Policy.pdf", samples.pdf()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert (len(all_of(Document.id)), len(all_of(File.id))) == (1, 1)


def test_what_is_no_such_file_is_refused_and_the_rest_kept(visit: Visit, url: str) -> None:
    answer = add(visit(MANAGER), url, "Policy.pdf", samples.EICAR)
    assert answer.status_code == 422
    assert 'value="Harbour Mutual"' in answer.text
    assert (all_of(Document.id), all_of(File.id), all_of(LooseKey.id)) == ([], [], [])


def test_a_new_one_is_the_next_version_and_takes_the_verification_back(visit: Visit, url: str) -> None:
    manager = visit(MANAGER)
    add(manager, url)
    assert manager.post(f"{url}/documents/{only(Document.id)}/verification").status_code == 303
    for _ in range(2):  # the same once more changes nothing
        assert change(manager, url, "Policy 2027.pdf", samples.pdf(2)).status_code == 303
    assert all_of(FileVersion.ordinal) == [1, 2]
    assert len(all_of(File.id)) == 1
    assert only(Document.verified_at) is None
    assert "/versions/2/content" in manager.get(url).text


def test_one_of_another_kind_takes_its_place(visit: Visit, url: str) -> None:
    manager = visit(MANAGER)
    add(manager, url)
    assert change(manager, url, "Policy.png", samples.picture("PNG")).status_code == 303
    assert [archived is None for archived in all_of(File.archived_at)] == [False, True]
    page = manager.get(url).text
    assert ">Policy.png</a>" in page
    assert ">Policy.pdf</a>" not in page


def test_gone_and_back_with_the_paper(visit: Visit, url: str) -> None:
    manager = visit(MANAGER)
    add(manager, url)
    one = f"{url}/documents/{only(Document.id)}"
    for _ in range(2):
        assert manager.delete(one).status_code == 303
    assert only(File.archived_at) is not None
    assert manager.post(f"{one}/restoration").status_code == 303
    assert only(File.archived_at) is None
    assert ">Policy.pdf</a>" in manager.get(url).text


def test_one_deleted_before_the_paper_does_not_come_back_with_it(visit: Visit, url: str) -> None:
    manager = visit(MANAGER)
    add(manager, url)
    assert manager.post(f"/north/files/{only(File.number)}/archival").headers["Location"] == url
    assert ">Policy.pdf</a>" not in manager.get(url).text
    one = f"{url}/documents/{only(Document.id)}"
    manager.delete(one)
    manager.post(f"{one}/restoration")
    assert only(File.archived_at) is not None
    assert change(manager, url, "Policy.pdf", samples.pdf()).status_code == 303
    assert [archived is None for archived in all_of(File.archived_at)] == [False, True]


def test_seen_by_whoever_sees_the_vessel_and_may_see_files(visit: Visit, url: str) -> None:
    add(visit(MANAGER), url)
    content = f"/north/files/{only(File.number)}/versions/1/content"
    assert visit(VIEWER).get(content).status_code == 303
    assert visit(OPERATOR).get(content).status_code == 404  # not one of theirs
    assert visit("technician@north.example").get(content).status_code == 403
    assert visit("sales_manager@south.example").get(content.replace("north", "south")).status_code == 404


def test_a_trash_emptied_keeps_what_a_paper_knows(visit: Visit, url: str) -> None:
    add(visit(MANAGER), url)
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    file = db.session.scalars(select(File)).one()
    with pytest.raises(Exception, match="fk_vessel_documents"), db.session.begin_nested():
        file.purge(by=enter(MANAGER))


def test_owner_and_merge_take_it_along(visit: Visit) -> None:
    by = enter(MANAGER)
    first, second, third = (make_client(by, full_name=name) for name in ("Ann North", "Cy East", "Rui Sousa"))
    vessel = make_vessel(by, first)
    url, ids = f"/north/vessels/{vessel.number}", [first.id, second.id, third.id]
    commit()
    manager = visit(MANAGER)
    add(manager, url)
    by = enter(MANAGER)
    people = {client.id: client for client in db.session.scalars(select(Client).where(Client.id.in_(ids)))}
    vessel = db.session.scalars(select(Vessel)).one()
    vessel.change_owner(people[ids[1]], on=today(), by=by)
    Merge.make(people[ids[2]], people[ids[1]], [], by=by)
    commit()
    assert only(Vessel.client_id) == ids[2]
    assert only(File.entity_id) == only(Vessel.id)
    assert ">Policy.pdf</a>" in manager.get(url).text


def test_it_goes_with_who_is_erased(visit: Visit, url: str) -> None:
    add(visit(MANAGER), url)
    by = enter(MANAGER)
    client = db.session.scalars(select(Client).with_for_update()).one()
    assert erase(client, reason="Asked by letter", by=by)
    commit()
    assert (all_of(Document.id), all_of(File.id)) == ([], [])
    assert len(all_of(LooseKey.id)) == 1  # what lay in the storage is for the job of the night


def test_a_script_is_told_where_to_go(visit: Visit, url: str) -> None:
    manager = visit(MANAGER)
    form = manager.form(f"{url}/documents/new")
    answer = send(manager, f"{url}/documents", form, "Policy.pdf", samples.pdf(), headers={"X-Lead": "by-hand"})
    assert (answer.status_code, answer.headers["X-Location"], answer.data) == (204, url, b"")
    assert "Document added" in manager.get(url).text  # the toast waited for the page
