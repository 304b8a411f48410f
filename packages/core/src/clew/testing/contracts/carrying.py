"""What every plugin must show that brings work from one thread to another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.context import set_value

import clew
from clew.plugin import Plugin
from clew.propagation import REQUEST_ID, attach, detach
from clew.testing.recording import enabled


class CarryingContract:
    """Subclass it as TestX, set `plugin`, and define `run`."""

    plugin: Plugin

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """What the function answers when the library has run it elsewhere; always in the same thread."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _enabled(self) -> Iterator[None]:
        with enabled(self.plugin):
            yield

    def within(self, request_id: str, *call: Any) -> Any:
        token = attach(set_value(REQUEST_ID, request_id))
        try:
            return self.run(*call)
        finally:
            detach(token)

    def test_it_runs_in_the_request_of_who_asked_for_it(self) -> None:
        assert self.within("order-1", clew.current_request_id) == "order-1"
        assert self.within("order-2", clew.current_request_id) == "order-2"

    def test_a_thread_that_is_used_again_keeps_nothing(self) -> None:
        self.within("order-1", clew.current_request_id)
        assert self.run(clew.current_request_id) == ""

    def test_results_and_exceptions_are_those_of_the_function(self) -> None:
        assert self.within("order-1", divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            self.within("order-1", divmod, 1, 0)
