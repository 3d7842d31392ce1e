"""The way of a request: method override, CSRF, origins, headers, errors as pages and as fragments."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, url_for
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import web
from app.web import allowed_next
from tests.world import Visitor, enter, make_client

MANAGER = "sales_manager@north.example"


def test_url_for_carries_the_method_a_plain_form_cannot_send(app: Flask) -> None:
    with app.test_request_context("/north/clients"):
        put = url_for("clients.update", port="north", number=1, _method="PUT")
        assert put == "/north/clients/1?_method=PUT"
        assert url_for("clients.create", port="north", _method="POST") == "/north/clients"


@pytest.mark.parametrize("method", ["GET", "HEAD", "TRACE", "POST"])
def test_only_put_patch_and_delete_can_be_asked_for(visit: Callable[[str], Visitor], method: str) -> None:
    number = make_client(enter(MANAGER)).number
    manager = visit(MANAGER)
    refused = manager.post(f"/north/clients/{number}?_method={method}")
    assert refused.status_code == 405
    assert "PUT" in refused.headers["Allow"]


def test_a_get_never_becomes_another_method(visit: Callable[[str], Visitor]) -> None:
    number = make_client(enter(MANAGER)).number
    assert visit(MANAGER).get(f"/north/clients/{number}?_method=DELETE").status_code == 200


def test_an_expired_token_keeps_what_was_typed_and_offers_to_send_again(
    visit: Callable[[str], Visitor],
) -> None:
    manager = visit(MANAGER)
    typed = {"csrf_token": "old", "full_name": "Émile <b>Ørsted</b>", "kind": "person", "_key": "abc"}
    answer = manager.open("/north/clients", method="POST", data=typed)
    assert answer.status_code == 400
    assert "Please send it once more" in answer.text
    assert "Émile &lt;b&gt;Ørsted&lt;/b&gt;" in answer.text
    assert 'value="old"' not in answer.text


def test_an_expired_token_in_a_fragment_leaves_the_page_as_it_is(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    answer = manager.open("/north/clients", method="POST", data={"full_name": "Émile"}, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["HX-Retarget"] == "#errors"
    assert "<html" not in answer.text


def test_a_password_is_never_echoed(app: Flask, db: SQLAlchemy) -> None:
    answer = Visitor.anonymous(app).open("/auth/login", method="POST", data={"email": "a@b.example", "password": "se"})
    assert answer.status_code == 400
    assert 'name="email" value="a@b.example"' in answer.text
    assert 'name="password"' not in answer.text


def test_a_foreign_origin_is_refused_and_nothing_happens(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    form = manager.form("/north/clients/new")
    url = "/north/clients"
    refused = manager.post(url, {**form, "full_name": "Mallory"}, headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403
    assert "Mallory" not in manager.get(url).text
    assert manager.post(url, {**form, "full_name": "Alice"}, headers={"Origin": "http://localhost"}).status_code == 303


def test_headers_of_a_signed_in_page(visit: Callable[[str], Visitor]) -> None:
    headers = visit(MANAGER).get("/north/clients").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "HX-Request-Type" in headers["Vary"]
    assert len(headers["X-Request-ID"]) == 32


def test_the_nonce_of_the_page_is_new_each_time_and_the_one_of_its_scripts(
    visit: Callable[[str], Visitor],
) -> None:
    manager = visit(MANAGER)
    first, second = manager.get("/north/clients"), manager.get("/north/clients")
    nonce = first.headers["Content-Security-Policy"].partition("'nonce-")[2].partition("'")[0]
    assert f'nonce="{nonce}"' in first.text
    assert nonce not in second.text


def test_history_and_boosted_requests_get_the_whole_page(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    whole = manager.open("/north/clients", headers={"HX-Request": "true", "HX-Request-Type": "full"})
    part = manager.fragment("/north/clients")
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert "<title>" in part.text
    assert "nonce" not in part.headers["Content-Security-Policy"]
    assert "sandbox" in part.headers["Content-Security-Policy"]


def test_a_body_over_the_limit_is_413_with_words(visit: Callable[[str], Visitor]) -> None:
    manager = visit("port_admin@north.example")
    large = {"full_name": "x" * (2 * 1024 * 1024)}
    answer = manager.post("/north/clients", large)
    assert answer.status_code == 413
    assert "Too large" in answer.text


def test_what_the_database_refuses_at_commit_is_answered_not_hidden(
    db: SQLAlchemy, visit: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = visit(MANAGER)
    form = manager.form("/north/clients/new")

    def fail() -> None:
        db.session.execute(text("SELECT 1 / 0"))

    with monkeypatch.context() as patched:
        patched.setattr(web, "commit", fail)
        answer = manager.post("/north/clients", {**form, "full_name": "Half Way"})
    assert answer.status_code == 500
    assert "Something broke" in answer.text
    assert "Half Way" not in manager.get("/north/clients").text


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ("/north/clients?sort=name", True),
        ("//evil.example/north", False),
        ("/\\evil.example", False),
        ("https://evil.example/", False),
        ("javascript:alert(1)", False),
        ("/north\r\nSet-Cookie: a=b", False),
        ("/auth/login?next=/auth/login", False),
        ("", False),
        (None, False),
    ],
)
def test_next_is_a_path_of_this_application_only(asked: str | None, allowed: bool) -> None:
    assert (allowed_next(asked) == asked) is allowed if asked else allowed_next(asked) is None


def test_an_endpoint_without_a_stated_permission_stops_the_start() -> None:
    bare = Flask("bare")
    bare.add_url_rule("/open", "open", lambda: "")
    with pytest.raises(RuntimeError, match="open"):
        web.check_access_is_stated(bare)


def test_text_that_no_database_holds_is_the_senders_fault(visit: Callable[[str], Visitor]) -> None:
    manager = visit(MANAGER)
    assert manager.get("/%00/clients").status_code == 400
    assert manager.post("/north/clients", {"full_name": "Aino", "_key": "a\x00b"}).status_code == 400


def test_a_broken_address_of_the_page_is_no_failure(app: Flask) -> None:
    headers = {"HX-Request-Type": "partial", "HX-Current-URL": "http://[x"}
    assert Visitor.anonymous(app).open("/north/clients", headers=headers).status_code == 401


def test_what_is_committed_is_answered_as_done_though_the_relay_cannot_be_told(
    app: Flask, visit: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Busy:
        def connect(self) -> None:
            raise PoolTimeout("all connections are in use")

    manager = visit(MANAGER)
    monkeypatch.setitem(app.extensions, "engine", Busy())
    assert manager.post("/north/clients", {"full_name": "Aino Laine", "kind": "person"}).status_code == 303
