"""The dashboard: full, empty, and for who may see less."""

from __future__ import annotations

from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, BOTH, VIEWER
from tests.browser.stage import QUIET, Scene, at


class TestPages(Judged):
    scenes = (
        Scene("dashboard", ADMIN, at("/port-nimara/")),
        Scene("dashboard, who may only look", VIEWER, at("/port-nimara/")),
        Scene("dashboard of a port with nothing in it", BOTH, at(f"{QUIET}/")),
    )
