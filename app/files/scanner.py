"""The virus scanner: clamd, asked over its own protocol (INSTREAM)."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

PIECE = 64 * 1024
PATIENCE = 40.0  # seconds without a word; shorter than the lease of a job
LONGEST_ANSWER = 1000


class Reader(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class ScannerAway(Exception):
    """It does not answer, or answers that it cannot."""


@dataclass(frozen=True)
class Verdict:
    """`signature`: what was found; nothing for a clean file."""

    signature: str = ""


def scan(stream: Reader, url: str) -> Verdict:
    """Have clamd read the stream: `tcp://host:3310` or `unix:///run/clamav/clamd.sock`. Raises ScannerAway."""
    try:
        with connected(url) as clamd:
            clamd.settimeout(PATIENCE)
            clamd.sendall(b"zINSTREAM\0")
            # A file beyond its StreamMaxLength it does not read to the end, and says so.
            with suppress(BrokenPipeError, ConnectionResetError):
                while piece := stream.read(PIECE):
                    clamd.sendall(struct.pack("!I", len(piece)) + piece)
                clamd.sendall(struct.pack("!I", 0))
            answer = answer_of(clamd)
    except OSError as error:
        raise ScannerAway(f"clamd does not answer: {error}") from error
    if answer == "stream: OK":
        return Verdict()
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        return Verdict(answer.removeprefix("stream: ").removesuffix(" FOUND"))
    raise ScannerAway(f"clamd says: {answer or 'nothing'}")


def connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        found.settimeout(PATIENCE)
        found.connect(parts.path)
        return found
    return socket.create_connection((parts.hostname or "", parts.port or 3310), timeout=5)


def answer_of(clamd: socket.socket) -> str:
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER and (piece := clamd.recv(LONGEST_ANSWER)):
        answer += piece
    return answer.rstrip(b"\0\n").decode(errors="replace")
