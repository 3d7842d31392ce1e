"""The rules of the house that a test can keep. Each check is also shown something that breaks its rule."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import StrictUndefined

from app.config import Settings

ROOT = Path(__file__).parents[1]
APP = ROOT / "app"
TEMPLATES = ROOT / "templates"

# Packages that are part of the core; every other package of app/ is a module of the product.
CORE_PACKAGES = {
    "events",
    "live",
    "dev",
    "storage",
    "mail",
    "notifications",
    "fields",
    "files",
    "search",
    "notes",
    "changes",
    "saved_views",
    "tables",
    "tags",
    "bulk_edits",
    "exports",
    "imports",
    "lists",
}
# Who signs in and what a port is: the core stands on its models.
IDENTITY = "identity"


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- Python ------------------------------------------------------------------------------------------------

Check = Callable[[ast.AST], bool]


@dataclass(frozen=True)
class Rule:
    """What must not be found in the files, but for the exceptions."""

    check: Check
    breaks_it: str
    files: tuple[str, ...] = ("app/**/*.py",)
    exceptions: frozenset[str] = frozenset()


def dotted(node: ast.AST) -> str:
    """`db.session.commit` of the expression, as far as it is names."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def is_call(*ends: str) -> Check:
    """A call whose dotted name ends so."""
    return lambda node: isinstance(node, ast.Call) and f".{dotted(node.func)}".endswith(tuple(f".{e}" for e in ends))


def is_import(*modules: str, names: tuple[str, ...] = ()) -> Check:
    """An import of one of these names from a module that ends so, or from any."""

    def check(node: ast.AST) -> bool:
        if not isinstance(node, ast.ImportFrom):
            return False
        from_one = not modules or (node.module or "").endswith(modules)
        return from_one and any(alias.name in names for alias in node.names)

    return check


def is_sql_with(pattern: str) -> Check:
    """Text that is SQL and in which the pattern is found."""

    def check(node: ast.AST) -> bool:
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        return bool(re.search(r"\b(SELECT|INSERT|UPDATE|DELETE|DEFAULT)\b", text) and re.search(pattern, text))

    return check


def either(*checks: Check) -> Check:
    return lambda node: any(check(node) for check in checks)


READS_ENVIRONMENT = either(
    lambda node: isinstance(node, ast.Attribute) and dotted(node) in ("os.environ", "os.environb"),
    is_call("os.getenv"),
    is_import("os", names=("environ", "getenv")),
)

VIEWS = ("app/*/views.py", "app/*/views/*.py")
MODELS = ("app/*/models.py", "app/*/models/*.py")
DATABASE_CLOCK = is_sql_with(r"(?i)\b(now|clock_timestamp|transaction_timestamp)\(\)|\bcurrent_(timestamp|date)\b")

