"""Work for the processor, where it holds nobody up."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def off_the_loop(act: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Under gevent, in the hub's thread pool: in a greenlet it would stop everybody. There is no application context
    in there."""
    from gevent import get_hub, monkey

    if monkey.is_module_patched("threading"):
        answer: R = get_hub().threadpool.apply(act, args, kwargs)
        return answer
    return act(*args, **kwargs)
