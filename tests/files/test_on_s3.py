"""The same on an S3 server: upload, link, pictures, removal; and what is said while it is away."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from io import BytesIO
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app import storage
from app.storage.store import NotStored
from tests.files import samples
from tests.files.test_scanner import version_of, work
from tests.test_storage import S3, bucket_of
from tests.world import Visitor


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    server = S3(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


@pytest.fixture
def manager(app: Flask, visit: Callable[[str], Visitor], s3: S3, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    bucket = bucket_of(s3, f"files-{uuid.uuid4().hex[:8]}")
    bucket.prepare()
    monkeypatch.setitem(app.extensions, "storage", bucket)
    return visit("sales_manager@north.example")


def send(manager: Visitor, content: bytes) -> int:
    sent = {"category": "other", "files": [(BytesIO(content), "Årsplan.pdf")]}
    return manager.post("/north/files", sent, content_type="multipart/form-data").status_code


def test_a_file_goes_in_and_comes_out_by_a_link_that_expires(db: SQLAlchemy, manager: Visitor) -> None:
    content = samples.pdf(3)
    assert send(manager, content) == 303
    address = manager.get("/north/files").text.partition('class="name" href="')[2].partition('"')[0]
    link = manager.get(f"{address}/versions/1/content").location
    assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == ["900"]
    with urlopen(link, timeout=20) as answer:
        assert answer.read() == content
        assert "%C3%85rsplan.pdf" in answer.headers["Content-Disposition"]
        assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "look_at" in work(db)
    picture = manager.get(f"{address}/versions/1/pages/1")
    assert (picture.status_code, picture.data[:4]) == (200, b"RIFF")


def test_what_is_not_there_any_more_is_404(db: SQLAlchemy, manager: Visitor) -> None:
    assert send(manager, samples.pdf()) == 303
    storage.delete(version_of(db).storage_key)
    with pytest.raises(NotStored), storage.open(version_of(db).storage_key):
        pass


def test_while_the_server_is_away_pages_work_and_files_wait(
    app: Flask, db: SQLAlchemy, manager: Visitor, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = S3(tmp_path_factory.mktemp("away"))
    app.extensions["storage"] = bucket_of(server, "files")
    assert send(manager, samples.pdf()) == 303
    work(db)
    address = manager.get("/north/files").text.partition('class="name" href="')[2].partition('"')[0]
    server.stop()
    answer = manager.get(f"{address}/versions/1/pages/1")
    assert (answer.status_code, "Files cannot be reached" in answer.text) == (503, True)
    assert send(manager, samples.pdf()) == 503
    assert manager.get(address).status_code == 200
    assert manager.get("/north/files").status_code == 200
