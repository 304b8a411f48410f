"""The parts of a URL that sending needs."""

from __future__ import annotations

from typing import NamedTuple


class Address(NamedTuple):
    """`login` is `user:password` or nothing."""

    scheme: str
    host: str
    port: int
    path: str
    login: str = ""

    @property
    def loopback(self) -> bool:
        return self.host in ("localhost", "::1") or self.host.startswith("127.") or self.host.endswith(".localhost")


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
    if int(port or 1) > 65535 or any(character <= " " or character > "~" for character in name + path):
        return None
    return Address(scheme, name.lower(), int(port or (443 if scheme == "https" else 80)), path, login)


def _host_and_port(host: str) -> tuple[str, str]:
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        return name, port.removeprefix(":")
    name, _, port = host.partition(":")
    return name, port
