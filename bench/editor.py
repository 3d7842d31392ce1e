"""Somebody who changes clients, in a window of their own."""

from __future__ import annotations

import http.client
from urllib.parse import urlencode, urlsplit

from app.web import SESSION_COOKIE
from bench.visitors import HEADER
from tests.world import fields_of


class Editor:
    def __init__(self, url: str, token: str) -> None:
        self.url = url
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=30)
        self.host = parts.netloc
        self.cookies = {SESSION_COOKIE: token}

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[http.client.HTTPResponse, str]:
        headers = {
            "Host": self.host,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.url}
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        for cookie in response.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response, text

    def change(self, number: int, **fields: str) -> float:
        """Open the form of a client, write and send it; gives when that was committed, in seconds since the epoch."""
        path = f"/north/clients/{number}"
        _, page = self.ask("GET", f"{path}/edit")
        response, text = self.ask("POST", f"{path}?_method=PUT", urlencode({**fields_of(page), **fields}))
        assert response.status == 303, (response.status, text[-2000:])
        return float(response.headers[HEADER].split(";")[2])
