from collections.abc import Iterable, Mapping
from typing import Any

def zxcvbn(password: str, user_inputs: Iterable[str] | None = ..., max_length: int = ...) -> Mapping[str, Any]: ...
