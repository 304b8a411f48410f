"""Which exporters the environment asks for: our own, or the official ones and those of third parties, as guests."""

from __future__ import annotations

from typing import Any, NamedTuple

from clew_sdk import report, settings
from clew_sdk.guests.entry_points import load
from clew_sdk.parsing import OURS

_OTLP = {"grpc": ("otlp_proto_grpc",), "http/json": ("otlp_json_http", "otlp_http_json")}


class Chosen(NamedTuple):
    """`ours` is OTLP over http/protobuf; `guests` are exporter objects."""

    ours: bool
    guests: tuple[Any, ...]


def chosen(signal: str) -> Chosen:
    """From `OTEL_TRACES_EXPORTER` and its like, and `OTEL_EXPORTER_OTLP_PROTOCOL`."""
    ours, guests = False, []
    for name in settings.names(f"OTEL_{signal.upper()}_EXPORTER"):
        if name == "none":
            continue
        foreign = _foreign(signal, name)
        exporter = _made(signal, foreign) if foreign else None
        if exporter is not None:
            guests.append(exporter)
        elif name in OURS:
            ours = True
    return Chosen(ours, tuple(guests))


def _foreign(signal: str, name: str) -> tuple[str, ...]:
    """The entry points that may stand for the name; none when it is ours."""
    if name == "otlp":
        general = settings.text("OTEL_EXPORTER_OTLP_PROTOCOL")
        return _OTLP.get(settings.text(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", general), ())
    return () if name in OURS else (name,)


def _made(signal: str, names: tuple[str, ...]) -> Any:
    failure = ""
    for name in names:
        try:
            return load(f"opentelemetry_{signal}_exporter", name)()
        except Exception as error:  # noqa: BLE001  foreign code
            failure = type(error).__name__
    message = "clew: the exporter %s for %s cannot be used (%s); is its package installed?"
    report.warn(f"exporter {names[0]} {signal}", message, names[0], signal, failure)
    return None
