"""Search: one box for all that a port holds, and the palette that goes with it."""

from __future__ import annotations

from flask import Flask

from . import models
from .marking import excerpt, marked


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(marked=marked, excerpt=excerpt)


__all__ = ["init_app", "models"]
