"""Pictures of people: looked at, cut square and written anew, so that nothing of the file that was sent remains."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import BinaryIO

from ..threads import off_the_loop

LARGEST = 5 * 1024 * 1024
MOST_PIXELS = 40_000_000  # more than any phone takes; beyond it a small file may unpack to gigabytes
SIDE = 256
KINDS = ("JPEG", "PNG", "WEBP")


class NotAPicture(ValueError):
    """The file is none of the kinds that are taken, or broken, or far too large once unpacked."""


def square(stream: BinaryIO) -> bytes:
    """The picture as a WebP of 256 pixels a side, without metadata. Raises NotAPicture."""
    return off_the_loop(_square, stream.read(LARGEST + 1))


def _square(content: bytes) -> bytes:
    if len(content) > LARGEST:
        raise NotAPicture
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content), formats=KINDS) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise NotAPicture
                opened.draft("RGB", (SIDE * 2, SIDE * 2))  # a JPEG is unpacked no larger than needed
                turned = ImageOps.exif_transpose(opened)
                picture = ImageOps.fit(turned.convert("RGBA"), (SIDE, SIDE))
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise NotAPicture from error
    flat = Image.new("RGB", picture.size, "white")
    flat.paste(picture, mask=picture.getchannel("A"))
    written = BytesIO()
    flat.save(written, "WEBP", quality=82, method=4)
    return written.getvalue()
