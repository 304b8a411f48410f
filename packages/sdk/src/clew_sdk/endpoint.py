"""Where a signal goes, as the `OTEL_EXPORTER_OTLP_…` variables say (specification, "OTLP Exporter Configuration")."""

from __future__ import annotations

from typing import NamedTuple

from clew_sdk import report, settings


class Address(NamedTuple):
    """The parts of a URL that sending needs; `login` is `user:password` or nothing."""

    scheme: str
    host: str
    port: int
    path: str
    login: str = ""

    @property
    def loopback(self) -> bool:
        return self.host in ("localhost", "::1") or self.host.startswith("127.") or self.host.endswith(".localhost")


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

    def setting(name: str, default: str = "") -> str:
        general = settings.text(f"OTEL_EXPORTER_OTLP_{name}", default)
        return settings.text(f"OTEL_EXPORTER_OTLP_{signal.upper()}_{name}", general)

    timeout = settings.seconds("OTEL_EXPORTER_OTLP_TIMEOUT", 10.0)
    return Endpoint(
        address=_address(signal),
        headers=_headers(signal),
        timeout=settings.seconds(f"OTEL_EXPORTER_OTLP_{signal.upper()}_TIMEOUT", timeout),
        gzip=setting("COMPRESSION").lower() == "gzip",
        tls=Tls(setting("CERTIFICATE"), setting("CLIENT_KEY"), setting("CLIENT_CERTIFICATE")),
    )


def _address(signal: str) -> Address:
    own = settings.text(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT")
    url = own or settings.text("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318").rstrip("/") + f"/v1/{signal}"
    address = parse(url)
    if address is None:
        report.warn(f"endpoint {signal}", "clew: the OTLP endpoint for %s is no URL; localhost is used", signal)
        return Address("http", "localhost", 4318, f"/v1/{signal}")
    return address


def parse(url: str) -> Address | None:
    """None for what is no http or https URL with a host."""
    scheme, sign, rest = url.strip().partition("://")
    if not sign:
        scheme, rest = "http", url.strip()
    authority, slash, path = rest.partition("/")
    login, _, host = authority.rpartition("@")
    name, port = _host_and_port(host)
    scheme = scheme.lower()
    if scheme not in ("http", "https") or not name or not ((port.isascii() and port.isdigit()) or not port):
        return None
    path = "/" + path.partition("#")[0] if slash else "/"
    if any(character <= " " or character > "~" for character in name + path):
        return None
    return Address(scheme, name.lower(), int(port or (443 if scheme == "https" else 80)), path, login)


def _host_and_port(host: str) -> tuple[str, str]:
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        return name, port.removeprefix(":")
    name, _, port = host.partition(":")
    return name, port


def _headers(signal: str) -> tuple[tuple[str, str], ...]:
    """A header that would break the request is left out, and its value is never shown."""
    found = settings.pairs("OTEL_EXPORTER_OTLP_HEADERS")
    found.update(settings.pairs(f"OTEL_EXPORTER_OTLP_{signal.upper()}_HEADERS"))
    usable = []
    for name, value in found.items():
        token = all(character.isalnum() or character in "!#$%&'*+-.^_`|~" for character in name) and name.isascii()
        if token and value.isprintable() and value.isascii():
            usable.append((name, value))
        else:
            report.warn("headers", "clew: a header of OTEL_EXPORTER_OTLP_HEADERS is not usable and is left out")
    return tuple(usable)
