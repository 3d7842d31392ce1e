"""The files that deploy Quayside, read as far as that goes without a container engine."""

import ast
import hashlib
import json
import re
import runpy
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from app.config import Settings
from app.jobs import QUEUES
from tests.servers import PASSWORD, Cluster, Database

ROOT = Path(__file__).parents[1]
SETTINGS = {name.upper() for name in Settings.model_fields}
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = {name: service for name, service in SERVICES.items() if service["image"].startswith("quayside:")}


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)


def variables_of(text: str) -> set[str]:
    return set(re.findall(r"\$\{(\w+)", text))


def example() -> set[str]:
    return set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in lines]


@pytest.mark.parametrize("role", procfile())
def test_every_role_has_a_service_with_its_command(role: str) -> None:
    assert " ".join(OWN[role]["command"]) == procfile()[role]


def test_there_are_services_for_sockets_and_migrations_besides() -> None:
    assert set(OWN) == {*procfile(), "live", "migrate"}
    assert OWN["live"]["command"] == OWN["web"]["command"]
    assert OWN["migrate"]["command"] == ["flask", "db", "upgrade"]


def test_the_worker_serves_every_queue() -> None:
    assert OWN["worker"]["environment"]["WORKER_QUEUES"].split(",") == list(QUEUES)


def test_servers_are_of_the_kinds_the_code_is_tested_with() -> None:
    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert SERVICES["redis"]["image"].startswith("valkey/valkey:9")
    assert "noeviction" in SERVICES["redis"]["command"]
    assert {"s3", "nginx"} <= set(SERVICES)


@pytest.mark.parametrize("name", OWN)
def test_services_are_given_settings_that_exist(name: str) -> None:
    given = set(OWN[name]["environment"])
    assert given <= SETTINGS
    required = {key.upper() for key, field in Settings.model_fields.items() if field.is_required()}
    assert required <= given


def test_only_the_migration_signs_in_as_the_owner() -> None:
    assert [name for name, service in OWN.items() if "DATABASE_OWNER_URL" in service["environment"]] == ["migrate"]


def test_roles_wait_for_the_migration() -> None:
    waiting = {name: set(service["depends_on"]) for name, service in OWN.items()}
    assert waiting.pop("migrate") == {"postgres"}
    assert all("migrate" in names for names in waiting.values())


def test_own_services_have_no_more_rights_than_they_need() -> None:
    for service in OWN.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "user" not in service  # the one of the image


def test_only_nginx_can_be_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    secrets = re.findall(r"\$\{(\w*(?:PASSWORD|KEYS?))(:?[?-]?)", text)
    assert len(secrets) > 8
    assert [name for name, mark in secrets if mark != ":?"] == []


