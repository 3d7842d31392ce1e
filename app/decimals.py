"""The decimal sign of a file: found out once, so that every number in it is read alike.

`11,5` and `11.5` say it themselves. `1.250` may be a thousand or a little more than one; it is what the sure ones of
the same file say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from flask_babel import gettext as _

NUMBER = re.compile(r"\d(?:[\d.,]*\d)?")
# Between groups of three digits.
GAP = re.compile(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))")
OTHER = {",": ".", ".": ","}


class Unclear(ValueError):
    """A number that can be read in two ways; the text says so in words for the page."""


def sign_of(number: str) -> str:
    """The decimal sign that a number shows by itself; empty where it shows none."""
    points, commas = number.count("."), number.count(",")
    if points and commas:
        return "." if number.rfind(".") > number.rfind(",") else ","
    if not points and not commas:
        return ""
    sign = "." if points else ","
    if points + commas > 1:
        return OTHER[sign]  # 1.250.000
    whole, _sign, part = number.partition(sign)
    is_group = len(part) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0"
    return "" if is_group else sign


def decimal_sign(cells: Iterable[str], *, fallback: str) -> str:
    """The sign of all of them; `fallback` where none shows it, empty where they show both."""
    found = {sign for cell in cells for number in NUMBER.findall(cell) if (sign := sign_of(number))}
    if len(found) == 2:
        return ""
    return found.pop() if found else fallback


def with_point(cell: str, sign: str) -> str:
    """The cell with its numbers as `1250.5`, whatever stands around them. `sign`: of the file. Raises Unclear."""

    def pointed(found: re.Match[str]) -> str:
        number = found[0]
        if "." not in number and "," not in number:
            return number
        own = sign_of(number) or sign
        if not own:
            raise Unclear(
                _("“%(number)s” can be read in two ways: this file has both 1,5 and 1.5.", number=number[:20])
            )
        plain = number.replace(OTHER[own], "").replace(own, ".")
        # Nobody shall take the three digits for thousands again.
        return f"{plain}0" if re.fullmatch(r"\d{1,3}\.\d{3}", plain) else plain

    return NUMBER.sub(pointed, GAP.sub("", cell))
