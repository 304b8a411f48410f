"""A metric as bytes of opentelemetry.proto.metrics.v1.Metric."""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack
from typing import Any

from clew_sdk.metrics.points import (
    EXPONENTIAL,
    GAUGE,
    HISTOGRAM,
    SUM,
    Buckets,
    Exemplar,
    ExponentialPoint,
    HistogramPoint,
    Metric,
    NumberPoint,
)
from clew_sdk.otlp.values import Attributes
from clew_sdk.otlp.wire import block, count, double, fixed64, text, varint

_DELTA, _CUMULATIVE = b"\x10\x01", b"\x10\x02"
_NUMBER_ATTRIBUTES = Attributes(b"\x3a")
_HISTOGRAM_ATTRIBUTES = Attributes(b"\x4a")
_EXPONENTIAL_ATTRIBUTES = Attributes(b"\x0a")
_EXEMPLAR_ATTRIBUTES = Attributes(b"\x3a")


def encode(metric: Metric) -> bytes:
    tag, encode_point = _SHAPES[metric.shape]
    points = [block(b"\x0a", encode_point(point, metric.shape)) for point in metric.points]
    if metric.shape != GAUGE:
        points.append(_DELTA if metric.delta else _CUMULATIVE)
    if metric.shape == SUM and metric.monotonic:
        points.append(b"\x18\x01")
    head = text(b"\x0a", metric.name) + text(b"\x12", metric.description) + text(b"\x1a", metric.unit)
    return head + block(tag, b"".join(points))


def _number(point: NumberPoint, shape: str) -> bytes:
    """A gauge has no start."""
    start = b"" if shape == GAUGE else b"\x11" + fixed64(point.start)
    times = start + b"\x19" + fixed64(point.time)
    attributes = _NUMBER_ATTRIBUTES.encode(point.attributes)[0]
    return attributes + times + _value(point.value, b"\x21", b"\x31") + _exemplars(b"\x2a", point, point.exemplars)


def _histogram(point: HistogramPoint, shape: str) -> bytes:
    counts, boundaries = point.counts, point.boundaries
    return b"".join(
        (
            _HISTOGRAM_ATTRIBUTES.encode(point.attributes)[0],
            b"\x11" + fixed64(point.start) + b"\x19" + fixed64(point.time),
            b"\x21" + fixed64(point.total) + b"\x29" + double(point.sum),
            block(b"\x32", pack(f"<{len(counts)}Q", *counts)),
            block(b"\x3a", pack(f"<{len(boundaries)}d", *boundaries)) if boundaries else b"",
            _exemplars(b"\x42", point, point.exemplars),
            b"\x59" + double(point.min) + b"\x61" + double(point.max),
        )
    )


def _exponential(point: ExponentialPoint, shape: str) -> bytes:
    return b"".join(
        (
            _EXPONENTIAL_ATTRIBUTES.encode(point.attributes)[0],
            b"\x11" + fixed64(point.start) + b"\x19" + fixed64(point.time),
            b"\x21" + fixed64(point.total) + b"\x29" + double(point.sum),
            count(b"\x30", _zigzag(point.scale)),
            b"\x39" + fixed64(point.zeros),
            _buckets(b"\x42", point.positive) + _buckets(b"\x4a", point.negative),
            _exemplars(b"\x5a", point, point.exemplars),
            b"\x61" + double(point.min) + b"\x69" + double(point.max),
        )
    )


def _buckets(tag: bytes, buckets: Buckets) -> bytes:
    if not buckets.counts:
        return b""
    counts = b"".join(map(varint, buckets.counts))
    return block(tag, count(b"\x08", _zigzag(buckets.offset)) + block(b"\x12", counts))


def _exemplars(tag: bytes, point: Any, exemplars: Sequence[Exemplar]) -> bytes:
    return b"".join(block(tag, _exemplar(exemplar, point)) for exemplar in exemplars)


def _exemplar(exemplar: Exemplar, point: Any) -> bytes:
    ids = b""
    if exemplar.trace_id:
        ids = b"\x22\x08%b\x2a\x10%b" % (exemplar.span_id.to_bytes(8, "big"), exemplar.trace_id.to_bytes(16, "big"))
    filtered = {key: value for key, value in exemplar.attributes.items() if key not in point.attributes}
    attributes = _EXEMPLAR_ATTRIBUTES.encode(filtered)[0] if filtered else b""
    return attributes + b"\x11" + fixed64(exemplar.time) + _value(exemplar.value, b"\x19", b"\x31") + ids


def _value(value: float, as_double: bytes, as_int: bytes) -> bytes:
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return as_int + pack("<q", value)
    return as_double + double(value)


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


_SHAPES: dict[str, tuple[bytes, Any]] = {
    GAUGE: (b"\x2a", _number),
    SUM: (b"\x3a", _number),
    HISTOGRAM: (b"\x4a", _histogram),
    EXPONENTIAL: (b"\x52", _exponential),
}
