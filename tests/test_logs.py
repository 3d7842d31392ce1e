import json
import logging
import uuid
from collections.abc import Callable
from time import perf_counter
from typing import Any

import pytest
import structlog
from flask import Flask, abort, g
from structlog.testing import capture_logs

from app import logs
from app.config import Settings
from app.logs import HIDDEN, mask, redact

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def make_app() -> Callable[..., Flask]:
    def make(**changed: Any) -> Flask:
        app = Flask(__name__)
        values: dict[str, Any] = {
            "environment": "production",
            "database_url": "postgresql://app:secret@localhost/quayside",
            "redis_url": "redis://localhost",
            "public_url": "https://quayside.example",
            "secret_key": "k" * 32,
            "field_keys": "a:" + "0" * 64,
        }
        app.extensions["settings"] = Settings(**{**values, **changed})
        logs.init_app(app)

        @app.get("/<port>/clients/<int:number>")
        def show(port: str, number: int) -> str:
            g.statements = 3
            structlog.get_logger().info("seen", number=number)
            return str(g.request_id)

        @app.get("/broken")
        def broken() -> str:
            raise RuntimeError("ines.rocha@nimara.example has password=hunter2")

        @app.get("/refused")
        def refused() -> str:
            abort(403)

        return app

    return make


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """What has been logged since the last look."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_line_a_request(make_app: Callable[..., Flask], lines: Lines) -> None:
    make_app().test_client().get("/nimara/clients/7?q=Ines+Rocha&page=2")
    seen, line = lines()
    assert line["event"] == "request"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/nimara/clients/7", 200)
    assert line["query"] == ["page", "q"]
    assert line["statements"] == 3
    assert line["ms"] >= 0
    assert line["user_id"] is None
    assert line["level"] == "info"
    assert seen["request_id"] == line["request_id"]


def test_query_values_are_not_logged(make_app: Callable[..., Flask], capsys: pytest.CaptureFixture[str]) -> None:
    make_app().test_client().get("/nimara/clients/7?q=Ines+Rocha")
    assert "Rocha" not in capsys.readouterr().out


def test_a_refusal_and_an_unknown_address_have_their_line(make_app: Callable[..., Flask], lines: Lines) -> None:
    client = make_app().test_client()
    client.get("/refused")
    client.get("/nowhere")
    assert [line["status"] for line in lines()] == [403, 404]


def test_a_failure_is_logged_with_its_trace_and_masked(make_app: Callable[..., Flask], lines: Lines) -> None:
    assert make_app().test_client().get("/broken").status_code == 500
    failure, line = lines()
    assert "RuntimeError" in failure["exception"]
    assert "hunter2" not in str(failure)
    assert "ines.rocha" not in str(failure)
    assert line["status"] == 500
    assert failure["request_id"] == line["request_id"]


def test_the_request_id_is_made_here(make_app: Callable[..., Flask]) -> None:
    client = make_app().test_client()
    answers = [client.get("/nimara/clients/7", headers={"X-Request-ID": "forged-by-a-client"}) for _ in range(2)]
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    assert ids == [answer.text for answer in answers]
    assert ids[0] != ids[1]
    assert all(uuid.UUID(hex=made).version == 7 for made in ids)


def test_a_trusted_proxy_gives_the_request_id(make_app: Callable[..., Flask]) -> None:
    client = make_app(trusted_proxies=1).test_client()
    given = "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert client.get("/nimara/clients/7", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space in it", "with\ttab-in-it", "<script>alert(1)", ""])
def test_a_malformed_request_id_is_not_taken(make_app: Callable[..., Flask], given: str) -> None:
    client = make_app(trusted_proxies=1).test_client()
    answer = client.get("/nimara/clients/7", headers={"X-Request-ID": given})
    assert uuid.UUID(hex=answer.headers["X-Request-ID"]).version == 7


def test_nothing_of_a_request_stays_for_the_next(make_app: Callable[..., Flask], lines: Lines) -> None:
    make_app().test_client().get("/nimara/clients/7")
    structlog.get_logger().info("outside")
    assert "request_id" not in lines()[-1]


def test_standard_logging_goes_the_same_way(make_app: Callable[..., Flask], lines: Lines) -> None:
    make_app()
    logging.getLogger("somebody.else").warning("mail to %s failed", "petra.holm@quayside.example")
    [line] = lines()
    assert line["event"] == "mail to p***@quayside.example failed"
    assert (line["level"], line["logger"]) == ("warning", "somebody.else")


def test_extra_fields_of_standard_logging_are_redacted(make_app: Callable[..., Flask], lines: Lines) -> None:
    make_app()
    logging.getLogger("somebody.else").error("call", extra={"api_key": "abc", "about": {"cookie": "c"}})
    [line] = lines()
    assert line["api_key"] == HIDDEN
    assert line["about"] == {"cookie": HIDDEN}


def test_development_writes_for_people(make_app: Callable[..., Flask], capsys: pytest.CaptureFixture[str]) -> None:
    make_app(environment="development").test_client().get("/nimara/clients/7")
    written = capsys.readouterr().out
    assert "/nimara/clients/7" in written
    assert not written.startswith("{")


def test_the_level_is_a_setting(make_app: Callable[..., Flask], lines: Lines) -> None:
    make_app(log_level="error")
    structlog.get_logger().info("quiet")
    structlog.get_logger().error("loud")
    assert [line["event"] for line in lines()] == ["loud"]


def test_secrets_are_hidden_at_any_depth() -> None:
    line = {
        "password": "p",
        "accessToken": "t",
        "client_secret": "s",
        "api_key": "k",
        "FIELD_KEYS": "f",
        "card": {"number": "4111"},
        "Set-Cookie": "c",
        "headers": [{"Authorization": "Bearer b", "Accept": "text/html"}],
        "deep": {"er": ({"sessionToken": "x"}, ["fine"])},
        "keyboard": "qwerty",
        "monkey": "fine",
    }
    redacted = redact(line)
    for name in ("password", "accessToken", "client_secret", "api_key", "FIELD_KEYS", "card", "Set-Cookie"):
        assert redacted[name] == HIDDEN
    assert redacted["headers"] == [{"Authorization": HIDDEN, "Accept": "text/html"}]
    assert redacted["deep"] == {"er": [{"sessionToken": HIDDEN}, ["fine"]]}
    assert (redacted["keyboard"], redacted["monkey"]) == ("qwerty", "fine")


def test_what_json_does_not_know_is_masked_too() -> None:
    class Contact:
        def __str__(self) -> str:
            return "Contact(ines.rocha@nimara.example)"

    assert redact({"about": [Contact()]}) == {"about": ["Contact(i***@nimara.example)"]}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to ines.rocha@nimara.example now", "to i***@nimara.example now"),
        ("call +44 20 7946 0958", "call +4***58"),
        ("call +358401234567.", "call +3***67."),
        ("call 020 7946 0958", "call 02***58"),
        ("password=hunter2&next=/", f"password={HIDDEN}&next=/"),
        ('{"token": "abc", "a": 1}', f'{{"token": "{HIDDEN}", "a": 1}}'),
        ("Authorization: Bearer abc.def.ghi", f"Authorization: {HIDDEN}"),
        ("sent Bearer abc.def.ghi", f"sent Bearer {HIDDEN}"),
        ("postgresql://app:hunter2@db/quayside", f"postgresql://app:{HIDDEN}@db/quayside"),
    ],
)
def test_values_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize("text", ["/" + "token" * 2000 + ":", "/" + "a" * 10_000 + ":", "a" * 10_000 + " @"])
def test_no_text_is_slow_to_mask(text: str) -> None:
    began = perf_counter()
    assert mask(text) == text
    assert perf_counter() - began < 1


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T03:31:00.123456Z",
        "2026-11-21 03:31",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        "01934567-1234-7abc-8def-012345678901",
        "192.168.100.200:8000",
        "0001042",
        "commits took 1200345 ms",
        "/nimara/clients/1042",
        "redis://127.0.0.1:6379/0",
    ],
)
def test_what_is_not_personal_is_left_alone(text: str) -> None:
    assert mask(text) == text


def test_phone_fields_are_masked_in_any_spelling() -> None:
    assert redact({"phone": "40 123 45 67", "home_phone": 12345}) == {"phone": "***67", "home_phone": "***45"}


def test_lines_can_still_be_captured() -> None:
    with capture_logs() as captured:
        structlog.get_logger().info("here")
    assert captured == [{"event": "here", "log_level": "info"}]
