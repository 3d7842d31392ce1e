"""A port's colours, corrected until they can be read: lightness is moved in OKLCH, hue and chroma stay.

Conversions after Björn Ottosson, "A perceptual color space for image processing" (2020); contrast after WCAG 2.2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

HEX = re.compile(r"#[0-9a-f]{6}")
AA = 4.5
STEP = 0.005
# Where words and links stand, as in tokens.css: the darkest of the light grounds, the lightest of the dark ones.
LIGHT_GROUND, DARK_GROUND, SIDEBAR = "#f2f5f9", "#2b3654", "#1e2844"


def as_hex(typed: str) -> str:
    """`#2B6CB0`, `2b6cb0`, `#26b` → `#2b6cb0`. Raises ValueError."""
    plain = typed.strip().lower().removeprefix("#")
    if len(plain) == 3:
        plain = "".join(digit * 2 for digit in plain)
    if not HEX.fullmatch(f"#{plain}"):
        raise ValueError(typed)
    return f"#{plain}"


def _linear(colour: str) -> tuple[float, float, float]:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return red, green, blue


def luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def to_oklch(colour: str) -> tuple[float, float, float]:
    """(lightness 0–1, chroma, hue in radians)."""
    r, g, b = _linear(colour)
    l_ = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    m_ = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    s_ = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    lightness = 0.2104542553 * l_ + 0.7936177850 * m_ - 0.0040720468 * s_
    a = 1.9779984951 * l_ - 2.4285922050 * m_ + 0.4505937099 * s_
    b2 = 0.0259040371 * l_ + 0.7827717662 * m_ - 0.8086757660 * s_
    return lightness, math.hypot(a, b2), math.atan2(b2, a)


def from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """The colour; where the screen has none that strong, the strongest of that lightness and hue."""
    while True:
        parts = _to_linear(lightness, chroma, hue)
        if chroma <= 0 or all(-0.0005 <= part <= 1.0005 for part in parts):
            return "#" + "".join(f"{_coded(part):02x}" for part in parts)
        chroma -= STEP


def _to_linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    l3 = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m3 = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s3 = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * l3 - 3.3077115913 * m3 + 0.2309699292 * s3,
        -1.2684380046 * l3 + 2.6097574011 * m3 - 0.3413193965 * s3,
        -0.0041960863 * l3 - 0.7034186147 * m3 + 1.7076147010 * s3,
    )


def _coded(part: float) -> int:
    part = min(max(part, 0.0), 1.0)
    return round(255 * (12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055))


def moved(colour: str, by: float) -> str:
    lightness, chroma, hue = to_oklch(colour)
    return from_oklch(min(max(lightness + by, 0.0), 1.0), chroma, hue)


def until(colour: str, is_good: Callable[[str], bool], *, by: float) -> str:
    """The colour, lighter or darker by steps until it is good; white or black is where it ends."""
    lightness, chroma, hue = to_oklch(colour)
    found = colour
    while not is_good(found) and lightness != (1.0 if by > 0 else 0.0):
        lightness = min(max(lightness + by, 0.0), 1.0)
        found = from_oklch(lightness, chroma, hue)
    return found


def under_white(colour: str) -> str:
    """Dark enough for white text."""
    return until(colour, lambda found: contrast(found, "#ffffff") >= AA, by=-STEP)


def on(colour: str, grounds: Iterable[str], *, by: float, least: float = AA) -> str:
    """Legible as text on all of these grounds."""
    kept = tuple(grounds)
    return until(colour, lambda found: all(contrast(found, ground) >= least for ground in kept), by=by)


@dataclass(frozen=True)
class Shades:
    """What becomes of one colour: the fill under white text and the link, in light and dark."""

    typed: str
    fill: str
    fill_dark: str
    link: str
    link_dark: str

    @classmethod
    def of(cls, colour: str) -> Shades:
        fill = under_white(colour)
        lightness, chroma, hue = to_oklch(fill)
        # On a dark page a dark button would sink: as light as white text allows, but not lighter than 0.56.
        raised = under_white(from_oklch(max(lightness, 0.56), chroma, hue))
        link = on(fill, (LIGHT_GROUND, tint(fill)), by=-STEP)
        return cls(colour, fill, raised, link, on(fill, (DARK_GROUND, shade(fill)), by=STEP))

    @property
    def was_corrected(self) -> bool:
        return self.fill != self.typed


def tint(colour: str) -> str:
    """A breath of the colour, behind what is chosen on a light page."""
    _lightness, chroma, hue = to_oklch(colour)
    return from_oklch(0.962, min(chroma, 0.02), hue)


def shade(colour: str) -> str:
    """The same on a dark page."""
    _lightness, chroma, hue = to_oklch(colour)
    return from_oklch(0.32, min(chroma, 0.05), hue)
