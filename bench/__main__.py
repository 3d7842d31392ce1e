"""`python -m bench [rows]`: measure everything, print the table, write bench/results.md."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import psutil

from app.db import now
from bench import (
    availability,
    board,
    bulk,
    creation,
    dashboard,
    duplicates,
    exports,
    imports,
    live,
    maps,
    memory,
    pages,
    recommendations,
    report,
    search,
    site,
    start,
    weight,
)
from bench.harbour import FIRST_NUMBER
from bench.report import Row, at_least, at_most
from bench.site import Site
from bench.visitors import percentile

T = TypeVar("T")

WORKERS = 2  # as deploy/gunicorn.py has it
BOUND = 4.0
NOT_GROWING = 2.0  # MB in 5,000 requests: less than what the caches of dates and words still take in
KB, MB = 1_000, 1_000_000


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    busy = psutil.cpu_percent(interval=2)
    with site.running(rows) as place:
        try:
            lines, details = measure(place)
        finally:
            place.installation.stop_all()
        with place.connect() as connection:
            database = f"PostgreSQL {connection.info.server_version // 10000}"
    if busy > 15:
        details.insert(0, f"The machine was doing something else before it began: {busy:.0f} % of its cores were busy.")
    if rows != 1_000_000:
        details.insert(0, f"Only {rows:,} clients were loaded.")
    report.write(lines, day=f"{now():%-d %B %Y}", machine_text=report.machine(database), details=details)
    print(f"\n{report.summary(lines)}\n")


def measure(place: Site) -> tuple[list[Row], list[str]]:
    web = place.start_web(workers=WORKERS)
    lists = step("the list", lambda: pages.measure_list(place, WORKERS, rounds=5, each=8))
    detail = step("one client", lambda: pages.measure_detail(place, WORKERS, rounds=10, each=10))
    first_page = step("dashboard", lambda: dashboard.measure_dashboard(place, WORKERS, rounds=10, each=10))
    pipeline = step("the board", lambda: board.measure_board(place, WORKERS, rounds=10, each=6))
    free = step("availability", lambda: availability.measure_availability(place))
    recommended = step("recommendations", lambda: recommendations.measure_recommendations(place))
    searched = step("search", lambda: search.measure_search(place, WORKERS))
    relay = place.installation.start_relay()
    worker = place.installation.start_worker()
    made = step("creating", lambda: creation.measure_creation(place, WORKERS, rounds=6, each=10))
    came_in = step("import", lambda: imports.measure_import(place, worker, rows=100_000))
    went_out = step("export", lambda: exports.measure_export(place, worker))
    tagged = step("bulk", lambda: bulk.measure_bulk(place, WORKERS))
    grown = step("duplicates", lambda: duplicates.measure_duplicates(place, FIRST_NUMBER))
    changed = step("live", lambda: live.measure_live(place, web, changes=120))
    weighed = step("weight", lambda: weight.measure_weight(place, FIRST_NUMBER))
    drawn = step("the map", lambda: maps.measure_maps(place))
    for process in (relay, web):
        process.stop()
    web = place.start_web(workers=1)
    held = step("memory", lambda: memory.measure_memory(place, web, requests=10_000))
    web.stop()
    started = step("starting", start.measure_start)
    lines = [
        *list_rows(lists),
        *detail_rows(detail),
        *dashboard_rows(first_page),
        board_row(pipeline),
        availability_row(free),
        recommendations_row(recommended),
        *search_rows(searched),
        at_least("create one with its event", made.throughput, 0.5, "× the bare inserts", note=per_second(made)),
        *import_rows(came_in),
        *export_rows(went_out),
        *bulk_rows(tagged),
        duplicate_row(grown),
        *live_rows(changed),
        *weight_rows(weighed),
        *map_rows(drawn),
        *memory_rows(held),
        at_most("second start of `make run`", started, 10, "s"),
    ]
    return lines, [
        list_table([*lists, *detail, *first_page, *pipeline]),
        search_table(searched),
        live_text(changed),
        first_visit(weighed),
        memory_text(held),
    ]


def step(name: str, act: Callable[[], T]) -> T:
    began = time.monotonic()
    print(f"{name} …", end=" ", flush=True)
    done = act()
    print(f"{time.monotonic() - began:.0f} s", flush=True)
    return done


def per_second(made: pages.Compared) -> str:
    return f"{made.page.per_second:.0f} a second against {made.bare.per_second:.0f}"


def list_rows(lists: Sequence[pages.Compared]) -> list[Row]:
    worst = max(lists, key=lambda found: found.ratio)
    statements = max(found.page.statements for found in lists)
    return [
        at_most("list page: statements", statements, 3, "statements", digits=0),
        at_most(
            "list page: p95, the worst of 12",
            worst.ratio,
            BOUND,
            "× the bare view",
            digits=2,
            note=f"{worst.name}: {worst.page.p95 * 1000:.0f} ms against {worst.bare.p95 * 1000:.0f} ms",
        ),
    ]


def detail_rows(detail: Sequence[pages.Compared]) -> list[Row]:
    worst = max(detail, key=lambda found: found.ratio)
    return [
        at_most("open one: statements", worst.page.statements, 5, "statements", digits=0),
        at_most(
            "open one: p95",
            worst.ratio,
            BOUND,
            "× the bare view",
            digits=2,
            note=f"{worst.page.p95 * 1000:.0f} ms against {worst.bare.p95 * 1000:.0f} ms",
        ),
    ]


def dashboard_rows(board: Sequence[pages.Compared]) -> list[Row]:
    worst = max(board, key=lambda found: found.ratio)
    return [
        at_most("dashboard, 1,000,000 stays: statements", worst.page.statements, 8, "statements", digits=0),
        at_most(
            "dashboard: p95",
            worst.ratio,
            6.0,
            "× the bare view",
            digits=2,
            note=f"{worst.page.p95 * 1000:.0f} ms against {worst.bare.p95 * 1000:.0f} ms",
        ),
    ]


def board_row(pipeline: Sequence[pages.Compared]) -> Row:
    worst = max(pipeline, key=lambda found: found.ratio)
    took = f"{worst.page.p95 * 1000:.0f} ms against {worst.bare.p95 * 1000:.0f} ms, {worst.page.statements} statements"
    name = f"board of {board.INTERESTS:,} interests: p95"
    return at_most(name, worst.ratio, 5.0, "× the bare view", digits=2, note=took)


def availability_row(free: availability.Availability) -> Row:
    found, raw, page = (f"{percentile(of, 95) * 1000:.0f} ms" for of in (free.found, free.raw, free.page))
    took = f"{found} against {raw}; the page {page}"
    name = f"free berths of {availability.BERTHS:,}: p95"
    return at_most(name, free.ratio, 2, "× its statement", digits=2, note=took)


def recommendations_row(recommended: recommendations.Recommended) -> Row:
    found, raw = (f"{percentile(of, 95) * 1000:.0f} ms" for of in (recommended.found, recommended.raw))
    name = f"recommended berths of {recommendations.BERTHS:,}: p95"
    return at_most(name, recommended.ratio, 2, "× its statement", digits=2, note=f"{found} against {raw}")


def import_rows(came_in: imports.ImportResult) -> list[Row]:
    took = f"checked in {came_in.checked:.0f} s, committed in {came_in.committed:.0f} s"
    return [
        at_most(f"import {came_in.rows:,} rows", came_in.ratio, 75, "× a bare COPY of them", note=took),
        at_most("the worker meanwhile", came_in.peak / MB, 250, "MB"),
    ]


def export_rows(went_out: exports.ExportResult) -> list[Row]:
    took = f"CSV in {went_out.as_csv:.0f} s, {went_out.ratio:.0f} × a bare COPY; Excel in {went_out.as_workbook:.0f} s"
    return [at_most(f"export {went_out.rows:,} rows: the worker", went_out.peak / MB, 200, "MB", note=took)]


def bulk_rows(tagged: bulk.BulkResult) -> list[Row]:
    alone, meanwhile = (percentile(of, 95) * 1000 for of in (tagged.alone, tagged.meanwhile))
    took = f"{tagged.tagged:.0f} s against {tagged.updated:.1f} s"
    return [
        at_most(f"tag {tagged.rows:,} clients at once", tagged.ratio, 10, "× one UPDATE of them", note=took),
        at_most(
            "the list meanwhile: p95",
            tagged.slower,
            2,
            "× without it",
            digits=2,
            note=f"{meanwhile:.0f} ms against {alone:.0f} ms",
        ),
    ]


def duplicate_row(grown: duplicates.Growth) -> Row:
    took = ", ".join(f"{one.clients:,} clients in {one.seconds:.1f} s" for one in (grown.small, grown.large))
    return at_most("look for duplicates: growth", grown.against_n_log_n, 1, "× n log n", digits=2, note=took)


def search_rows(searched: Sequence[search.Searched]) -> list[Row]:
    slowest = max(searched, key=lambda found: percentile(found.page, 95))
    [typo] = [found for found in searched if found.name == "typo"]
    return [
        *(at_most(f"search, {found.name}: p95", found.ratio, 2, "× its statement", digits=2) for found in searched),
        at_most("search: p95, the worst of four", percentile(slowest.page, 95) * 1000, 60, "ms", note=slowest.name),
        at_least("search with one letter wrong: recall among ten", typo.recall, 95, "%"),
    ]


def search_table(searched: Sequence[search.Searched]) -> str:
    lines = [
        (
            found.name,
            *(f"{percentile(of, which) * 1000:.1f} ms" for of in (found.page, found.raw) for which in (50, 95)),
            f"{found.recall:.0f} %",
            str(found.meant),
        )
        for found in searched
    ]
    heads = ("search, one user", "p50", "p95", "statement p50", "statement p95", "recall among ten", "questions")
    return report.table(heads, lines)


def live_rows(changed: live.LiveResult) -> list[Row]:
    alone, beside = live.p99(changed.alone.dom) * 1000, live.p99(changed.with_stalled.dom) * 1000
    whole = changed.alone.missed == changed.with_stalled.missed == 0 and changed.with_stalled.lost_sockets == 0
    held_up = Row(
        "a stalled socket delays nobody",
        "the same p99, nothing missed",
        f"{beside:.0f} ms beside {changed.stalled} stalled sockets, {alone:.0f} ms without; "
        f"{changed.dropped} of {changed.stalled} given up by the server",
        whole and beside <= 150 and changed.dropped > 0,
    )
    return [
        at_most("a change shown in another window: commit to swapped DOM, p99", alone, 150, "ms", digits=0),
        at_most("memory a socket", changed.per_socket / KB, 60, "kB"),
        held_up,
    ]


def weight_rows(weighed: weight.WeightResult) -> list[Row]:
    first = (weighed.first.size + weighed.icon) / KB
    requests = len(weighed.first.requests) + (weighed.icon > 0)
    page, fragment = max(weighed.pages.values()) / KB, max(weighed.fragments.values()) / KB
    return [
        at_most("first visit of the list, in all with fonts", first, 100, "kB"),
        at_most("first visit: requests, the socket and the icon among them", requests, 12, "requests", digits=0),
        at_most("then a page, the heaviest of four", page, 15, "kB"),
        at_most("a fragment, the heaviest of four", fragment, 5, "kB"),
    ]


def map_rows(drawn: maps.MapResult) -> list[Row]:
    note = f"{max(drawn.first.sizes.values()) / KB:.0f} kB the page"
    return [
        at_most(f"map of {maps.BERTHS:,} berths: first visit", drawn.weight / KB, 150, "kB", note=note),
        at_most("one changed status to an open map, the most of six", max(drawn.changes) / KB, 3, "kB", digits=2),
    ]


def memory_rows(held: memory.MemoryResult) -> list[Row]:
    _, second = held.growth
    return [
        at_most("web process after 10,000 requests", held.last / MB, 120, "MB"),
        at_most("growth in the second 5,000 requests", second / MB, NOT_GROWING, "MB"),
    ]


def list_table(compared: Sequence[pages.Compared]) -> str:
    heads = ("page", "p50", "p95", "bare p50", "bare p95", "ratio of p95", "a second", "statements")
    lines = [
        (
            found.name,
            *(
                f"{seconds * 1000:.1f} ms"
                for seconds in (found.page.p50, found.page.p95, found.bare.p50, found.bare.p95)
            ),
            f"{found.ratio:.2f}",
            f"{found.page.per_second:.0f}",
            str(found.page.statements),
        )
        for found in compared
    ]
    return f"Eight clients, {WORKERS} web processes:\n\n{report.table(heads, lines)}"


def live_text(changed: live.LiveResult) -> str:
    lines = [
        (
            name,
            f"{percentile(latency.dom, 50) * 1000:.0f} ms",
            f"{live.p99(latency.dom) * 1000:.0f} ms",
            f"{live.p99(latency.last_socket) * 1000:.0f} ms",
            str(len(latency.dom)),
            str(latency.missed),
        )
        for name, latency in (("500 sockets", changed.alone), ("500 and stalled ones", changed.with_stalled))
    ]
    heads = ("live", "p50 to the DOM", "p99 to the DOM", "p99 to the last of 500 sockets", "changes", "missed")
    return report.table(heads, lines)


def first_visit(weighed: weight.WeightResult) -> str:
    lines = [
        (address.partition("?")[0].split("/", 3)[-1], f"{size / KB:.1f} kB")
        for address, size in weighed.first.sizes.items()
    ]
    if weighed.icon:
        lines.append(("the icon of the tab, fetched apart", f"{weighed.icon / KB:.1f} kB"))
    later = [
        (name, f"{size / KB:.1f} kB", f"{weighed.fragments[name] / KB:.1f} kB") for name, size in weighed.pages.items()
    ]
    return (
        f"{report.table(('first visit', 'on the wire'), lines)}\n\n{report.table(('then', 'page', 'fragment'), later)}"
    )


def memory_text(held: memory.MemoryResult) -> str:
    marks = {index: size for index, size in enumerate(held.samples) if index % 4 == 0}
    lines = [(f"{index * memory.STEP:,}", f"{size / MB:.1f} MB") for index, size in marks.items()]
    return report.table(("requests to one process", "memory"), lines)


if __name__ == "__main__":
    main()
