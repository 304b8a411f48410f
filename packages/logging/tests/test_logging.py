"""Every log record carries the IDs of its request and goes out in its trace; the application's logging stays."""

import io
import json
import logging
import logging.handlers
import queue
import subprocess
import sys
from typing import Any

import pytest
from opentelemetry import trace

from clew.propagation import REQUEST_ID, attach, context_api, detach
from clew.testing.contracts.log import LogContract
from clew.testing.recording import Recording, enabled
from clew_logging import plugin
from clew_logging.instrumentor import LoggingInstrumentor


@pytest.fixture
def record() -> Any:
    with enabled(plugin) as record:
        yield record


@pytest.fixture
def stream() -> Any:
    """A logger of its own that writes to a string."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("shop")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield logger, handler, stream
    logger.removeHandler(handler)
    logger.propagate = True


class TestLogging(LogContract):
    plugin = plugin

    @pytest.fixture(autouse=True)
    def _stream(self, stream: Any) -> None:
        self.logger, handler, self.text = stream
        handler.setFormatter(logging.Formatter("%(trace_id)s|%(span_id)s|%(request_id)s|%(message)s"))

    def write(self, message: str, **extra: object) -> None:
        self.logger.warning(message, extra=extra)

    def written(self) -> list[Any]:
        return [tuple(line.split("|")) for line in self.text.getvalue().splitlines()]


def test_a_hook_of_a_person_may_add_to_a_line(record: Recording, stream: Any) -> None:
    def name_it(span: Any, line: logging.LogRecord) -> None:
        line.customer = f"customer of {span.get_span_context().span_id}"

    instrumentor = LoggingInstrumentor()
    instrumentor.instrument(log_hook=name_it)
    with trace.get_tracer("test").start_as_current_span("work") as span:
        stream[0].warning("inside")
    instrumentor.uninstrument()
    assert record.logs()[0].attributes["customer"] == f"customer of {span.get_span_context().span_id}"


def test_arguments_and_the_place_in_the_code_go_out(record: Recording, stream: Any) -> None:
    stream[0].warning("paid %s", 5)
    (sent,) = record.logs()
    assert (sent.body, sent.severity_text) == ("paid 5", "WARNING")
    assert sent.attributes["code.function.name"] == "test_arguments_and_the_place_in_the_code_go_out"


def test_an_exception_goes_out_without_its_secrets(record: Recording, stream: Any) -> None:
    try:
        raise ValueError("postgresql://shop:hunter2@db/shop refused password=hunter2")
    except ValueError:
        stream[0].exception("failed")
    (sent,) = record.logs()
    assert sent.attributes["exception.type"] == "ValueError"
    assert "test_an_exception_goes_out" in sent.attributes["exception.stacktrace"]
    assert "hunter2" not in sent.attributes["exception.message"]


def test_fields_that_the_application_set_itself_are_left_alone(record: Recording, stream: Any) -> None:
    logger, handler, text = stream
    handler.setFormatter(logging.Formatter("%(request_id)s %(trace_id)s"))
    logger.info("", extra={"request_id": "mine", "trace_id": "also mine"})
    assert text.getvalue() == "mine also mine\n"


@pytest.mark.parametrize("level", [logging.INFO, logging.ERROR])
@pytest.mark.parametrize("own", ["also mine", "abc", 17, "order-2026-11-26-000000000000007", f"-{7:031d}"])
def test_a_line_with_a_trace_id_of_the_applications_own_is_sent_in_the_trace_in_hand(
    record: Recording, stream: Any, level: int, own: object
) -> None:
    with trace.get_tracer("test").start_as_current_span("work") as span:
        stream[0].log(level, "paid", extra={"trace_id": own, "span_id": own, "request_id": own, "cart": 3})
    (sent,) = record.logs()
    assert (sent.trace_id, sent.span_id) == (span.context.trace_id, span.context.span_id)
    assert (sent.attributes["trace_id"], sent.attributes["request.id"], sent.attributes["cart"]) == (own, own, 3)


def test_what_the_level_or_a_filter_stops_is_not_sent(record: Recording, stream: Any) -> None:
    logger = stream[0]
    logger.debug("below the level")
    logger.addFilter(stop := lambda line: "secret" not in line.getMessage())
    logger.info("a secret")
    logger.removeFilter(stop)
    assert record.logs() == []


@pytest.mark.parametrize("level", [logging.INFO, logging.ERROR])
def test_a_record_that_came_from_outside_of_a_trace_stays_outside(record: Recording, stream: Any, level: int) -> None:
    outside = {"trace_id": "", "span_id": "", "request_id": "", "request.id": "order-1"}
    with trace.get_tracer("test").start_as_current_span("work"):
        stream[0].log(level, "handed over", extra=outside)
    (sent,) = record.logs()
    assert (sent.trace_id, sent.span_id, sent.attributes["request.id"]) == (0, 0, "order-1")


@pytest.mark.parametrize("level", [logging.INFO, logging.ERROR])
def test_a_record_that_was_queued_keeps_the_ids_of_its_request(record: Recording, stream: Any, level: int) -> None:
    logger, handler, text = stream
    handler.setFormatter(logging.Formatter("%(request_id)s %(trace_id)s"))
    waiting: queue.Queue[Any] = queue.Queue()
    sender = logging.getLogger("sender")
    sender.propagate = False
    sender.setLevel(logging.INFO)
    sender.addHandler(logging.handlers.QueueHandler(waiting))
    token = attach(context_api.set_value(REQUEST_ID, "order-1"))
    with trace.get_tracer("test").start_as_current_span("work") as span:
        sender.log(level, "x")
    detach(token)
    logger.handle(waiting.get_nowait())
    trace_id, span_id = span.get_span_context().trace_id, span.get_span_context().span_id
    assert text.getvalue() == f"order-1 {trace_id:032x}\n"
    assert [(sent.trace_id, sent.span_id) for sent in record.logs()] == [(trace_id, span_id)] * 2


def test_handlers_formatters_and_levels_are_untouched(stream: Any) -> None:
    logger, handler, _ = stream
    before = (list(logging.root.handlers), logging.root.level, logging.getLogRecordFactory(), handler.formatter)
    methods = [logging.Logger.handle, logging.Logger.callHandlers, logging.Logger.makeRecord]
    with enabled(plugin):
        logger.info("x")
        assert (
            list(logging.root.handlers),
            logging.root.level,
            logging.getLogRecordFactory(),
            handler.formatter,
        ) == before
    assert [logging.Logger.handle, logging.Logger.callHandlers, logging.Logger.makeRecord] == methods


def test_json_lines_on_the_terminal_when_asked_for(tmp_path: Any) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import logging, clew_logging\n"
        "clew_logging.plugin.enable()\n"
        "logging.basicConfig(level=logging.INFO)\n"
        "logging.getLogger('shop').info('two\\nlines', extra={'customer': 'c1', 'password': 'hunter2'})\n"
        "try: 1 / 0\n"
        "except Exception: logging.exception('failed')\n"
    )
    environ = {"CLEW_LOG_FORMAT": "json", "PATH": "/usr/bin"}
    run = subprocess.run([sys.executable, script], env=environ, capture_output=True, text=True, timeout=60)
    first, second = (json.loads(line) for line in run.stderr.splitlines())
    assert (first["message"], first["level"], first["logger"]) == ("two\nlines", "INFO", "shop")
    assert (first["customer"], first["password"], first["request_id"]) == ("c1", "REDACTED", "")
    assert second["exception"]["exception.type"] == "ZeroDivisionError"


def test_a_record_that_the_application_sends_itself_is_sent_once(record: Recording, stream: Any) -> None:
    from opentelemetry.sdk._logs import LoggingHandler

    logger = stream[0]
    theirs = LoggingHandler()
    logger.addHandler(theirs)
    logger.info("once")
    logger.removeHandler(theirs)
    logger.info("twice")
    assert [sent.body for sent in record.logs()] == ["once", "twice"]


def test_what_is_logged_while_the_interpreter_ends_is_logged_as_ever(tmp_path: Any) -> None:
    """Objects that go with their modules complain when half of Python is gone already."""
    script = tmp_path / "script.py"
    script.write_text(
        "import logging, clew_logging\n"
        "clew_logging.plugin.enable()\n"
        "logging.basicConfig()\n"
        "class Late:\n"
        "    def __init__(self): self.error = logging.getLogger('shop').error\n"
        "    def __del__(self): self.error('not closed: %s', 'Bearer of many tokens')\n"
        "late = Late()\n"
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert run.stderr.splitlines() == ["ERROR:shop:not closed: Bearer of many tokens"]