RULES = {
    "only app/db.py commits": Rule(
        is_call("session.commit", "connection.commit", "connection().commit"),
        "db.session.commit()",
        exceptions=frozenset({"app/db.py"}),
    ),
    "a unit of work is ended by what began it": Rule(
        is_import("db", names=("commit",)),
        "from ..db import commit",
        exceptions=frozenset(
            {
                "app/web.py",  # a request
                "app/jobs.py",  # a job, a step of one
                "app/schedule.py",  # a tick
                "app/events/relay.py",  # what was claimed
                "app/files/incoming.py",  # where something is going to lie, before it does
                "app/identity/sign_in.py",  # the attempt, and its failure, outlast the refusal
                "app/identity/console.py",  # a command
                "app/demo.py",
            }
        ),
    ),
    "only app/config.py reads the environment": Rule(
        READS_ENVIRONMENT,
        "import os\nos.environ['SECRET_KEY']",
        exceptions=frozenset({"app/config.py"}),
    ),
    "one clock": Rule(
        either(is_call("datetime.now", "datetime.utcnow", "date.today", "datetime.today"), is_call("func.now")),
        "datetime.now(UTC)",
        exceptions=frozenset({"app/db.py"}),
    ),
    "times come from the application": Rule(
        DATABASE_CLOCK,
        "op.execute('ALTER TABLE x ADD y timestamptz DEFAULT now()')",
        files=("app/**/*.py", "migrations/**/*.py"),
    ),
    "text becomes markup in templates only": Rule(
        either(is_import(names=("Markup",)), is_call("Markup", "render_template_string")),
        "from markupsafe import Markup",
        exceptions=frozenset(
            {
                "app/formats.py",  # what the catalogue says, around escaped values
                "app/search/marking.py",  # marks around escaped pieces
            }
        ),
    ),
    "views find through the member, never by an id": Rule(
        is_call("session.get", "session.get_one"), "db.session.get(Client, number)", files=VIEWS
    ),
    "views write nothing themselves": Rule(
        is_call(*(f"session.{verb}" for verb in ("add", "add_all", "delete", "execute", "merge", "flush"))),
        "db.session.add(client)",
        files=VIEWS,
    ),
    "models never read the request": Rule(
        either(is_import("flask", names=("request", "session")), is_import("current", names=("member",))),
        "from ..current import member",
        files=MODELS,
        exceptions=frozenset({"app/events/models.py"}),  # an event keeps address and browser
    ),
    "broadcasts follow events and jobs": Rule(
        is_call("live.replace", "live.refresh", "live.remove"), "live.refresh(room)", files=VIEWS
    ),
}


def found_in(tree: ast.AST, check: Check) -> Iterator[int]:
    for node in ast.walk(tree):
        if check(node):
            yield getattr(node, "lineno", 0)


@cache
def found() -> dict[str, dict[str, list[int]]]:
    """What each rule finds: the lines, by file. Each file is read once for all of them."""
    bound = {name: {path for pattern in rule.files for path in ROOT.glob(pattern)} for name, rule in RULES.items()}
    lines: dict[str, dict[str, list[int]]] = {name: {} for name in RULES}
    for path in sorted(set().union(*bound.values())):
        tree = ast.parse(path.read_text())
        for name, rule in RULES.items():
            if path in bound[name] and (here := list(found_in(tree, rule.check))):
                lines[name][name_of(path)] = here
    return lines


@pytest.mark.parametrize("name", RULES)
def test_rule(name: str) -> None:
    rule = RULES[name]
    assert {file: lines for file, lines in found()[name].items() if file not in rule.exceptions} == {}


@pytest.mark.parametrize("name", RULES)
def test_rule_sees_what_breaks_it(name: str) -> None:
    assert list(found_in(ast.parse(RULES[name].breaks_it), RULES[name].check))


@pytest.mark.parametrize("name", RULES)
def test_exceptions_are_needed(name: str) -> None:
    """An exception that nobody uses any more would cover the next mistake."""
    assert RULES[name].exceptions - set(found()[name]) == set()


# --- Who imports whom --------------------------------------------------------------------------------------


def imported(path: Path, tree: ast.AST) -> Iterator[str]:
    """The modules of app/ that the file imports, as `app.clients.models`."""
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__").split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@cache
def modules() -> set[str]:
    return {path.parent.name for path in APP.glob("*/__init__.py")} - CORE_PACKAGES


def crossings(path: Path, tree: ast.AST) -> list[str]:
    """What the file imports and should not: the core no module, a module of another one nothing but models."""
    parts = path.relative_to(APP).parts
    home = parts[0] if len(parts) > 1 and parts[0] not in CORE_PACKAGES else None
    wrong = []
    for name in imported(path, tree):
        _app, _, rest = name.partition(".")
        module, _, inner = rest.partition(".")
        if not name.startswith("app.") or module not in modules() or module == home:
            continue
        is_of_models = inner.partition(".")[0] == "models"
        is_of_the_core = module == IDENTITY and inner.partition(".")[0] in ("models", "permissions")
        if not (is_of_the_core or (home and is_of_models)):
            wrong.append(f"{name_of(path)} imports {name}")
    return wrong


