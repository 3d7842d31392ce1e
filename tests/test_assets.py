"""Static files: what is vendored, how it is joined and served, and how little of it a first visit costs."""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import brotli
import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from app import assets
from app.assets import STATIC, Assets

ROOT = STATIC.parent
TEMPLATES = ROOT / "templates"
MANIFEST = json.loads((STATIC / "vendor/manifest.json").read_text())


@pytest.fixture(scope="module")
def app() -> Flask:
    app = Flask("assets", static_folder=None)
    app.extensions["settings"] = SimpleNamespace(static_url=None, environment="production")
    assets.init_app(app)

    @app.get("/page/<int:size>")
    def page(size: int) -> str:
        return "x" * size

    @app.get("/data")
    def data() -> Response:
        return Response("x" * 5000, mimetype="text/csv")

    return app


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


@pytest.fixture(scope="module")
def built(app: Flask) -> Assets:
    found: Assets = app.extensions["assets"]
    return found


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: str(entry["file"]))
def test_what_is_vendored_is_what_the_manifest_says(entry: dict[str, str]) -> None:
    assert hashlib.sha256((STATIC / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert entry["version"]
    assert entry["licence"]
    assert (STATIC / entry["licence_file"]).stat().st_size > 200


def test_every_vendored_file_is_in_the_manifest() -> None:
    listed = {entry["file"] for entry in MANIFEST}
    for folder, pattern in (("vendor", "**/*.js"), ("vendor", "**/*.css"), ("fonts", "*.woff2")):
        assert {path.relative_to(STATIC).as_posix() for path in STATIC.glob(f"{folder}/{pattern}")} <= listed


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    templates = "".join(path.read_text() for path in TEMPLATES.rglob("*.html"))
    python = "".join(path.read_text() for path in (ROOT / "app").rglob("*.py"))
    used = set(re.findall(r'\bicon\("([\w-]+)"', templates)) | set(re.findall(r'\bicon="([\w-]+)"', python))
    assert used <= sprite


def test_no_template_needs_what_the_content_security_policy_forbids() -> None:
    for path in TEMPLATES.rglob("*.html"):
        if path.parent.name == "mail":
            continue
        text = path.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|hx-on|js:|javascript:", text), path
        assert all("nonce" in tag for tag in re.findall(r"<script[^>]*>", text)), path


def test_styles_are_joined_in_the_order_of_the_layers(built: Assets) -> None:
    text = built.files["app.css"].body.decode()
    assert text.startswith("@layer reset, tokens, base, layout, components, utilities;")
    assert "/*" not in text
    first = [text.index(f"@layer {layer} {{") for layer in ("reset", "tokens", "base", "layout", "components")]
    assert first == sorted(first)


def test_addresses_in_styles_are_fingerprinted_and_follow_the_style_sheet(built: Assets) -> None:
    addresses = re.findall(r"url\(([^)]+)\)", built.files["app.css"].body.decode())
    assert addresses
    for address in addresses:
        assert not address.startswith(("/", "http"))
        assert address in built.files
        assert address not in built.names


def test_own_scripts_come_before_htmx_and_its_extensions(built: Assets) -> None:
    text = built.files["app.js"].body.decode()
    places = [text.index(part) for part in ("var quayside", "var htmx", "reconnectMaxAttempts")]
    assert places == sorted(places)
    assert "sourceMappingURL" not in text


def test_a_fingerprint_changes_with_the_content(tmp_path: Path) -> None:
    for folder in ("css", "js", "vendor"):
        (tmp_path / folder).mkdir()
    picture = tmp_path / "mark.svg"
    picture.write_text("<svg/>")
    built = Assets(tmp_path, None)
    before = built.url("mark.svg")
    picture.write_text("<svg></svg>")
    built.build()
    assert before != built.url("mark.svg")


def test_static_url_goes_before_everything_but_the_sprite() -> None:
    built = Assets(STATIC, "https://cdn.example/files/")
    assert built.url("app.css").startswith("https://cdn.example/files/app.")
    assert built.url("icons.svg").startswith("/static/icons.")


@pytest.mark.parametrize(("accepted", "encoding"), [("gzip, br", "br"), ("gzip", "gzip"), ("", None)])
def test_a_fingerprinted_file_is_compressed_and_kept_for_good(
    client: FlaskClient, built: Assets, accepted: str, encoding: str | None
) -> None:
    answer = client.get(built.url("app.css"), headers={"Accept-Encoding": accepted})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.mimetype == "text/css"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.headers.get("Content-Encoding") == encoding
    assert unpacked(answer.data, encoding) == built.files["app.css"].body


def unpacked(body: bytes, encoding: str | None) -> bytes:
    if encoding == "br":
        return bytes(brotli.decompress(body))
    return gzip.decompress(body) if encoding == "gzip" else body


def test_a_plain_name_is_kept_briefly_and_asked_for_again(client: FlaskClient) -> None:
    answer = client.get("/static/favicon.svg")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    again = client.get("/static/favicon.svg", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_fonts_are_not_compressed_twice(client: FlaskClient, built: Assets) -> None:
    answer = client.get(built.url("fonts/inter.woff2"), headers={"Accept-Encoding": "br"})
    assert answer.mimetype == "font/woff2"
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_what_few_pages_need_is_no_part_of_every_page(built: Assets) -> None:
    leaflet = built.files["vendor/leaflet/leaflet.js"]
    assert leaflet.mimetype == "text/javascript"
    assert b"Leaflet" in leaflet.body
    assert b"Leaflet" not in built.files["app.js"].body


@pytest.mark.parametrize("name", ["nothing.css", "css/tokens.css", "vendor/manifest.json", "../wsgi.py", ""])
def test_nothing_else_is_served(client: FlaskClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


@pytest.mark.parametrize(
    ("size", "accepted", "encoding"),
    [
        (5000, "br, gzip", "br"),
        (5000, "gzip", "gzip"),
        (5000, "br;q=0, gzip;q=0", None),
        (400, "br", None),
    ],
)
def test_pages_are_compressed_on_their_way_out(
    client: FlaskClient, size: int, accepted: str, encoding: str | None
) -> None:
    answer = client.get(f"/page/{size}", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == encoding
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert unpacked(answer.data, encoding) == b"x" * size
    assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_only_pages_are_compressed(client: FlaskClient) -> None:
    assert "Content-Encoding" not in client.get("/data", headers={"Accept-Encoding": "br"}).headers


def test_a_first_visit_loads_little(built: Assets) -> None:
    files = [built.files[name] for name in ("app.css", "app.js", "icons.svg", "favicon.svg", "fonts/inter.woff2")]
    files.append(built.files["fonts/jetbrains-mono.woff2"])
    # leaves 14 kB of the 100 for the page itself
    assert sum(len(file.encoded.get("br", file.body)) for file in files) < 86_000
