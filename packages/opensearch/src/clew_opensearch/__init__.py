"""Follows the calls that an application makes with opensearch-py, sync and async."""

from typing import Any

from clew import Plugin, patch
from clew.search import operation

__all__ = ["plugin"]


def read_call(transport: Any, method: str, url: str, *args: Any, **options: Any) -> tuple[Any, str, str, str | None]:
    return transport, method, url, None


def read_base(transport: Any) -> str:
    host = transport.hosts[0]
    scheme = "https" if host.get("use_ssl") or host.get("scheme") == "https" else "http"
    return f"{scheme}://{host.get('host', 'localhost')}:{host.get('port', 9200)}"


call = operation("opensearch", read_call, read_base)
plugin = Plugin(
    "opensearchpy",
    versions=">=2.0",
    hooks=[
        patch("opensearchpy.transport:Transport.perform_request", call),
        patch("opensearchpy._async.transport:AsyncTransport.perform_request", call),
    ],
)
