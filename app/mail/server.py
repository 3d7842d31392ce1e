"""The mail server: one message handed over, or the reason why not."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ..config import Settings
from ..db import now
from .letters import Letter, host_of

# Seconds: for each answer of the server, and for all of a message, which stays below a job's lease of 60.
PATIENCE, LONGEST = 10.0, 40.0
LOGO = re.compile(r'<img class="logo"[^>]*>')


class Refused(Exception):
    """The server will not take this mail, now or later."""


class NotTaken(Exception):
    """The server is away, slow or not willing just now; or what we were told about it is wrong."""


@dataclass(frozen=True)
class MailServer:
    """What SMTP_URL says."""

    host: str
    port: int
    user: str | None
    password: str | None
    is_tls: bool
    starttls: bool

    @classmethod
    def of(cls, url: str) -> MailServer:
        parts = urlsplit(url)
        is_tls = parts.scheme == "smtps"
        starttls = not is_tls and parse_qs(parts.query).get("starttls", ["required"])[-1] != "never"
        return cls(
            host=parts.hostname or "",
            port=parts.port or (465 if is_tls else 587),
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            is_tls=is_tls,
            starttls=starttls,
        )

    def take(self, message: EmailMessage) -> None:
        """Hand the message over. Raises Refused or NotTaken."""
        with in_words(), self.connected() as server:
            server.send_message(message)

    @contextmanager
    def connected(self) -> Iterator[smtplib.SMTP]:
        server = (TlsLine if self.is_tls else Line)(self.host, self.port)
        try:
            if self.starttls:
                server.starttls(context=trust())
            if self.user is not None:
                server.login(self.user, self.password or "")
            yield server
            farewell(server)
        finally:
            server.close()


class Line(smtplib.SMTP):
    """A connection that is cut after a while: a server that answers drop by drop is never late for one answer."""

    def __init__(self, host: str, port: int, **more: Any) -> None:
        self.timer = threading.Timer(LONGEST, self.cut)
        self.timer.daemon = True
        self.timer.start()
        try:
            # Another name would be looked up, which may take long.
            super().__init__(host, port, local_hostname="localhost", timeout=PATIENCE, **more)
        except BaseException:
            self.timer.cancel()
            raise

    def cut(self) -> None:
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.timer.cancel()
        super().close()


class TlsLine(Line, smtplib.SMTP_SSL):
    """TLS from the first byte, with the certificate verified, which smtplib does not do by itself."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, context=trust())


def trust() -> ssl.SSLContext:
    """The authorities of the machine (or of SSL_CERT_FILE), and the name of the host."""
    return ssl.create_default_context()


def farewell(server: smtplib.SMTP) -> None:
    """The message is taken; a server that then goes without a word has it all the same."""
    with suppress(smtplib.SMTPException, OSError):
        server.quit()


@contextmanager
def in_words() -> Iterator[None]:
    """What smtplib raises, as Refused (it will never be taken) or NotTaken (it may be, later)."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        raise reason(code, answer) from None
    except (smtplib.SMTPConnectError, smtplib.SMTPHeloError, smtplib.SMTPAuthenticationError) as error:
        # Not about this mail: what is wrong is mended by an operator.
        raise NotTaken(said(error.smtp_code, error.smtp_error)) from None
    except smtplib.SMTPResponseException as error:
        raise reason(error.smtp_code, error.smtp_error) from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotTaken(f"{type(error).__name__}: {error}"[:300]) from None


def reason(code: int, answer: bytes | str) -> Exception:
    return Refused(said(code, answer)) if code >= 500 else NotTaken(said(code, answer))


def said(code: int, answer: bytes | str) -> str:
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(words.split())}"[:300]


def message_of(letter: Letter, *, message_id: str, settings: Settings, logo: bytes | None = None) -> EmailMessage:
    """The message as it goes over the wire. The policy refuses a line break in a header. `logo`: a PNG."""
    message = EmailMessage(policy=WIRE)
    sender = settings.mail_from or f"quayside@{host_of(settings)}"
    message["From"] = Address(letter.from_name, addr_spec=sender)
    message["To"] = Address(addr_spec=letter.to)
    if letter.reply_to:
        message["Reply-To"] = Address(addr_spec=letter.reply_to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now())
    message["Message-ID"] = message_id
    # No out-of-office answers to what nobody wrote by hand.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html if logo else LOGO.sub("", letter.html), subtype="html")
    html = message.get_body(("html",))
    if logo and html is not None:
        html.add_related(logo, "image", "png", cid="<logo>", filename="logo.png", disposition="inline")
    message["Content-Language"] = letter.language
    return message
