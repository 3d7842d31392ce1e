"""What somebody sets for themselves: profile, second factor, confirmation, tokens, notifications."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from io import BytesIO

from PIL import Image
from playwright.sync_api import Page, expect

from app.demo import PASSWORD
from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, AGENT, BOTH, MANAGER, SECURITY, VIEWER, set_up_app
from tests.browser.stage import QUIET, Scene, Stage, at

TOKENS = "/port-nimara/settings/tokens"
PROFILE = "/port-nimara/settings/profile"
NOTIFICATIONS = "/port-nimara/notifications"


def profile_with_picture(_stage: Stage, page: Page) -> None:
    page.goto(PROFILE)
    face = BytesIO()
    Image.linear_gradient("L").convert("RGB").save(face, "PNG")
    page.get_by_label("New picture").set_input_files(
        {"name": "me.png", "mimeType": "image/png", "buffer": face.getvalue()}
    )
    page.get_by_role("button", name="Save picture").click()
    expect(page.locator("#toasts")).to_contain_text("Your picture was saved")


def profile_refused(_stage: Stage, page: Page) -> None:
    page.goto(PROFILE)
    page.get_by_label("Present password").fill("not this one")
    page.get_by_role("textbox", name="New password").fill("agent")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("alert")).to_be_visible()


def profile_clash(_stage: Stage, page: Page) -> None:
    page.goto(PROFILE)
    other = page.context.new_page()
    other.goto(PROFILE)
    for window, name in ((other, "Dana Fields-North"), (page, "Dana Fields-South")):
        same = window.get_by_label("Name", exact=True).input_value() == name
        window.get_by_label("Name", exact=True).fill(f"{name}{' II' if same else ''}")
        window.get_by_role("button", name="Save profile").click()
    other.close()
    expect(page.locator("fieldset.clash")).to_be_visible()


def app_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{SECURITY}/apps/new")
    page.get_by_label("Code from the app").fill("000000")
    page.get_by_role("button", name="Add the app").click()
    expect(page.get_by_role("alert")).to_be_visible()


def recovery_codes(_stage: Stage, page: Page) -> None:
    set_up_app(page)


def security(_stage: Stage, page: Page) -> None:
    page.goto(SECURITY)
    if not page.get_by_role("button", name="Remove Phone").count():
        set_up_app(page)
    page.goto(SECURITY)


def second_step(stage: Stage, page: Page) -> None:
    """In a window of its own, since it begins signed out."""
    security(stage, stage.window(AGENT))
    page.goto("/auth/login")
    page.get_by_label("E-mail").fill(AGENT)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")


def second_step_refused(stage: Stage, page: Page) -> None:
    second_step(stage, page)
    page.get_by_label("Code from your app").fill("000000")
    page.get_by_role("button", name="Confirm", exact=True).click()
    expect(page.locator("[aria-invalid=true]")).to_be_visible()


def form_waits(stage: Stage, page: Page) -> None:
    """A form that needs a fresh confirmation, sent too late."""
    page.goto(f"{SECURITY}/apps/new")
    with stage.site.database.connect() as connection:
        connection.execute(
            "UPDATE sessions SET confirmed_at = NULL FROM users WHERE users.id = user_id AND email = %s", (VIEWER,)
        )
    try:
        page.get_by_role("button", name="Add the app").click()
        expect(page.get_by_text("What you sent is waiting")).to_be_visible()
    finally:
        with stage.site.database.connect() as connection:
            connection.execute("UPDATE sessions SET confirmed_at = %s WHERE confirmed_at IS NULL", (datetime.now(UTC),))


def new_token(_stage: Stage, page: Page) -> None:
    page.goto(f"{TOKENS}/new")
    page.locator("details.scope summary").filter(has_text="Clients").click()
    page.get_by_label("Name").fill(f"Till {uuid.uuid4()}")


def token_refused(stage: Stage, page: Page) -> None:
    new_token(stage, page)
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("alert")).to_be_visible()


def token_created(stage: Stage, page: Page) -> None:
    new_token(stage, page)
    page.get_by_label("merge").check()
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_text("Keep it now")).to_be_visible()


def revoke_question(stage: Stage, page: Page) -> None:
    token_created(stage, page)
    page.get_by_role("link", name="I have kept it").click()
    page.get_by_role("button", name="Revoke Till").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


class TestPages(Judged):
    scenes = (
        Scene("profile", VIEWER, at(PROFILE)),
        Scene("profile, picture saved", AGENT, profile_with_picture),
        Scene("profile, password refused", VIEWER, profile_refused, 422),
        Scene("profile, clash", ADMIN, profile_clash, 409),
        Scene("second step", None, second_step),
        Scene("second step refused", None, second_step_refused, 422),
        Scene("confirm", VIEWER, at("/auth/confirm?next=/port-nimara/clients")),
        Scene("confirm, a form waits", VIEWER, form_waits, 403),
        Scene("security", AGENT, security),
        Scene("security, nothing set up", VIEWER, at(SECURITY)),
        Scene("authenticator app", VIEWER, at(f"{SECURITY}/apps/new")),
        Scene("authenticator app refused", VIEWER, app_refused, 422),
        Scene("recovery codes", MANAGER, recovery_codes),
        Scene("passkey", VIEWER, at(f"{SECURITY}/passkeys/new")),
        Scene("tokens, none", VIEWER, at(TOKENS)),
        Scene("new token", ADMIN, new_token),
        Scene("new token refused", ADMIN, token_refused, 422),
        Scene("token created", ADMIN, token_created, 201),
        Scene("token, revoke?", ADMIN, revoke_question),
        Scene("notifications", ADMIN, at(NOTIFICATIONS)),
        Scene("notifications, none", BOTH, at(f"{QUIET}/notifications")),
        Scene("notifications, preferences", ADMIN, at("/port-nimara/settings/notifications")),
    )
