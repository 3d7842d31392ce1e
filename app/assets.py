"""Static files: joined, fingerprinted and compressed once at start, then served from memory."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import brotli
from flask import Flask, Response, abort, request

from .web import public

STATIC = Path(__file__).resolve().parent.parent / "static"
LAYERS = "@layer reset, tokens, base, layout, components, utilities;"
STYLES = (
    "css/reset.css",
    "css/tokens.css",
    "css/base.css",
    "css/layout.css",
    "css/components/*.css",
    "css/utilities.css",
)
# Our listeners first: htmx and its socket extension begin at once, and their first events must be heard.
SCRIPTS = ("js/*.js", "vendor/htmx.min.js", "vendor/hx-*.min.js")
SPRITE = "icons.svg"
IMMUTABLE = "public, max-age=31536000, immutable"
BRIEF = "public, max-age=300"
SMALLEST_WORTH_COMPRESSING = 500


@dataclass(frozen=True, slots=True)
class File:
    body: bytes
    mimetype: str
    digest: str
    encoded: dict[str, bytes]

    @classmethod
    def of(cls, name: str, body: bytes) -> File:
        mimetype = "font/woff2" if name.endswith(".woff2") else mimetypes.guess_type(name)[0] or "text/plain"
        encoded: dict[str, bytes] = {}
        if not name.endswith((".woff2", ".png")) and len(body) > SMALLEST_WORTH_COMPRESSING:
            # 10 is 3 % larger than 11 and done in a third of the time, which every start pays
            encoded = {"br": brotli.compress(body, quality=10), "gzip": gzip.compress(body, 9, mtime=0)}
        return cls(body, mimetype, hashlib.sha256(body).hexdigest()[:16], encoded)


class Assets:
    """Every static file under its plain and its fingerprinted name."""

    def __init__(self, folder: Path, static_url: str | None) -> None:
        self.folder = folder
        self.prefix = (static_url or "/static").rstrip("/")
        self.build()

    def build(self) -> None:
        self.built_from = self.newest_change()
        self.files: dict[str, File] = {}
        self.names: dict[str, str] = {}
        for path in self.served_as_they_are():
            self.add(path.relative_to(self.folder).as_posix(), path.read_bytes())
        self.add("app.css", self.joined_styles())
        self.add("app.js", self.joined_scripts())

    def add(self, name: str, body: bytes) -> None:
        file = File.of(name, body)
        stem, _, suffix = name.rpartition(".")
        self.names[name] = f"{stem}.{file.digest}.{suffix}"
        self.files[name] = self.files[self.names[name]] = file

    def served_as_they_are(self) -> Iterator[Path]:
        """What is not joined. A folder of its own in vendor is for the pages that need it."""
        for path in sorted(self.folder.rglob("*")):
            folders = path.relative_to(self.folder).parts[:-1]
            is_joined = folders == ("vendor",) or folders[:1] in (("css",), ("js",))
            if path.is_file() and (not is_joined or path.suffix == ".LICENSE"):
                yield path

    def sources(self, patterns: tuple[str, ...]) -> Iterator[Path]:
        for pattern in patterns:
            yield from sorted(self.folder.glob(pattern))

    def joined_styles(self) -> bytes:
        text = LAYERS + "".join(path.read_text() for path in self.sources(STYLES))
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        text = re.sub(r"\s*\n\s*", "\n", text)
        return re.sub(r"url\(([\w./-]+)\)", self.fingerprinted_url, text).encode()

    def fingerprinted_url(self, found: re.Match[str]) -> str:
        """Relative to app.css, so that it follows the style sheet to another origin."""
        return f"url({self.names[found[1]]})"

    def joined_scripts(self) -> bytes:
        """Without the lines that are comments: nobody reads them there, and each visitor would load them."""
        parts = (path.read_text() for path in self.sources(SCRIPTS))
        return ";\n".join(re.sub(r"^\s*//.*\n?", "", part, flags=re.M) for part in parts).encode()

    def newest_change(self) -> float:
        return max(path.stat().st_mtime for path in self.folder.rglob("*"))

    def rebuild_if_changed(self) -> None:
        if self.newest_change() != self.built_from:
            self.build()

    def url(self, name: str) -> str:
        # A browser loads the parts of a sprite from the page's own origin only.
        prefix = "/static" if name == SPRITE else self.prefix
        return f"{prefix}/{self.names[name]}"

    def serve(self, filename: str) -> Response:
        file = self.files.get(filename)
        if file is None:
            abort(404)
        encoding = accepted_encoding(file.encoded)
        response = Response(file.encoded[encoding] if encoding else file.body, mimetype=file.mimetype)
        if encoding:
            response.headers["Content-Encoding"] = encoding
        response.headers["Cache-Control"] = BRIEF if filename in self.names else IMMUTABLE
        response.headers["X-Content-Type-Options"] = "nosniff"
        # A style sheet on another origin may fetch its fonts only with this.
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.vary.add("Accept-Encoding")
        response.set_etag(f"{file.digest}-{encoding or 'plain'}")
        response.make_conditional(request)
        return response


def accepted_encoding(offered: dict[str, bytes] | tuple[str, ...]) -> str | None:
    """The best content coding both sides know; brotli wins a tie, being smaller."""
    accepted = request.accept_encodings
    best = max(offered, key=lambda name: (accepted.quality(name), name == "br"), default=None)
    return best if best and accepted.quality(best) > 0 else None


def compress(response: Response) -> Response:
    """Compress a page or fragment on its way out."""
    if response.mimetype != "text/html" or response.direct_passthrough or response.is_streamed:
        return response
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    encoding = accepted_encoding(("br", "gzip"))
    if encoding is None or "Content-Encoding" in response.headers or len(body) <= SMALLEST_WORTH_COMPRESSING:
        return response
    # A window of 64 kB is as good as one of 4 MB for a page, and the process holds a megabyte less.
    br = encoding == "br"
    response.set_data(brotli.compress(body, quality=5, lgwin=16) if br else gzip.compress(body, 5, mtime=0))
    response.headers["Content-Encoding"] = encoding
    return response


@cache
def built_once(static_url: str | None) -> Assets:
    return Assets(STATIC, static_url)


def init_app(app: Flask) -> None:
    settings = app.extensions["settings"]
    assets = built_once(settings.static_url)
    app.extensions["assets"] = assets
    app.jinja_env.globals["asset"] = assets.url

    @app.get("/static/<path:filename>", endpoint="static")
    @public
    def static(filename: str) -> Response:
        return assets.serve(filename)

    if settings.environment == "development":
        app.before_request(assets.rebuild_if_changed)
    app.after_request(compress)
