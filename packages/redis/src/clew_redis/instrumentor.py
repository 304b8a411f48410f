"""The redis plugin for who comes from OpenTelemetry's own: the same class, methods and keywords."""

from typing import Any

from clew.asking import begins, ends
from clew.instrumentor import Asks, ClientInstrumentor
from clew.resp import pool_of
from clew_redis import plugin

__all__ = ["RedisInstrumentor", "asks"]

asks: Asks = {
    # A pipeline has its commands in itself.
    "request_hook": (begins(lambda client, *args, **options: (client, args, options) if args else None),),
    "response_hook": (ends(lambda response, client, *args, **options: (client, response)),),
}


class RedisInstrumentor(ClientInstrumentor):
    plugin = plugin

    @classmethod
    def instrument_client(cls, client: Any, **options: Any) -> None:
        super().instrument_client(pool_of(client), **options)

    @classmethod
    def uninstrument_client(cls, client: Any) -> None:
        super().uninstrument_client(pool_of(client))
