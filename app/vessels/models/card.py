"""Card: a vessel as the page of its owner shows it, read with the other cards of that page in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Self

from .dimensions import DECLARED, MEASURED, Dimension, Dimensioned
from .document import Paper, State, papers_of

_MEASURES = ", ".join(f"'{name}', v.{name}::text" for name in (*DECLARED, *MEASURED))


@dataclass(frozen=True)
class Card(Dimensioned):
    number: int
    name: str
    kind: str
    flag: str
    registration: str
    measures: Mapping[str, str | None]
    papers: list[Paper]

    subject_type = "vessel"

    # The unarchived vessels of the client :client as JSON, to be read by `of`.
    SQL = f"""
        SELECT jsonb_agg(jsonb_build_object(
            'number', v.number, 'name', v.name, 'kind', v.kind, 'flag', v.flag, 'registration', v.registration,
            'measures', jsonb_build_object({_MEASURES}),
            'documents', coalesce((
                SELECT jsonb_agg(jsonb_build_object(
                    'kind', d.kind, 'issuer', d.issuer, 'reference', d.reference, 'valid_until', d.valid_until,
                    'cover_amount', d.cover_amount::text, 'cover_currency', d.cover_currency,
                    'is_verified', d.verified_at IS NOT NULL))
                FROM vessel_documents d
                WHERE d.port_id = v.port_id AND d.vessel_id = v.id AND d.archived_at IS NULL), '[]'))
            ORDER BY v.sort_name, v.id)
        FROM vessels v WHERE v.port_id = :port AND v.client_id = :client AND v.archived_at IS NULL
    """  # noqa: S608  # names of columns

    @classmethod
    def of(cls, found: list[dict[str, Any]] | None, today: date) -> list[Self]:
        return [cls(papers=papers_of(map(_document, one.pop("documents")), today), **one) for one in found or ()]

    @property
    def alerts(self) -> list[Paper]:
        """What of its papers needs somebody."""
        return [paper for paper in self.papers if paper.state != State.VALID]

    def dimension(self, name: str) -> Dimension:
        declared, measured = (self.measures[f"{name}_{how}"] for how in ("declared", "measured"))
        return Dimension(name, Decimal(declared) if declared else None, Decimal(measured) if measured else None)


def _document(found: dict[str, Any]) -> SimpleNamespace:
    end, amount = found["valid_until"], found["cover_amount"]
    return SimpleNamespace(
        **{
            **found,
            "valid_until": date.fromisoformat(end) if end else None,
            "cover_amount": Decimal(amount) if amount else None,
        }
    )
