"""What clew itself costs in the application's calls, measured while it runs (opt-in: measuring costs, too)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from threading import get_ident
from time import perf_counter_ns as clock
from typing import Any

from opentelemetry.metrics import Meter, Observation

from clew.probe import Probe


class Cost:
    """Nanoseconds and calls of one plugin; each thread adds to a place of its own."""

    def __init__(self, meter: Meter, plugin: str) -> None:
        self._spent: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
        self._about = {"clew.plugin": plugin}
        meter.create_observable_counter(
            "clew.cost.time", [self._seconds], "s", "Time that clew's own code took in the application's calls."
        )
        meter.create_observable_counter("clew.cost.calls", [self._calls], "{call}", "Calls that clew watched.")

    def watch(self, probe: Probe) -> Probe:
        """The same probe with a clock around what is ours: what comes before a call, and what comes after it."""
        brief = probe.brief
        if brief is not None:
            brief = brief._replace(note=self._timed(brief.note, 1))
        return Probe(self._timed(probe.begin, 1), self._timed(probe.end, 0), probe.failed, brief)

    def _timed(self, ours: Callable[..., Any], calls: int) -> Callable[..., Any]:
        spent = self._spent

        def timed(*args: Any) -> Any:
            began = clock()
            try:
                return ours(*args)
            finally:
                place = spent[get_ident()]
                place[0] += clock() - began
                place[1] += calls

        return timed

    def _seconds(self, options: Any) -> Iterable[Observation]:
        return [Observation(sum(place[0] for place in list(self._spent.values())) / 1e9, self._about)]

    def _calls(self, options: Any) -> Iterable[Observation]:
        return [Observation(sum(place[1] for place in list(self._spent.values())), self._about)]
