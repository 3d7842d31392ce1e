"""The stage of each file of scenes, and how its scenes come before those who judge them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, StorageState

from tests.browser.judged import Judged, Played, Watched
from tests.browser.stage import Stage, add_people
from tests.browser.windows import Windows
from tests.servers import Installation


@pytest.fixture(scope="module")
def stage(browser: Browser, site: Installation, state_of: Callable[[str], StorageState]) -> Iterator[Stage]:
    """A file that wants more on it than the demo has a fixture `stage` of its own, made of this one."""
    add_people(site)
    stage = Stage(Windows(browser, site.url), site, state_of)
    yield stage
    stage.windows.complaints.clear()  # judged scene by scene
    stage.windows.close()


@pytest.fixture(scope="module")
def watched(stage: Stage) -> Watched:
    return Watched(stage)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "played" in metafunc.fixturenames:
        assert metafunc.cls is not None
        assert issubclass(metafunc.cls, Judged)
        metafunc.parametrize("played", metafunc.cls.scenes, indirect=True, ids=str, scope="module")


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, watched: Watched) -> Played:
    """Each scene is played once and judged by all tests that want it."""
    return watched.play(request.param)
