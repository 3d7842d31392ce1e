"""The same addresses for many lists: each is given to its own blueprint, with its own permissions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ..web import requires

View = Callable[..., ResponseReturnValue]
# Method, path, name of the endpoint, and what answers.
Ways = Sequence[tuple[str, str, str, View]]


def give(bp: Blueprint, ways: Ways, *permissions: str, suffix: str = "", limit: str | None = None) -> None:
    """`suffix`: how the endpoints end; `limit`: of what is posted."""
    for method, path, name, view in ways:
        stated = _stated(view, permissions, limit if method == "POST" else None)
        bp.add_url_rule(path, f"{name}{suffix}", stated, methods=[method])


def _stated(view: View, permissions: Sequence[str], limit: str | None) -> View:
    def answer(**values: Any) -> ResponseReturnValue:
        return view(**values)

    return requires(*permissions, limit=limit)(answer)
