"""Uploads with a bar for each file, by drag and drop, live elsewhere, and without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page, StorageState, expect

from tests.browser.pages import ADMIN, ELSEWHERE, MANAGER, PART_OF_THE_WAY, SLOW, is_same, live, mark, on_a_slow_line
from tests.browser.windows import Windows
from tests.files import samples

pytestmark = pytest.mark.usefixtures("at_work")

FILES = "/port-nimara/files"
StateOf = Callable[[str], StorageState]


def payload(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def opened(windows: Windows, state_of: StateOf, email: str = MANAGER, **options: bool) -> Page:
    page = windows.open(storage_state=state_of(email), **options)
    page.goto(FILES if email != ELSEWHERE else "/hanko-itasatama/files")
    return page


def test_each_file_has_a_bar_and_appears_in_another_window(windows: Windows, state_of: StateOf) -> None:
    windows.forgive("status of 422")
    page, colleague = opened(windows, state_of), opened(windows, state_of)
    live(page)
    live(colleague)
    mark(colleague)
    page.get_by_label("Upload files").set_input_files(
        [
            payload("Crane.pdf", samples.pdf(2)),
            payload("liar.pdf", b"MZ\x90\x00" + bytes(500)),
            payload("Slip.png", samples.picture("PNG", (900, 600))),
        ]
    )
    lines = page.locator(".sending-line")
    expect(lines).to_have_count(3)
    expect(lines.nth(0)).to_contain_text("Uploaded")
    expect(lines.nth(0).get_by_role("progressbar", name="Crane.pdf")).to_have_attribute("value", "1")
    expect(lines.nth(1)).to_contain_text("looks like EXE")
    expect(lines.nth(2)).to_contain_text("Uploaded")
    for window in (page, colleague):
        expect(window.get_by_role("link", name="Crane.pdf")).to_be_visible()
        expect(window.get_by_role("link", name="Slip.png")).to_be_visible()
    assert is_same(colleague)
    # The picture of the first page, once the job has made it.
    expect(colleague.locator("tr", has_text="Slip.png").locator("img.thumb")).to_be_visible()


DROP = """([selector, name]) => {
    const files = new DataTransfer();
    files.items.add(new File([new Uint8Array([37, 80, 68, 70, 45, 49])], name, { type: "application/pdf" }));
    const options = { dataTransfer: files, bubbles: true, cancelable: true };
    const zone = document.querySelector(selector);
    for (const kind of ["dragover", "drop"]) zone.dispatchEvent(new DragEvent(kind, options));
}"""


def test_files_are_dropped_on_the_list(windows: Windows, state_of: StateOf) -> None:
    page = opened(windows, state_of)
    page.evaluate(DROP, ["[data-drop-for]", "Dropped.pdf"])
    expect(page.locator(".sending-line")).to_contain_text("Uploaded")
    expect(page.get_by_role("link", name="Dropped.pdf")).to_be_visible()
    page.evaluate(DROP, ["[data-sender] [data-drop]", "Dropped there.pdf"])
    expect(page.get_by_role("link", name="Dropped there.pdf")).to_be_visible()


def test_what_is_too_large_is_not_even_sent(windows: Windows, state_of: StateOf) -> None:
    page = opened(windows, state_of)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.evaluate(
        """() => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(50 * 1024 * 1024 + 1)], "huge.pdf"));
            const field = document.querySelector("[data-sender] input[type=file]");
            field.files = files.files;
            field.dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    expect(page.locator(".sending-line")).to_contain_text("Larger than 50 MB")
    expect(page.locator("#announcer")).to_contain_text("huge.pdf: Larger than 50 MB")
    assert "POST" not in sent


def test_what_is_stopped_or_empty_is_told_and_the_keyboard_stays(windows: Windows, state_of: StateOf) -> None:
    page = windows.open(storage_state=state_of(ADMIN))
    page.goto("/port-nimara/clients/imports/new")
    field, send = (
        page.locator("form[data-one-file] input[type=file]"),
        page.get_by_role("button", name="Check the file"),
    )
    field.set_input_files(payload("nothing.csv", b""))
    send.click()
    expect(page.locator("#announcer")).to_contain_text("nothing.csv: ")
    expect(send).to_be_focused()
    field.set_input_files(payload("contacts.csv", b"First Name\n" + b"Guest\n" * SLOW))
    on_a_slow_line(page, SLOW)
    send.click()
    page.wait_for_function(PART_OF_THE_WAY)
    page.get_by_role("button", name="Stop").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_have_text(page.locator(".sending-line .state").inner_text())
    expect(send).to_be_focused()


def test_a_key_opens_a_new_folder_and_goes_into_it(windows: Windows, state_of: StateOf) -> None:
    page = opened(windows, state_of)
    page.keyboard.press("n")
    page.keyboard.type("Nautical charts")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nautical charts")


def test_without_scripts_everything_is_there(windows: Windows, state_of: StateOf) -> None:
    page = opened(windows, state_of, java_script_enabled=False)
    page.get_by_label("Upload files").set_input_files([payload("Plain.pdf", samples.pdf()), payload("P.csv", b"a,b\n")])
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("2 files were uploaded")
    page.get_by_role("link", name="Plain.pdf").click()
    page.get_by_label("New version").set_input_files(payload("Plain.pdf", samples.pdf(2)))
    page.get_by_role("button", name="Upload new version").click()
    expect(page.locator("#toasts")).to_contain_text("A new version of “Plain.pdf” was uploaded")
    page.get_by_role("button", name="Use version 1 again").click()
    expect(page.locator("li[aria-current]")).to_contain_text("Version 1")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    assert download.value.suggested_filename == "Plain.pdf"
    assert download.value.path().read_bytes() == samples.pdf()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Plain.pdf")


def test_another_port_sees_nothing_of_it(windows: Windows, state_of: StateOf) -> None:
    page = opened(windows, state_of, ELSEWHERE)
    expect(page.get_by_role("link", name="Plain.pdf")).to_have_count(0)
