"""Coming into an account by mail in a browser that runs no scripts, with real processes behind it."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import SMTP
from html import unescape

import pytest
from playwright.sync_api import expect

from app.dev.processes import wait_until
from tests.browser.windows import Windows
from tests.servers import Installation

pytestmark = pytest.mark.usefixtures("at_work")

NEW = "Brisk-Tide-2027?"


def button_of_mail(site: Installation, to: str, subject: str) -> str:
    """The address behind the button of the mail that comes to this address."""
    found: list[str] = []

    def has_come() -> bool:
        for path in (site.home / "outbox").glob("*.eml"):
            message = message_from_bytes(path.read_bytes(), policy=SMTP)
            if message["To"] == to and subject in message["Subject"]:
                body = message.get_body(("html",))
                found.extend(re.findall(r'class="button" href="([^"]+)"', body.get_content() if body else ""))
        return bool(found)

    assert wait_until(has_come, seconds=20), f"no mail came to {to}"
    return unescape(found[0])


def test_invited_accepted_signed_in_and_back_after_forgetting(windows: Windows, site: Installation) -> None:
    who = "nora.vale@nimara.example"
    site.flask("user", "invite", who, "--name", "Nora Vale", "--port", "port-nimara", "--role", "viewer")
    page = windows.open(java_script_enabled=False)

    page.goto(button_of_mail(site, who, "Port Nimara"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to Port Nimara")
    windows.forgive("status of 422")
    page.locator("[name=new_password]").fill("Password123!")
    page.get_by_role("button", name="Create account").click()
    expect(page.locator("#new_password-error")).to_contain_text("tried first")
    page.locator("[name=new_password]").fill(NEW)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("status")).to_contain_text("Your account is ready.")

    page.get_by_label("E-mail").fill(who)
    page.locator("[name=password]").fill(NEW)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_title("Dashboard – Port Nimara")
    expect(page.locator(".side .who")).to_contain_text("Nora Vale")

    page.locator("details.menu.user summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail").fill(who)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look at your mail")
    page.goto(button_of_mail(site, who, "new password"))
    page.locator("[name=new_password]").fill(f"{NEW}!")
    page.get_by_role("button", name="Change password").click()
    page.get_by_label("E-mail").fill(who)
    page.locator("[name=password]").fill(f"{NEW}!")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_title("Dashboard – Port Nimara")
