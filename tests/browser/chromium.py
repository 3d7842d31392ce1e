"""The browser of the tests: the system's Chromium, else the one that Playwright installs.

`python -m tests.browser.chromium` installs one where none works, and says so plainly when that fails.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, BrowserType, Error, Playwright, sync_playwright

# Nothing a test looks at depends on the network; Chromium shall not look for it either.
ARGUMENTS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update"]


class NoBrowser(Exception):
    """No browser could be started; the text tells what was tried."""


def launch(playwright: Playwright) -> Browser:
    tried = []
    for path in candidates(playwright.chromium):
        try:
            return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        except Error as problem:
            tried.append(f"{path}: {problem.message.splitlines()[0]}")
    raise NoBrowser("\n".join(["No Chromium could be started.", *tried]))


def candidates(chromium: BrowserType) -> list[str]:
    names = [shutil.which("chromium"), shutil.which("chromium-browser"), chromium.executable_path]
    return [name for name in names if name and Path(name).exists()]


def is_there() -> bool:
    with sync_playwright() as playwright:
        try:
            launch(playwright).close()
        except NoBrowser:
            return False
    return True


def installers() -> list[list[str]]:
    """What may bring a browser here, best first; Ubuntu's package is only a stub of another store."""
    is_root = os.geteuid() == 0
    own = [sys.executable, "-m", "playwright", "install", *(["--with-deps"] if is_root else []), "chromium"]
    release = Path("/etc/os-release")
    is_debian = release.exists() and "ID=debian" in release.read_text(encoding="utf-8").splitlines()
    if not (is_root and is_debian):
        return [own]
    return [["sh", "-c", "apt-get update && apt-get install --yes --no-install-recommends chromium"], own]


def main() -> None:
    for command in [[], *installers()]:
        if command:
            print("Installing a browser for the tests:", " ".join(command), flush=True)
            subprocess.run(command, check=False)
        if is_there():
            return
    raise SystemExit(
        "The tests need a browser and none could be installed. Install Chromium so that `chromium --version`"
        " works, or run `.venv/bin/playwright install --with-deps chromium` where downloads are possible."
    )


if __name__ == "__main__":
    main()
