"""The page of components shows all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.config import Settings

TEMPLATES = Path(__file__).parents[1] / "templates"
COMPONENTS = sorted(path for path in (TEMPLATES / "components").glob("*.html") if not path.stem.startswith("_"))


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_each_macro_of_a_component_is_shown(path: Path) -> None:
    shown = (TEMPLATES / "dev" / "components" / path.name).read_text()
    macros = re.findall(r"{%-? macro (\w+)\(", path.read_text())
    assert macros
    assert [name for name in macros if not re.search(rf"\b{name}\(", shown.partition("import")[2])] == []


@pytest.mark.parametrize("theme", ["system", "light", "dark"])
def test_the_page_has_them_all(app: Flask, theme: str) -> None:
    page = app.test_client().get(f"/dev/components?theme={theme}").text
    assert re.findall(r'<section class="card" id="c-(\w+)"', page) == [path.stem for path in COMPONENTS]
    assert (f'data-theme="{theme}"' in page) == (theme != "system")


def test_there_is_no_other_theme(app: Flask) -> None:
    assert app.test_client().get("/dev/components?theme=sepia").status_code == 404


def test_production_has_no_such_page(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"environment": "production"}))
    assert "components.index" not in app.view_functions
