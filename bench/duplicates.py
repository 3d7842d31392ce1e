"""Looking a port through for clients that look like one, at two sizes: whether it grows faster than n log n.

The names of the harbour repeat more the more clients there are. So that the larger size is a port of the same kind,
twenty have a family name here, households of three share a phone, every tenth has a vessel and every seventh a tax
number. Every fiftieth is the client ten before once more in all of these, but that every second of their vessels has
another registration: so there are pairs for each reason.
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
TWIN = "(number - 10 * (number %% 50 = 10)::int)"


def letters(seed: str, length: int) -> str:
    return f"translate(substr(md5(({seed})::text), 1, {length}), '0123456789abcdef', 'bcdfgjklmnpqrstv')"


NAME = " || ' ' || ".join([letters(TWIN, 5), letters(f"{TWIN} / 20", 8)])
VIEWS = (
    f"""
    CREATE OR REPLACE TEMPORARY VIEW clients AS
    SELECT id, kind, {NAME} AS sort_name, ''::text AS company_name,
           CASE WHEN {TWIN} %% 7 = 0 THEN 'FI' || {TWIN} ELSE '' END AS tax_number, street,
           postcode, town, archived_at
    FROM public.clients WHERE number < {{below}}
    """,
    f"""
    CREATE OR REPLACE TEMPORARY VIEW client_contacts AS
    SELECT k.id, k.client_id, r.kind, r.normalised, k.archived_at
    FROM public.client_contacts k JOIN public.clients c ON c.port_id = k.port_id AND c.id = k.client_id
    CROSS JOIN LATERAL (
        VALUES ('email', {TWIN} || '@example.com'), ('phone', '+3584' || {TWIN} / 3)) r (kind, normalised)
    WHERE k.kind = 'email' AND c.number < {{below}}
    """,
    f"""
    CREATE OR REPLACE TEMPORARY VIEW vessels AS
    SELECT id, id AS client_id, {letters(f"{TWIN} / 70", 7)} AS sort_name,
           'FI ' || CASE WHEN number %% 100 = 10 THEN number ELSE {TWIN} END AS registration,
           NULL::timestamptz AS archived_at
    FROM public.clients WHERE number %% 10 = 0 AND number < {{below}}
    """,
)
# Why the pairs look alike, of which there have to be some of each.
REASONS = "SELECT DISTINCT jsonb_array_elements_text(reasons) FROM scan_found"
SEEN = frozenset({"name", "email", "phone", "tax_number", "registration", "vessel"})


@dataclass(frozen=True)
class Scanned:
    clients: int
    compared: int
    found: int
    seconds: float
    reasons: frozenset[str]


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
    for one in (small, large):
        if missing := SEEN - one.reasons:
            raise AssertionError(f"no pair of {one.clients} was found by {sorted(missing)}")
    return Growth(small, large)


def scanned(below: int) -> Scanned:
    begin(port_id=NORTH, scope="staff")
    for view in VIEWS:
        db.session.connection().exec_driver_sql(view.format(below=below))
    clients = db.session.scalar(text("SELECT count(*) FROM clients WHERE archived_at IS NULL"))
    began = time.monotonic()
    compared, found = scan_port(NORTH)
    seconds = time.monotonic() - began
    reasons = frozenset(db.session.scalars(text(REASONS)))
    rollback()
    return Scanned(clients or 0, compared, found, seconds, reasons)
