"""Follows the calls that an application makes with the elasticsearch client, sync and async."""

from typing import Any

from clew import Plugin, patch
from clew.search import operation, without_its_own

__all__ = ["plugin"]


def read_call(
    client: Any, method: str, path: str, *, endpoint_id: str | None = None, **options: Any
) -> tuple[Any, str, str, str | None]:
    return client._transport, method, path, endpoint_id


def read_base(transport: Any) -> str:
    node = transport.node_pool.all()[0].config
    return f"{node.scheme}://{node.host}:{node.port}{node.path_prefix}"


def read_status(response: Any) -> str:
    return str(response.meta.status)


call = operation("elasticsearch", read_call, read_base, read_status)
plugin = Plugin(
    "elasticsearch",
    versions=">=8.0",
    instrumentor="clew_elasticsearch.instrumentor",
    hooks=[
        *(patch(f"elasticsearch._{kind}.client._base:BaseClient.perform_request", call) for kind in ("sync", "async")),
        *without_its_own("elasticsearch", "elastic_transport"),  # since 8.13 it follows itself
    ],
)
