"""clew-aiohttp passes the contract of an HTTP client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import aiohttp.client_reqrep
import aiohttp.connector
import pytest

from clew.testing.contracts.http_client import Answer, attributes
from clew.testing.contracts.http_client_async import AsyncHttpClientContract
from clew.testing.peer import Peer
from clew.testing.recording import Recording
from clew_aiohttp import plugin


class TestAiohttp(AsyncHttpClientContract):
    asked = {"request_hook": 1, "response_hook": 1}
    instrumentor_class = "AioHttpClientInstrumentor"
    plugin = plugin
    patched = [
        (aiohttp.ClientSession, "_request"),
        (aiohttp.connector.BaseConnector, "connect"),
        (aiohttp.client_reqrep.ClientResponse, "start"),
        (aiohttp.connector.Connection, "close"),
    ]

    @asynccontextmanager
    async def client(self, timeout: float = 30, proxy: str = "") -> AsyncIterator[Any]:
        unverified = aiohttp.TCPConnector(ssl=False)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout), connector=unverified) as session:
            yield session, proxy or None

    async def send(self, client: Any, method: str, url: str, headers: dict[str, str]) -> Answer:
        session, proxy = client
        async with session.request(method, url, headers=headers, proxy=proxy) as response:
            return response.status, await response.read()

    @asynccontextmanager
    async def chunks(self, client: Any, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with client[0].get(url) as response:
            yield aiter(response.content.iter_chunked(5))

    def test_an_answer_that_the_session_refuses_is_told_once(self, record: Recording, server: Peer) -> None:
        async def main() -> None:
            async with aiohttp.ClientSession(raise_for_status=True) as session:
                await session.get(f"{server.url}/status/404")

        with pytest.raises(aiohttp.ClientResponseError):
            asyncio.run(main())
        assert attributes(record.span())["error.type"] == "404"

    def test_the_tracing_of_the_application_goes_on(self, record: Recording, server: Peer) -> None:
        seen: list[str] = []

        async def started(session: Any, context: Any, params: Any) -> None:
            seen.append(params.method)

        async def main() -> None:
            tracing = aiohttp.TraceConfig()
            tracing.on_request_start.append(started)
            async with aiohttp.ClientSession(trace_configs=[tracing]) as session:
                await session.get(f"{server.url}/items/7")

        asyncio.run(main())
        assert seen == ["GET"]
        assert attributes(record.span())["http.response.status_code"] == 200

    def test_an_unused_connection_that_the_peer_has_closed_is_replaced(self, record: Recording, server: Peer) -> None:
        async def main() -> None:
            async with aiohttp.ClientSession() as session:
                with pytest.raises(aiohttp.ServerDisconnectedError):
                    await session.get(f"{server.url}/drop")

        asyncio.run(main())
        found = [attributes(span) for span in record.spans()]
        assert [one["error.type"] for one in found] == ["aiohttp.client_exceptions.ServerDisconnectedError"] * len(
            found
        )
        assert [one.get("http.request.resend_count") for one in found] == [None, *range(1, len(found))]
