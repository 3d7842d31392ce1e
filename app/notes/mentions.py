"""Where a text names somebody, with an @ before the name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator


def pieces(body: str, names: Collection[str]) -> Iterator[tuple[str, bool]]:
    """The text in parts, each with whether it is an @ and one of these names (in lower case). The longest name counts,
    and an @ inside a word, as in an e-mail address, is none."""
    longest_first = sorted(names, key=len, reverse=True)
    lower = body.lower() if len(body.lower()) == len(body) else body
    kept = 0
    at = lower.find("@")
    while at >= 0:
        name = _name_at(lower, at, longest_first)
        if name:
            if at > kept:
                yield body[kept:at], False
            kept = at + 1 + len(name)
            yield body[at:kept], True
        at = lower.find("@", max(at + 1, kept))
    if kept < len(body):
        yield body[kept:], False


def _name_at(lower: str, at: int, names: Iterable[str]) -> str:
    if at and lower[at - 1].isalnum():
        return ""
    for name in names:
        end = at + 1 + len(name)
        if lower.startswith(name, at + 1) and not lower[end : end + 1].isalnum():
            return name
    return ""
