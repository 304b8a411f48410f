"""What the pipeline has to say to people: one line per kind of news and half a minute, on the logger `clew`."""

from __future__ import annotations

import logging
from collections.abc import Callable

from clew_sdk.native import monotonic

INTERVAL = 30.0
_logger = logging.getLogger("clew")
_last: dict[str, float] = {}


def warn(kind: str, message: str, *values: object) -> None:
    """Something is or was lost. Never raises; `values` may not hold a header, a body or a setting's value."""
    _say(_logger.warning, kind, message, values)


def tell(kind: str, message: str, *values: object) -> None:
    """Nothing is lost, but people should be able to know. Never raises."""
    _say(_logger.info, kind, message, values)


def _say(write: Callable[..., None], kind: str, message: str, values: tuple[object, ...]) -> None:
    now = monotonic()
    before = _last.get(kind)
    if before is not None and now - before < INTERVAL:
        return
    _last[kind] = now
    try:
        write(message, *values)
    except Exception:  # noqa: BLE001, S110  an application's log handler may fail; our news is not worth a failure
        pass
