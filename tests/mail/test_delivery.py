"""Mail on its way: a real server, which takes it, is away, slow or unwilling."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from PIL import Image
from psycopg.types.json import Json

from app import storage
from app.config import Settings
from app.db import begin, commit, db, now
from app.dev.processes import wait_until
from app.dev.servers import free_port
from app.events.models import Event, subject_key
from app.jobs import perform
from app.mail import outbox, server
from app.mail.jobs import ATTEMPTS
from app.mail.models import Mail
from tests.mail.mail_server import Manners, certificate, listening
from tests.servers import Holding, Installation
from tests.waiting import ROOT, status_of
from tests.world import NORTH, SOUTH, user_id

LINK = "https://quayside.example/auth/reset/secret-of-the-link"


@pytest.fixture(scope="module")
def post() -> Iterator[tuple[int, Manners]]:
    with listening(auth_require_tls=False) as found:
        yield found


@pytest.fixture(scope="module")
def office(install: Callable[[Holding], Installation], post: tuple[int, Manners]) -> Installation:
    """An installation that sends to this server."""
    installation = install("cast")
    installation.environment |= {
        "SMTP_URL": f"smtp://quay:p%40ss%2Fword@127.0.0.1:{post[0]}?starttls=never",
        "MAIL_FROM": "harbour@quayside.example",
        "ENVIRONMENT": "production",
        "PUBLIC_URL": "https://quayside.example",
    }
    del installation.settings  # they were read when it was made
    return installation


@pytest.fixture
def inside(office: Installation) -> Iterator[Flask]:
    with office.app.app_context():
        yield office.app
    office.stop_all()
    office.redis.flushdb()
    with office.database.connect() as connection:
        connection.execute("TRUNCATE outbox, jobs, mails")


@pytest.fixture
def settings(inside: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change settings for the test: `settings(smtp_url=…)`."""

    def change(**changed: Any) -> None:
        found: Settings = inside.extensions["settings"]
        monkeypatch.setitem(inside.extensions, "settings", found.model_copy(update=changed))

    return change


def send(to: str, *, port_id: uuid.UUID | None = NORTH, user: str | None = None) -> uuid.UUID:
    begin(port_id=port_id, user_id=user_id(user) if user else None, scope="staff" if port_id or user else "")
    mail_id = Mail.send(to=to, template="ping", port_id=port_id, name="Léa", link=LINK)
    commit()
    return mail_id


def row(installation: Installation, table: str, where: str, value: object) -> dict[str, Any] | None:
    with installation.database.connect() as connection:
        found = connection.execute(f"SELECT to_jsonb(t) FROM {table} t WHERE {where} = %s", (value,)).fetchone()
    return found[0] if found else None


def mail(installation: Installation, mail_id: uuid.UUID) -> dict[str, Any]:
    found = row(installation, "mails", "id", mail_id)
    assert found is not None
    return found


def job_of(installation: Installation, mail_id: uuid.UUID) -> dict[str, Any] | None:
    return row(installation, "jobs", "args->>'mail_id'", str(mail_id))


def do(installation: Installation, mail_id: uuid.UUID) -> None:
    """Deliver it here and now, however long it should still wait."""
    job = job_of(installation, mail_id)
    assert job is not None
    with time_machine.travel(max(now(), now().fromisoformat(job["run_at"]) + timedelta(seconds=1))):
        perform(job["id"])


def test_it_arrives_with_both_parts_and_the_right_headers(
    inside: Flask, office: Installation, post: tuple[int, Manners]
) -> None:
    mail_id = send("lea@example.com")
    do(office, mail_id)
    message = post[1].arrived("lea@example.com")
    assert message["From"] == "Port North <harbour@quayside.example>"
    assert message["Subject"] == "A greeting to Léa"
    assert message["Message-ID"] == f"<{mail_id.hex}@quayside.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "en"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert f"Open Quayside: {LINK}" in text.get_content()
    assert f'href="{LINK}"' in html.get_content()
    assert post[1].passwords[-1] == ("quay", "p@ss/word")
    sent = mail(office, mail_id)
    assert (sent["status"], sent["attempts"], sent["sealed"]) == ("sent", 1, "\\x")
    assert sent["sent_at"]
    assert job_of(office, mail_id) is None


