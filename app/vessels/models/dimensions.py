"""How large a vessel is: per dimension what its owner declared and what somebody measured; measured wins."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

NAMES = ("loa", "beam", "draft", "air_draft", "displacement")
DECLARED = tuple(f"{name}_declared" for name in NAMES)
MEASURED = tuple(f"{name}_measured" for name in NAMES)


@dataclass(frozen=True)
class Dimension:
    """One dimension in metres, displacement in tonnes; None where nobody knows."""

    name: str
    declared: Decimal | None
    measured: Decimal | None

    @property
    def value(self) -> Decimal | None:
        return self.measured if self.measured is not None else self.declared

    @property
    def is_measured(self) -> bool:
        return self.measured is not None

    @property
    def is_weight(self) -> bool:
        return self.name == "displacement"


class Dimensioned:
    """What has the columns of DECLARED and MEASURED."""

    def dimension(self, name: str) -> Dimension:
        declared, measured = (getattr(self, f"{name}_{how}") for how in ("declared", "measured"))
        return Dimension(name, _decimal(declared), _decimal(measured))

    @property
    def dimensions(self) -> list[Dimension]:
        return [self.dimension(name) for name in NAMES]


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)
