"""Every page in its main states, for those who judge all of them alike.

A scene brings a window to one state, always from its start, so that any of them can be played alone.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO

from PIL import Image
from playwright.sync_api import Browser, Page, Response, StorageState, expect
from pyotp import TOTP

from app.demo import PASSWORD
from app.identity.models import hash_token
from app.mail import outbox
from app.mail.letters import write
from app.mail.server import message_of
from tests.browser.pages import ADMIN, AGENT, BOTH, CLIENTS, IMPORTS, MANAGER, VIEWER, contacts, number_of, upload
from tests.browser.windows import Windows
from tests.servers import Installation

NOBODY = "nora.new@quayside.example"
INVITED = "nina.lindqvist@quayside.example"
LOOKING = "petr.preview@quayside.example"
SUPER = "admin@quayside.example"
VERA, NOOR = "vera.lund@nimara.example", "noor.haddad@nimara.example"
USERS, ROLES, TEAMS = (f"/port-nimara/admin/{name}" for name in ("users", "roles", "teams"))
QUIET = "/quiet-cove"
SETTINGS = "/port-nimara/admin/settings"
TOKENS = "/port-nimara/settings/tokens"
SUPER = "admin@quayside.example"
PROFILE = "/port-nimara/settings/profile"
DAY = timedelta(days=1)
NOTIFICATIONS = "/port-nimara/notifications"


@dataclass
class Stage:
    """The windows of the scenes, one for each who looks, and what the server sent last to each."""

    windows: Windows
    site: Installation
    state_of: Callable[[str], StorageState]
    numbers: list[int] = field(default_factory=list)
    imports: dict[str, int] = field(default_factory=dict)
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

    def sent(self, page: Page) -> str:
        """The markup that the state came from: a whole page, or the fragment that was put into it."""
        return self.answers[page].text()

    def client(self, at: int) -> str:
        return f"{CLIENTS}/{self.numbers[at]}"

    def client_id(self, at: int) -> uuid.UUID:
        with self.site.database.connect() as connection:
            row = connection.execute(
                "SELECT c.id FROM clients c JOIN ports ON ports.id = c.port_id"
                " WHERE slug = 'port-nimara' AND number = %s",
                (self.numbers[at],),
            ).fetchone()
        assert row is not None
        found: uuid.UUID = row[0]
        return found

    def found(self, query: str, *values: object) -> str:
        with self.site.database.connect() as connection:
            row = connection.execute(query, values).fetchone()
        assert row is not None
        return str(row[0])

    def user(self, email: str) -> str:
        return f"{USERS}/{self.found('SELECT id FROM users WHERE email = %s', email)}"

    def role(self, name: str) -> str:
        return f"{ROLES}/{self.found('SELECT id FROM roles WHERE name = %s', name)}"

    def team(self, name: str) -> str:
        return f"{TEAMS}/{self.found('SELECT id FROM teams WHERE name = %s', name)}"

    def contact(self, at: int) -> str:
        """The address of the first contact of a client."""
        with self.site.database.connect() as connection:
            row = connection.execute(
                "SELECT c.id FROM client_contacts c JOIN clients ON clients.id = c.client_id"
                " JOIN ports ON ports.id = c.port_id WHERE slug = 'port-nimara' AND number = %s ORDER BY c.id LIMIT 1",
                (self.numbers[at],),
            ).fetchone()
        assert row is not None
        return f"{self.client(at)}/contacts/{row[0]}"


def set_up(browser: Browser, site: Installation, state_of: Callable[[str], StorageState]) -> Stage:
    """A port without clients, somebody without a port, an archived client, imports in every state."""
    add_people(site)
    stage = Stage(Windows(browser, site.url), site, state_of)
    with site.database.connect() as connection:
        rows = connection.execute(
            "SELECT number FROM clients JOIN ports ON ports.id = port_id WHERE slug = 'port-nimara'"
            " ORDER BY sort_name LIMIT 12"
        ).fetchall()
        stage.numbers = [row[0] for row in rows]
        connection.execute(
            "UPDATE clients SET archived_at = %s FROM ports"
            " WHERE ports.id = port_id AND slug = 'port-nimara' AND number = %s",
            (datetime.now(UTC), stage.numbers[1]),
        )
    page = stage.window(ADMIN)
    write_history(page, stage.client(0))
    add_imports(stage, page)
    add_mail(site)
    return stage


def add_mail(site: Installation) -> None:
    """One that was sent."""
    with site.app.app_context():
        words = {"name": "Léa", "link": f"{site.url}/"}
        letter = write("ping", to="lea@example.com", port=None, locale=None, words=words)
        message_id = f"<{uuid.uuid4().hex}@quayside.example>"
        outbox.keep(message_of(letter, message_id=message_id, settings=site.settings))


def add_people(site: Installation) -> None:
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


def add_imports(stage: Stage, page: Page) -> None:
    """One checked by the worker, and from it one in each other state, as it would stand at that moment."""
    good = ("Tove", "Ångström", "", "tove@marina.example", "+46 70 174 06 05", "Göteborg", "Sweden")
    wrong = ("Selma", "Ottilia", "", "", "12", "", "")
    page.goto(f"{IMPORTS}/new")
    page.get_by_label("Contact file").set_input_files(upload(contacts(good, wrong, good, more=70)))
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("region", name="Result of the check")).to_be_visible()
    stage.imports["preview"] = first = number_of(page)
    states = {"checking": 40, "running": 31, "stopping": 31, "stopped": 31, "finished": 71, "failed": 0}
    with stage.site.database.connect() as connection:
        for at, (status, done) in enumerate(states.items(), start=1):
            stage.imports[status] = first + at
            import_id = uuid.uuid4()
            connection.execute(
                "INSERT INTO imports SELECT (jsonb_populate_record(i, %s::jsonb)).* FROM imports i"
                " JOIN ports ON ports.id = i.port_id WHERE slug = 'port-nimara' AND number = %s",
                (
                    json.dumps(
                        {
                            "id": str(import_id),
                            "number": first + at,
                            "status": status,
                            "done": done,
                            "created_count": 0 if status in ("checking", "failed") else done,
                            "error": "No column holds a name." if status == "failed" else "",
                            "created_at": str(datetime.now(UTC) - timedelta(days=at)),
                        }
                    ),
                    first,
                ),
            )
            connection.execute(
                "INSERT INTO import_rows SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(),"
                " 'import_id', %s::text))).* FROM import_rows r JOIN imports i ON i.id = r.import_id"
                " JOIN ports ON ports.id = i.port_id WHERE slug = 'port-nimara' AND i.number = %s AND %s <> 'failed'",
                (import_id, first, status),
            )


@dataclass(frozen=True)
class Scene:
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


SECURITY = "/port-nimara/settings/security"


def set_up_app(page: Page) -> tuple[str, list[str]]:
    """An authenticator app through the pages; gives its secret and the recovery codes."""
    page.goto(f"{SECURITY}/apps/new")
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    page.get_by_label("Code from the app").fill(TOTP(secret).now())
    page.get_by_label("Name (optional)").fill("Phone")
    page.get_by_role("button", name="Add the app").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    return secret, page.locator(".codes code").all_inner_texts()


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


def user_menu(_stage: Stage, page: Page) -> None:
    page.goto(CLIENTS)
    page.locator("details.menu.user summary").click()


def filter_sheet(_stage: Stage, page: Page) -> None:
    page.goto(f"{CLIENTS}?status=active")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("heading", name="Filter")).to_be_visible()


def drawer(_stage: Stage, page: Page) -> None:
    page.goto(CLIENTS)
    page.get_by_role("button", name="Menu").first.click()
    expect(page.locator("#side")).to_be_visible()


def second_page(_stage: Stage, page: Page) -> None:
    page.goto(f"{CLIENTS}?sort=updated")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Next").click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("51–100")


def contact_in_place(stage: Stage, page: Page) -> None:
    page.goto(stage.client(0))
    page.get_by_role("link", name="Add contact").click()
    expect(page.locator("#contact-form")).to_be_visible()


def contact_refused_in_place(stage: Stage, page: Page) -> None:
    contact_in_place(stage, page)
    page.locator("#contact-form").get_by_role("textbox").first.fill("no at sign")
    page.locator("#contact-form").get_by_role("button", name="Add contact").click()
    expect(page.locator("#contact-form [aria-invalid=true]")).to_be_visible()


def contact_refused(stage: Stage, page: Page) -> None:
    page.goto(f"{stage.contact(0)}/edit")
    page.locator("#value").fill("")
    page.get_by_role("button", name="Save contact").click()
    expect(page.locator("[aria-invalid=true]")).to_be_visible()


def note_refused(stage: Stage, page: Page) -> None:
    page.goto(stage.client(2))
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_text("Write the note first.")).to_be_visible()


def note_removed(stage: Stage, page: Page) -> None:
    page.goto(stage.client(3))
    page.get_by_role("textbox", name="New note").fill("Only for a moment.")
    page.get_by_role("button", name="Add note").click()
    page.get_by_role("button", name="Remove the note “Only for a moment.”").first.click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


def archive_question(stage: Stage, page: Page) -> None:
    page.goto(stage.client(0))
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()


def edit_refused(stage: Stage, page: Page) -> None:
    page.goto(f"{stage.client(0)}/edit")
    page.get_by_label("Full name").fill("")
    page.get_by_role("button", name="Save client").click()
    expect(page.get_by_role("alert")).to_be_visible()


def edit_clash(stage: Stage, page: Page) -> None:
    """A colleague saves the same fields first."""
    path = f"{stage.client(4)}/edit"
    page.goto(path)
    other = stage.window(MANAGER)
    other.goto(path)
    for window, town, status in ((other, "Road Bay", "Former"), (page, "Blowing Point", "Prospect")):
        suffix = "" if window.get_by_label("Town").input_value() != town else " West"
        window.get_by_label("Town").fill(f"{town}{suffix}")
        window.get_by_label("Status").select_option(label=status)
        window.get_by_role("button", name="Save client").click()
    expect(page.locator("fieldset.clash").first).to_be_visible()


def new_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{CLIENTS}/new")
    page.get_by_label("Phone").fill("12")
    page.get_by_label("E-mail", exact=False).first.fill("not an address")
    page.get_by_role("button", name="Create client").click()
    expect(page.get_by_role("alert")).to_be_visible()


def import_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{IMPORTS}/new")
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("[aria-invalid=true]")).to_be_visible()


def sent_twice(_stage: Stage, page: Page) -> None:
    """The form of a client sent again with other words, as after going back."""
    page.goto(f"{CLIENTS}/new")
    key = page.locator("main [name=_key]").input_value()
    page.get_by_label("Full name").fill("Iris Sent-Once")
    page.get_by_role("button", name="Create client").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Iris Sent-Once")
    page.goto(f"{CLIENTS}/new")
    page.locator("main [name=_key]").evaluate("(field, key) => { field.value = key; }", key)
    page.get_by_label("Full name").fill("Iris Sent-Twice")
    page.get_by_role("button", name="Create client").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Already sent")


def one_mail(_stage: Stage, page: Page) -> None:
    page.goto("/dev/mail")
    page.get_by_role("link", name="A greeting to Léa").click()
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Hello Léa")


def open_too_long(_stage: Stage, page: Page) -> None:
    page.goto(f"{CLIENTS}/new")
    page.locator("main [name=csrf_token]").evaluate("(field) => { field.value = 'of yesterday'; }")
    page.get_by_label("Full name").fill("Iris Too-Late")
    page.get_by_role("button", name="Create client").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Please send it once more")


def send_whole(page: Page, form: str) -> None:
    """As without JavaScript: what answers is a page."""
    with page.expect_navigation():
        page.locator(form).evaluate("(form) => HTMLFormElement.prototype.submit.call(form)")


def too_large(_stage: Stage, page: Page) -> None:
    page.goto(f"{CLIENTS}/new")
    page.get_by_label("Full name").evaluate("(field) => { field.value = 'M'.repeat(2 ** 21); }")
    send_whole(page, "main form")


def too_often(_stage: Stage, page: Page) -> None:
    path = f"{QUIET}/clients/imports"
    page.goto(f"{path}/new")
    for _ in range(10):
        page.request.post(path, headers={"Origin": page.evaluate("location.origin")})
    send_whole(page, "main form")


def broken(stage: Stage, page: Page) -> None:
    with stage.site.database.connect() as connection:
        connection.execute("ALTER TABLE imports RENAME TO elsewhere")
        try:
            page.goto(IMPORTS)
        finally:
            connection.execute("ALTER TABLE elsewhere RENAME TO imports")


def away(stage: Stage, page: Page) -> None:
    """The table is locked for longer than a request waits."""
    with stage.site.database.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE imports")
        page.goto(IMPORTS)


LOG = "/port-nimara/admin/audit"


def audit_entry(stage: Stage, page: Page) -> None:
    """The latest change of the first client, whose town was changed again."""
    page.goto(f"{LOG}?what=client:updated&subject=client:{stage.client_id(0)}")
    page.locator("td.when a").first.click()
    expect(page.get_by_role("heading", name="How it was recorded")).to_be_visible()


def audit_refused(stage: Stage, page: Page) -> None:
    """A change that was made again since is not taken back."""
    for name in ("Skipper", "Captain"):
        page.goto(f"{stage.client(5)}/edit")
        suffix = " Two" if page.get_by_label("Preferred name").input_value() == name else ""
        page.get_by_label("Preferred name").fill(name + suffix)
        page.get_by_role("button", name="Save client").click()
        expect(page.locator("#toasts .toast")).to_contain_text("saved")
    page.goto(f"{LOG}?what=client:updated&subject=client:{stage.client_id(5)}")
    page.get_by_role("button", name="Revert").nth(1).click()
    expect(page.get_by_text("This was not taken back")).to_be_visible()


def end_account(stage: Stage, page: Page) -> None:
    page.goto(stage.user(VERA))
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def invite_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{USERS}/new")
    page.get_by_label("Name").fill("Nora Next")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("alert")).to_be_visible()


def override_clash(stage: Stage, page: Page) -> None:
    """Two administrators switch the same right of one role."""
    path = f"{stage.role('technician')}/override"
    page.goto(path)
    other = stage.window(LOOKING)
    end_preview(other)
    other.goto(path)
    field = page.locator('[id="clients.merge"]')
    opened = field.input_value()
    theirs, yours = [value for value in ("", "on", "off") if value != opened]
    for window, value in ((other, theirs), (page, yours)):
        window.locator('[id="clients.merge"]').select_option(value)
        window.get_by_role("button", name="Save for this port").click()
    expect(page.locator("fieldset.clash").first).to_be_visible()


def own_role(stage: Stage, page: Page) -> None:
    """The form of a role that is nobody's but one's own, made when there is none yet."""
    page.goto(ROLES)
    if not page.get_by_role("link", name="Night watch").count():
        page.goto(f"{stage.role('viewer')}/copy")
        page.get_by_label("Name of the copy").fill("Night watch")
        page.get_by_role("button", name="Make the copy").click()
    else:
        page.get_by_role("link", name="Night watch").click()
        page.get_by_role("link", name="Edit role").click()
    expect(page.get_by_role("button", name="Save role")).to_be_visible()


def branding_corrected(_stage: Stage, page: Page) -> None:
    page.goto("/hanko-itasatama/admin/port/branding")
    page.get_by_label("Primary colour").fill("#ffb703")
    page.get_by_role("button", name="Save colours").click()
    expect(page.get_by_text("would be hard to read")).to_be_visible()


def logo_refused(_stage: Stage, page: Page) -> None:
    page.goto("/port-nimara/admin/port/branding")
    page.get_by_label("Picture").set_input_files(
        {"name": "logo.svg", "mimeType": "image/svg+xml", "buffer": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}
    )
    page.get_by_role("button", name="Save logo").click()
    expect(page.get_by_text("SVG is not taken")).to_be_visible()


def end_preview(page: Page) -> None:
    page.goto("/port-nimara/")
    ending = page.get_by_role("button", name="End preview")
    if ending.count():
        ending.click()
        expect(ending).to_have_count(0)


def looking(stage: Stage, page: Page) -> None:
    end_preview(page)
    page.goto(stage.role("viewer"))
    page.get_by_role("button", name="See as this role").click()
    page.goto(CLIENTS)
    expect(page.get_by_role("region", name="Preview")).to_be_visible()


def looking_refused(stage: Stage, page: Page) -> None:
    looking(stage, page)
    page.goto("/port-nimara/settings/profile")


def import_in(status: str, query: str = "") -> Callable[[Stage, Page], None]:
    return at(lambda stage: f"{IMPORTS}/{stage.imports[status]}{query}")


def settings_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{SETTINGS}/hours")
    page.get_by_label("Tuesday").fill("18-9")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_role("alert")).to_be_visible()


def settings_clash(stage: Stage, page: Page) -> None:
    """A colleague saves the same field first."""
    path, label, days = f"{SETTINGS}/sales", "Follow-up reminders", "5, 10"
    page.goto(path)
    other = stage.window(SUPER)
    other.goto(path)
    other.get_by_label(label).fill("6, 12" if other.get_by_label(label).input_value() == days else days)
    page.get_by_label(label).fill("2, 4")
    other.get_by_role("button", name="Save settings").click()
    expect(other.locator("#toasts")).to_contain_text("Settings saved")
    page.get_by_role("button", name="Save settings").click()
    expect(page.locator("fieldset.clash")).to_be_visible()


def holiday_refused(_stage: Stage, page: Page) -> None:
    page.goto(f"{SETTINGS}/hours")
    page.get_by_role("button", name="Add holiday").click()
    expect(page.get_by_text("Choose the day.")).to_be_visible()


def tag_refused(_stage: Stage, page: Page) -> None:
    page.goto("/port-nimara/admin/tags/new")
    page.get_by_role("button", name="Create tag").click()
    expect(page.get_by_role("alert")).to_be_visible()


def tag_archived(_stage: Stage, page: Page) -> None:
    page.goto("/port-nimara/admin/tags")
    page.get_by_role("button", name="Archive VIP").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Archive VIP")).to_be_visible()


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


SCENES = (
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
    Scene("choice of port", BOTH, at("/auth/ports")),
    Scene("list", ADMIN, at(CLIENTS)),
    Scene("list, second page", ADMIN, second_page),
    Scene("list, who may only look", VIEWER, at(CLIENTS)),
    Scene("list, nobody matches", ADMIN, at(f"{CLIENTS}?status=former&kind=company&source=event&archived=1")),
    Scene("list, archived", ADMIN, at(f"{CLIENTS}?archived=1")),
    Scene("list, empty", BOTH, at(f"{QUIET}/clients")),
    Scene("list, menu open", ADMIN, user_menu),
    Scene("list, filter sheet", ADMIN, filter_sheet, widths=(390, 320)),
    Scene("list, drawer", BOTH, drawer, widths=(390, 320)),
    Scene("client", ADMIN, at(lambda stage: stage.client(0))),
    Scene("client, who may only look", VIEWER, at(lambda stage: stage.client(0))),
    Scene("client, archived", ADMIN, at(lambda stage: stage.client(1))),
    Scene("client, archive?", ADMIN, archive_question),
    Scene("client, contact in place", ADMIN, contact_in_place),
    Scene("client, contact refused in place", ADMIN, contact_refused_in_place, 422),
    Scene("client, note refused", ADMIN, note_refused, 422),
    Scene("client, note removed", ADMIN, note_removed),
    Scene("timeline", ADMIN, at(lambda stage: f"{stage.client(0)}/events")),
    Scene("edit", ADMIN, at(lambda stage: f"{stage.client(0)}/edit")),
    Scene("edit refused", ADMIN, edit_refused, 422),
    Scene("edit, clash", ADMIN, edit_clash, 409),
    Scene("new", ADMIN, at(f"{CLIENTS}/new")),
    Scene("new refused", ADMIN, new_refused, 422),
    Scene("new contact", ADMIN, at(lambda stage: f"{stage.client(0)}/contacts/new")),
    Scene("edit contact", ADMIN, at(lambda stage: f"{stage.contact(0)}/edit")),
    Scene("edit contact refused", ADMIN, contact_refused, 422),
    Scene("imports", ADMIN, at(IMPORTS)),
    Scene("imports, none", BOTH, at(f"{QUIET}/clients/imports")),
    Scene("import, new", ADMIN, at(f"{IMPORTS}/new")),
    Scene("import refused", ADMIN, import_refused, 422),
    Scene("import, checked", ADMIN, import_in("preview")),
    Scene("import, wrong rows", ADMIN, import_in("preview", "?verdict=wrong")),
    Scene("import, being checked", ADMIN, import_in("checking")),
    Scene("import, running", ADMIN, import_in("running")),
    Scene("import, stopping", ADMIN, import_in("stopping")),
    Scene("import, stopped", ADMIN, import_in("stopped")),
    Scene("import, finished", ADMIN, import_in("finished")),
    Scene("import, failed", ADMIN, import_in("failed")),
    Scene("administration", ADMIN, at("/port-nimara/admin")),
    Scene("administration, new port", BOTH, at(f"{QUIET}/admin")),
    Scene("settings", ADMIN, at(SETTINGS)),
    Scene("settings, sales", ADMIN, at(f"{SETTINGS}/sales")),
    Scene("settings, berths", ADMIN, at(f"{SETTINGS}/berths")),
    Scene("settings, hours", ADMIN, at(f"{SETTINGS}/hours")),
    Scene("settings, no holidays", BOTH, at(f"{QUIET}/admin/settings/hours")),
    Scene("settings, money", ADMIN, at(f"{SETTINGS}/money")),
    Scene("settings, security", ADMIN, at(f"{SETTINGS}/security")),
    Scene("settings, mail", ADMIN, at(f"{SETTINGS}/mail")),
    Scene("settings refused", ADMIN, settings_refused, 422),
    Scene("settings, clash", ADMIN, settings_clash, 409),
    Scene("holiday refused", ADMIN, holiday_refused, 422),
    Scene("checklist", BOTH, at(f"{QUIET}/admin/onboarding")),
    Scene("tags", ADMIN, at("/port-nimara/admin/tags")),
    Scene("tags, none", BOTH, at(f"{QUIET}/admin/tags")),
    Scene("tags, one archived and back", ADMIN, tag_archived),
    Scene("new tag", ADMIN, at("/port-nimara/admin/tags/new")),
    Scene("new tag refused", ADMIN, tag_refused, 422),
    Scene("tokens, none", VIEWER, at(TOKENS)),
    Scene("new token", ADMIN, new_token),
    Scene("new token refused", ADMIN, token_refused, 422),
    Scene("token created", ADMIN, token_created, 201),
    Scene("token, revoke?", ADMIN, revoke_question),
    Scene("audit", ADMIN, at(LOG)),
    Scene("audit, nothing matches", ADMIN, at(f"{LOG}?what=system:alert&from=2099-01-01")),
    Scene("audit, one entry", ADMIN, audit_entry),
    Scene("audit, not taken back", ADMIN, audit_refused, 409),
    Scene("people", ADMIN, at(USERS)),
    Scene("people, nobody matches", ADMIN, at(f"{USERS}?q=nobody")),
    Scene("person", ADMIN, at(lambda stage: stage.user(VERA))),
    Scene("person, invited", ADMIN, at(lambda stage: stage.user(NOOR))),
    Scene("person, oneself", ADMIN, at(lambda stage: stage.user(ADMIN))),
    Scene("person, deactivate?", ADMIN, end_account),
    Scene("person, roles", ADMIN, at(lambda stage: f"{stage.user(VERA)}/roles")),
    Scene("invite", BOTH, at(f"{USERS}/new")),
    Scene("invite refused", ADMIN, invite_refused, 422),
    Scene("roles", ADMIN, at(ROLES)),
    Scene("role", ADMIN, at(lambda stage: stage.role("viewer"))),
    Scene("role, in this port", ADMIN, at(lambda stage: f"{stage.role('viewer')}/override")),
    Scene("role, clash", ADMIN, override_clash, 409),
    Scene("role, copy", SUPER, at(lambda stage: f"{stage.role('viewer')}/copy")),
    Scene("role, edit", SUPER, own_role),
    Scene("teams", ADMIN, at(TEAMS)),
    Scene("teams, none", BOTH, at(f"{QUIET}/admin/teams")),
    Scene("team", ADMIN, at(lambda stage: stage.team("Front office"))),
    Scene("team, new", ADMIN, at(f"{TEAMS}/new")),
    Scene("team, edit", ADMIN, at(lambda stage: f"{stage.team('Front office')}/edit")),
    Scene("this port", ADMIN, at("/port-nimara/admin/port")),
    Scene("branding", ADMIN, at("/port-nimara/admin/port/branding")),
    Scene("branding, corrected", SUPER, branding_corrected),
    Scene("branding, logo refused", ADMIN, logo_refused, 422),
    Scene("ports", SUPER, at("/port-nimara/admin/ports")),
    Scene("port, new", SUPER, at("/port-nimara/admin/ports/new")),
    Scene("preview", LOOKING, looking),
    Scene("preview, refused", LOOKING, looking_refused, 409),
    Scene("notifications", ADMIN, at(NOTIFICATIONS)),
    Scene("notifications, none", BOTH, at(f"{QUIET}/notifications")),
    Scene("notifications, preferences", ADMIN, at("/port-nimara/settings/notifications")),
    Scene("outbox", None, at("/dev/mail")),
    Scene("outbox, one mail", None, one_mail),
    Scene("400", ADMIN, open_too_long, 400),
    Scene("403", VIEWER, at(f"{CLIENTS}/new"), 403),
    Scene("404", ADMIN, at(f"{CLIENTS}/999999"), 404),
    Scene("404, not signed in", None, at("/nowhere/at/all"), 404),
    Scene("409", ADMIN, sent_twice, 409),
    Scene("413", ADMIN, too_large, 413),
    Scene("429", BOTH, too_often, 429),
    Scene("500", ADMIN, broken, 500),
    Scene("503", ADMIN, away, 503),
)
