"""What every plugin must show that brings work from one thread, greenlet or process to another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context as Variables
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import set_value

import clew
from clew.plugin import Plugin
from clew.propagation import REQUEST_ID, attach, detach, get_current
from clew.testing.recording import Recording, enabled


class CarryingContract:
    """Subclass it as TestX, set `plugin`, and define `run`."""

    plugin: Plugin
    #: The places that the plugin patches: (owner, attribute).
    patched: Sequence[tuple[Any, str]]

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """What the function answers when the library has run it elsewhere; where the library has workers, always by
        the same one."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def record(self) -> Iterator[Recording]:
        with enabled(self.plugin) as record:
            yield record

    def within(self, request_id: str, *call: Any) -> Any:
        token = attach(set_value(REQUEST_ID, request_id))
        try:
            return self.run(*call)
        finally:
            detach(token)

    def test_it_runs_in_the_request_of_who_asked_for_it(self) -> None:
        assert self.within("order-1", clew.current_request_id) == "order-1"
        assert self.within("order-2", clew.current_request_id) == "order-2"

    def test_what_it_does_is_below_the_span_of_who_asked_for_it(self) -> None:
        with trace.get_tracer("test").start_as_current_span("asks") as span:
            ours = span.get_span_context()
            assert self.run(current_ids) == (ours.trace_id, ours.span_id)

    def test_whoever_is_used_again_keeps_nothing(self) -> None:
        self.within("order-1", clew.current_request_id)
        assert self.run(clew.current_request_id) == ""
        assert self.run(current_ids) == (0, 0)

    def test_who_asks_is_where_it_was(self) -> None:
        token = attach(set_value(REQUEST_ID, "order-1"))
        before = get_current()
        self.run(clew.current_request_id)
        assert get_current() is before
        detach(token)

    def test_results_and_exceptions_are_those_of_the_function(self) -> None:
        assert self.within("order-1", divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            self.within("order-1", divmod, 1, 0)

    def test_those_who_ask_at_once_do_not_mix(self) -> None:
        asked = [f"order-{number}" for number in range(20)]
        with ThreadPoolExecutor(4) as askers:
            answers = [
                askers.submit(Variables().run, self.within, request_id, clew.current_request_id) for request_id in asked
            ]
            assert [answer.result() for answer in answers] == asked

    def test_disabling_puts_back_the_very_objects(self) -> None:
        ours = [vars(owner).get(name) for owner, name in self.patched]
        self.plugin.disable()
        theirs = [vars(owner).get(name) for owner, name in self.patched]
        assert all(one is not other for one, other in zip(ours, theirs, strict=True))
        with enabled(self.plugin):
            pass
        assert [vars(owner).get(name) for owner, name in self.patched] == theirs
        assert self.within("order-1", divmod, 7, 2) == (3, 1)


def current_ids() -> tuple[int, int]:
    """Of the span that is current where this runs; a function that can be pickled."""
    context = trace.get_current_span().get_span_context()
    return context.trace_id, context.span_id