# The one place that knows all modules, and the demo, which fills them.
WIRING = {"app/__init__.py", "app/demo.py", "app/dev/samples.py"}


def test_the_core_imports_no_module_and_modules_import_models_only() -> None:
    assert modules() >= {"clients", "identity"}
    paths = [path for path in sorted(APP.rglob("*.py")) if name_of(path) not in WIRING]
    assert [line for path in paths for line in crossings(path, ast.parse(path.read_text()))] == []


def test_the_walk_sees_a_crossing() -> None:
    assert crossings(APP / "web.py", ast.parse("from .clients.models import Client"))
    assert crossings(APP / "live" / "hub.py", ast.parse("from ..clients import reactions"))
    assert crossings(APP / "clients" / "jobs.py", ast.parse("from ..identity.sign_in import sign_in"))
    assert not crossings(APP / "clients" / "views" / "notes.py", ast.parse("from ..models import Note"))
    assert not crossings(APP / "clients" / "jobs.py", ast.parse("from ..identity.models import User"))


def test_no_drawer_for_everything() -> None:
    drawers = {"utils", "helpers", "services", "common", "managers", "util", "helper", "misc"}
    assert [name_of(path) for path in APP.rglob("*.py") if drawers & {path.stem, *path.parts}] == []


# --- Templates ---------------------------------------------------------------------------------------------

MARKUP = {
    "escaping is never switched off": r"\|\s*safe\b|\bautoescape\b|\bMarkup\b",
    "no inline style": r"\sstyle\s*=|<style\b",
    "no inline handlers": r"<[^>{]*\son[a-z]+\s*=|\shx-on\b",
    "scripts have an address": r"<script\b(?![^>]*\bsrc=)",
    "a link does not write": r"<a\b[^>]*(?:_method=|hx-(?:post|put|patch|delete)\b)",
    "nothing from another origin": r"(?:src|href)\s*=\s*[\"'](?:https?:)?//",
}
BREAKS_MARKUP = {
    "escaping is never switched off": "{{ client.name|safe }}",
    "no inline style": '<p style="color: red">',
    "no inline handlers": '<button class="btn" onclick="go()">',
    "scripts have an address": '<script nonce="x">go()</script>',
    "a link does not write": '<a class="btn" href="/x?_method=DELETE">',
    "nothing from another origin": '<img src="https://cdn.example/x.png">',
}
# Rendered outside a request, once for everybody who looks.
BROADCAST = sorted(
    TEMPLATES / f"{name}.html"
    for name in (
        *(f"clients/_{part}" for part in ("row", "rows", "header", "facts", "contacts", "people", "vessels")),
        *(
            "clients/contacts/_contact",
            "notes/_notes",
            "clients/_timeline",
            "imports/_progress",
            "exports/_progress",
            "changes/_progress",
        ),
        *(f"vessels/_{part}" for part in ("row", "rows", "header", "dimensions", "documents", "facts", "owners")),
        "vessels/_timeline",
        *(f"interests/_{part}" for part in ("card", "place", "heads", "head", "count")),
        *(f"interests/recommendations/_{part}" for part in ("card", "row")),
        *(f"dashboard/_{part}" for part in ("standing", "pipeline", "moves", "tenures")),
        *(
            f"berths/_{part}"
            for part in (
                "row",
                "rows",
                "status",
                "stays",
                "header",
                "dimensions",
                "facts",
                "timeline",
                "suggestions",
                "maintenance",
            )
        ),
        *(
            f"berths/{part}"
            for part in (
                "occupancies/_state",
                "map/_spot",
                "map/_legend",
                "overview/_harbour",
                "overview/_figures",
                "suggestions/_count",
                "suggestions/_suggestion",
                "maintenance/_entry",
            )
        ),
        "berths/calendar/_changed",
        "tags/_tags",
    )
)


