"""The virus scanner: what is asked and answered on the wire, and what becomes of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from app.db import begin, commit
from app.dev.servers import free_port
from app.files import scanner
from app.files.jobs import scan_version
from app.files.models import FileVersion, Scan
from app.files.scanner import ScannerAway, scan
from app.jobs import Job, perform
from tests.files import samples
from tests.files.clamd import Clamd, UnixClamd
from tests.test_storage import Dribble
from tests.world import NORTH, Visitor, enter, make_file

MANAGER = "sales_manager@north.example"


@pytest.fixture
def clamd() -> Iterator[Clamd]:
    server = Clamd()
    yield server
    server.stop()


# --- On the wire


def test_a_clean_file_is_clean(clamd: Clamd) -> None:
    content = samples.pdf().ljust(300_000, b"\n")
    assert scan(Dribble(content), clamd.url).signature == ""
    assert clamd.asked == [300_000]


def test_a_virus_has_a_name(clamd: Clamd) -> None:
    assert scan(BytesIO(b"x" * 100_000 + samples.EICAR), clamd.url).signature == "Eicar-Test-Signature"


def test_a_socket_of_this_machine_is_asked_as_well(tmp_path: Path) -> None:
    server = UnixClamd(tmp_path / "clamd.sock")
    assert scan(BytesIO(samples.EICAR), server.url).signature == "Eicar-Test-Signature"
    server.stop()


def test_what_is_too_large_for_it_is_not_called_clean() -> None:
    server = Clamd(longest=1000)
    with pytest.raises(ScannerAway, match=r"size limit exceeded|does not answer"):
        scan(BytesIO(bytes(10_000_000)), server.url)
    server.stop()


def test_nobody_there_is_said() -> None:
    with pytest.raises(ScannerAway, match="does not answer"):
        scan(BytesIO(b"x"), f"tcp://127.0.0.1:{free_port()}")


def test_one_that_hangs_is_not_waited_for(clamd: Clamd, monkeypatch: pytest.MonkeyPatch) -> None:
    clamd.holds.set()
    monkeypatch.setattr(scanner, "PATIENCE", 0.1)
    with pytest.raises(ScannerAway, match="timed out"):
        scan(BytesIO(b"x"), clamd.url)


# --- What becomes of a file


@pytest.fixture
def scanned_by(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    def use(url: str | None) -> None:
        settings = app.extensions["settings"].model_copy(update={"clamd_url": url})
        monkeypatch.setitem(app.extensions, "settings", settings)

    return use


def version_of(db: SQLAlchemy) -> FileVersion:
    begin(port_id=NORTH, scope="staff")
    db.session.expire_all()
    return db.session.scalars(select(FileVersion)).one()


def upload(visitor: Visitor, content: bytes) -> str:
    """The address of the file."""
    sent = {"category": "other", "files": [(BytesIO(content), "letter.csv")]}
    assert visitor.post("/north/files", sent, content_type="multipart/form-data").status_code == 303
    return visitor.get("/north/files").text.partition('class="name" href="')[2].partition('"')[0]


def work(db: SQLAlchemy) -> list[str]:
    """Do what waits in the port; gives the names of the jobs."""
    begin(port_id=NORTH, scope="staff")
    waiting = [(job.id, job.name) for job in db.session.scalars(select(Job).where(Job.port_id == NORTH))]
    commit()
    for job_id, _name in waiting:
        perform(str(job_id))
    return [name.rpartition(".")[2] for _id, name in waiting]


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [(samples.CSV, Scan.CLEAN, "No virus found"), (samples.EICAR, Scan.INFECTED, "A virus was found")],
)
def test_an_upload_is_scanned_in_a_job(
    db: SQLAlchemy,
    visit: Callable[[str], Visitor],
    scanned_by: Callable[[str | None], None],
    clamd: Clamd,
    content: bytes,
    status: Scan,
    words: str,
) -> None:
    scanned_by(clamd.url)
    manager = visit(MANAGER)
    address = upload(manager, content)
    assert version_of(db).scan_status == Scan.PENDING
    assert "Being scanned" in manager.get("/north/files").text
    assert work(db) == ["scan_version"]
    version = version_of(db)
    assert (version.scan_status, version.scanned_at is not None) == (status, True)
    assert words in manager.get(address).text
    assert manager.get(f"{address}/versions/1/content").status_code == (303 if status == Scan.CLEAN else 409)


def test_a_scanner_that_is_away_is_asked_again_and_in_the_end_it_is_said(
    db: SQLAlchemy, visit: Callable[[str], Visitor], scanned_by: Callable[[str | None], None], clamd: Clamd
) -> None:
    scanned_by(f"tcp://127.0.0.1:{free_port()}")
    manager = visit(MANAGER)
    address = upload(manager, samples.CSV)
    work(db)
    assert (db.session.scalars(select(Job.attempts)).one(), version_of(db).scan_status) == (1, Scan.PENDING)
    assert scan_version.failed is not None
    scan_version.failed(error="clamd does not answer", version_id=version_of(db).id)
    commit()
    page = manager.get(address).text
    assert "Could not be scanned" in page
    assert f"{address}/versions/1/content" in page
    scanned_by(clamd.url)
    assert manager.post(f"{address}/versions/1/scan").location == address
    work(db)
    assert version_of(db).scan_status == Scan.CLEAN
    manager.post(f"{address}/versions/1/scan")
    assert version_of(db).scan_status == Scan.CLEAN


def test_without_a_scanner_nothing_waits_for_one(db: SQLAlchemy) -> None:
    make_file(enter(MANAGER), content=samples.pdf())
    commit()
    assert work(db) == ["look_at"]
    assert version_of(db).scan_status == Scan.UNSCANNED
