"""Pictures of a file to look at, made in a process of its own that knows nothing and has little.

Run as a script: the file comes in on stdin; what goes out on stdout is a line `{"pages": …}` and then, for each
picture, a line `{"page", "width", "height", "length"}` and its bytes. It imports nothing of Quayside, gets no
environment, and ends at its limits: whoever sends a file that breaks a decoder breaks this process alone.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

MOST_PAGES = 20
MOST_PIXELS = 40_000_000  # more than any phone takes; beyond it a small file may unpack to gigabytes
LONG_SIDE = 1400
SMALL_SIDE = 256
LONGEST = 40  # seconds: shorter than the lease of a job
MEMORY = 2 * 1024**3
PICTURES = ("JPEG", "PNG", "GIF", "WEBP")


class Reader(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class NotShown(Exception):
    """There is nothing to look at: the file is broken, protected by a password or too large once unpacked."""


@dataclass(frozen=True)
class Picture:
    """A page as WebP; page 0 is the small one of lists."""

    page: int
    width: int
    height: int
    content: bytes


@dataclass(frozen=True)
class Pictures:
    pages: int
    pictures: list[Picture]


def pictures_of(stream: Reader, mime: str) -> Pictures:
    """Made by another process. Raises NotShown."""
    command = [sys.executable, "-I", str(Path(__file__).resolve()), mime]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
    ) as process:
        try:
            while process.stdin and (piece := stream.read(64 * 1024)):
                process.stdin.write(piece)
            written, _errors = process.communicate(timeout=LONGEST)
        except BrokenPipeError:  # it ended before it had read everything
            process.kill()
            raise NotShown from None
        except BaseException as error:
            process.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                raise NotShown from None
            raise
    if process.returncode != 0:
        raise NotShown
    return read(BytesIO(written))


def read(written: BytesIO) -> Pictures:
    pages, pictures = json.loads(written.readline())["pages"], []
    while line := written.readline():
        told = json.loads(line)
        content = written.read(told.pop("length"))
        pictures.append(Picture(**told, content=content))
    return Pictures(pages, pictures)


# --- In the process of its own


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    content, mime = sys.stdin.buffer.read(), sys.argv[1]
    pages, found = open_pdf(content) if mime == "application/pdf" else open_picture(content)
    say({"pages": pages})
    for page, picture in enumerate(found, 1):
        if page == 1:
            tell(0, picture, SMALL_SIDE)
        tell(page, picture, LONG_SIDE)


def say(told: dict[str, int]) -> None:
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")


def tell(page: int, picture: Any, side: int) -> None:
    from PIL import Image

    copy = picture.copy()
    copy.thumbnail((side, side))
    flat = Image.new("RGB", copy.size, "white")
    flat.paste(copy, mask=copy.getchannel("A") if copy.mode == "RGBA" else None)
    written = BytesIO()
    flat.save(written, "WEBP", quality=80, method=4)
    say({"page": page, "width": flat.width, "height": flat.height, "length": written.tell()})
    sys.stdout.buffer.write(written.getvalue())


def open_picture(content: bytes) -> tuple[int, Iterator[Any]]:
    from PIL import Image, ImageOps

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    opened = Image.open(BytesIO(content), formats=PICTURES)
    if opened.width * opened.height > MOST_PIXELS:
        raise ValueError("too many pixels")
    opened.draft("RGB", (LONG_SIDE, LONG_SIDE))  # a JPEG is unpacked no larger than needed
    return 1, iter([ImageOps.exif_transpose(opened).convert("RGBA")])


def open_pdf(content: bytes) -> tuple[int, Iterator[Any]]:
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    pages = len(document)

    def rendered() -> Iterator[Any]:
        for at in range(min(pages, MOST_PAGES)):
            page = document[at]
            scale = min(LONG_SIDE / max(*page.get_size(), 1), 4)
            yield page.render(scale=scale).to_pil()
            page.close()

    return pages, rendered()


if __name__ == "__main__":
    main()
