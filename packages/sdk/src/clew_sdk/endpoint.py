"""Where a signal goes, as the `OTEL_EXPORTER_OTLP_…` variables say (specification, "OTLP Exporter Configuration")."""

from __future__ import annotations

from typing import NamedTuple

from clew_sdk import settings
from clew_sdk.address import Address, parse


class Tls(NamedTuple):
    """Paths of PEM files; the system's authorities when there is no `certificate`."""

    certificate: str
    client_key: str
    client_certificate: str


class Endpoint(NamedTuple):
    address: Address
    headers: tuple[tuple[str, str], ...]
    timeout: float
    gzip: bool
    tls: Tls


def endpoint(signal: str) -> Endpoint:
    """`signal` is traces, metrics or logs."""
    one = f"OTEL_EXPORTER_OTLP_{signal.upper()}"

    def text(name: str) -> str:
        return settings.text(f"{one}_{name}", settings.text(f"OTEL_EXPORTER_OTLP_{name}"))

    return Endpoint(
        address=_address(signal),
        headers=tuple({**settings.pairs("OTEL_EXPORTER_OTLP_HEADERS"), **settings.pairs(f"{one}_HEADERS")}.items()),
        timeout=settings.number(f"{one}_TIMEOUT", settings.number("OTEL_EXPORTER_OTLP_TIMEOUT")) / 1000,
        gzip=text("COMPRESSION") == "gzip",
        tls=Tls(text("CERTIFICATE"), text("CLIENT_KEY"), text("CLIENT_CERTIFICATE")),
    )


def _address(signal: str) -> Address:
    own = settings.text(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT")
    general = settings.text("OTEL_EXPORTER_OTLP_ENDPOINT").rstrip("/")
    address = parse(own) if own else parse(f"{general}/v1/{signal}")
    assert address is not None  # an unusable URL has been replaced
    return address