def test_the_example_lists_every_variable_and_no_other() -> None:
    used = variables_of((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert example() == SETTINGS | used


def test_the_example_holds_no_secret() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    values = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
    assert {name for name in values if re.search(r"PASSWORD|KEY|_URL", name) and values[name]} == set()


def test_the_example_tells_form_and_default_as_the_settings_have_them() -> None:
    text = " ".join((ROOT / ".env.example").read_text(encoding="utf-8").replace("\n# ", " ").split())
    for name, field in Settings.model_fields.items():
        about = text[: text.index(f" {name.upper()}=")].rpartition("=")[2]
        required = field.is_required()
        assert ("Required." in about or "Required," in about) == required, name
        if not required and field.default not in (None, "production", ()) and field.default_factory is None:
            assert f"Default: {field.default}" in about, name


def test_development_changes_only_services_there_are() -> None:
    changed = yaml.safe_load((ROOT / "compose.dev.yaml").read_text(encoding="utf-8"))["services"]
    assert set(changed) <= set(SERVICES)
    for service in changed.values():
        assert set(service.get("environment", {})) <= SETTINGS
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    # By itself a web process in development listens on its own loopback, where nginx does not reach it.
    assert all(":8000" in changed[web]["command"] for web in ("web", "live"))


def test_the_image_runs_as_nobody_special() -> None:
    users = [value for name, value in instructions() if name == "USER"]
    assert users == ["10001"]
    assert [name for name, _ in instructions()].index("USER") > [name for name, _ in instructions()].index("WORKDIR")


def test_the_image_is_built_in_stages_from_pinned_hashes() -> None:
    bases = [value for name, value in instructions() if name == "FROM"]
    assert len(bases) == 2
    assert all("-slim" in base for base in bases)
    installs = [value for name, value in instructions() if name == "RUN" and "pip install" in value]
    assert all("--require-hashes" in value for value in installs)
    assert len(installs) == 1


def test_the_image_knows_when_it_is_ill_and_what_it_is() -> None:
    found = dict(instructions())
    assert "/health/live" in found["HEALTHCHECK"]
    assert {"VERSION=0.1.0", "COMMIT=unknown"} <= {value for name, value in instructions() if name == "ARG"}
    assert "TZ=UTC" in found["ENV"]


def test_the_image_holds_what_the_roles_need_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "*"
    taken = {line[1:] for line in lines if line.startswith("!")}
    assert {"app", "deploy", "migrations", "static", "templates", "wsgi.py", "worker.py"} <= taken
    assert not {"tests", "var", ".env", "compose.yaml"} & taken
    assert [name for name in taken if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("folder", [ROOT / "static", ROOT / "tests/browser/vendor"], ids=["static", "tests"])
def test_what_others_wrote_is_listed_unchanged_and_with_its_licence(folder: Path) -> None:
    [manifest] = folder.rglob("manifest.json")
    for entry in json.loads(manifest.read_text(encoding="utf-8")):
        digest = hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest()
        assert digest == entry["sha256"], entry["file"]
        assert (folder / entry["licence_file"]).stat().st_size > 0


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        (".env", "", "settings of one machine"),
        (".env.production", "", "settings of one machine"),
        ("key.pem", "-----BEGIN RSA " + "PRIVATE KEY-----", "a private key"),
        ("deploy.sh", "export ID=AKIA" + "A1B2C3D4E5F6G7H8", "a key of a cloud account"),
        ("notes.md", "SECRET_" + "KEY=0123456789abcdef0123456789abcdef", "a key of Quayside"),
        ("dump.sql", "x" * 2_000_001, "larger than 2 MB"),
    ],
    ids=lambda value: value[:16],
)
def test_settings_and_secrets_are_not_committed(tmp_path: Path, name: str, content: str, problem: str) -> None:
    check = runpy.run_path(str(ROOT / "deploy/commit_checks.py"))["problems_of"]
    (tmp_path / name).write_text(content, encoding="utf-8")
    [found] = check(str(tmp_path / name), staged=False)
    assert problem in found
    assert check(str(ROOT / ".env.example"), staged=False) == []


def nginx() -> str:
    return (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")


def block_of(head: str) -> str:
    text = nginx()
    start = text.index(head)
    depth = 0
    for at in range(text.index("{", start), len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[start : at + 1]
    raise AssertionError(f"{head} is not closed")


def test_nginx_is_well_formed_and_knows_its_upstreams() -> None:
    text = re.sub(r"#.*", "", nginx())
    assert text.count("{") == text.count("}")
    statements = [line.strip() for line in text.splitlines() if line.strip()]
    assert [line for line in statements if line[-1] not in ";{}"] == []
    upstreams = set(re.findall(r"upstream (\w+)", text))
    assert upstreams == {"web", "live"} <= set(SERVICES)
    assert set(re.findall(r"proxy_pass http://(\w+)", text)) == upstreams


def test_nginx_gives_sockets_to_live() -> None:
    live = block_of("location ~ ^/[a-z0-9-]+/live$")
    assert "proxy_pass http://live;" in live
    assert "proxy_set_header Upgrade $http_upgrade;" in live


@pytest.mark.parametrize("head", ["server {\n        listen 8080", "location ~ ^/[a-z0-9-]+/live$"])
def test_nginx_says_itself_where_a_client_comes_from(head: str) -> None:
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in block_of(head)
    assert OWN["web"]["environment"]["TRUSTED_PROXIES"] == "1"


def test_nginx_lets_the_largest_file_through() -> None:
    assert "client_max_body_size 52m;" in nginx()


def test_gunicorn_serves_sockets() -> None:
    tree = ast.parse((ROOT / "deploy/gunicorn.py").read_text(encoding="utf-8"))
    values = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    assert values["worker_class"] == "gevent"
    assert values["worker_connections"] == 4000
    assert values["control_socket_disable"] is True
    assert values["forwarded_allow_ips"] == ""


# --- roles.sql ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(cluster: Cluster, worker_id: str) -> Database:
    """A database with the roles in it, twice, and no table."""
    database = cluster.empty(f"quayside_{worker_id}_roles")
    with database.connect() as connection:
        connection.execute((ROOT / "deploy/roles.sql").read_bytes())
    return database


def test_the_application_may_connect_and_make_nothing(prepared: Database) -> None:
    with prepared.connect("quayside_app") as connection:
        connection.execute("CREATE TEMPORARY TABLE scratch (id int)")
        for statement in (
            "CREATE TABLE public.mine (id int)",
            "CREATE SCHEMA mine",
            "SET ROLE quayside_owner",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SET ROLE quayside_search")


def test_the_owner_may_make_tables_and_extensions_and_sees_nothing_as_search(prepared: Database) -> None:
    with prepared.connect("quayside_owner") as connection:
        for name in ("citext", "pg_trgm", "unaccent", "btree_gist"):
            connection.execute(f"CREATE EXTENSION {name}")
        connection.execute("CREATE TABLE public.mine (id int)")
        connection.execute("SET ROLE quayside_search")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM public.mine")


def test_no_role_is_above_row_level_security(prepared: Database) -> None:
    with prepared.connect() as connection:
        roles = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin FROM pg_roles"
            " WHERE rolname LIKE 'quayside%' ORDER BY rolname"
        ).fetchall()
    assert roles == [
        ("quayside_app", False, False, True),
        ("quayside_owner", False, False, True),
        ("quayside_search", False, False, False),
    ]


def test_somebody_else_may_not_even_connect(prepared: Database) -> None:
    with prepared.connect() as connection:
        connection.execute("DROP ROLE IF EXISTS passer_by")
        connection.execute(f"CREATE ROLE passer_by LOGIN PASSWORD '{PASSWORD}'")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        prepared.connect("passer_by")
