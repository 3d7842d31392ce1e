"""A port's look: its logo, re-encoded, and the style sheet made of its colours."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _

from .. import storage
from ..current import CurrentPort
from ..storage.store import NotStored
from ..threads import off_the_loop
from .colours import SIDEBAR, STEP, Shades, moved, on, shade, tint

# Part of the address, so that browsers ask anew when the style sheet is put together differently.
EDITION = "1"
DEFAULTS = {"primary": "#2b6cb0", "secondary": "#1f8489"}
LARGEST_LOGO = 5 * 1024 * 1024
MOST_PIXELS = 16_000_000
SIDE = 192  # three times the largest mark


class Unusable(ValueError):
    """What was uploaded is no picture that can be a logo; the text says why."""


def encoded_logo(content: bytes) -> bytes:
    """The picture as WebP, small, without whatever else was in the file. SVG is refused: it can carry scripts. Raises
    Unusable. Takes a moment: no transaction should be open."""
    return off_the_loop(_encoded, content)


def _encoded(content: bytes) -> bytes:
    if len(content) > LARGEST_LOGO:
        raise Unusable(_("The file is larger than 5 MB."))
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG", "WEBP", "GIF")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Unusable(_("The picture has too many pixels. Make it smaller first."))
            logo = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, Unusable):
            raise
        raise Unusable(_("Send the logo as PNG, JPEG, WebP or GIF. SVG is not taken.")) from error
    logo.thumbnail((SIDE, SIDE))
    written = BytesIO()
    logo.save(written, "WEBP", quality=90, method=4)
    return written.getvalue()


def brand_url(port: CurrentPort | None) -> str | None:
    """Where the port's style sheet is, with its version; None for a port that looks like Quayside."""
    if port is None or not port.branding.get("version"):
        return None
    return url_for("identity.show_brand", port=port.slug, v=version_of(port.branding))


def public_brand_url(port: CurrentPort) -> str | None:
    """The same for a page that is open to everybody."""
    if not port.branding.get("version"):
        return None
    return url_for("identity.show_public_brand", port=port.slug, v=version_of(port.branding))


def version_of(branding: Mapping[str, Any]) -> str:
    return f"{branding.get('version', '')}-{EDITION}"


def shades_of(branding: Mapping[str, Any]) -> dict[str, Shades]:
    return {name: Shades.of(branding.get(name) or DEFAULTS[name]) for name in DEFAULTS}


def style_sheet(branding: Mapping[str, Any]) -> str:
    """What the port changes of tokens.css, and its mark. The logo travels inside, so that nothing of storage is linked
    from a page."""
    rules = []
    if branding.get("primary") or branding.get("secondary"):
        rules.append(colours_of(branding))
    if logo := _logo(branding.get("logo")):
        rules.append(
            f'.brandmark .mark {{ background: #fff url("data:image/webp;base64,{logo}") center / contain no-repeat; }}'
        )
        rules.append(".brandmark .mark .icon { display: none; }")
    return "\n".join(rules) + "\n"


def colours_of(branding: Mapping[str, Any]) -> str:
    both = shades_of(branding)
    main, second = both["primary"], both["secondary"]
    tokens = {
        "brand": (main.fill, main.fill_dark),
        "brand-hover": (moved(main.fill, -0.05), moved(main.fill_dark, -0.05)),
        "link": (main.link, main.link_dark),
        "focus": (main.link, main.link_dark),
        "brand-50": (tint(main.fill), tint(main.fill)),
        "selected": (tint(main.fill), shade(main.fill)),
    }
    written = " ".join(f"--{name}: light-dark({light}, {dark});" for name, (light, dark) in tokens.items())
    bar = on(second.fill, (SIDEBAR,), by=STEP, least=3)
    return (
        f"@layer tokens {{ :root {{ {written} }} }}\n"
        f"@layer components {{ .brandmark .mark {{ background: linear-gradient(160deg, {second.fill}, {main.fill}); }}"
        f" .nav a[aria-current]::before {{ background: {bar}; }} }}"
    )


def _logo(key: str | None) -> str | None:
    if not key:
        return None
    try:
        with storage.open(key) as stream:
            return base64.b64encode(stream.read()).decode()
    except NotStored:
        return None
