"""A server of tiles on this machine, of which each tile is drawn as it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread

from PIL import Image, ImageDraw

SIDE = 256


@dataclass
class Tiles:
    """`url` as the setting has it. Of `is_away` none is there, of `has_holes` every other one is missing."""

    url: str
    is_away: bool = False
    has_holes: bool = False
    given: list[str] = field(default_factory=list)

    def picture(self, path: str) -> bytes | None:
        x, y = (int(part) for part in path.removesuffix(".png").split("/")[-2:])
        if self.is_away or (self.has_holes and (x + y) % 2):
            return None
        self.given.append(path)
        return drawn((x + y) % 2)


def drawn(tone: int) -> bytes:
    """Land and sea, with the edge of the tile."""
    picture = Image.new("RGB", (SIDE, SIDE), ("#cfe0ec", "#c4d8e6")[tone])
    draw = ImageDraw.Draw(picture)
    draw.polygon([(0, 150), (90, 110), (170, 190), (256, 160), (256, 256), (0, 256)], fill="#f1ead8")
    draw.rectangle((0, 0, SIDE - 1, SIDE - 1), outline="#9fb4c4")
    kept = BytesIO()
    picture.save(kept, "PNG")
    return kept.getvalue()


@contextmanager
def serving() -> Iterator[Tiles]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            picture = tiles.picture(self.path)
            self.send_response(404 if picture is None else 200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(picture or b"")))
            self.end_headers()
            self.wfile.write(picture or b"")

        def log_message(self, *_said: object, **_more: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    tiles = Tiles(f"http://127.0.0.1:{server.server_port}/{{z}}/{{x}}/{{y}}.png")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield tiles
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
