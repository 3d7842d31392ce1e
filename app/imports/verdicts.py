"""What becomes of a row, and why."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    NEW = "new"
    UPDATE = "update"
    DUPLICATE = "duplicate"
    WRONG = "wrong"
    OUT = "out"


@dataclass(frozen=True)
class Judgement:
    """`record_id`: what the row changes or resembles; `twin`: the row of the file it repeats, or adds to;
    `differences`: field, old, new; `problem`: the field that is wrong."""

    verdict: Verdict
    message: str = ""
    record_id: uuid.UUID | None = None
    twin: int | None = None
    differences: list[list[Any]] = field(default_factory=list)
    problem: str = ""