@pytest.mark.parametrize("rule", MARKUP)
def test_markup(rule: str) -> None:
    wrong = [
        f"{name_of(path)}: {found[0][:80]}"
        for path in sorted(TEMPLATES.rglob("*.html"))
        for found in re.finditer(MARKUP[rule], re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.S))
    ]
    assert wrong == []


@pytest.mark.parametrize("rule", MARKUP)
def test_markup_rule_sees_what_breaks_it(rule: str) -> None:
    assert re.search(MARKUP[rule], BREAKS_MARKUP[rule])


def test_the_kind_of_a_table_is_no_component_too() -> None:
    """`.people { … }` for a list would lay out `<table class="table people">` as well."""
    styles = "\n".join(path.read_text() for path in sorted((ROOT / "static" / "css").rglob("*.css")))
    kinds = set(re.findall(r"\.table\.([\w-]+)", styles))
    assert kinds
    assert [kind for kind in sorted(kinds) if re.search(rf"^\s*\.{kind}\s*[,{{]", styles, re.MULTILINE)] == []


def test_a_partial_says_what_it_needs() -> None:
    silent = [name_of(path) for path in TEMPLATES.rglob("_*.html") if "{#" not in path.read_text().partition("<")[0]]
    assert silent == []


@pytest.mark.parametrize("path", BROADCAST, ids=name_of)
def test_a_broadcast_partial_knows_nobody(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.S)
    said = " ".join(re.findall(r"\{[{%].*?[%}]\}", text, flags=re.S))
    assert re.findall(r"\b(?:member|request|csrf_token|current_user|session|once_key|csp_nonce)\b", said) == []


def test_an_undefined_name_is_an_error(app: Flask) -> None:
    assert app.jinja_env.undefined is StrictUndefined


def test_secrets_have_no_default() -> None:
    secret = [name for name in Settings.model_fields if name.endswith(("_key", "_keys")) or name == "database_url"]
    assert secret
    assert [name for name in secret if not Settings.model_fields[name].is_required()] == []


# --- Documents ---------------------------------------------------------------------------------------------


def test_what_security_is_shown_by_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "security.md").read_text()))
    there = {
        name for path in (ROOT / "tests").rglob("*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    assert len(named) > 50
    assert named - there == set()


# --- Scenes ------------------------------------------------------------------------------------------------


def names_of_scenes(tree: ast.AST) -> list[str]:
    """Of the scenes that the class `TestPages(Judged)` of a file brings before the judges."""
    judged = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name == "TestPages" and "Judged" in map(dotted, node.bases)
    ]
    return [
        str(call.args[0].value)
        for node in judged
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and dotted(call.func) == "Scene" and isinstance(call.args[0], ast.Constant)
    ]


def test_every_scene_is_judged_under_a_name_of_its_own() -> None:
    files = sorted((ROOT / "tests" / "browser" / "scenes").glob("*.py"))
    with_scenes = [path for path in files if "Scene(" in path.read_text()]
    assert len(with_scenes) >= 7
    names = {name_of(path): names_of_scenes(ast.parse(path.read_text())) for path in with_scenes}
    assert [name for name in names if not Path(name).name.startswith("test_")] == []
    written = {name_of(path): path.read_text().count("Scene(") for path in with_scenes}
    assert {name: len(found) for name, found in names.items()} == written
    together = [name for found in names.values() for name in found]
    assert sorted(together) == sorted(set(together))


def test_scenes_outside_the_class_are_seen() -> None:
    assert names_of_scenes(ast.parse("class TestPages(Judged):\n    scenes = (Scene('list', None, at('/')),)")) == [
        "list"
    ]
    assert names_of_scenes(ast.parse("SCENES = (Scene('list', None, at('/')),)")) == []
    assert names_of_scenes(ast.parse("class TestPages:\n    scenes = (Scene('list', None, at('/')),)")) == []
