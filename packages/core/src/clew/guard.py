"""The one guard: what our own code gets wrong is said once, counted, and never reaches the application."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from logging import getLogger
from threading import get_ident

from opentelemetry import metrics

LIMIT, PERIOD = 3, 60.0  # that many failures in that many seconds switch a plugin off
QUIET = 30.0  # seconds between two lines about the same place

_logger = getLogger("clew")
_reporting: set[int] = set()


class Guard:
    """Counts the failures of one plugin and switches the plugin off when they do not stop."""

    def __init__(self, plugin: str, switch_off: Callable[[], None]) -> None:
        self._plugin = plugin
        self._switch_off = switch_off
        self._recent: deque[float] = deque(maxlen=LIMIT)
        self._said: dict[str, float] = {}
        self._counter: metrics.Counter | None = None

    def failed(self, error: Exception, place: str) -> None:
        """Reports one failure at `place`; never raises, and never re-enters itself on one thread."""
        thread = get_ident()
        if thread in _reporting:  # reporting logs, and logging may be what failed
            return
        if getattr(sys, "meta_path", None) is None:  # the interpreter ends: whatever failed has lost something already
            return
        _reporting.add(thread)
        try:
            self._report(error, place)
        except Exception:  # noqa: BLE001, S110  (there is nobody left to tell)
            pass
        finally:
            _reporting.discard(thread)

    def _report(self, error: Exception, place: str) -> None:
        now = time.monotonic()
        self._count(place)
        if now - self._said.get(place, -QUIET) >= QUIET:
            self._said[place] = now
            # The type and the place only: the message may hold what the application handles.
            where = _last_line(error)
            _logger.warning(
                "clew: %s: %s in %s (%s); the application is not affected",
                self._plugin,
                type(error).__name__,
                place,
                where,
            )
        if _does_not_fit(error):
            return
        self._recent.append(now)
        if len(self._recent) == LIMIT and now - self._recent[0] < PERIOD:
            self._recent.clear()
            _logger.warning("clew: %s is switched off after %d failures within %d s", self._plugin, LIMIT, PERIOD)
            self._switch_off()

    def _count(self, place: str) -> None:
        if self._counter is None:
            meter = metrics.get_meter("clew")
            self._counter = meter.create_counter(
                "clew.plugin.errors", "{error}", "Failures of clew's own code, by plugin."
            )
        self._counter.add(1, {"clew.plugin": self._plugin, "clew.place": place})


def _does_not_fit(error: Exception) -> bool:
    """Whether it was raised by a call of ours, before a line of what is called: so end arguments that a reader has no
    parameters for. Mostly the library has none either, and a plugin is not to go off by its caller's mistakes."""
    return isinstance(error, TypeError) and error.__traceback__ is not None and error.__traceback__.tb_next is None


def _last_line(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace is not None else "?"
