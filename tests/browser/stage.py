"""What a scene plays on: a window for each who looks, and the people of the demo with a few more beside them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from playwright.sync_api import Page, Response, StorageState, expect

from tests.browser.pages import ADMIN, BOTH, CLIENTS
from tests.browser.windows import Windows
from tests.servers import Installation

NOBODY = "nora.new@quayside.example"
LOOKING = "petr.preview@quayside.example"
SUPER = "admin@quayside.example"
QUIET = "/quiet-cove"


@dataclass
class Stage:
    """The windows of the scenes, one for each who looks, and what the server sent last to each."""

    windows: Windows
    site: Installation
    state_of: Callable[[str], StorageState]
    pages: dict[str | None, Page] = field(default_factory=dict)
    answers: dict[Page, Response] = field(default_factory=dict)

    def window(self, email: str | None) -> Page:
        if email not in self.pages:
            state = self.state_of(email) if email else None
            page = self.windows.open(storage_state=state, reduced_motion="reduce")
            page.on("response", lambda response: self.keep(page, response))
            self.pages[email] = page
        return self.pages[email]

    def keep(self, page: Page, response: Response) -> None:
        is_page = response.request.resource_type == "document" or response.request.headers.get("hx-request-type")
        if is_page and not 300 <= response.status < 400 and response.status != 204:
            self.answers[page] = response

    @cached_property
    def numbers(self) -> list[int]:
        """The first clients of Port Nimara in its list."""
        with self.site.database.connect() as connection:
            rows = connection.execute(
                "SELECT number FROM clients JOIN ports ON ports.id = port_id WHERE slug = 'port-nimara'"
                " ORDER BY sort_name LIMIT 12"
            ).fetchall()
        return [row[0] for row in rows]

    def client(self, at: int) -> str:
        return f"{CLIENTS}/{self.numbers[at]}"

    def found(self, query: str, *values: object) -> str:
        with self.site.database.connect() as connection:
            row = connection.execute(query, values).fetchone()
        assert row is not None
        return str(row[0])


def add_people(site: Installation) -> None:
    """A port without clients, somebody without a port, and one more administrator."""
    moment = datetime.now(UTC)
    port, nobody, role = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    with site.database.connect() as connection:
        connection.execute(
            "INSERT INTO ports (id, name, slug, default_currency, timezone, locale, country, settings, branding,"
            " is_active, version, created_at, updated_at) VALUES (%s, 'Quiet Cove', 'quiet-cove', 'EUR',"
            " 'Europe/Lisbon', 'en', 'PT', '{}', '{}', true, 1, %s, %s)",
            (port, moment, moment),
        )
        connection.execute(
            "INSERT INTO users (id, email, name, password_hash, is_super_admin, is_active, preferences, created_at,"
            " updated_at) SELECT %s, %s, 'Nora New', password_hash, false, true, '{}', %s, %s FROM users"
            " WHERE email = %s",
            (nobody, NOBODY, moment, moment, ADMIN),
        )
        connection.execute(
            "WITH made AS (INSERT INTO users (id, email, name, password_hash, email_verified_at, is_super_admin,"
            " is_active, preferences, created_at, updated_at) SELECT %s, %s, 'Petr Preview', password_hash, created_at,"
            " false, true, '{}', created_at, updated_at FROM users WHERE email = %s RETURNING id, created_at)"
            " INSERT INTO user_port_roles (id, user_id, port_id, role_id, created_at, updated_at)"
            " SELECT gen_random_uuid(), made.id, ports.id, roles.id, made.created_at, made.created_at"
            " FROM made, ports, roles WHERE ports.slug = 'port-nimara' AND roles.name = 'port_admin'",
            (uuid.uuid4(), LOOKING, ADMIN),
        )
        connection.execute(
            "INSERT INTO user_port_roles (id, user_id, port_id, role_id, created_at, updated_at)"
            " SELECT %s, users.id, %s, roles.id, %s, %s FROM users, roles"
            " WHERE email = %s AND roles.name = 'port_admin'",
            (role, port, moment, moment, BOTH),
        )


def write_history(page: Page, path: str) -> None:
    """Something of everything on the first client's page."""
    page.goto(f"{path}/edit")
    page.get_by_label("Preferred name").fill("Skipper")
    page.get_by_label("Company (optional)").fill("Société Nautique de la Baie des Îles et de l’Arrière-Port")
    page.get_by_label("Region").fill("Var")
    page.get_by_label("Tax number").fill("FR 32 555 014 022")
    page.get_by_role("button", name="Save client").click()
    page.get_by_role("textbox", name="New note").fill("Prefers WhatsApp.\n\nNo calls before 10:00.")
    page.get_by_label("Pin it to the top").check()
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("ul.notes .pinned")).to_contain_text("Prefers WhatsApp.")


@dataclass(frozen=True)
class Scene:
    """One state of one page. `play` brings a window to it, always from its start, so that it can be played alone."""

    name: str
    who: str | None
    play: Callable[[Stage, Page], None]
    status: int = 200
    # Where the state exists; a sheet that opens at the foot of a phone is nothing on a desk.
    widths: tuple[int, ...] = (1440, 768, 390, 320)

    def __str__(self) -> str:
        return self.name


def at(path: str | Callable[[Stage], str]) -> Callable[[Stage, Page], None]:
    """The page at this address as it opens."""

    def play(stage: Stage, page: Page) -> None:
        page.goto(path if isinstance(path, str) else path(stage))

    return play
