"""A port's colours stay readable, its logo is a picture and nothing else, and browsers keep its style sheet."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from app import storage
from app.db import begin, db
from app.identity.branding import EDITION, Unusable, encoded_logo, style_sheet
from app.identity.colours import AA, DARK_GROUND, LIGHT_GROUND, Shades, as_hex, contrast, from_oklch, to_oklch
from app.identity.models import Port
from tests.world import NORTH, Visitor, user_id

ADMIN = "port_admin@north.example"
BRANDING = "/north/admin/port/branding"
# White, black, greys, and every hue at its strongest and its palest.
COLOURS = [
    *("#ffffff", "#000000", "#808080", "#ffff00", "#00ffff", "#ff00ff", "#2b6cb0", "#1f8489", "#ffeecc", "#010101"),
    *(from_oklch(lightness, 0.3, hue * 0.7) for lightness in (0.3, 0.6, 0.95) for hue in range(9)),
]


@pytest.mark.parametrize("colour", COLOURS)
def test_what_is_used_can_be_read(colour: str) -> None:
    shades = Shades.of(colour)
    assert contrast(shades.fill, "#ffffff") >= AA
    assert contrast(shades.fill_dark, "#ffffff") >= AA
    for ground in ("#ffffff", "#f7f8fa", LIGHT_GROUND):
        assert contrast(shades.link, ground) >= AA
    for ground in ("#131a2c", "#1a2339", "#212b45", DARK_GROUND):
        assert contrast(shades.link_dark, ground) >= AA


def test_what_can_be_read_stays_as_it_was_typed() -> None:
    assert Shades.of("#2b6cb0").fill == "#2b6cb0"
    assert not Shades.of("#2b6cb0").was_corrected
    assert Shades.of("#ffcc00").was_corrected


@pytest.mark.parametrize("colour", ["#ffcc00", "#4fb795", "#e5736c"])
def test_the_hue_stays(colour: str) -> None:
    assert abs(to_oklch(Shades.of(colour).fill)[2] - to_oklch(colour)[2]) < 0.06


@pytest.mark.parametrize("colour", COLOURS)
def test_there_and_back(colour: str) -> None:
    again = from_oklch(*to_oklch(colour))
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(again[1:]), strict=True)
    assert all(abs(one - other) <= 1 for one, other in pairs)


def test_known_contrasts() -> None:
    assert round(contrast("#ffffff", "#000000"), 2) == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54


@pytest.mark.parametrize(("typed", "read"), [("#ABC", "#aabbcc"), (" 2b6cb0 ", "#2b6cb0"), ("#2B6CB0", "#2b6cb0")])
def test_spellings_of_a_colour(typed: str, read: str) -> None:
    assert as_hex(typed) == read


# --- The pages


@pytest.fixture
def admin(db: Any, visit: Callable[[str], Visitor]) -> Visitor:
    return visit(ADMIN)


def branding() -> dict[str, Any]:
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    found: dict[str, Any] = db.session.scalars(select(Port.branding)).one()
    return found


def address(page: str) -> str | None:
    found = re.search(r'href="(/north/brand\.css[^"]*)"', page)
    return found[1] if found else None


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 200)) -> bytes:
    written = BytesIO()
    Image.new("RGB", size, "#0a5").save(written, kind)
    return written.getvalue()


def save(visitor: Visitor, **typed: str) -> Any:
    return visitor.put(BRANDING, {**visitor.form(BRANDING), **typed})


def send_logo(visitor: Visitor, content: bytes, name: str = "logo.png") -> Any:
    return visitor.put("/north/admin/port/logo", {"logo": (BytesIO(content), name)}, content_type="multipart/form-data")


def test_colours_are_applied_under_an_address_that_is_kept(admin: Visitor) -> None:
    assert address(admin.get("/north/clients").text) is None
    assert save(admin, primary="#ffcc00", secondary="").status_code == 303
    first = address(admin.get("/north/clients").text)
    assert first is not None
    sheet = admin.get(first)
    assert sheet.mimetype == "text/css"
    assert sheet.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert f"--brand: light-dark({Shades.of('#ffcc00').fill}," in sheet.text
    assert save(admin, primary="#884400").status_code == 303
    second = address(admin.get("/north/clients").text)
    assert second != first
    stale = admin.get(first)
    assert "immutable" not in stale.headers["Cache-Control"]
    assert Shades.of("#884400").fill in stale.text


def test_what_was_typed_stands_beside_what_is_used(admin: Visitor) -> None:
    save(admin, primary="#FC0")
    shown = admin.get(BRANDING).text
    used = Shades.of("#ffcc00")
    for colour in ("#ffcc00", used.fill, used.fill_dark):
        assert f'<span class="code">{colour}</span>' in shown
    assert "would be hard to read" in shown


@pytest.mark.parametrize("typed", ["red", "#12345", "#gggggg", "url(x)", "#123456; } body { display: none"])
def test_what_is_no_colour_is_refused(admin: Visitor, typed: str) -> None:
    response = save(admin, primary=typed)
    assert response.status_code == 422
    assert "Write a colour as six digits" in response.text
    assert branding() == {}


def test_two_administrators_at_the_colours(admin: Visitor, visit: Callable[[str], Visitor]) -> None:
    mine, theirs = admin.form(BRANDING), admin.form(BRANDING)
    del theirs["csrf_token"]
    other = visit("super@quayside.example")
    assert other.put(BRANDING, {**theirs, "primary": "#884400"}).status_code == 303
    assert admin.put(BRANDING, {**mine, "secondary": "#004488"}).status_code == 303
    assert (branding()["primary"], branding()["secondary"]) == ("#884400", "#004488")
    assert admin.put(BRANDING, {**mine, "primary": "#448800"}).status_code == 409


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_logo_is_stored_anew(admin: Visitor, kind: str) -> None:
    assert send_logo(admin, picture(kind), "../../etc/logo.svg").status_code == 303
    key = branding()["logo"]
    assert key.startswith("north/general/logo/")
    with storage.open(key) as stream, Image.open(BytesIO(stream.read())) as kept:
        assert kept.format == "WEBP"
        assert max(kept.size) <= 192
    sheet = admin.get(address(admin.get("/north/clients").text) or "")
    assert 'url("data:image/webp;base64,' in sheet.text
    assert admin.delete("/north/admin/port/logo").status_code == 303
    assert branding() == {}
    with pytest.raises(LookupError), storage.open(key) as stream:
        stream.read()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize("content", [SVG, b"", b"GIF89a", b"<html>", picture()[:60], b"%PDF-1.7", b"BM" + b"\0" * 90])
def test_what_is_no_picture_is_refused(admin: Visitor, content: bytes) -> None:
    response = send_logo(admin, content)
    assert response.status_code == 422
    assert "SVG is not taken" in response.text
    assert branding() == {}


def test_a_logo_too_large_in_bytes_or_pixels() -> None:
    with pytest.raises(Unusable, match="5 MB"):
        encoded_logo(b"\0" * (5 * 1024 * 1024 + 1))
    with pytest.raises(Unusable, match="too many pixels"):
        encoded_logo(picture(size=(5000, 5000)))


def test_nothing_chosen_is_said_beside_the_field(admin: Visitor) -> None:
    response = admin.put("/north/admin/port/logo")
    assert response.status_code == 422
    assert "Choose a file first." in response.text


def test_the_sheet_of_another_port_does_not_exist(admin: Visitor) -> None:
    save(admin, primary="#884400")
    assert admin.get(f"/south/brand.css?v=1-{EDITION}").status_code == 404


def test_a_port_without_a_look_changes_nothing() -> None:
    assert style_sheet({}).strip() == ""
