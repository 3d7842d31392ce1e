"""Which parts of a text are what somebody looked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

from markupsafe import Markup, escape

from ..sorting import sort_name

PARTS = re.compile(r"([^\W_](?:['’´`]?[^\W_])*)")
BEGINS, ENDS, NONE = Markup("<mark>"), Markup("</mark>"), Markup("")
Part = tuple[str, bool]


def marked(text: str | None, query: str) -> Markup:
    """The text for a page, with `<mark>` around what was looked for. A filter rather than a macro: a page of hits marks
    two hundred texts."""
    pieces = parts(text or "", query)
    if not any(is_match for _part, is_match in pieces):
        return escape(text or "")
    return NONE.join(chain.from_iterable((BEGINS, part, ENDS) if is_match else (part,) for part, is_match in pieces))


def parts(text: str, query: str) -> list[Part]:
    """The text in parts, each with whether it is to be marked: words that begin with one of the query's, or that
    differ from one in a letter; digits in any spelling of a number."""
    if not query or not text:
        return [(text, False)]
    return list(_joined(_number(text, _digits(query)) or _words(text, _asked(query))))


@lru_cache(maxsize=256)
def _asked(query: str) -> tuple[tuple[str, frozenset[str]], ...]:
    words = (_plain(word) for word in PARTS.findall(query))
    return tuple((word, _spellings(word)) for word in dict.fromkeys(words) if word)


@lru_cache(maxsize=256)
def _digits(query: str) -> str:
    """Those of a number that is looked for; empty where it is none."""
    digits = re.sub(r"\D", "", query.replace("(0)", "")).lstrip("0")
    return "" if len(digits) < 3 or re.search(r"[^\W\d_]", query) else digits


def _words(text: str, asked: tuple[tuple[str, frozenset[str]], ...]) -> Iterator[Part]:
    for at, part in enumerate(PARTS.split(text)):
        if at % 2 == 0:
            yield part, False
            continue
        plain = _plain(part)
        begun = max((len(word) for word, _near in asked if plain.startswith(word)), default=0)
        if begun and len(plain) == len(part):
            yield part[:begun], True
            yield part[begun:], False
        else:
            yield part, begun > 0 or any(near & _spellings(plain) for _word, near in asked if near)


def _number(text: str, digits: str) -> list[Part] | None:
    """A phone number has its own spaces: the digits are looked for across them."""
    if not digits:
        return None
    places = [at for at, letter in enumerate(text) if letter.isdigit()]
    start = "".join(text[at] for at in places).find(digits)
    if start < 0:
        return [(text, False)]
    first, last = places[start], places[start + len(digits) - 1] + 1
    return [(text[:first], False), (text[first:last], True), (text[last:], False)]


def excerpt(text: str, query: str, *, around: int = 60) -> str:
    """The part of a longer text where the query is first met."""
    text = " ".join(text.split())
    at = 0
    for part, is_match in parts(text, query):
        if is_match:
            break
        at += len(part)
    else:
        at = 0
    start, end = max(at - around, 0), min(at + around, len(text))
    if start:
        start = text.find(" ", start) + 1 or start
    if end < len(text):
        end = max(text.rfind(" ", at, end), at + 1)
    return ("… " if start else "") + text[start:end] + (" …" if end < len(text) else "")


@lru_cache(maxsize=4096)
def _plain(word: str) -> str:
    return re.sub(r"['’´`]", "", sort_name(word))


@lru_cache(maxsize=4096)
def _spellings(word: str) -> frozenset[str]:
    """The word and whatever is left of it without one letter; nothing for words too short to be spelled wrongly."""
    if not 3 <= len(word) <= 24 or word.isdigit():
        return frozenset()
    return frozenset({word, *(word[:at] + word[at + 1 :] for at in range(len(word)))})


def _joined(parts: Iterator[Part] | list[Part]) -> Iterator[Part]:
    kept, mark = "", False
    for part, is_match in parts:
        if part and kept and is_match != mark:
            yield kept, mark
            kept = ""
        if part:
            kept, mark = kept + part, is_match
    if kept:
        yield kept, mark
