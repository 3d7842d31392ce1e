"""Search as a page, and as the lines of the palette."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ..current import member
from ..web import page, signed_in
from .palette import lines, places
from .registry import find_all

bp = Blueprint("search", __name__, url_prefix="/<port>/search")


def asked() -> str:
    return request.args.get("q", "").replace("\x00", "").strip()[:200]


@bp.get("")
@signed_in
def index() -> ResponseReturnValue:
    words = asked()
    found = find_all(member, words, each=10) if words else []
    return page("search/index.html", asked=words, found=found, places=places(member, words))


@bp.get("/palette")
@signed_in
def show_palette() -> ResponseReturnValue:
    """Only ever a part of a page: what stands below the box."""
    words = asked()
    return render_template("search/_palette.html", member=member, asked=words, groups=lines(member, words))


@bp.get("/shortcuts")
@signed_in
def show_shortcuts() -> ResponseReturnValue:
    return page("search/shortcuts.html")
