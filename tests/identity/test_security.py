"""One's own security page: setting up and removing factors, recovery codes, sessions; and confirming first."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from html import unescape

import pytest
import time_machine
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from app.db import begin, commit
from app.devices import device_of
from app.errors import Refused
from app.events.models import Event
from app.identity.models import MfaFactor, Session, User
from app.live.rooms import channel_of
from app.web import SESSION_COOKIE
from tests.identity.conftest import Phone, SignIn, code_at
from tests.identity.test_sign_in import AGENT, is_in, token_of, words_of
from tests.servers import Installation
from tests.world import NORTH, PASSWORD, Visitor, enter, fields_of, user_id

START = datetime.fromisoformat("2026-11-21T09:00:00+00:00")
MINUTE = timedelta(minutes=1)
ADMIN = "port_admin@north.example"
SECURITY = "/north/settings/security"

Visit = Callable[[str], Visitor]

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def agent(visit: Visit) -> Visitor:
    """Signed in at START, with a password."""
    return visit(AGENT)


def token(visitor: Visitor) -> str:
    cookie = visitor.client.get_cookie(SESSION_COOKIE)
    return cookie.value if cookie else ""


def secret_on(html: str) -> str:
    found = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', html)
    assert found
    return found[1].replace(" ", "")


def codes_on(html: str) -> list[str]:
    return re.findall(r"<li><code>([\w-]+)</code></li>", html)


def add_app(visitor: Visitor, *, steps: int = 0, label: str = "") -> tuple[str, list[str]]:
    """Set up an app through the pages; gives its secret and the recovery codes that were shown."""
    page = visitor.get(f"{SECURITY}/apps/new").text
    secret = secret_on(page)
    form = {**fields_of(page), "code": code_at(secret, steps), "label": label}
    response = visitor.post(f"{SECURITY}/apps", form)
    assert response.status_code in (200, 303), response.status_code
    return secret, codes_on(response.text)


def sessions_of(db: SQLAlchemy, email: str) -> list[Session]:
    commit()
    db.session.remove()
    begin(user_id=user_id(email), scope="staff")
    return list(db.session.scalars(select(Session).order_by(Session.id)))


# --- Setting up


def test_an_app_is_set_up_in_three_steps(db: SQLAlchemy, agent: Visitor, told: Callable[[], list[Event]]) -> None:
    assert "Add an authenticator app" in agent.get(SECURITY).text
    page = agent.get(f"{SECURITY}/apps/new").text
    assert 'src="data:image/svg+xml' in page
    assert "otpauth://totp/Quayside:sales_agent%40north.example" in unescape(page)
    before = token(agent)
    secret, codes = add_app(agent, label="Phone")
    assert len(set(codes)) == 10
    assert token(agent) != before
    (session,) = sessions_of(db, AGENT)
    assert session.mfa_at == START
    security = agent.get(SECURITY).text
    assert "Phone" in security
    assert "10 codes are left" in security
    assert secret not in security
    assert not any(code in security for code in codes)
    names = [event.name for event in told()]
    assert names == ["user:factorAdded", "user:recoveryCodesMade"]


def test_what_is_recorded_holds_no_secret(db: SQLAlchemy, agent: Visitor, told: Callable[[], list[Event]]) -> None:
    secret, codes = add_app(agent, label="Phone")
    added, made = told()
    assert words_of(db, added)["details"] == {"kind": "totp", "label": "Phone"}
    assert words_of(db, made)["details"] == {"count": 10}
    for word in (secret, *codes):
        assert word not in str(words_of(db, added)) + str(words_of(db, made))


def test_a_wrong_code_keeps_the_picture_and_what_was_typed(agent: Visitor) -> None:
    page = agent.get(f"{SECURITY}/apps/new").text
    form = {**fields_of(page), "code": "000000", "label": "Phone"}
    refused = agent.post(f"{SECURITY}/apps", form)
    assert refused.status_code == 422
    assert secret_on(refused.text) == secret_on(page)
    assert 'value="Phone"' in refused.text
    assert "This is not the code the app shows now." in refused.text


def test_the_form_sent_twice_sets_up_one(db: SQLAlchemy, agent: Visitor) -> None:
    page = agent.get(f"{SECURITY}/apps/new").text
    form = {**fields_of(page), "code": code_at(secret_on(page))}
    for _ in range(2):
        assert agent.post(f"{SECURITY}/apps", form).status_code in (200, 303)
    assert agent.get(SECURITY).text.count("Remove <span") + agent.get(SECURITY).text.count("data-dialog>Remove") == 1


def test_a_secret_is_not_chosen_by_who_sends_the_form(agent: Visitor, visit: Visit) -> None:
    page = visit("viewer@north.example").get(f"{SECURITY}/apps/new").text
    theirs = {**fields_of(page), "code": code_at(secret_on(page))}
    for offer in (theirs["offer"], "", "00", "zz", "GEZDGNBVGY3TQOJQ"):
        assert agent.post(f"{SECURITY}/apps", {**theirs, "offer": offer}).status_code == 400


def test_new_codes_end_the_old_ones(agent: Visitor, attempt: SignIn, second: SignIn) -> None:
    _secret, old = add_app(agent)
    made = agent.post(f"{SECURITY}/recovery-codes")
    new = codes_on(made.text)
    assert len(set(new)) == 10
    assert not set(old) & set(new)
    assert "no-store" in made.headers["Cache-Control"]
    attempt(AGENT)
    assert second(recovery=old[0]).status_code == 422
    assert is_in(second(recovery=new[0]))
    assert "9 codes are left" in agent.get(SECURITY).text


def test_without_a_factor_there_are_no_codes(agent: Visitor) -> None:
    assert agent.post(f"{SECURITY}/recovery-codes").status_code == 409


def test_a_second_app_leaves_the_codes_alone(agent: Visitor) -> None:
    add_app(agent, label="Phone")
    _secret, codes = add_app(agent, label="Tablet")
    assert codes == []
    page = agent.get(SECURITY).text
    assert "Tablet" in page
    assert "10 codes are left" in page


def factor_urls(html: str) -> list[str]:
    return re.findall(rf'action="({SECURITY}/factors/[\w-]+)\?', html)


def test_removing_the_last_factor_takes_its_codes_along(
    db: SQLAlchemy, agent: Visitor, attempt: SignIn, told: Callable[[], list[Event]]
) -> None:
    add_app(agent)
    (url,) = factor_urls(agent.get(SECURITY).text)
    told()
    before = token(agent)
    assert agent.delete(url).headers["Location"] == SECURITY
    assert token(agent) != before
    assert [event.name for event in told()] == ["user:factorRemoved"]
    (session,) = sessions_of(db, AGENT)
    assert session.mfa_at is None
    assert db.session.scalar(text("SELECT count(*) FROM mfa_factors")) == 0
    assert is_in(attempt(AGENT))
    assert agent.delete(url).status_code == 404


def test_a_factor_of_somebody_else_does_not_exist(
    db: SQLAlchemy, agent: Visitor, phone_of: Callable[[str], Phone]
) -> None:
    phone_of(ADMIN)
    begin(user_id=user_id(ADMIN), scope="staff")
    theirs = db.session.scalars(select(MfaFactor.id)).first()
    assert agent.delete(f"{SECURITY}/factors/{theirs}").status_code == 404


# --- Confirming first


def test_after_ten_minutes_one_confirms_and_is_back(
    db: SQLAlchemy, agent: Visitor, clock: time_machine.Traveller
) -> None:
    clock.shift(10 * MINUTE - timedelta(seconds=1))
    assert agent.get(f"{SECURITY}/apps/new").status_code == 200
    clock.shift(timedelta(seconds=1))
    led = agent.get(f"{SECURITY}/apps/new?from=x")
    assert (led.status_code, led.headers["Location"]) == (
        303,
        "/auth/confirm?next=/north/settings/security/apps/new?from%3Dx",
    )
    page = agent.get(led.headers["Location"]).text
    assert 'name="_password"' in page
    assert 'name="_code"' not in page
    before = token(agent)
    done = agent.post("/auth/confirm", {**fields_of(page), "_password": PASSWORD})
    assert (done.status_code, done.headers["Location"]) == (303, f"{SECURITY}/apps/new?from=x")
    assert token(agent) not in ("", before)
    assert agent.get(done.headers["Location"]).status_code == 200
    (session,) = sessions_of(db, AGENT)
    assert session.confirmed_at == START + 10 * MINUTE
    assert session.mfa_at is None
    thief = Visitor.anonymous(agent.app)
    thief.client.set_cookie(SESSION_COOKIE, before)
    assert thief.get(SECURITY).status_code == 303


def test_a_form_that_comes_too_late_is_kept_and_sent_on(agent: Visitor, clock: time_machine.Traveller) -> None:
    page = agent.get(f"{SECURITY}/apps/new").text
    form = {**fields_of(page), "label": "Phone & <watch>"}
    clock.shift(11 * MINUTE)
    form["code"] = code_at(secret_on(page))
    asked = agent.post(f"{SECURITY}/apps", form)
    assert asked.status_code == 403
    assert "What you sent is waiting" in asked.text
    kept = fields_of(asked.text)
    assert {**kept, **form} == {**kept, "csrf_token": form["csrf_token"]} | {"label": "Phone & <watch>"}
    wrong = agent.post("/auth/confirm", {**kept, "_password": "wrong"})
    assert wrong.status_code == 422
    assert "This is not your password." in wrong.text
    done = agent.post("/auth/confirm", {**fields_of(wrong.text), "_password": PASSWORD})
    assert (done.status_code, done.headers["Location"]) == (307, f"{SECURITY}/apps")
    sent_on = agent.post(done.headers["Location"], {**fields_of(wrong.text), "_password": PASSWORD})
    assert sent_on.status_code == 200
    assert len(codes_on(sent_on.text)) == 10


def test_the_way_on_keeps_the_method(agent: Visitor, clock: time_machine.Traveller) -> None:
    add_app(agent)
    (url,) = factor_urls(agent.get(SECURITY).text)
    clock.shift(11 * MINUTE)
    asked = agent.delete(url)
    assert asked.status_code == 403
    assert fields_of(asked.text)["_action"] == f"{url}?_method=DELETE"


@pytest.mark.parametrize("action", ["//evil.example", "https://evil.example/x", "/auth/logout?_method=DELETE", "/\\x"])
def test_a_form_goes_on_to_nowhere_else(agent: Visitor, action: str) -> None:
    done = agent.post("/auth/confirm", {"_password": PASSWORD, "_action": action, "next": action})
    assert (done.status_code, done.headers["Location"]) == (303, "/")


def test_a_fragment_is_told(agent: Visitor, clock: time_machine.Traveller) -> None:
    clock.shift(11 * MINUTE)
    headers = {"HX-Request-Type": "partial", "HX-Current-URL": f"http://localhost{SECURITY}"}
    got = agent.open(f"{SECURITY}/apps/new", headers=headers)
    assert (got.status_code, got.headers["HX-Redirect"]) == (403, f"/auth/confirm?next={SECURITY}")
    sent = agent.post(f"{SECURITY}/recovery-codes", headers=headers)
    assert (sent.status_code, sent.headers["HX-Retarget"]) == (403, "#errors")
    assert "what you typed is still here" in sent.text
    assert f'href="/auth/confirm?next={SECURITY}" target="_blank"' in sent.text


def test_with_a_factor_the_password_is_not_enough(agent: Visitor, clock: time_machine.Traveller) -> None:
    secret, codes = add_app(agent)
    clock.shift(11 * MINUTE)
    assert agent.get(f"{SECURITY}/apps/new").status_code == 303
    page = agent.get("/auth/confirm").text
    assert 'name="_password"' not in page
    assert agent.post("/auth/confirm", {"_password": PASSWORD}).status_code == 422
    assert agent.get(f"{SECURITY}/apps/new").status_code == 303
    assert agent.post("/auth/confirm", {"_code": code_at(secret)}).status_code == 303
    assert agent.get(f"{SECURITY}/apps/new").status_code == 200
    clock.shift(11 * MINUTE)
    assert agent.post("/auth/confirm", {"_recovery": codes[0]}).status_code == 303


def test_wrong_confirmations_are_counted(db: SQLAlchemy, agent: Visitor, told: Callable[[], list[Event]]) -> None:
    told()
    answers = [agent.post("/auth/confirm", {"_password": "wrong"}).status_code for _ in range(5)]
    assert answers == [422] * 4 + [429]
    assert agent.post("/auth/confirm", {"_password": PASSWORD}).status_code == 429
    assert {event.name for event in told()} == {"auth:failed"}


def test_confirming_takes_a_form_of_ours(agent: Visitor) -> None:
    assert agent.open("/auth/confirm", method="POST", data={"_password": PASSWORD}).status_code == 400
    headers = {"Origin": "https://evil.example"}
    assert agent.post("/auth/confirm", {"_password": PASSWORD}, headers=headers).status_code == 403


# --- What a port asks for


@pytest.fixture
def require(db: SQLAlchemy) -> Callable[..., None]:
    """Let Port North ask these roles for a second factor."""

    def change(*roles: str) -> None:
        begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
        db.session.execute(
            text("UPDATE ports SET settings = jsonb_build_object('mfa_required_roles', CAST(:roles AS text[]))"),
            {"roles": list(roles)},
        )
        commit()

    return change


def test_who_needs_a_factor_is_led_to_set_it_up_before_anything_else(
    agent: Visitor, visit: Visit, require: Callable[..., None]
) -> None:
    require("sales_agent", "director")
    for path in ("/north/clients", "/north/", "/north/clients/new"):
        assert agent.get(path).headers["Location"] == SECURITY
    fragment = agent.fragment("/north/clients")
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (403, SECURITY)
    assert agent.post("/north/clients", {"full_name": "Léa"}).headers["Location"] == SECURITY
    assert "Your role needs a second step in Port North" in agent.get(SECURITY).text
    assert agent.get("/auth/ports").status_code == 200
    assert visit("sales_manager@north.example").get("/north/clients").status_code == 200
    add_app(agent)
    assert agent.get("/north/clients").status_code == 200


def test_it_is_asked_for_in_that_port_only(visit: Visit, require: Callable[..., None]) -> None:
    require("director")
    both = visit("both@quayside.example")
    assert both.get("/north/clients").headers["Location"] == SECURITY
    assert both.get("/south/clients").status_code == 200


def test_a_super_admin_may_need_one_too(visit: Visit, require: Callable[..., None]) -> None:
    require("sales_agent")
    assert visit("super@quayside.example").get("/north/clients").status_code == 200
    require("super_admin")
    assert visit("super@quayside.example").get("/north/clients").headers["Location"] == SECURITY


def test_the_only_factor_of_who_needs_one_leads_back_to_setting_up(
    agent: Visitor, require: Callable[..., None]
) -> None:
    add_app(agent)
    require("sales_agent")
    (url,) = factor_urls(agent.get(SECURITY).text)
    agent.delete(url)
    assert agent.get("/north/clients").headers["Location"] == SECURITY


def test_a_session_without_the_factor_that_there_is_gives_it_first(agent: Visitor, visit: Visit) -> None:
    """Whatever way it was made: before the factor was added, or by a link."""
    other = visit(AGENT)
    secret, _codes = add_app(agent)
    for path in ("/north/clients", "/auth/ports", SECURITY, f"{SECURITY}/apps/new"):
        assert other.get(path).headers["Location"].startswith("/auth/confirm?next=")
    assert other.post(f"{SECURITY}/recovery-codes").status_code == 403
    assert other.post("/auth/confirm", {"_code": code_at(secret, 1)}).status_code == 303
    assert other.get("/north/clients").status_code == 200


def test_one_may_always_sign_out(agent: Visitor, visit: Visit) -> None:
    other = visit(AGENT)
    add_app(agent)
    assert other.delete("/auth/logout").headers["Location"] == "/auth/login"


# --- Where one is signed in

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"


def session_urls(html: str) -> list[str]:
    return re.findall(rf'action="({SECURITY}/sessions/[\w-]+)\?', html)


def test_sessions_are_listed_with_device_and_address(agent: Visitor, attempt: SignIn, browser: Visitor) -> None:
    attempt(AGENT, ip="203.0.113.7", by=browser)
    page = agent.get(SECURITY).text
    assert page.count("This device") == 1
    assert "203.0.113.7" in page
    assert "127.0.0.1" in page
    assert len(session_urls(page)) == 1


def test_one_or_all_others_are_signed_out(
    db: SQLAlchemy, agent: Visitor, visit: Visit, told: Callable[[], list[Event]]
) -> None:
    others = [visit(AGENT) for _ in range(3)]
    stranger = visit("viewer@north.example")
    urls = session_urls(agent.get(SECURITY).text)
    assert len(urls) == 3
    told()
    assert agent.delete(urls[0]).headers["Location"] == SECURITY
    assert [other.get("/auth/ports").status_code for other in others].count(303) == 1
    assert agent.delete(urls[0]).status_code == 404
    assert agent.delete(f"{SECURITY}/sessions").status_code == 303
    assert {other.get("/auth/ports").status_code for other in others} == {303}
    assert agent.get("/auth/ports").status_code == 200
    assert stranger.get("/auth/ports").status_code == 200
    assert [words_of(db, event)["details"] for event in told()] == [{"count": 1}, {"count": 2}]


def test_the_session_of_somebody_else_does_not_exist(db: SQLAlchemy, agent: Visitor, visit: Visit) -> None:
    theirs = visit("viewer@north.example")
    (session,) = sessions_of(db, "viewer@north.example")
    assert agent.delete(f"{SECURITY}/sessions/{session.id}").status_code == 404
    assert agent.delete(f"{SECURITY}/sessions/{uuid.uuid4()}").status_code == 404
    assert theirs.get("/auth/ports").status_code == 200


def test_the_windows_of_a_revoked_session_are_closed(
    db: SQLAlchemy, own_installation: Installation, agent: Visitor, visit: Visit
) -> None:
    visit(AGENT)
    ids = [session.id for session in sessions_of(db, AGENT)]
    client = own_installation.redis
    with client.pubsub() as subscription:  # type: ignore[no-untyped-call]
        subscription.subscribe(channel_of(client))
        assert subscription.get_message(timeout=2)
        agent.delete(session_urls(agent.get(SECURITY).text)[0])
        message = subscription.get_message(timeout=2)
    assert message
    assert message["data"].startswith(f"close session:{ids[1]}\n".encode())


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
            " Safari/605.1.15",
            "Safari on macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
            " Version/18.1 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile"
            " Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0"
            " Safari/537.36 Edg/130.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/130.0 Safari/537.36",
            "Chrome on ChromeOS",
        ),
        ("curl/8.5.0", "Unknown device"),
        ("", "Unknown device"),
        ("<script>Firefox/1", "Firefox"),
    ],
)
def test_a_device_in_words(app: Flask, user_agent: str, words: str) -> None:
    with app.test_request_context():
        assert device_of(user_agent) == words


# --- Helped by an administrator


def user(db: SQLAlchemy, email: str) -> User:
    found = User(id=user_id(email), email=email)
    return found


def test_an_administrator_resets_the_factors_of_who_lost_theirs(
    db: SQLAlchemy,
    phone_of: Callable[[str], Phone],
    visit: Visit,
    attempt: SignIn,
    own_installation: Installation,
    told: Callable[[], list[Event]],
) -> None:
    phone_of(AGENT)
    agent = visit(AGENT)
    admin = enter(ADMIN)
    lost = db.session.scalars(select(User).where(User.id == user_id(AGENT))).one()
    client = own_installation.redis
    with client.pubsub() as subscription:  # type: ignore[no-untyped-call]
        subscription.subscribe(channel_of(client))
        assert subscription.get_message(timeout=2)
        MfaFactor.reset_all(lost, by=admin)
        commit()
        message = subscription.get_message(timeout=2)
    assert message
    assert message["data"].startswith(f"close user:{user_id(AGENT)}\n".encode())
    assert agent.get("/auth/ports").status_code == 303
    assert is_in(attempt(AGENT))
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    reset = db.session.scalars(select(Event).where(Event.name == "user:factorsReset")).one()
    assert (reset.actor_id, reset.subject_id, reset.port_id) == (user_id(ADMIN), user_id(AGENT), NORTH)


@pytest.mark.parametrize("email", [ADMIN, "super@quayside.example", "sales_agent@south.example"])
def test_nobody_resets_their_own_a_super_admins_or_another_ports(
    db: SQLAlchemy, phone_of: Callable[[str], Phone], email: str
) -> None:
    phone_of(email)
    admin = enter(ADMIN)
    with pytest.raises(Refused):
        MfaFactor.reset_all(user(db, email), by=admin)
    begin(user_id=user_id(email), scope="staff")
    assert MfaFactor.is_set_up(user_id(email))


# --- What it costs


def test_the_page_takes_few_statements(agent: Visitor, statements: list[str]) -> None:
    add_app(agent)
    statements.clear()
    assert agent.get(SECURITY).status_code == 200
    assert len(statements) <= 5


def test_the_token_of_before_a_change_is_nobody(agent: Visitor, attempt: SignIn) -> None:
    before = token(agent)
    add_app(agent)
    thief = Visitor.anonymous(agent.app)
    thief.client.set_cookie(SESSION_COOKIE, before)
    assert thief.get("/auth/ports").status_code == 303
    assert token_of(attempt(AGENT)) == ""
