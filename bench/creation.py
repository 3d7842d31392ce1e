"""A new client with its event, against a bare view that does the same inserts."""

from __future__ import annotations

import asyncio
import uuid
from urllib.parse import urlencode

import brotli

from bench.pages import Compared
from bench.site import MANAGER, Site
from bench.visitors import CLIENTS, Answer, Connection, compare, spread
from tests.world import fields_of, user_id

NEW = "/north/clients/new"
FAMILY = "Kerlann"
LETTERS = str.maketrans("0123456789abcdef", "bcdfgjklmnpqrstv")


def name() -> str:
    """One that looks like no other: whoever looks like somebody is asked about, and not yet created."""
    made = uuid.uuid4().hex.translate(LETTERS)
    return f"{FAMILY}{made[:12]} {made[12:24]}"


async def form_of(site: Site, token: str) -> tuple[dict[str, str], str]:
    """The form of a new client as a browser would send it, and the cookie that belongs to its token."""
    connection = await Connection(site.url, token).open()
    answer = await connection.get(NEW)
    connection.close()
    form = fields_of(brotli.decompress(answer.body).decode())
    return form, answer.headers["set-cookie"].partition(";")[0]


def measure_creation(site: Site, workers: int, *, rounds: int, each: int) -> Compared:
    token = site.tokens([MANAGER])[0]

    async def measure() -> Compared:
        form, cookie = await form_of(site, token)
        connections = await spread(site.url, [token] * CLIENTS, workers, f"; {cookie}")

        async def real(connection: Connection) -> Answer:
            return await connection.post("/north/clients", {**form, "full_name": name(), "_key": uuid.uuid4().hex})

        async def bare(connection: Connection) -> Answer:
            return await connection.get(f"/bench/client?{urlencode({'full_name': name(), 'user': user_id(MANAGER)})}")

        page, floor = await compare(connections, [real, bare], rounds=rounds, each=each, status=303)
        return Compared("create", page, floor)

    with site.connect() as connection:
        connection.execute("CHECKPOINT")
    try:
        return asyncio.run(measure())
    finally:
        clean_up(site)


def clean_up(site: Site) -> None:
    """Take away what was made, so that the next run finds the same harbour."""
    site.wait_for_relay()
    with site.connect() as connection:
        made = "(SELECT id FROM clients WHERE full_name LIKE %s)"
        for table, column in (("events", "subject_id"), ("subject_keys", "subject_id"), ("clients", "id")):
            connection.execute(f"DELETE FROM {table} WHERE {column} IN {made}", (f"{FAMILY}%",))
        connection.execute("DELETE FROM once_keys")
        connection.execute("VACUUM ANALYZE clients")
