"""Which files there are, and how much can stand in them."""

from __future__ import annotations

from enum import StrEnum


class ExportFormat(StrEnum):
    XLSX = "xlsx"
    CSV = "csv"
    VCARD = "vcf"


class ExportExtent(StrEnum):
    SHOWN = "shown"
    ALL = "all"
