"""Looking a port through for clients that look like one, at two sizes: whether it grows faster than n log n.

The names of the harbour repeat more the more clients there are. So that the larger size is a port of the same kind,
twenty have a family name here, and every fiftieth is the client before once more, with the same e-mail address.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from sqlalchemy import text

from app.clients.duplicates.scan import scan_port
from app.db import begin, db, rollback
from bench.site import Site
from tests.world import NORTH

SIZES = (25_000, 100_000)
# In this session these stand before the tables; the policies of a table hold for a view of it.
TWIN = "(number - (number %% 50 = 10)::int)"


def letters(seed: str, length: int) -> str:
    return f"translate(substr(md5(({seed})::text), 1, {length}), '0123456789abcdef', 'bcdfgjklmnpqrstv')"


NAME = " || ' ' || ".join([letters(TWIN, 5), letters(f"{TWIN} / 20", 8)])
VIEWS = (
    f"""
    CREATE OR REPLACE TEMPORARY VIEW clients AS
    SELECT id, kind, {NAME} AS sort_name, ''::text AS company_name, tax_number, street,
           postcode, town, archived_at
    FROM public.clients WHERE number < {{below}}
    """,
    f"""
    CREATE OR REPLACE TEMPORARY VIEW client_contacts AS
    SELECT k.id, k.client_id, k.kind, {TWIN} || '@example.com' AS normalised, k.archived_at
    FROM public.client_contacts k JOIN public.clients c ON c.port_id = k.port_id AND c.id = k.client_id
    WHERE k.kind = 'email' AND c.number < {{below}}
    """,
)


@dataclass(frozen=True)
class Scanned:
    clients: int
    compared: int
    found: int
    seconds: float


@dataclass(frozen=True)
class Growth:
    small: Scanned
    large: Scanned

    @property
    def against_n_log_n(self) -> float:
        """The time that the larger one took, to what n log n makes of that of the smaller one."""
        a, b = self.small.clients, self.large.clients
        return self.large.seconds / self.small.seconds / (b * math.log(b) / (a * math.log(a)))


def measure_duplicates(site: Site, first_number: int) -> Growth:
    """Each is rolled back, so the harbour stays as it is."""
    with site.installation.app.app_context():
        small, large = (scanned(first_number + size) for size in SIZES)
    return Growth(small, large)


def scanned(below: int) -> Scanned:
    begin(port_id=NORTH, scope="staff")
    for view in VIEWS:
        db.session.connection().exec_driver_sql(view.format(below=below))
    clients = db.session.scalar(text("SELECT count(*) FROM clients WHERE archived_at IS NULL"))
    began = time.monotonic()
    compared, found = scan_port(NORTH)
    seconds = time.monotonic() - began
    rollback()
    return Scanned(clients or 0, compared, found, seconds)