@pytest.fixture
def logo(inside: Flask, office: Installation) -> Iterator[str]:
    """Port North has one: where it is stored."""
    written = BytesIO()
    Image.new("RGB", (40, 30), "#0a5").save(written, "WEBP")
    key = storage.new_key("north", "general", "logo", "webp")
    storage.put(BytesIO(written.getvalue()), key, "image/webp")
    with office.database.connect() as connection:
        was = connection.execute("SELECT branding FROM ports WHERE id = %s", (NORTH,)).fetchone()
        connection.execute("UPDATE ports SET branding = %s WHERE id = %s", (Json({"logo": key}), NORTH))
        yield key
        assert was is not None
        connection.execute("UPDATE ports SET branding = %s WHERE id = %s", (Json(was[0]), NORTH))


def test_the_logo_of_the_port_comes_along(
    inside: Flask, office: Installation, post: tuple[int, Manners], logo: str
) -> None:
    do(office, send("marked@example.com"))
    message = post[1].arrived("marked@example.com")
    html = message.get_body(("html",))
    assert html is not None
    assert 'src="cid:logo"' in html.get_content()
    (part,) = [part for part in message.walk() if part["Content-ID"] == "<logo>"]
    with Image.open(BytesIO(part.get_content())) as picture:
        assert (picture.format, picture.size) == ("PNG", (40, 30))


def test_a_logo_that_is_gone_holds_no_mail_up(
    inside: Flask, office: Installation, post: tuple[int, Manners], logo: str
) -> None:
    storage.delete(logo)
    do(office, send("unmarked@example.com"))
    html = post[1].arrived("unmarked@example.com").get_body(("html",))
    assert html is not None
    assert "<img" not in html.get_content()
    assert "Port North" in html.get_content()


def test_neither_address_nor_words_are_in_clear_anywhere(inside: Flask, office: Installation) -> None:
    mail_id = send("discreet@example.com")
    kept = json.dumps([mail(office, mail_id), job_of(office, mail_id)])
    assert "secret-of-the-link" not in kept
    assert "discreet" not in kept
    with office.database.connect() as connection:
        sealed = connection.execute("SELECT sealed FROM mails WHERE id = %s", (mail_id,)).fetchone()
    assert sealed
    assert b"discreet" not in sealed[0]
    assert b"secret-of-the-link" not in sealed[0]


def test_who_asked_and_in_which_request_is_noted(inside: Flask, office: Installation) -> None:
    asked = mail(office, send("lea@example.com", user="port_admin@north.example"))
    assert asked["asked_by_id"] == str(user_id("port_admin@north.example"))
    assert mail(office, send("lea@example.com"))["asked_by_id"] is None


def test_without_a_port_it_comes_from_quayside(inside: Flask, office: Installation, post: tuple[int, Manners]) -> None:
    mail_id = send("nobody@example.com", port_id=None)
    do(office, mail_id)
    assert post[1].arrived("nobody@example.com")["From"] == "Quayside <harbour@quayside.example>"
    signed_in = send("somebody@example.com", port_id=None, user="port_admin@north.example")
    do(office, signed_in)
    assert post[1].arrived("somebody@example.com")


def test_a_second_delivery_sends_nothing(inside: Flask, office: Installation, post: tuple[int, Manners]) -> None:
    mail_id = send("once@example.com")
    job = job_of(office, mail_id)
    assert job is not None
    perform(job["id"])
    perform(job["id"])
    assert len(post[1].to("once@example.com")) == 1


