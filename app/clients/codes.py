"""Countries and languages as forms and files of clients read them."""

from __future__ import annotations

from ..codes import countries, country_code, country_codes, language_code, language_codes

__all__ = ["countries", "country_code", "country_codes", "language_code", "language_codes"]
