"""The ledger as metrics (semantic conventions, "SDK metrics"): what was created, sent, lost and why, what waits.

A queue of ours is bounded in bytes, so there is no `queue.capacity`, which the conventions count in records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from opentelemetry.metrics import Meter, Observation

from clew_sdk.channel import Channel
from clew_sdk.outbox import Account

REFUSED = "queue_full"  # dropped before an exporter saw it; any other reason is the exporter's
#: Signal -> the conventions' word for a record, its unit.
RECORDS = {
    "traces": ("span", "{span}"),
    "logs": ("log", "{log_record}"),
    "metrics": ("metric_data_point", "{data_point}"),
}
_EXPORTERS = {
    "traces": "otlp_http_span_exporter",
    "logs": "otlp_http_log_exporter",
    "metrics": "otlp_http_metric_exporter",
}
_PROCESSORS = {"traces": "batching_span_processor", "logs": "batching_log_processor"}

Attributes = Mapping[str, Any]
Counts = Iterable[tuple[int, Attributes]]


def tell(meter: Meter, channel: Channel) -> None:
    """Makes the instruments of one signal; they are read at each collection."""
    outbox, address = channel.outbox, channel.transport.address
    word, unit = RECORDS[outbox.signal]
    watch = _Watch(meter, unit, outbox.account)
    exporter = {**_component(_EXPORTERS[outbox.signal]), "server.address": address.host, "server.port": address.port}
    watch.total(f"otel.sdk.exporter.{word}.exported", _exported, exporter)
    watch.level(f"otel.sdk.exporter.{word}.inflight", lambda: outbox.in_flight, exporter)
    if outbox.signal in _PROCESSORS:
        processor = _component(_PROCESSORS[outbox.signal])
        watch.total(f"otel.sdk.processor.{word}.processed", _processed, processor)
        watch.level(f"otel.sdk.processor.{word}.queue.size", lambda: outbox.waiting, processor)
    if outbox.signal == "logs":
        watch.total("otel.sdk.log.created", lambda account: [(account.created, {})], {})


def _exported(account: Account) -> Counts:
    yield account.delivered, {}
    for reason, number in account.dropped.items():
        if reason != REFUSED:
            yield number, {"error.type": reason}


def _processed(account: Account) -> Counts:
    refused = account.dropped.get(REFUSED, 0)
    yield account.created - account.queued - refused, {}
    if refused:
        yield refused, {"error.type": REFUSED}


def _component(kind: str) -> dict[str, str]:
    return {"otel.component.type": kind, "otel.component.name": f"{kind}/0"}


class _Watch(NamedTuple):
    """Makes the instruments of one account."""

    meter: Meter
    unit: str
    account: Callable[[], Account]

    def total(self, name: str, read: Callable[[Account], Counts], about: Attributes) -> None:
        def observe(options: Any) -> list[Observation]:
            return [Observation(number, {**about, **more}) for number, more in read(self.account())]

        self.meter.create_observable_counter(name, [observe], self.unit)

    def level(self, name: str, read: Callable[[], int], about: Attributes) -> None:
        self.meter.create_observable_up_down_counter(name, [lambda _: [Observation(read(), about)]], self.unit)
