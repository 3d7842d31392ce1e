"""A real mail server for the tests, whose manners a test sets by the address a mail goes to."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from pathlib import Path
from typing import Any, ClassVar

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.db import now
from app.dev.processes import wait_until
from app.dev.servers import free_port
from tests.waiting import Beside


class Manners:
    """What the server does: it takes everything, but for the local parts named here."""

    ANSWERS: ClassVar = {"refused": "550 5.1.1 No such box: refused@port.example", "later": "451 4.7.1 Come again"}

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.passwords: list[tuple[str, str]] = []
        self.over_tls: list[bool] = []
        self.tried: list[str] = []
        self.held = threading.Event()

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _: Any
    ) -> str:
        local = address.partition("@")[0]
        self.tried.append(local)
        if local == "slow":
            await asyncio.sleep(60)
        if local in self.ANSWERS:
            return self.ANSWERS[local]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=WIRE)
        assert isinstance(message, EmailMessage)
        self.over_tls.append(session.ssl is not None)
        self.received.append(message)
        if "held@" in envelope.rcpt_tos[0]:
            while not self.held.is_set():
                await asyncio.sleep(0.02)
        return "250 Taken"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.passwords.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"p@ss/word")

    def to(self, address: str) -> list[EmailMessage]:
        return [message for message in self.received if message["To"] == address]

    def arrived(self, address: str, *, seconds: float = 60) -> EmailMessage:
        assert wait_until(lambda: bool(self.to(address)), seconds=seconds), f"nothing came to {address}"
        return self.to(address)[0]


@contextmanager
def listening(port: int | None = None, **options: Any) -> Iterator[tuple[int, Manners]]:
    """The server, until the end of the block."""
    manners, port = Manners(), port or free_port()
    controller = Controller(manners, hostname="127.0.0.1", port=port, authenticator=manners.authenticate, **options)
    controller.start()
    try:
        yield port, manners
    finally:
        manners.held.set()
        Beside(controller.stop).answer()


def certificate(directory: Path, *, name: str = "localhost") -> tuple[Path, ssl.SSLContext]:
    """A certificate for the name that signs itself, and the server side of it."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now() - datetime.timedelta(days=1))
        .not_valid_after(now() + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path, key_path = directory / f"{name}.pem", directory / f"{name}.key"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    key_path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key_path)
    return path, context
