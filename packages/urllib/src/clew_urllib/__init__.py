"""Follows the calls that an application makes with http.client, by itself or beneath urllib and others."""

from typing import Any

from clew import Parts, Plugin, patch, patch_parts
from clew.conventions import http_client

__all__ = ["plugin"]


def read_request(connection: Any, *args: Any, **options: Any) -> http_client.Request:
    return http_client.request(*read_line(connection), connection)


def read_line(connection: Any) -> tuple[str, str]:
    """Method and URL."""
    method, target, _ = connection._buffer[0].decode("latin-1").split(" ", 2)
    if "://" not in target:  # it is in full where it goes to a proxy
        target = read_origin(connection) + target
    return method, target


def read_origin(connection: Any) -> str:
    scheme = "https" if connection.default_port == 443 else "http"
    host, port = connection.host, connection.port
    if connection._tunnel_host:
        host, port = connection._tunnel_host, connection._tunnel_port or connection.default_port
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}" if port == connection.default_port else f"{scheme}://{host}:{port}"


def write_header(connection: Any, name: str, value: str) -> None:
    ours = name.lower().encode() + b":"
    lines = connection._buffer
    lines[1:] = [line for line in lines[1:] if line[: len(ours)].lower() != ours]
    connection.putheader(name, value)


def read_headers(connection: Any) -> Any:
    lines = (line.decode("latin-1").partition(":") for line in connection._buffer[1:])
    return [(name, value.strip()) for name, _, value in lines if name]


def read_answer(response: Any) -> http_client.Answer:
    return response.status, response.version, 0


connection = "http.client:HTTPConnection"
# Every request passes here when its head is complete and nothing of it is sent yet.
parts = Parts(f"{connection}.endheaders", f"{connection}.getresponse", f"{connection}.close")
exchange = http_client.exchange(read_request, read_answer, write_header, read_headers=read_headers)
plugin = Plugin(
    "http.client",
    instrumentor="clew_urllib.instrumentor",
    hooks=[
        patch("urllib.request:OpenerDirector.open", http_client.call()),
        patch_parts(parts, exchange),
    ],
)
