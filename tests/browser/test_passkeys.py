"""Passkeys with Chromium's own authenticator, and a lost phone in a browser without scripts."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import CDPSession, Page, StorageState, expect

from app.demo import PASSWORD
from tests.browser.pages import AGENT, MANAGER, SECURITY, set_up_app
from tests.browser.windows import Windows


def plug_in(page: Page) -> CDPSession:
    """An authenticator in this window, whose owner is there and proves it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session


def sign_out(page: Page) -> None:
    page.locator("details.menu.user summary").click()
    page.get_by_role("button", name="Sign out").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_passkey_is_made_signs_in_alone_and_is_the_second_step(
    windows: Windows, state_of: Callable[[str], StorageState]
) -> None:
    page = windows.open(storage_state=state_of(MANAGER))
    plug_in(page)
    page.goto(f"{SECURITY}/passkeys/new")
    page.get_by_label("Name (optional)").fill("Work laptop")
    page.get_by_role("button", name="Create the passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    expect(page.locator(".codes code")).to_have_count(10)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.locator("main")).to_contain_text("Work laptop")

    # The same device has one already, and says so.
    page.goto(f"{SECURITY}/passkeys/new")
    page.get_by_role("button", name="Create the passkey").click()
    expect(page.get_by_role("alert")).to_have_text("This device has a passkey for your account already.")

    page.goto("/port-nimara/clients")
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_title("Dashboard – Port Nimara")

    sign_out(page)
    page.get_by_label("E-mail").fill(MANAGER)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_title("Dashboard – Port Nimara")


def test_a_lost_phone_without_scripts(windows: Windows) -> None:
    page = windows.open(java_script_enabled=False)
    page.goto("/auth/login")
    page.get_by_label("E-mail").fill(AGENT)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)
    _secret, codes = set_up_app(page)
    page.context.clear_cookies()

    page.goto("/auth/login?next=/port-nimara/clients")
    page.get_by_label("E-mail").fill(AGENT)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_text("Lost your phone? Use a recovery code").click()
    page.get_by_label("Recovery code").fill(codes[0])
    page.get_by_role("button", name="Use the recovery code").click()
    expect(page).to_have_title("Clients – Port Nimara")
    page.goto(SECURITY)
    expect(page.locator("main")).to_contain_text("9 codes are left")
