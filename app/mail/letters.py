"""Letters: a mail's subject, HTML and text, all from one template, in the port's name and colours."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from flask import current_app

from .. import formats
from ..config import Settings
from ..current import CurrentPort

NAVY = "#1e2844"
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


class Unaddressable(ValueError):
    """No mail can be sent to this address."""


@dataclass(frozen=True)
class Letter:
    """What is sealed of a mail."""

    to: str
    from_name: str
    reply_to: str | None
    subject: str
    text: str
    html: str
    language: str
    logo: str | None = None  # where it is stored; the HTML shows it as cid:logo


@dataclass(frozen=True)
class Brand:
    """How a port's mails look. `ink` is what can be read on `primary`; `logo` is where it is stored."""

    name: str
    primary: str
    ink: str
    logo: str | None = None


def write(template: str, *, to: str, port: CurrentPort | None, locale: str | None, words: Mapping[str, Any]) -> Letter:
    """The letter that `templates/mail/<template>.html` makes of these words. Raises jinja2.UndefinedError for a word
    that is missing."""
    source = current_app.jinja_env.get_template(f"mail/{template}.html")
    brand = brand_of(port)
    with formats.use(port, locale=locale):
        language = formats.in_force().locale
        given = {**words, "port": port, "brand": brand, "language": language.replace("_", "-")}
        subject = one_line(unescape("".join(source.blocks["subject"](source.new_context(given)))))
        html = source.render(given)
    return Letter(
        to=to,
        from_name=one_line(brand.name)[:100],
        reply_to=reply_to_of(port),
        subject=subject[:300],
        text=text_of(html),
        html=with_styles(html, brand),
        language=given["language"],
        logo=brand.logo,
    )


def addressable(address: str) -> str:
    """The address as mail servers want it: one, in ASCII. Raises Unaddressable."""
    try:
        found = validate_email(address, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise Unaddressable(str(error)) from error
    if found.ascii_email is None or one_line(found.ascii_email) != found.ascii_email:
        raise Unaddressable("not an address in ASCII")
    return found.ascii_email


def reply_to_of(port: CurrentPort | None) -> str | None:
    """Where the port wants its answers; nowhere else where what it says is no address."""
    try:
        return addressable(str(port.settings["mail_reply_to"])) if port and port.settings.get("mail_reply_to") else None
    except Unaddressable:
        return None


def place_of(mail_id: uuid.UUID) -> str:
    return f"mails:{mail_id}"


def one_line(text: str) -> str:
    """Without line breaks and other characters that do not belong into a header."""
    return " ".join(UNWRITABLE.sub(" ", text).split())


def host_of(settings: Settings) -> str:
    """Where our mails come from."""
    sender = settings.mail_from or ""
    return sender.rpartition("@")[2] or urlsplit(settings.public_url).hostname or "localhost"


# --- How it looks


def brand_of(port: CurrentPort | None) -> Brand:
    if port is None:
        return Brand("Quayside", NAVY, "#ffffff")
    chosen = str(port.branding.get("primary") or "")
    primary = chosen if COLOUR.fullmatch(chosen) else NAVY
    ink = "#ffffff" if is_dark(primary) else "#171f35"
    return Brand(port.name, primary, ink, logo=port.branding.get("logo"))


def is_dark(colour: str) -> bool:
    """Whether white on it has the contrast that WCAG asks of text (4.5 to 1)."""
    return 1.05 / (luminance(colour) + 0.05) >= 4.5


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def with_styles(html: str, brand: Brand) -> str:
    """With its style sheet in the head: a mail has nowhere to fetch one from. Pages, which have, keep the rule that no
    template holds styles."""
    sheet = current_app.jinja_env.get_template("mail/layout.css").render(brand=brand)
    return html.replace("</head>", f"<style>{sheet}</style>\n</head>", 1)


# --- How it reads without HTML

BLOCKS = {"p", "div", "h1", "h2", "h3", "ul", "ol", "li", "table", "tr", "section", "header", "footer", "blockquote"}
SKIPPED = {"head", "style", "script", "title"}


class PlainText(HTMLParser):
    """Paragraphs, headings underlined, lists with their marks, links as `words: address`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[tuple[str, str]] = []
        self.line = ""
        self.kind = "p"
        self.skipping = 0
        self.links: list[tuple[str, int]] = []
        self.lists: list[int | None] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag in SKIPPED or self.skipping:
            self.skipping += tag not in ("br", "hr", "img", "meta", "link")
        elif tag == "a":
            self.links.append((given.get("href") or "", len(self.line)))
        elif tag == "br":
            self.line = f"{self.line.rstrip()}\n"
        elif tag == "hr":
            self.end_block()
            self.blocks.append(("hr", "-" * 40))
        elif tag in BLOCKS:
            self.begin_block(tag)

    def begin_block(self, tag: str) -> None:
        self.end_block()
        if tag in ("ul", "ol"):
            self.lists.append(0 if tag == "ol" else None)
        if tag == "li":
            count = self.lists[-1] if self.lists else None
            if count is not None:
                self.lists[-1] = count + 1
            self.line = "- " if count is None else f"{count + 1}. "
        self.kind = tag

    def handle_endtag(self, tag: str) -> None:
        if self.skipping:
            self.skipping -= 1
        elif tag == "a" and self.links:
            self.end_link()
        elif tag in BLOCKS:
            self.end_block()
            if tag in ("ul", "ol") and self.lists:
                self.lists.pop()

    def end_link(self) -> None:
        address, start = self.links.pop()
        words = self.line[start:].strip()
        is_shown = words in (address, address.removeprefix("mailto:"))
        if address and not is_shown:
            self.line = f"{self.line[:start]}{words}: {address}" if words else f"{self.line[:start]}{address}"

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            words = re.sub(r"\s+", " ", data)
            self.line += words.lstrip() if not self.line or self.line.endswith(("\n", " ")) else words

    def end_block(self) -> None:
        if self.line.strip(" -"):
            self.blocks.append((self.kind, self.line.strip()))
        self.line, self.kind = "", "p"

    def text(self) -> str:
        self.end_block()
        written = ""
        for at, (kind, block) in enumerate(self.blocks):
            if at:
                written += "\n" if kind == "li" == self.blocks[at - 1][0] else "\n\n"
            written += f"{block}\n{'=' * len(block)}" if kind in ("h1", "h2") else block
        return f"{written}\n"


def text_of(html: str) -> str:
    """The letter as plain text."""
    reader = PlainText()
    reader.feed(html)
    reader.close()
    return reader.text()
