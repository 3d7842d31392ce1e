"""Pictures to look at, and what is removed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from flask_sqlalchemy import SQLAlchemy
from PIL import Image
from sqlalchemy import func, select

from app import storage
from app.db import begin, commit, now
from app.events.models import Event
from app.files import rendering
from app.files.jobs import TRASH_KEPT, clean_up
from app.files.models import LOOSE_KEPT, File, FilePicture, FileVersion, Folder, Look, LooseKey
from app.files.rendering import LONG_SIDE, MOST_PAGES, SMALL_SIDE, NotShown, pictures_of
from app.jobs import perform
from app.storage.store import NotStored
from tests.files import samples
from tests.files.test_scanner import work
from tests.test_storage import Dribble
from tests.world import NORTH, enter, make_client, make_file

MANAGER = "sales_manager@north.example"
PDF, PNG = "application/pdf", "image/png"


# --- Pictures


def test_a_pdf_becomes_a_picture_a_page() -> None:
    made = pictures_of(Dribble(samples.pdf(2)), PDF)
    assert (made.pages, [picture.page for picture in made.pictures]) == (2, [0, 1, 2])
    small, first, _second = made.pictures
    assert max(small.width, small.height) == SMALL_SIDE
    assert first.height == LONG_SIDE
    shown = Image.open(BytesIO(first.content))
    assert (shown.format, shown.size) == ("WEBP", (first.width, first.height))
    middle, corner = (shown.getpixel(at) for at in ((first.width // 2, first.height // 2), (5, 5)))
    assert isinstance(middle, tuple)
    assert isinstance(corner, tuple)
    assert abs(middle[0] - 102) < 8
    assert min(corner) > 247


def test_of_a_long_pdf_the_first_pages_are_shown() -> None:
    made = pictures_of(BytesIO(samples.pdf(MOST_PAGES + 5, size=(60, 80))), PDF)
    assert (made.pages, len(made.pictures)) == (MOST_PAGES + 5, MOST_PAGES + 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_picture_is_written_anew(kind: str) -> None:
    made = pictures_of(BytesIO(samples.picture(kind, (3000, 1000))), f"image/{kind.lower()}")
    assert [(picture.page, picture.width) for picture in made.pictures] == [(0, SMALL_SIDE), (1, LONG_SIDE)]
    assert Image.open(BytesIO(made.pictures[1].content)).getexif() == {}


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (lambda: samples.pdf()[:200], PDF),
        (lambda: b"%PDF-1.7 nothing", PDF),
        (lambda: samples.pdf(0), PDF),
        (lambda: samples.picture("PNG")[:60], PNG),
        (lambda: b"\x89PNG\r\n\x1a\n", PNG),
        (lambda: samples.picture("PNG", (9000, 9000)), PNG),
        (lambda: samples.picture("TIFF"), PNG),
    ],
)
def test_of_what_is_broken_or_too_large_there_is_nothing_to_see(content: Callable[[], bytes], mime: str) -> None:
    with suppress(NotShown):
        assert pictures_of(BytesIO(content()), mime).pictures == []


def test_a_decoder_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "LONGEST", 0.001)
    with pytest.raises(NotShown):
        pictures_of(BytesIO(samples.pdf()), PDF)


def test_a_job_makes_the_pictures_once(db: SQLAlchemy) -> None:
    make_file(enter(MANAGER), content=samples.pdf(2))
    commit()
    assert work(db) == ["look_at"]
    begin(port_id=NORTH, scope="staff")
    version = db.session.scalars(select(FileVersion)).one()
    assert (version.look, version.pages) == (Look.READY, 2)
    pictures = db.session.scalars(select(FilePicture).order_by(FilePicture.page)).all()
    assert [picture.page for picture in pictures] == [0, 1, 2]
    with storage.open(pictures[1].storage_key) as stream:
        assert Image.open(BytesIO(stream.read())).size == (pictures[1].width, pictures[1].height)
    assert db.session.scalar(select(func.count()).select_from(LooseKey)) == 0
    assert work(db) == []


def test_a_broken_file_has_no_pictures_and_says_so(db: SQLAlchemy) -> None:
    make_file(enter(MANAGER), content=b"%PDF-1.7 nothing")
    commit()
    work(db)
    begin(port_id=NORTH, scope="staff")
    assert db.session.scalars(select(FileVersion.look)).one() == Look.FAILED


# --- What is removed


@pytest.fixture
def cleaned(db: SQLAlchemy) -> Callable[[], None]:
    def clean() -> None:
        begin(port_id=NORTH, scope="staff")
        job_id = clean_up.later()
        commit()
        perform(str(job_id))
        begin(port_id=NORTH, scope="staff")
        db.session.expire_all()

    return clean


def is_stored(key: str) -> bool:
    try:
        with storage.open(key):
            return True
    except NotStored:
        return False


def test_the_trash_is_emptied_after_thirty_days(db: SQLAlchemy, cleaned: Callable[[], None]) -> None:
    by = enter(MANAGER)
    client = make_client(by)
    kept, gone = make_file(by, "kept.pdf"), make_file(by, "gone.pdf", record=client)
    folder = Folder.create("Plans", port_id=NORTH, by=by)
    make_file(by, folder=folder)
    gone.archive(by=by)
    folder.archive(by=by)
    commit()
    work(db)
    begin(port_id=NORTH, scope="staff")
    kept_keys, gone_keys = kept.keys(), gone.keys()
    with time_machine.travel(now() + TRASH_KEPT - timedelta(minutes=5)):
        cleaned()
    assert (db.session.scalar(select(func.count()).select_from(File)), all(map(is_stored, gone_keys))) == (3, True)
    with time_machine.travel(now() + TRASH_KEPT + timedelta(minutes=5)):
        cleaned()
        cleaned()
    assert db.session.scalars(select(File.filename)).all() == ["kept.pdf"]
    assert db.session.scalars(select(Folder)).all() == []
    assert all(map(is_stored, kept_keys))
    assert not any(map(is_stored, gone_keys))
    assert db.session.scalar(select(func.count()).select_from(LooseKey)) == 0
    purged = select(Event.subject_id).where(Event.name == "file:purged", Event.subject_type == "client")
    assert db.session.scalars(purged).all() == [client.id]


def test_what_belongs_to_nothing_is_removed_after_a_day(db: SQLAlchemy, cleaned: Callable[[], None]) -> None:
    enter(MANAGER)
    key = storage.new_key("north", "general", "files", "pdf")
    storage.put(BytesIO(samples.pdf()), key, PDF)
    LooseKey.note([key], port_id=NORTH)
    commit()
    with time_machine.travel(now() + LOOSE_KEPT - timedelta(minutes=5)):
        cleaned()
    assert is_stored(key)
    with time_machine.travel(now() + LOOSE_KEPT + timedelta(minutes=5)):
        cleaned()
    assert not is_stored(key)
    assert db.session.scalar(select(func.count()).select_from(LooseKey)) == 0
