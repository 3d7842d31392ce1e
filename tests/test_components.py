"""The page of components shows all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.config import Settings
from app.dev.components import SHELLS

ROOT = Path(__file__).parents[1]
COMPONENTS = sorted(
    path for path in (ROOT / "templates" / "components").glob("*.html") if not path.stem.startswith("_")
)
SAMPLES = sorted((ROOT / "templates" / "dev" / "components").glob("*.html"))
STYLES = sorted((ROOT / "static" / "css" / "components").glob("*.css"))
SCENES = ROOT / "tests" / "browser" / "scenes"
# Styles without a sample of their own, and where else they are seen: in other samples, or, where they are of one page
# alone, in the scenes of it.
IN_SAMPLES = {"form": "error_summary", "vessels": "dimensions", "berths": "calendar", "portrait": "avatar"}
IN_SCENES = {
    "admin": "admin",
    "audit": "admin",
    "clients": "clients",
    "dashboard": "dashboard",
    "duplicates": "duplicates",
    "gate": "sign_in",
    "outbox": "errors",
    "prices": "prices",
    "privacy": "privacy",
    "recommendations": "interests",
    "record": "clients",
    "registration": "registration",
    "reminders": "reminders",
    "rights": "people",
    "scratchpad": "scratchpad",
    "security": "profile",
    "trouble": "errors",
    "waiting": "waiting_list",
}
ELSEWHERE = {
    "loading": "the page while an answer takes longer than 200 ms",
    "mark": "the sign of the product at the head of each page, that of the samples as well",
    "skip": "the first stop of each page of a port, seen while it has the focus",
}


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_each_macro_of_a_component_is_shown(path: Path) -> None:
    shown = (ROOT / "templates" / "dev" / "components" / path.name).read_text()
    macros = re.findall(r"{%-? macro (\w+)\(", path.read_text())
    assert macros
    assert [name for name in macros if not re.search(rf"\b{name}\(", shown.partition("import")[2])] == []


def test_each_style_is_shown_or_said_where_else_it_is() -> None:
    shown = {path.stem for path in SAMPLES}
    said = [*IN_SAMPLES, *IN_SCENES, *ELSEWHERE]
    assert [path.stem for path in STYLES if path.stem not in {*shown, *said}] == []
    assert sorted({*said} & shown) == []
    assert sorted({*said} - {path.stem for path in STYLES}) == []
    assert {*IN_SAMPLES.values()} <= shown
    assert [name for name in IN_SCENES.values() if not (SCENES / f"test_{name}.py").exists()] == []


@pytest.mark.parametrize("theme", ["system", "light", "dark"])
def test_the_page_has_them_all(app: Flask, theme: str) -> None:
    page = app.test_client().get(f"/dev/components?theme={theme}").text
    assert re.findall(r'<section class="card" id="c-(\w+)"', page) == [path.stem for path in SAMPLES]
    assert (f'data-theme="{theme}"' in page) == (theme != "system")


@pytest.mark.parametrize("state", SHELLS)
def test_what_stands_around_a_page_is_shown_in_each_state(app: Flask, state: str) -> None:
    answer = app.test_client().get(f"/dev/components/shell/{state}?theme=dark")
    assert answer.status_code == 200
    assert 'data-theme="dark"' in answer.text
    assert app.test_client().get("/dev/components/shell/none-like-this").status_code == 404


def test_there_is_no_other_theme(app: Flask) -> None:
    assert app.test_client().get("/dev/components?theme=sepia").status_code == 404


def test_production_has_no_such_page(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"environment": "production"}))
    assert not [name for name in app.view_functions if name.startswith("components.")]
