"""A server of clamd's protocol (INSTREAM) that knows one virus: the one that was made for tests."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from contextlib import suppress
from pathlib import Path

from tests.files.samples import EICAR
from tests.waiting import Beside


class Clamd(socketserver.ThreadingTCPServer):
    """`longest`: its StreamMaxLength. While `holds` is set it reads and says nothing."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int = 0, *, longest: int = 60 * 1024 * 1024) -> None:
        super().__init__(("127.0.0.1", port), Conversation)
        self.longest = longest
        self.holds = threading.Event()
        self.asked: list[int] = []
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.server_address[1]}"

    def stop(self) -> None:
        Beside(self.shutdown).answer()
        self.server_close()


class Conversation(socketserver.BaseRequestHandler):
    server: Clamd
    request: socket.socket

    timeout = 30

    def setup(self) -> None:
        self.request.settimeout(self.timeout)

    def handle(self) -> None:
        with suppress(OSError, struct.error):
            assert self.exactly(10) == b"zINSTREAM\0"
            content = b""
            while size := struct.unpack("!I", self.exactly(4))[0]:
                content += self.exactly(size)
                if len(content) > self.server.longest:
                    self.request.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                    return
            self.server.asked.append(len(content))
            if self.server.holds.is_set():
                self.request.recv(1)  # until the other side has had enough
                return
            found = b"Eicar-Test-Signature FOUND" if EICAR in content else b"OK"
            self.request.sendall(b"stream: " + found + b"\0")

    def exactly(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            piece = self.request.recv(size - len(content))
            if not piece:
                raise ConnectionResetError
            content += piece
        return content


class UnixClamd(Clamd):
    address_family = socket.AF_UNIX

    def __init__(self, path: Path) -> None:
        socketserver.TCPServer.__init__(self, str(path), Conversation)  # type: ignore[arg-type]  # a path is its address
        self.longest, self.holds, self.asked = 1024, threading.Event(), []
        self.path = path
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"unix://{self.path}"