def test_refused_for_good_it_failed_at_once_and_is_told(
    inside: Flask, office: Installation, post: tuple[int, Manners]
) -> None:
    mail_id = send("refused@example.com", user="port_admin@north.example")
    do(office, mail_id)
    failed = mail(office, mail_id)
    assert (failed["status"], failed["attempts"]) == ("failed", 1)
    assert failed["error"] == "550 5.1.1 No such box: r***@port.example"
    assert job_of(office, mail_id) is None
    begin(port_id=NORTH, scope="staff")
    event = db.session.query(Event).where(Event.subject_id == mail_id).one()
    told = event.opened(subject_key("mail", mail_id, port_id=NORTH))["details"]
    assert event.name == "email:failed"
    assert told == {
        "template": "ping",
        "error": failed["error"],
        "asked_by": str(user_id("port_admin@north.example")),
    }


@pytest.mark.parametrize("port_id", [NORTH, None], ids=["port", "no port"])
def test_not_taken_it_is_tried_again_and_given_up_at_last(
    inside: Flask, office: Installation, port_id: uuid.UUID | None
) -> None:
    mail_id = send("later@example.com", port_id=port_id)
    for attempt in range(1, ATTEMPTS + 1):
        assert mail(office, mail_id)["status"] == "waiting"
        do(office, mail_id)
        assert mail(office, mail_id)["attempts"] == attempt
    assert mail(office, mail_id)["status"] == "failed"
    told = row(office, "events", "subject_id", mail_id)
    assert told
    assert told["name"] == "email:failed"
    job = job_of(office, mail_id)
    assert job
    assert job["failed_at"]


def test_while_the_server_is_away_it_waits_and_then_arrives(
    inside: Flask, office: Installation, settings: Callable[..., None]
) -> None:
    port = free_port()
    settings(smtp_url=f"smtp://127.0.0.1:{port}?starttls=never")
    mail_id = send("patient@example.com")
    do(office, mail_id)
    assert mail(office, mail_id)["status"] == "waiting"
    job = job_of(office, mail_id)
    assert job
    assert "Connection refused" in job["error"]
    with listening(port) as (_, manners):
        do(office, mail_id)
        assert manners.arrived("patient@example.com")
    assert mail(office, mail_id)["status"] == "sent"


def test_a_server_that_does_not_answer_is_left(
    inside: Flask, office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0.3)
    mail_id = send("slow@example.com")
    do(office, mail_id)
    assert mail(office, mail_id)["status"] == "waiting"
    job = job_of(office, mail_id)
    assert job
    assert job["attempts"] == 1


