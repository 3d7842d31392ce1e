"""The picture behind the docks of the inner harbour of `make run`: a quay with its houses, and a breakwater."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

from sqlalchemy import select

from ..current import CurrentPort
from ..db import db
from ..events.models import Actor
from ..files.content import Content
from ..files.models import Category, File
from .models import Harbour, HarbourPlan

WIDTH, HEIGHT, SCALE = 190, 126, 7  # metres, and pixels a metre
# Where docks begin and how far they are turned, in metres and degrees.
DOCKS = {"A": (34, 22, 96), "B": (82, 22, 90), "C": (138, 22, 86)}
WATER, SHORE, LAND, ROAD, ROOF, ROCK = "#d5e6f1", "#cfc6b2", "#ece5d6", "#d8d2c6", "#c9b8a4", "#b9b4a9"
COAST = ((0, 0), (190, 0), (190, 14), (176, 19), (162, 23), (22, 23), (10, 28), (0, 26))
BREAKWATER = ((7, 62), (6, 98), (18, 115), (60, 121), (122, 120))
HOUSES = ((16, 2, 30, 9), (38, 2, 50, 9), (70, 2, 90, 10), (104, 2, 114, 9), (140, 2, 158, 10))


def draw_plan() -> BytesIO:
    from PIL import Image, ImageDraw

    written, page = BytesIO(), Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), WATER)
    pen = ImageDraw.Draw(page)
    pen.polygon([(x * SCALE, y * SCALE) for x, y in COAST], fill=LAND, outline=SHORE, width=SCALE)
    pen.line([(0, 14 * SCALE), (WIDTH * SCALE, 14 * SCALE)], fill=ROAD, width=4 * SCALE)
    for left, top, right, bottom in HOUSES:
        pen.rectangle((left * SCALE, top * SCALE, right * SCALE, bottom * SCALE), fill=ROOF)
    points = [(x * SCALE, y * SCALE) for x, y in BREAKWATER]
    pen.line(points, fill=ROCK, width=5 * SCALE, joint="curve")
    for x, y in (points[0], points[-1]):
        pen.ellipse((x - 20, y - 20, x + 20, y + 20), fill=ROCK)
    page.save(written, "PNG", optimize=True)
    written.seek(0)
    return written


def lay_behind(content: Content, port: CurrentPort, by: Actor) -> None:
    found = select(Harbour).where(Harbour.port_id == port.id, Harbour.name == "Inner harbour")
    harbour = db.session.scalars(found).one()
    file = File.upload(content, port_id=port.id, by=by, record=harbour, category=Category.PHOTO)
    plan = HarbourPlan.show(harbour, file, width=Decimal(WIDTH), by=by)
    plan.update(harbour, {"opacity": 100}, by=by)
