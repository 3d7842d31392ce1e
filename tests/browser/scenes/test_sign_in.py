"""Signing in, the links of mails, and where somebody lands."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from app.identity.models import hash_token
from tests.browser.judged import Judged
from tests.browser.pages import BOTH
from tests.browser.stage import NOBODY, Scene, Stage, at

INVITED = "nina.lindqvist@quayside.example"
DAY = timedelta(days=1)


def refused_sign_in(_stage: Stage, page: Page) -> None:
    page.goto("/auth/login?next=/port-nimara/clients")
    page.get_by_label("E-mail").fill("")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Type your password.")


def paused_sign_in(stage: Stage, page: Page) -> None:
    email = "somebody@quayside.example"
    with stage.site.database.connect() as connection:
        connection.execute("DELETE FROM sign_in_failures WHERE email = %s", (email,))
        for _ in range(20):
            connection.execute(
                "INSERT INTO sign_in_failures (id, email, ip, failed_at) VALUES (%s, %s, '127.0.0.1', %s)",
                (uuid.uuid4(), email, datetime.now(UTC)),
            )
    page.goto("/auth/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("textbox", name="Password").fill("not this one")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("Sign-in is paused for this account")).to_be_visible()
    with stage.site.database.connect() as connection:
        connection.execute("DELETE FROM sign_in_failures WHERE email = %s", (email,))


def link(stage: Stage, purpose: str, who: str, *, lasts: timedelta = timedelta(hours=1)) -> str:
    """A link as a mail would bring it, and its address; an invitation is somebody's who has no password yet."""
    token, moment = uuid.uuid4().hex, datetime.now(UTC)
    with stage.site.database.connect() as connection:
        if purpose == "invite":
            connection.execute(
                "INSERT INTO users (id, email, name, is_super_admin, is_active, preferences, created_at, updated_at)"
                " VALUES (gen_random_uuid(), %s, 'Nina Lindqvist-Castellanos', false, true, '{}', %s, %s)"
                " ON CONFLICT DO NOTHING",
                (who, moment, moment),
            )
        connection.execute(
            "INSERT INTO verifications (id, purpose, user_id, port_id, email, token_hash, created_at, expires_at)"
            " SELECT gen_random_uuid(), %s, u.id, p.id, 'harbour.office.at.the.new.quay@nimara.example', %s, %s, %s"
            " FROM users u, ports p WHERE u.email = %s AND p.slug = 'port-nimara'",
            (purpose, hash_token(token), moment, moment + lasts, who),
        )
    place = {"invite": "accept", "reset": "reset", "email": "email"}[purpose]
    return f"/auth/{place}/{token}"


def weak_password(purpose: str, who: str) -> Callable[[Stage, Page], None]:
    def play(stage: Stage, page: Page) -> None:
        page.goto(link(stage, purpose, who))
        page.locator("[name=new_password]").fill("nina")
        page.locator("main button.primary").click()
        expect(page.locator("[aria-invalid=true]")).to_be_visible()

    return play


def reset_refused(_stage: Stage, page: Page) -> None:
    page.goto("/auth/reset")
    page.get_by_label("E-mail").fill("no at sign")
    page.get_by_role("button", name="Send the link").click()
    expect(page.locator("[aria-invalid=true]")).to_be_visible()


def after_reset(stage: Stage, page: Page) -> None:
    page.goto(link(stage, "reset", NOBODY))
    page.locator("[name=new_password]").fill("Brisk-Tide-2027?")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password was changed.")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("sign-in", None, at("/auth/login")),
        Scene("sign-in refused", None, refused_sign_in, 422),
        Scene("sign-in paused", None, paused_sign_in, 429),
        # Before the scene that gives this person another password.
        Scene("no access", NOBODY, at("/auth/ports")),
        Scene("reset", None, at("/auth/reset")),
        Scene("reset refused", None, reset_refused, 422),
        Scene("reset, sent", None, at("/auth/reset?sent=1")),
        Scene("reset, new password", None, at(lambda stage: link(stage, "reset", NOBODY))),
        Scene("reset, too weak", None, weak_password("reset", NOBODY), 422),
        Scene("reset, done", None, after_reset),
        Scene("invitation", None, at(lambda stage: link(stage, "invite", INVITED))),
        Scene("invitation, too weak", None, weak_password("invite", INVITED), 422),
        Scene("invitation, too late", None, at(lambda stage: link(stage, "invite", INVITED, lasts=-DAY)), 410),
        Scene("reset, too late", None, at(lambda stage: link(stage, "reset", NOBODY, lasts=-DAY)), 410),
        Scene("no link of ours", None, at("/auth/accept/only-half-of-it"), 410),
        Scene("new address", None, at(lambda stage: link(stage, "email", NOBODY))),
        Scene("choice of port", BOTH, at("/auth/ports")),
    )
