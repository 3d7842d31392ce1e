"""How names sort, the same on every server: without accents, lower case, compared byte by byte."""

from __future__ import annotations

import unicodedata

# Letters that do not decompose into a base letter and an accent.
LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i", "ŋ": "n"}
)


def sort_name(name: str) -> str:
    """`Émile  Ørsted` → `emile orsted`."""
    lowered = name.casefold().translate(LETTERS)
    plain = "".join(c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c))
    return " ".join(plain.split())[:200]
