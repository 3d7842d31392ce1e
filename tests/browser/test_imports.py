"""Moving in: a file of each format comes in; one is stopped half-way, goes on after its worker was killed, and is taken
back as a whole, watched from a second window; and all of that without scripts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
import pytest
import xlsxwriter
from playwright.sync_api import FilePayload, Locator, Page, StorageState, expect

from app.db import begin, commit
from app.dev.processes import wait_until
from app.jobs import sweep
from tests.browser.pages import (
    ADMIN,
    CLIENTS,
    IMPORTS,
    PART_OF_THE_WAY,
    SLOW,
    is_same,
    live,
    mark,
    on_a_slow_line,
    reload_until,
)
from tests.browser.windows import Windows
from tests.clients.killing import has_no_worker, is_held, kill_its_child, start_worker
from tests.servers import Installation, Running

HEADINGS = ("Name", "E-mail", "Phone", "Town", "Country", "Vessel name", "LOA", "Tags")
# Three batches; a note in the second and in the third is where the worker is held up.
ROWS, STOPS_AT, DIES_AT = 250, 150, 240
# How whoever looks comes to see it.
Look = Callable[[Page, Locator], None]


def line_of(host: str) -> str:
    """Two digits of a telephone that nobody else has."""
    kind, _dash, who = host.partition("-")
    return f"{10 + 2 * list(FORMATS).index(kind) + (who == 'live.example')}"


def text_of(rows: Sequence[Sequence[str]], delimiter: str = ",") -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue()


def workbook_of(rows: Sequence[Sequence[str]]) -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet()
    for at, row in enumerate(rows):
        sheet.write_row(at, 0, row)
    book.close()
    return stream.getvalue()


def people(host: str, *, comma: bool = False) -> list[tuple[str, ...]]:
    """Two clients, one of them with two vessels."""
    lengths = ("11,5", "9,20") if comma else ("11.5", "38'6\"")
    asa = (f"Åsa Öström {host}", f"asa@{host}", f"+46 70 174 06 {line_of(host)}", "Göteborg", "Sweden")
    return [
        HEADINGS,
        (*asa, "Vega", lengths[0], "Winter"),
        (*asa, "Nova", lengths[1], "Winter"),
        (f"Émile Dupré {host}", f"emile@{host}", "", "Toulon", "FR", "", "", ""),
    ]


def google(host: str) -> str:
    head = ("First Name", "Last Name", "Labels", "E-mail 1 - Label", "E-mail 1 - Value", "Phone 1 - Value")
    row = ("Siiri", f"Mäki {host}", "* myContacts", "Work", f"siiri@{host} ::: s@{host}", f"040 555 01{line_of(host)}")
    return text_of([head, row])


def outlook(host: str) -> str:
    head = ("First Name", "Last Name", "E-mail Address", "Business Phone", "Home Street", "Home City", "Categories")
    return text_of(
        [
            head,
            (
                "Rosalind",
                f"Whitlock {host}",
                f"ros@{host}",
                f"+44 20 7946 09{line_of(host)}",
                "3 Quay",
                "Falmouth",
                "x",
            ),
        ]
    )


def hubspot(host: str) -> str:
    head = ("Record ID", "First Name", "Last Name", "Email", "Phone Number", "Lifecycle Stage", "Associated Company")
    return text_of(
        [head, ("501", "Ana", f"Beltrán {host}", f"ana@{host}", f"+34 971 555 2{line_of(host)}", "customer", "Vela SL")]
    )


# Of each format the file, and how many rows are new and how many give somebody a further vessel.
FORMATS: dict[str, tuple[str, Callable[[str], bytes], int, int]] = {
    "utf8": ("clients.csv", lambda host: text_of(people(host)).encode("utf-8-sig"), 2, 1),
    "cp1252": ("clients.csv", lambda host: text_of(people(host, comma=True), ";").encode("cp1252"), 2, 1),
    "utf16": ("clients.txt", lambda host: text_of(people(host), "\t").encode("utf-16"), 2, 1),
    "xlsx": ("clients.xlsx", lambda host: workbook_of(people(host)), 2, 1),
    "google": ("contacts.csv", lambda host: google(host).encode(), 1, 0),
    "outlook": ("contacts.csv", lambda host: outlook(host).encode(), 1, 0),
    "hubspot": ("all-contacts.csv", lambda host: hubspot(host).encode(), 1, 0),
}


@pytest.fixture(autouse=True)
def patience(site: Installation) -> Iterator[None]:
    """More files a minute than one person may send."""
    yield
    for key in site.redis.scan_iter("*uploads*"):
        site.redis.delete(key)


@pytest.fixture(scope="module")
def worker(site: Installation) -> Running:
    site.start_relay()
    return start_worker(site)


def comes_by_itself(_page: Page, shown: Locator) -> None:
    expect(shown).to_be_visible(timeout=60_000)


def comes_by_reloading(page: Page, shown: Locator) -> None:
    reload_until(page, shown.is_visible, seconds=60)


def check_file(page: Page, look: Look, name: str, content: bytes) -> None:
    page.goto(f"{IMPORTS}/new")
    file: FilePayload = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    page.get_by_label("Contact file").set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    expect(page).to_have_url(re.compile(r"/imports/\d+$"))
    look(page, page.get_by_role("region", name="Result of the check"))


def in_database(site: Installation, statement: str, *values: object) -> tuple[object, ...]:
    with site.database.connect() as connection:
        row = connection.execute(statement, values).fetchone()
    assert row is not None
    return row


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "without-scripts"])
def test_a_file_of_each_format_comes_in(
    windows: Windows, site: Installation, state_of: Callable[[str], StorageState], worker: Running, scripts: bool
) -> None:
    page = windows.open(storage_state=state_of(ADMIN), java_script_enabled=scripts)
    look = comes_by_itself if scripts else comes_by_reloading
    for kind, (name, content, new, more) in FORMATS.items():
        host = f"{kind}-{'live' if scripts else 'plain'}.example"
        check_file(page, look, name, content(host))
        figures = page.get_by_role("region", name="Result of the check").locator("dd.big")
        expect(figures).to_have_text([str(new), str(more), "0", "0"])
        count = new + more
        page.get_by_role("button", name=f"Import {count} row", exact=False).click()
        look(page, page.get_by_role("heading", name="Import finished"))
        found = in_database(
            site,
            "SELECT count(DISTINCT c.id), count(v.id), count(*) FILTER (WHERE v.loa_declared BETWEEN 9 AND 12)"
            " FROM clients c LEFT JOIN vessels v ON v.client_id = c.id WHERE c.full_name LIKE %s",
            f"%{host}",
        )
        assert found == (new, 2 * more, 2 * more), kind
    page.get_by_role("link", name="Show the clients").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Clients")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "without-scripts"])
def test_headings_nobody_knows_are_asked_about_once(
    windows: Windows, state_of: Callable[[str], StorageState], worker: Running, scripts: bool
) -> None:
    host, look = f"asked-{'live' if scripts else 'plain'}.example", comes_by_itself if scripts else comes_by_reloading
    page = windows.open(storage_state=state_of(ADMIN), java_script_enabled=scripts)
    windows.forgive("status of 422")
    heading = f"Skipper {host}"

    def send(who: str) -> None:
        page.goto(f"{IMPORTS}/new")
        content = text_of([(heading, "Boat club", "Mail"), (f"{who} {host}", "HSS", f"{who}@{host}".lower())])
        file: FilePayload = {"name": "club.csv", "mimeType": "text/csv", "buffer": content.encode()}
        page.get_by_label("Contact file").set_input_files(file)
        page.get_by_role("button", name="Check the file").click()

    send("Siiri")
    look(page, page.get_by_role("heading", name="What do the columns hold?"))
    row = page.get_by_role("row", name=heading)
    expect(row).to_contain_text(f"Siiri {host}")
    expect(page.get_by_label("Mail")).to_have_value("email")
    page.get_by_role("button", name="Check the rows").click()
    expect(page.get_by_role("alert")).to_contain_text("Say which column holds the name")
    expect(page.get_by_label("Mail")).to_have_value("email")
    page.get_by_label(heading).select_option(value="full_name")
    page.get_by_label("Boat club").select_option(value="told_note")
    page.get_by_role("button", name="Check the rows").click()
    look(page, page.get_by_role("region", name="Result of the check"))
    page.get_by_role("button", name="Import 1 row").click()
    look(page, page.get_by_role("heading", name="Import finished"))

    send("Aino")
    look(page, page.get_by_role("region", name="Result of the check"))
    expect(page.get_by_role("button", name="Import 1 row")).to_be_visible()


def long_file(host: str) -> bytes:
    notes = {STOPS_AT: "here it is stopped", DIES_AT: "here it is killed"}
    rows = [(f"Guest {at:04d} {host}", f"g{at}@{host}", notes.get(at, "")) for at in range(1, ROWS + 1)]
    return text_of([("Name", "E-mail", "Note"), *rows]).encode()


@contextmanager
def held_up(site: Installation, statement: str) -> Iterator[None]:
    """While this statement's lock is held, the worker waits at it."""
    with psycopg.connect(site.database.url("postgres")) as holding:
        holding.execute(statement)
        yield


