"""The table of the bench, on the screen and in bench/results.md."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

RESULTS = Path(__file__).parent / "results.md"
TRIED = Path(__file__).parent / "tried.md"
PACKAGES = ("flask", "sqlalchemy", "psycopg", "jinja2", "gunicorn", "gevent")


@dataclass(frozen=True)
class Row:
    """One line: what was asked for, what came out, whether that is enough."""

    what: str
    target: str
    measured: str
    passes: bool
    miss: str = ""

    @property
    def verdict(self) -> str:
        return "pass" if self.passes else f"**miss** ({self.miss})" if self.miss else "**miss**"


def at_most(what: str, value: float, bound: float, unit: str, *, note: str = "", digits: int = 1) -> Row:
    """A row whose figure shall not exceed `bound`."""
    measured = f"{value:.{digits}f} {unit}{f' ({note})' if note else ''}"
    miss = f"{value / bound - 1:.0%} over" if value > bound else ""
    return Row(what, f"≤ {bound:g} {unit}", measured, value <= bound, miss)


def at_least(what: str, value: float, bound: float, unit: str, *, note: str = "") -> Row:
    measured = f"{value:.2f} {unit}{f' ({note})' if note else ''}"
    miss = f"{1 - value / bound:.0%} under" if value < bound else ""
    return Row(what, f"≥ {bound:g} {unit}", measured, value >= bound, miss)


def table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def summary(rows: Sequence[Row]) -> str:
    return table(("what", "target", "measured", "verdict"), [(r.what, r.target, r.measured, r.verdict) for r in rows])


def machine(database: str) -> str:
    memory = psutil.virtual_memory().total / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{psutil.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB of memory, {platform.system()}. "
        f"Python {platform.python_version()}, {database}, {packages}. "
        "Servers, browser and the clients that ask share these cores."
    )


def write(rows: Sequence[Row], *, day: str, machine_text: str, details: Sequence[str]) -> None:
    tried = TRIED.read_text(encoding="utf-8").strip() if TRIED.exists() else ""
    parts = [
        "# How fast Quayside is",
        f"Measured on {day} by `make bench`; [README.md](README.md) says what each figure means.",
        machine_text,
        summary(rows),
        *details,
        tried,
    ]
    RESULTS.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
