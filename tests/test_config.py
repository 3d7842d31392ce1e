import os
import re
import sys
import warnings
from pathlib import Path
from typing import get_args

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from app.config import Queue, Settings, load_settings
from app.jobs import QUEUES
from tests.waiting import run

ROOT = Path(__file__).parents[1]
COMPLETE = {
    "DATABASE_URL": "postgresql://quayside_app:secret-of-the-database@db:5432/quayside",
    "REDIS_URL": "redis://:secret-of-redis@redis:6379/0",
    "PUBLIC_URL": "https://quayside.example",
    "SECRET_KEY": "secret-of-cookies-0123456789abcdef",
    "FIELD_KEYS": "k2:" + "ab" * 32 + ", k1:" + "cd" * 32,
}
REQUIRED = list(COMPLETE)
MALFORMED = {
    "ENVIRONMENT": "staging",
    "DATABASE_URL": "mysql://user:secret-password@host/name",
    "DATABASE_OWNER_URL": "postgresql://user:secret-password@host:5432",
    "REDIS_URL": "http://:secret-password@host",
    "CACHE_REDIS_URL": "redis://",
    "S3_URL": "https://host/bucket-without-secret-keys",
    "S3_PUBLIC_URL": "https://host/secret-path",
    "PUBLIC_URL": "http://secret-plain.example",
    "STATIC_URL": "ftp://secret-host/static",
    "MAP_TILE_URL": "https://host/secret-without-marks.png",
    "MAP_TILE_ATTRIBUTION": "https://host/secret-alone",
    "SMTP_URL": "smtp://quay:secret-password@mail.example:587?starttls=never",
    "CLAMD_URL": "http://secret-host:3310",
    "MAIL_FROM": "Secret Harbour <harbour@example.com>",
    "OIDC_ISSUER": "secret-host/realm",
    "OIDC_CLIENT_ID": "secret-alone",
    "OIDC_CLIENT_SECRET": "secret-alone",
    "OIDC_LABEL": "secret-alone",
    "SECRET_KEY": "secret-too-short",
    "FIELD_KEYS": "k1:secret-not-hexadecimal",
    "TRUSTED_PROXIES": "secret-many",
    "LOG_LEVEL": "secret-loud",
    "DB_POOL_SIZE": "0",
    "WORKER_QUEUES": "email,secret-queue",
    "PORT": "70000",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A complete one, to be spoilt by the test."""
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def refusal() -> str:
    with pytest.raises(SystemExit) as refused:
        load_settings()
    return str(refused.value)


@pytest.mark.usefixtures("environment")
def test_complete_settings_are_typed_and_have_their_defaults() -> None:
    settings = load_settings()
    assert settings.environment == "production"
    assert settings.database_url.startswith("postgresql+psycopg://quayside_app:")
    assert settings.database_owner_url is None
    assert settings.cache_redis_url == settings.redis_url
    assert list(settings.field_keys) == ["k2", "k1"]
    assert settings.field_keys["k2"] == b"\xab" * 32
    assert (settings.trusted_proxies, settings.db_pool_size, settings.port) == (0, 20, 8000)
    assert settings.quayside_home == Path("var")


def test_every_missing_variable_is_named_in_one_message() -> None:
    message = refusal()
    assert [name for name in REQUIRED if f"{name} is missing" not in message] == []
    assert "CACHE_REDIS_URL" not in message


@pytest.mark.parametrize("name", REQUIRED)
def test_empty_counts_as_missing(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.setenv(name, "")
    assert f"{name} is missing" in refusal()


def test_every_malformed_variable_is_named_with_its_form_and_never_its_value(
    environment: pytest.MonkeyPatch,
) -> None:
    for name, value in MALFORMED.items():
        environment.setenv(name, value)
    environment.setenv("PUBLIC_URL", "secret-host")
    message = refusal()
    assert [name for name in MALFORMED if f"{name} is malformed: " not in message] == []
    assert "secret" not in message.lower().replace("secret_key", "").replace("client_secret", "").replace(
        "access:secret@", ""
    )


@pytest.mark.parametrize(("name", "value"), MALFORMED.items(), ids=MALFORMED)
def test_each_malformed_variable_is_refused_alone(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    assert re.findall(r"(\w+) is malformed", refusal()) == [name]


def test_every_setting_but_the_directory_can_be_malformed() -> None:
    assert {name.upper() for name in Settings.model_fields} - set(MALFORMED) == {"QUAYSIDE_HOME"}


@pytest.mark.parametrize("url", ["https://{s}.secret.example/{z}/{x}/{y}.png", "https://secret.example/{z}/{x}.png"])
def test_tiles_come_from_one_host(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("MAP_TILE_URL", url)
    assert re.findall(r"(\w+) is malformed", refusal()) == ["MAP_TILE_URL"]
    environment.setenv("MAP_TILE_URL", "https://tiles.example/{z}/{x}/{y}{r}.png?key=1")
    assert load_settings().map_tile_url == "https://tiles.example/{z}/{x}/{y}{r}.png?key=1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("© Harbour Office", ("© Harbour Office", None)),
        ("© Chart makers https://charts.example/terms", ("© Chart makers", "https://charts.example/terms")),
    ],
)
def test_who_made_the_tiles_is_words_and_perhaps_an_address(
    environment: pytest.MonkeyPatch, text: str, said: tuple[str, str | None]
) -> None:
    environment.setenv("MAP_TILE_ATTRIBUTION", text)
    assert load_settings().map_tile_attribution == said


def test_mail_needs_a_server_that_is_known_and_a_sender(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SMTP_URL", "smtp://quay:secret@mail.example")
    assert "MAIL_FROM is missing" in refusal()
    environment.setenv("MAIL_FROM", "harbour@example.com")
    for url in ("smtp://mail.example", "smtps://quay:p%40ss@mail.example:465", "smtp://u:p@localhost?starttls=never"):
        environment.setenv("SMTP_URL", url)
        assert load_settings().smtp_url == url
    for url in (
        "smtp://mail.example?tls=no",
        "smtp://mail.example?starttls=maybe",
        "smtp://mail.example/path",
        "smtp:",
    ):
        environment.setenv("SMTP_URL", url)
        assert "SMTP_URL is malformed" in refusal()


def test_the_scanner_is_a_host_or_a_socket(environment: pytest.MonkeyPatch) -> None:
    for url in ("tcp://clamd:3310", "tcp://127.0.0.1", "unix:///run/clamav/clamd.sock"):
        environment.setenv("CLAMD_URL", url)
        assert load_settings().clamd_url == url
    for url in ("tcp://", "tcp://host:x", "tcp://host:3310/path", "unix://run/clamd.sock", "unix:///"):
        environment.setenv("CLAMD_URL", url)
        assert "CLAMD_URL is malformed" in refusal()


@pytest.mark.parametrize("name", COMPLETE)
def test_a_variable_may_come_from_a_file(environment: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    expected = getattr(load_settings(), name.lower())
    (tmp_path / "value").write_text(COMPLETE[name] + "\n", encoding="utf-8")
    environment.delenv(name)
    environment.setenv(f"{name}_FILE", str(tmp_path / "value"))
    assert getattr(load_settings(), name.lower()) == expected


def test_a_file_that_is_not_there_is_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("SECRET_KEY")
    environment.setenv("SECRET_KEY_FILE", str(tmp_path / "nothing"))
    assert "SECRET_KEY cannot be read from the file that SECRET_KEY_FILE names" in refusal()


def test_a_variable_and_its_file_together_are_refused(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("SECRET_KEY_FILE", str(tmp_path / "value"))
    assert "SECRET_KEY is set twice" in refusal()


@pytest.mark.parametrize(
    ("environment_name", "url", "is_accepted"),
    [
        ("production", "https://quayside.example", True),
        ("production", "http://localhost:8080", True),
        ("production", "http://quayside.example", False),
        ("development", "http://quayside.example", True),
    ],
)
def test_plain_http_is_for_development_and_localhost(
    environment: pytest.MonkeyPatch, environment_name: str, url: str, is_accepted: bool
) -> None:
    environment.setenv("ENVIRONMENT", environment_name)
    environment.setenv("PUBLIC_URL", url)
    if is_accepted:
        assert load_settings().public_url == url
    else:
        assert "PUBLIC_URL is malformed" in refusal()


@pytest.mark.parametrize("keys", ["", "k1:" + "0" * 63, "k1:" + "0" * 64 + ",k1:" + "1" * 64, ":" + "0" * 64])
def test_field_keys_that_are_no_keys(environment: pytest.MonkeyPatch, keys: str) -> None:
    environment.setenv("FIELD_KEYS", keys)
    assert "FIELD_KEYS is m" in refusal()


@pytest.mark.usefixtures("environment")
def test_values_are_not_shown_by_repr() -> None:
    shown = repr(load_settings())
    assert "PosixPath('var')" in shown
    assert "secret" not in shown
    assert "abab" not in shown


def test_a_process_ends_with_the_message_and_without_a_traceback() -> None:
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", "from app.config import load_settings; load_settings()"]
    ended = run(command, environment=bare)
    assert ended.returncode == 1
    assert "SECRET_KEY is missing: at least 32 characters" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_queues_are_those_that_jobs_go_to(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WORKER_QUEUES", ", ".join(QUEUES))
    assert load_settings().worker_queues == tuple(QUEUES)
    assert get_args(Queue) == tuple(QUEUES)


def test_a_provider_is_whole_or_not_there(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OIDC_ISSUER", "https://id.example/realm/")
    message = refusal()
    for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_LABEL"):
        assert f"{name} is missing" in message
        environment.setenv(name, "words")
    assert load_settings().oidc_issuer == "https://id.example/realm/"


def test_settings_of_the_migrations_are_read_without_a_warning() -> None:
    settings = Config(ROOT / "migrations" / "alembic.ini")
    settings.set_main_option("script_location", "migrations")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ScriptDirectory.from_config(settings)
    assert len(found.get_heads()) == 1