def send_again(site: Installation) -> None:
    """A minute later the lease of the killed child is over, and the sweep sends its job again."""
    with site.database.connect() as connection:
        connection.execute(
            "UPDATE jobs SET leased_until = now() - interval '1 second', sent_at = now() - interval '1 hour'"
        )
    with site.app.app_context():
        begin()
        sweep()
        commit()


def kill(site: Installation, worker: Running) -> set[int]:
    assert wait_until(lambda: is_held(site), seconds=60)
    held, _child = kill_its_child(site, worker)
    return held


def waiting(site: Installation, name: str) -> object:
    """How many of these processes' requests wait for a lock: here, for the rows in hand."""
    statement = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )
    return in_database(site, statement, name)[0]


def guests(site: Installation, host: str) -> tuple[object, ...]:
    """How many are here, how many different ones, how many of them in the lists."""
    counts = "count(*), count(DISTINCT full_name), count(*) FILTER (WHERE archived_at IS NULL)"
    return in_database(site, f"SELECT {counts} FROM clients WHERE full_name LIKE %s", f"%{host}")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "without-scripts"])
def test_an_import_is_stopped_killed_gone_on_with_and_taken_back(
    windows: Windows, site: Installation, state_of: Callable[[str], StorageState], worker: Running, scripts: bool
) -> None:
    host, look = f"long-{'live' if scripts else 'plain'}.example", comes_by_itself if scripts else comes_by_reloading
    page = windows.open(storage_state=state_of(ADMIN), java_script_enabled=scripts)
    beside = windows.open(storage_state=state_of(ADMIN), java_script_enabled=scripts)
    check_file(page, look, "guests.csv", long_file(host))
    beside.goto(page.url)
    if scripts:
        live(beside)
        mark(beside)

    # Stopped half-way.
    with held_up(site, "LOCK TABLE client_notes IN ACCESS EXCLUSIVE MODE"):
        page.get_by_role("button", name="Import 250 rows").click()
        assert wait_until(lambda: is_held(site), seconds=60)
        page.get_by_role("button", name="Stop the import").click(no_wait_after=True)
        assert wait_until(lambda: waiting(site, "quayside-web") == 1, seconds=60)
    for window in (beside, page):
        look(window, window.get_by_role("heading", name="Stopped", exact=True))
        expect(window.locator(".tally").first).to_contain_text("200 of 250 rows")
    assert guests(site, host) == (200, 200, 200)

    # Gone on with; its worker is killed; another one ends it, and nobody is here twice.
    with held_up(site, "LOCK TABLE client_notes IN ACCESS EXCLUSIVE MODE"):
        page.get_by_role("button", name="Go on with the import").click()
        held = kill(site, worker)
    assert wait_until(lambda: has_no_worker(site, held), seconds=60)
    assert guests(site, host) == (200, 200, 200)
    send_again(site)
    for window in (beside, page):
        look(window, window.get_by_role("heading", name="Import finished"))
    assert guests(site, host) == (ROWS, ROWS, ROWS)

    # Taken back; killed in the middle of that, too.
    if scripts:
        assert is_same(beside)
    page.get_by_role("link", name="Undo the import").click()
    expect(page.get_by_role("button", name="Undo 250 records")).to_be_visible()
    beside.goto(page.url)
    if scripts:
        live(beside)
        mark(beside)
    one = f"SELECT FROM clients WHERE full_name = 'Guest 0120 {host}' FOR UPDATE"
    with held_up(site, one):
        page.get_by_role("button", name="Undo 250 records").click()
        held = kill(site, worker)
    assert wait_until(lambda: has_no_worker(site, held), seconds=60)
    look(beside, beside.get_by_role("heading", name="Undoing"))
    send_again(site)
    for window in (beside, page):
        look(window, window.get_by_role("heading", name="Undone"))
    assert guests(site, host) == (ROWS, ROWS, 0)
    expect(beside.locator(".tally")).to_contain_text("250 as before")
    if scripts:
        assert is_same(beside)
    page.goto(f"{CLIENTS}?sort=created&direction=desc")
    expect(page.get_by_role("heading", level=1)).to_have_text("Clients")
    expect(page.get_by_text(f"Guest {ROWS:04d} {host}")).to_have_count(0)


