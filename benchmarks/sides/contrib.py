"""The works of the stock SDK, and of contrib's instrumentation where it has a part without a library."""

from __future__ import annotations

import logging
from typing import Any

import drivers
from opentelemetry import metrics, propagate, trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.instrumentation import dbapi
from opentelemetry.instrumentation.auto_instrumentation import initialize
from opentelemetry.instrumentation.httpx import SyncOpenTelemetryTransport
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware, wsgi_getter

from sides import common, nothing
from sides.timing import Work, exported, plain


def works() -> dict[str, Work]:
    initialize()
    dbapi.wrap_connect("micro", nothing, "connect", "postgresql")
    run = drivers.wsgi(OpenTelemetryMiddleware(nothing.application))
    send, cursor = SyncOpenTelemetryTransport(nothing.Transport()).handle_request, nothing.connect().cursor()
    tracer = trace.get_tracer("micro")
    span, spans, environ = common.span(tracer), [common.span(tracer) for _ in range(common.BATCH)], common.environ()
    current = trace.set_span_in_context(span)
    return {
        "server": exported(lambda: run(7, 1)),
        "client": exported(lambda: send(nothing.REQUEST)),
        "db": exported(lambda: cursor.execute(nothing.STATEMENT, ("item 7",))),
        "span": exported(lambda: common.span(tracer)),
        "encode": plain(lambda: encoded([span])),
        "notes": plain(lambda: encoded(spans)),
        "inject": plain(lambda: propagate.inject({}, current)),
        "extract": plain(lambda: propagate.extract(environ, getter=wsgi_getter)),
        "point": exported(common.recording(metrics.get_meter("micro"))),
        "log": exported(common.logging_to(logging.getLogger("micro"))),
    }


def encoded(spans: list[Any]) -> bytes:
    return bytes(encode_spans(spans).SerializeToString())
