import io
import secrets
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
import time_machine
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app import create_app, storage
from app.config import Settings
from app.crypto import Keyring, Unreadable
from app.db import now
from app.dev.processes import answers, start, stop, wait_until
from app.dev.servers import free_port
from app.storage import new_key
from app.storage.bucket import Bucket
from app.storage.disk import CHUNK, Disk
from app.storage.store import NotStored, StorageAway, Store, disposition
from tests.world import Visitor

MANAGER = "sales_manager@north.example"
KEYRING = Keyring({"new": b"n" * 32, "old": b"o" * 32})


class Dribble(io.BytesIO):
    """A stream that gives less than it is asked for, as sockets do."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size, 1000) if size and size > 0 else size)


def key_in(port: str = "north", extension: str = "pdf") -> str:
    return new_key(port, "clients", uuid.uuid4(), extension)


def put(store: Store, content: bytes, key: str | None = None) -> str:
    key = key or key_in()
    store.put(io.BytesIO(content), key, "application/pdf")
    return key


def get(store: Store, key: str) -> bytes:
    with store.open(key) as stream:
        return stream.read()


# --- Keys and names ---


@pytest.mark.parametrize(
    "key",
    [
        "",
        "../../etc/passwd",
        "north/clients/../../x/0f8fad5b-d9cb-469f-a165-70867728950e.pdf",
        "/north/clients/1/0f8fad5b-d9cb-469f-a165-70867728950e.pdf",
        "north/clients/1/0f8fad5b-d9cb-469f-a165-70867728950e.pdf/..",
        "north/clients/1/0f8fad5b-d9cb-469f-a165-70867728950e.pdf\n",
        "north/clients/1/0f8fad5b-d9cb-469f-a165-70867728950e",
        "north/clients/1/name.pdf",
        "north/secrets/1/0f8fad5b-d9cb-469f-a165-70867728950e.pdf",
        "north/clients//0f8fad5b-d9cb-469f-a165-70867728950e.pdf",
        "north\\clients\\1\\0f8fad5b-d9cb-469f-a165-70867728950e.pdf",
        "north/clients/1/0f8fad5b-d9cb-469f-a165-70867728950e.p\0f",
    ],
)
def test_only_keys_of_ours_are_touched(app: Flask, key: str) -> None:
    with app.test_request_context():
        for use in (
            lambda: storage.put(io.BytesIO(b"x"), key, "text/plain"),
            lambda: storage.open(key).__enter__(),
            lambda: storage.link(key, "x.pdf"),
            lambda: storage.delete(key),
        ):
            with pytest.raises(ValueError, match="not a key"):
                use()


@pytest.mark.parametrize(("entity", "extension"), [("nothing", "pdf"), ("clients", "p/df"), ("clients", "")])
def test_a_new_key_is_checked(entity: str, extension: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        new_key("north", entity, 7, extension)


def test_a_new_key_says_where_it_belongs() -> None:
    port, entity, entity_id, name = new_key("north", "expenses", 7, "JPG").split("/")
    assert (port, entity, entity_id) == ("north", "expenses", "7")
    assert uuid.UUID(name.removesuffix(".jpg")).version == 7


@pytest.mark.parametrize(
    ("filename", "value"),
    [
        ("Contract.pdf", "attachment; filename=\"Contract.pdf\"; filename*=UTF-8''Contract.pdf"),
        ("Itäsatama.pdf", "attachment; filename=\"It_satama.pdf\"; filename*=UTF-8''It%C3%A4satama.pdf"),
        ('a"; x="b.pdf', "attachment; filename=\"a_; x=_b.pdf\"; filename*=UTF-8''a_%3B%20x%3D_b.pdf"),
        (
            "a\r\nSet-Cookie: b",
            "attachment; filename=\"a_Set-Cookie_ b\"; filename*=UTF-8''a_Set-Cookie_%20b",
        ),
        ("../../x", "attachment; filename=\"_.._x\"; filename*=UTF-8''_.._x"),
        ("", "attachment; filename=\"file\"; filename*=UTF-8''file"),
    ],
)
def test_any_file_name_is_sent_safely(filename: str, value: str) -> None:
    assert disposition(filename, inline=False) == value


# --- On disk ---


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path, KEYRING, "a secret key")


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17])
def test_what_was_put_comes_back(disk: Disk, size: int) -> None:
    content = secrets.token_bytes(size)
    key = key_in()
    disk.put(Dribble(content), key, "text/csv")
    with disk.open(key) as file:
        assert file.length == size
        assert file.content_type == "text/csv"
        assert b"".join(iter(lambda: file.read(1000), b"")) == content
    assert get(disk, key) == content


def test_nothing_lies_in_clear_on_disk(disk: Disk) -> None:
    key = put(disk, b"passport of a client" * 10_000)
    assert b"passport" not in (disk.root / key).read_bytes()
    assert (disk.root / key).stat().st_mode & 0o077 == 0


def test_the_same_content_is_never_the_same_on_disk(disk: Disk) -> None:
    one, other = put(disk, b"same"), put(disk, b"same")
    assert (disk.root / one).read_bytes()[-20:] != (disk.root / other).read_bytes()[-20:]


def test_a_large_file_does_not_lie_in_memory(disk: Disk) -> None:
    class Endless:
        asked = 0
        left = 50 * 1024 * 1024

        def read(self, size: int = -1, /) -> bytes:
            self.asked = max(self.asked, size)
            given = min(size, self.left)
            self.left -= given
            return b"x" * given

    stream, key = Endless(), key_in()
    disk.put(stream, key, "application/pdf")
    assert stream.asked <= CHUNK
    with disk.open(key) as file:
        assert max(len(piece) for piece in file.pieces()) <= CHUNK


@pytest.mark.parametrize("at", [0, 8, 20, 40, 300, CHUNK + 100, -1])
def test_an_altered_file_is_not_read(disk: Disk, at: int) -> None:
    key = put(disk, secrets.token_bytes(CHUNK + 500))
    path = disk.root / key
    altered = bytearray(path.read_bytes())
    altered[at] ^= 1
    path.write_bytes(altered)
    with pytest.raises(Unreadable):
        get(disk, key)


@pytest.mark.parametrize("size", [0, 5, 60, 80, 500, CHUNK + 16 + 80, 2 * (CHUNK + 16)])
def test_a_file_cut_off_is_not_read(disk: Disk, size: int) -> None:
    key = put(disk, secrets.token_bytes(2 * CHUNK + 500))
    path = disk.root / key
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(Unreadable):
        get(disk, key)


def test_whole_chunks_cut_off_are_noticed(disk: Disk) -> None:
    key = put(disk, secrets.token_bytes(3 * CHUNK))
    path = disk.root / key
    path.write_bytes(path.read_bytes()[: -(CHUNK + 16)])
    with pytest.raises(Unreadable):
        get(disk, key)


def test_a_file_moved_to_another_key_is_not_read(disk: Disk) -> None:
    key, other = put(disk, b"of one client"), key_in()
    (disk.root / other).parent.mkdir(parents=True)
    (disk.root / key).rename(disk.root / other)
    with pytest.raises(Unreadable):
        get(disk, other)


def test_keys_rotate(disk: Disk, tmp_path: Path) -> None:
    key = put(Disk(tmp_path, Keyring({"old": KEYRING.keys["old"]}), "s"), b"older than the new key")
    assert get(disk, key) == b"older than the new key"
    with pytest.raises(Unreadable):
        get(Disk(tmp_path, Keyring({"new": KEYRING.keys["new"]}), "s"), key)


def test_a_put_that_fails_leaves_nothing(disk: Disk) -> None:
    class Broken:
        def read(self, size: int = -1, /) -> bytes:
            raise ConnectionResetError

    key = key_in()
    with pytest.raises(StorageAway):
        disk.put(Broken(), key, "text/plain")
    assert list((disk.root / key).parent.iterdir()) == []


def test_deleting_twice_is_once(disk: Disk) -> None:
    key = put(disk, b"x")
    disk.delete(key)
    disk.delete(key)
    with pytest.raises(NotStored):
        get(disk, key)


# --- Links to files on disk ---


@pytest.fixture
def visitor(app: Flask, db: SQLAlchemy) -> Visitor:
    return Visitor.of(app, MANAGER)


def link(app: Flask, key: str, name: str = "Contract.pdf", *, inline: bool = False) -> str:
    with app.test_request_context():
        return storage.link(key, name, inline=inline)


@pytest.fixture
def key(app: Flask) -> str:
    with app.app_context():
        return put(storage.store(), b"%PDF-1.7")


def test_a_link_downloads_the_file(app: Flask, visitor: Visitor, key: str) -> None:
    answer = visitor.get(link(app, key))
    assert (answer.status_code, answer.data) == (200, b"%PDF-1.7")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="Contract.pdf"')
    assert answer.headers["Content-Length"] == "8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_picture_may_be_shown_inline(app: Flask, visitor: Visitor, key: str) -> None:
    answer = visitor.get(link(app, key, inline=True))
    assert answer.headers["Content-Disposition"].startswith("inline;")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'self'; sandbox"


def test_a_page_in_a_file_is_never_shown(app: Flask, visitor: Visitor) -> None:
    key = key_in(extension="html")
    with app.app_context():
        storage.put(io.BytesIO(b"<script>alert(1)</script>"), key, "text/html")
    answer = visitor.get(link(app, key, inline=True))
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_link_expires(app: Flask, visitor: Visitor, key: str) -> None:
    address = link(app, key)
    with time_machine.travel(now() + timedelta(minutes=14)):
        assert visitor.get(address).status_code == 200
    with time_machine.travel(now() + timedelta(minutes=15, seconds=2)):
        assert visitor.get(address).status_code == 404


def test_a_link_cannot_be_changed(app: Flask, visitor: Visitor, key: str) -> None:
    address = link(app, key)
    signed = parse_qs(urlsplit(address).query)["link"][0]
    for forged in (signed[:-2] + "AA", signed[5:], "", "a.b.c", signed.replace(".", "", 1)):
        assert visitor.get(f"/north/files/content?link={forged}").status_code == 404


def test_a_link_of_another_installation_is_refused(app: Flask, visitor: Visitor, key: str, tmp_path: Path) -> None:
    stranger = Disk(tmp_path, KEYRING, "another secret key")
    with app.test_request_context():
        address = stranger.link(key, "x.pdf", timedelta(minutes=15), inline=False)
    assert visitor.get(address).status_code == 404


def test_a_link_is_of_its_port_alone(app: Flask, db: SQLAlchemy, key: str) -> None:
    address = link(app, key)
    moved = address.replace("/north/", "/south/")
    colleague = Visitor.of(app, "sales_manager@south.example")
    assert colleague.get(address).status_code == 404
    assert colleague.get(moved).status_code == 404
    assert Visitor.of(app, "both@quayside.example").get(moved).status_code == 404


def test_a_link_without_sign_in_leads_to_the_sign_in_page(app: Flask, db: SQLAlchemy, key: str) -> None:
    answer = Visitor.anonymous(app).get(link(app, key))
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/auth/login")


def test_a_link_to_a_deleted_file_is_404(app: Flask, visitor: Visitor, key: str) -> None:
    address = link(app, key)
    with app.app_context():
        storage.delete(key)
    assert visitor.get(address).status_code == 404


# --- On an S3 server ---


class S3:
    """A server of the S3 protocol, with the files in its memory."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.home = home
        self.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        with (self.home / "s3.log").open("ab") as log:
            self.process = start(command, output=log)
        assert wait_until(lambda: answers(f"{self.origin}/moto-api/"), seconds=60, process=self.process)

    def stop(self) -> None:
        stop(self.process)


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    server = S3(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


def bucket_of(server: S3, name: str, public_url: str | None = None) -> Bucket:
    return Bucket(f"http://access:sec%2Fret@127.0.0.1:{server.port}/{name}?region=eu-north-1", public_url)


@pytest.fixture
def bucket(s3: S3) -> Bucket:
    bucket = bucket_of(s3, f"files-{uuid.uuid4().hex[:8]}")
    bucket.prepare()
    return bucket


def test_the_bucket_is_made_and_encrypts(bucket: Bucket) -> None:
    assert bucket.client.bucket_exists(bucket.name)
    rule = bucket.client.get_bucket_encryption(bucket.name)
    assert rule is not None
    assert rule.rule.sse_algorithm == "AES256"


def test_two_processes_may_prepare_at_once(bucket: Bucket, s3: S3) -> None:
    second = bucket_of(s3, bucket.name)
    second.prepare()
    assert second.is_ready


@pytest.mark.parametrize("size", [0, 10, 6 * 1024 * 1024])
def test_s3_gives_back_what_was_put(bucket: Bucket, size: int) -> None:
    content, key = secrets.token_bytes(size), key_in()
    bucket.put(Dribble(content) if size < 1000 else io.BytesIO(content), key, "application/pdf")
    assert get(bucket, key) == content
    bucket.delete(key)
    bucket.delete(key)
    with pytest.raises(NotStored):
        get(bucket, key)


def test_an_s3_link_gives_the_file_under_its_name(bucket: Bucket) -> None:
    key = put(bucket, b"%PDF-1.7")
    address = bucket.link(key, "Itäsatama.pdf", timedelta(minutes=15), inline=False)
    with urlopen(address, timeout=20) as answer:
        assert answer.read() == b"%PDF-1.7"
        assert answer.headers["Content-Disposition"] == disposition("Itäsatama.pdf", inline=False)
    query = parse_qs(urlsplit(address).query)
    assert query["X-Amz-Expires"] == ["900"]
    assert "eu-north-1" in query["X-Amz-Credential"][0]


def test_an_s3_link_names_the_public_address(s3: S3) -> None:
    bucket = bucket_of(s3, "public-files", "https://files.quayside.example")
    address = urlsplit(bucket.link(key_in(), "x.pdf", timedelta(minutes=15), inline=True))
    assert (address.scheme, address.netloc) == ("https", "files.quayside.example")
    query = parse_qs(address.query)
    assert query["response-content-type"] == ["application/pdf"]
    assert query["response-content-disposition"][0].startswith("inline;")


def test_a_server_that_is_away_says_so_and_is_asked_again(tmp_path: Path) -> None:
    server = S3(tmp_path)
    try:
        bucket = bucket_of(server, "files")
        key = put(bucket, b"kept")
        server.stop()
        with pytest.raises(StorageAway):
            put(bucket, b"lost")
        bucket.ask_again_at += 60  # however long the server takes to start here
        server.start()
        with pytest.raises(StorageAway):  # not asked again yet
            put(bucket, b"too early")
        bucket.ask_again_at = 0  # two seconds later
        put(bucket, b"again", key)
        assert get(bucket, key) == b"again"
    finally:
        server.stop()


def test_the_application_starts_while_s3_is_away(settings: Settings) -> None:
    nowhere = f"http://access:secret@127.0.0.1:{free_port()}/files"
    started = create_app(settings.model_copy(update={"s3_url": nowhere}))
    with started.app_context(), pytest.raises(StorageAway):
        put(storage.store(), b"lost")


def test_files_away_answer_503(app: Flask, visitor: Visitor, key: str) -> None:
    address = link(app, key)
    path = app.extensions["storage"].root / key
    path.unlink()
    path.mkdir()  # as broken as a disk can be made from outside
    answer = visitor.get(address)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