# Large enough to be seen on its way over a slow line.
LONG_FILE = text_of([("Name", "Note"), *((f"Guest {at} of the long file", "x" * 300) for at in range(3_000))]).encode()
DROP = """([name, text]) => {
    const files = new DataTransfer();
    files.items.add(new File([text], name, { type: "text/csv" }));
    const options = { dataTransfer: files, bubbles: true, cancelable: true };
    const zone = document.querySelector("[data-drop]");
    for (const kind of ["dragover", "drop"]) zone.dispatchEvent(new DragEvent(kind, options));
}"""


def test_a_file_has_a_bar_on_its_way(windows: Windows, state_of: Callable[[str], StorageState]) -> None:
    """One that cannot be read is refused beside its field, one that is stopped can be sent again."""
    windows.forgive("status of 422")
    page = windows.open(storage_state=state_of(ADMIN))
    page.goto(f"{IMPORTS}/new")
    field, check = page.get_by_label("Contact file"), page.get_by_role("button", name="Check the file")
    field.set_input_files({"name": "liar.xlsx", "mimeType": "text/csv", "buffer": b"MZ\x90\x00" + bytes(500)})
    check.click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.locator(".drop .error")).to_be_visible()
    expect(page).to_have_url(re.compile(f"{IMPORTS}/new$"))

    field.set_input_files({"name": "guests.csv", "mimeType": "text/csv", "buffer": LONG_FILE})
    on_a_slow_line(page, SLOW)
    check.click()
    page.wait_for_function(PART_OF_THE_WAY)
    line = page.locator(".sending-line")
    expect(line.get_by_role("progressbar", name="guests.csv")).to_be_visible()
    expect(line.locator(".state")).to_contain_text("%")
    line.get_by_role("button", name="Stop").click()
    expect(line.locator(".state")).to_have_text("Stopped")
    expect(page).to_have_url(re.compile(f"{IMPORTS}/new$"))

    on_a_slow_line(page, -1)
    check.click()
    expect(page).to_have_url(re.compile(r"/imports/\d+$"))


def test_a_file_is_dropped_and_sent(windows: Windows, state_of: Callable[[str], StorageState]) -> None:
    page = windows.open(storage_state=state_of(ADMIN))
    page.goto(f"{IMPORTS}/new")
    page.evaluate(DROP, ["dropped.csv", text_of([("Name", "Town"), ("Guest of the drop", "Hanko")])])
    page.get_by_role("button", name="Check the file").click()
    expect(page).to_have_url(re.compile(r"/imports/\d+$"))
    expect(page.locator("main")).to_contain_text("dropped.csv")
