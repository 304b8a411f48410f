"""What every plugin for a logging library must show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.context import set_value

import clew
from clew.plugin import Plugin
from clew.propagation import REQUEST_ID, attach, detach
from clew.testing.recording import Recording, enabled


class LogContract:
    """Subclass it as TestX, set `plugin`, and define `write` and `written`."""

    plugin: Plugin

    def write(self, message: str, **extra: object) -> None:
        """One line at level WARNING, with fields of the application's own."""
        raise NotImplementedError

    def written(self) -> list[tuple[str, str, str, str]]:
        """What the library has written so far: trace ID, span ID, request ID, message."""
        raise NotImplementedError

    @pytest.fixture
    def record(self) -> Iterator[Recording]:
        with enabled(self.plugin) as record:
            yield record

    def test_a_line_carries_the_ids_of_its_request_and_none_outside(self, record: Recording) -> None:
        self.write("outside")
        token = attach(set_value(REQUEST_ID, "order-1"))
        with trace.get_tracer("test").start_as_current_span("work") as span:
            self.write("inside")
        detach(token)
        came = span.get_span_context()
        ids = f"{came.trace_id:032x}", f"{came.span_id:016x}", "order-1"
        assert self.written() == [("", "", "", "outside"), (*ids, "inside")]
        outside, inside = record.logs()
        assert (outside.trace_id, inside.trace_id, inside.span_id) == (0, came.trace_id, came.span_id)
        assert inside.attributes["request.id"] == "order-1"

    def test_a_line_goes_out_with_its_level_and_without_secrets(self, record: Recording) -> None:
        self.write("see http://x/?access_token=hunter2", customer="c1", api_token="hunter2")
        (sent,) = record.logs()
        assert (sent.severity_number.value, sent.body) == (13, "see http://x/?access_token=REDACTED")
        assert (sent.attributes["customer"], sent.attributes["api_token"]) == ("c1", "REDACTED")

    def test_within_suppress_a_line_is_written_and_not_sent(self, record: Recording) -> None:
        with clew.suppress():
            self.write("quiet")
        assert ([line[3] for line in self.written()], record.logs()) == (["quiet"], [])

    def test_after_disabling_nothing_is_sent(self) -> None:
        with enabled(self.plugin) as record:
            pass
        self.write("alone")
        assert record.logs() == []