def test_a_line_is_cut_however_busy_it_looks(
    inside: Flask, office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LONGEST", 0.3)
    mail_id = send("slow@example.com")
    do(office, mail_id)
    assert mail(office, mail_id)["status"] == "waiting"


def test_one_that_hangs_does_not_hold_up_the_others(
    inside: Flask, office: Installation, post: tuple[int, Manners]
) -> None:
    office.start_relay()
    worker = office.start_worker(WORKER_QUEUES="email")
    tried = post[1].tried.count("slow")
    send("slow@example.com")
    assert wait_until(lambda: post[1].tried.count("slow") > tried, seconds=15)
    send("quick@example.com")
    post[1].arrived("quick@example.com", seconds=5)
    worker.kill()  # rather than wait with it


KILLED = "import sys; from app import create_app; from app.jobs import perform; app = create_app(role='worker')\n"
KILLED += "with app.app_context(): perform(sys.argv[1])"


def test_a_worker_killed_at_the_worst_moment_sends_a_copy_that_is_known_for_one(
    inside: Flask, office: Installation, post: tuple[int, Manners]
) -> None:
    mail_id = send("held@example.com")
    job = job_of(office, mail_id)
    assert job
    command = [sys.executable, "-c", KILLED, job["id"]]
    worker = subprocess.Popen(command, cwd=ROOT, env=office.child_environment())
    post[1].arrived("held@example.com")
    worker.kill()
    status_of(worker)
    assert mail(office, mail_id)["status"] == "waiting"
    post[1].held.set()
    with office.database.connect() as connection:
        connection.execute("UPDATE jobs SET leased_until = NULL WHERE id = %s", (job["id"],))
    do(office, mail_id)
    assert len({message["Message-ID"] for message in post[1].to("held@example.com")}) == 1
    assert (mail(office, mail_id)["status"], mail(office, mail_id)["attempts"]) == ("sent", 2)


def test_nobody_but_a_job_of_its_port_is_given_a_mail(inside: Flask, office: Installation) -> None:
    mail_id = send("lea@example.com")
    take = "SELECT count(*) FROM take_mail(%s)"
    with office.database.connect("quayside_app") as hand:
        for port, user in ((NORTH, user_id("port_admin@north.example")), (SOUTH, ""), ("", "")):
            hand.execute(
                "SELECT set_config('app.port_id', %s, false), set_config('app.user_id', %s, false)",
                (str(port), str(user)),
            )
            assert hand.execute(take, (mail_id,)).fetchone() == (0,)
    assert mail(office, mail_id)["attempts"] == 0


# --- TLS


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    path, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return context


def test_the_password_waits_for_starttls(
    inside: Flask, office: Installation, settings: Callable[..., None], trusted: Any
) -> None:
    with listening(tls_context=trusted, require_starttls=True) as (port, manners):
        settings(smtp_url=f"smtp://quay:p%40ss%2Fword@localhost:{port}")
        mail_id = send("safe@example.com")
        do(office, mail_id)
        assert manners.arrived("safe@example.com")
        assert manners.over_tls == [True]
        assert manners.passwords == [("quay", "p@ss/word")]


def test_tls_from_the_first_byte(
    inside: Flask, office: Installation, settings: Callable[..., None], trusted: Any
) -> None:
    with listening(ssl_context=trusted, ready_timeout=5) as (port, manners):
        settings(smtp_url=f"smtps://localhost:{port}")
        mail_id = send("safe@example.com")
        do(office, mail_id)
        assert manners.arrived("safe@example.com")


@pytest.mark.parametrize("what", ["no STARTTLS", "an unknown certificate", "another name"])
def test_without_tls_that_can_be_trusted_nothing_is_said(
    inside: Flask, office: Installation, settings: Callable[..., None], tmp_path: Path, what: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path, context = certificate(tmp_path, name="other.example" if what == "another name" else "localhost")
    if what == "another name":
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with listening(tls_context=None if what == "no STARTTLS" else context, auth_require_tls=False) as (port, manners):
        settings(smtp_url=f"smtp://quay:p%40ss%2Fword@localhost:{port}")
        mail_id = send("unsafe@example.com")
        do(office, mail_id)
        assert (manners.received, manners.passwords) == ([], [])
    assert mail(office, mail_id)["status"] == "waiting"


# --- Without a mail server


def test_in_production_it_waits_for_one(inside: Flask, office: Installation, settings: Callable[..., None]) -> None:
    settings(smtp_url=None)
    mail_id = send("lea@example.com")
    do(office, mail_id)
    assert mail(office, mail_id)["status"] == "waiting"
    assert inside.test_client().get("/health/ready").get_json()["mail"] == "SMTP_URL is not set"
    assert not outbox.directory().exists()
    assert inside.test_client().get("/dev/mail").status_code == 404


def test_in_development_it_lies_in_the_outbox(
    inside: Flask, office: Installation, settings: Callable[..., None]
) -> None:
    settings(smtp_url=None, environment="development")
    mail_id = send("lea@example.com")
    do(office, mail_id)
    assert mail(office, mail_id)["status"] == "sent"
    [(name, message)] = outbox.kept()
    assert name == mail_id.hex
    assert message["To"] == "lea@example.com"
    assert outbox.find("../outbox/x") is None
    assert (outbox.directory() / f"{name}.eml").stat().st_mode & 0o077 == 0
