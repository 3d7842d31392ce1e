"""The application as it is, and beside it bare views: the least that can be done for the same page.

They run in the same process, on the same pool, behind the same router, headers, compression and log line. A bare
view learns by asking the real page once, in each process, and from then on sends that page's statements by hand, with
the same words and values, and answers with that page's bytes.

Two things differ from production, for both sides alike: the limits (600 requests a minute and user) are counted as
always and set so high that none is reached, and each answer says in a header how much was done for it.
"""

from __future__ import annotations

import itertools
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, request
from sqlalchemy import event
from uuid_utils.compat import uuid7

from app import create_app, limits
from app.crypto import new_key, open_sealed, seal
from app.db import SET_UNIT, after_commit, own_engine
from app.events.models import keyring, place_of_key
from app.web import SESSION_COOKIE, public
from bench.visitors import HEADER
from tests.world import NORTH, PORTS, Visitor

NEVER_REACHED = 1_000_000

limits.AMOUNTS.update(dict.fromkeys(limits.AMOUNTS, f"{NEVER_REACHED} per minute"))

app = create_app()
bp = Blueprint("bench", __name__, url_prefix="/bench")

UNIT = {"port": str(NORTH), "user": "", "scope": "staff"}
UNITS = {slug: {**UNIT, "port": str(port_id)} for port_id, _name, slug, *_rest in PORTS}


@dataclass(frozen=True)
class Learnt:
    """What the real view sent to the database, and its answer."""

    statements: list[tuple[str, Any]]
    body: bytes


LEARNT: dict[str, Learnt] = {}
SENT = "bench.sent"


@event.listens_for(app.extensions["engine"], "before_cursor_execute")
def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
    if request and (sent := request.environ.get(SENT)) is not None:
        sent.append((statement, parameters))


def visitor() -> Visitor:
    client = app.test_client()
    client.set_cookie(SESSION_COOKIE, request.cookies[SESSION_COOKIE])
    return Visitor(app, client)


def learn(path: str, *, only: str = "") -> Learnt:
    """Ask the real page; keep its statements but the first, which is about who asks."""
    sent: list[tuple[str, Any]] = []
    answer = visitor().get(path, environ_overrides={SENT: sent})
    assert answer.status_code == 200, answer.status
    return Learnt([pair for pair in sent[1:] if only in pair[0]], answer.get_data())


def page(path: str, only: str) -> Response:
    key = f"{only} {path}?{request.query_string.decode()}"
    known = LEARNT.get(key)
    if known is None:
        known = LEARNT[key] = learn(f"/{path}?{request.query_string.decode()}", only=only)
    with own_engine().begin() as connection:
        connection.execute(SET_UNIT, UNITS[path.partition("/")[0]])
        for statement, parameters in known.statements:
            connection.exec_driver_sql(statement, parameters).all()
    return Response(known.body, mimetype="text/html")


@bp.get("/one-statement/<path:path>")
@public
def one_statement(path: str) -> Response:
    """The page's one statement about clients."""
    return page(path, "FROM clients")


@bp.get("/all-statements/<path:path>")
@public
def all_statements(path: str) -> Response:
    """Every statement of the page but the one that tells who asks."""
    return page(path, "")


# --- Creating -----------------------------------------------------------------------------------------------------

NUMBERS: Iterator[int] = itertools.count(1_000_000_000 + os.getpid() % 1000 * 1_000_000)


@dataclass(frozen=True)
class Inserts:
    """What creating a client inserts, and the words of its event."""

    statements: list[tuple[str, dict[str, Any]]]
    words: bytes

    @classmethod
    def learn(cls) -> Inserts:
        sent: list[tuple[str, Any]] = []
        form = {"_key": uuid.uuid4().hex, **request.args.to_dict()}
        answer = visitor().post("/north/clients", form, environ_overrides={SENT: sent})
        assert answer.status_code == 303, answer.text
        inserts = [pair for pair in sent if pair[0].startswith("INSERT") and "number_blocks" not in pair[0]]
        # psycopg's driver wraps bytes.
        values = {name: getattr(value, "obj", value) for _, row in inserts for name, value in row.items()}
        event_id = values["event_id"]
        key = keyring().open(values["sealed_key"], place=place_of_key("client", values["subject_id"]))
        return cls(inserts, open_sealed(key, values["sealed"], place=f"events:{event_id}"))

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The same rows about another client; its event can be read like any other."""
        client_id, event_id, key = uuid7(), uuid7(), new_key()
        changed: dict[str, dict[str, Any]] = {
            "once_keys": {"id": uuid7(), "key": uuid.uuid4().hex},
            "clients": {"id": client_id, "number": next(NUMBERS)},
            "subject_keys": {
                "subject_id": client_id,
                "sealed_key": keyring().seal(key, place=place_of_key("client", client_id)),
            },
            "events": {
                "id": event_id,
                "subject_id": client_id,
                "sealed": seal(key, self.words, place=f"events:{event_id}"),
            },
            "outbox": {"event_id": event_id, "subject": f"client:{client_id}"},
        }
        for statement, values in self.statements:
            yield statement, {**values, **changed[statement.split()[2]]}


INSERTS: dict[str, Inserts] = {}


@bp.get("/client")
@public
def client() -> Response:
    """The inserts of a new client in one transaction."""
    if "client" not in INSERTS:
        INSERTS["client"] = Inserts.learn()
    with own_engine().begin() as connection:
        connection.execute(SET_UNIT, {**UNIT, "user": request.args["user"]})
        for statement, values in INSERTS["client"].rows():
            connection.exec_driver_sql(statement, values)
    return Response("", 303, {"Location": "/north/clients/1001"})


# --- What each answer says ----------------------------------------------------------------------------------------


@app.before_request
def note_commit() -> None:
    after_commit(lambda: setattr(g, "bench_committed", time.time()))


@app.after_request
def tell(response: Response) -> Response:
    response.headers[HEADER] = f"{os.getpid()};{g.get('statements', 0)};{g.get('bench_committed', 0)}"
    return response


app.register_blueprint(bp)
