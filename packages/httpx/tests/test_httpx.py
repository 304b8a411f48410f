"""clew-httpx passes the contract of an HTTP client, with both of its clients."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import pytest

from clew.testing.contracts.http_client import Answer, HttpClientContract, attributes
from clew.testing.contracts.http_client_async import AsyncHttpClientContract
from clew.testing.peer import running_peer
from clew.testing.recording import Recording, enabled
from clew_httpx import plugin
from clew_httpx.instrumentor import HTTPXClientInstrumentor, RequestInfo

PATCHED = [
    (client, method) for client in (httpx.Client, httpx.AsyncClient) for method in ("send", "_send_single_request")
]


def options(timeout: float = 30, proxy: str = "") -> dict[str, Any]:
    named = "proxy" if hasattr(httpx, "Proxy") and "proxy" in httpx.Client.__init__.__kwdefaults__ else "proxies"
    # To verify nothing saves reading all certificates for each client.
    return {"follow_redirects": True, "verify": False, "timeout": timeout, **({named: proxy} if proxy else {})}


class TestHttpx(HttpClientContract):
    asked = {"request_hook": 1, "response_hook": 2}
    plugin = plugin
    patched = PATCHED

    @contextmanager
    def session(self, **chosen: Any) -> Iterator[Callable[..., Answer]]:
        with httpx.Client(**options(**chosen)) as client:

            def call(method: str, url: str, headers: dict[str, str]) -> Answer:
                response = client.request(method, url, headers=headers)
                return response.status_code, response.content

            yield call

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        with httpx.stream("GET", url, verify=False, timeout=30) as response:
            yield response.iter_raw()

    def test_a_second_request_of_an_authorization_says_so(self, record: Recording, peer: str) -> None:
        class Auth(httpx.Auth):
            def auth_flow(self, request: Any) -> Any:
                response = yield request
                if response.status_code == 401:
                    yield request

        with httpx.Client(auth=Auth(), verify=False) as client:
            assert client.get(f"{peer}/status/401").status_code == 401
        assert [attributes(span).get("http.request.resend_count") for span in record.spans()] == [None, 1]

    def test_a_token_that_another_client_fetches_is_no_repetition(self, record: Recording, peer: str) -> None:
        class Auth(httpx.Auth):
            def auth_flow(self, request: Any) -> Any:
                with httpx.Client(verify=False) as other:
                    other.post(f"{peer}/items/1")
                yield request

        with httpx.Client(auth=Auth(), verify=False) as client:
            assert client.get(f"{peer}/items/2").status_code == 200
        assert [attributes(span).get("http.request.resend_count") for span in record.spans()] == [None, None]


class TestAsyncHttpx(AsyncHttpClientContract):
    asked = {"async_request_hook": 1, "async_response_hook": 2}
    plugin = plugin
    patched = PATCHED
    many = 100  # what httpx's pool takes for its waiting requests grows with the square of their number

    def client(self, **chosen: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(**options(**chosen))

    async def send(self, client: httpx.AsyncClient, method: str, url: str, headers: dict[str, str]) -> Answer:
        response = await client.request(method, url, headers=headers)
        return response.status_code, response.content

    @asynccontextmanager
    async def chunks(self, client: httpx.AsyncClient, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with client.stream("GET", url) as response:
            yield response.aiter_raw()

    def test_a_task_that_outlives_the_call_that_it_was_begun_in_makes_calls_of_its_own(
        self, record: Recording, peer: str
    ) -> None:
        tasks: list[asyncio.Task[Any]] = []

        class Transport(httpx.AsyncHTTPTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                if not tasks:
                    tasks.append(asyncio.ensure_future(work()))
                return await super().handle_async_request(request)

        async def main() -> None:
            nonlocal over, client
            over = asyncio.Event()
            async with httpx.AsyncClient(transport=Transport(verify=False)) as client:
                await client.get(f"{peer}/items/7")
                over.set()
                await tasks[0]

        async def work() -> None:
            await over.wait()
            for number in range(2):
                await client.get(f"{peer}/items/{number}")

        over: Any = None
        client: Any = None
        asyncio.run(main())
        found = [attributes(span) for span in record.spans()]
        assert [one["url.full"] for one in found] == [f"{peer}/items/{number}" for number in (7, 0, 1)]
        assert all("http.request.resend_count" not in one for one in found)


class Http2Peer(asyncio.Protocol):
    """Answers each stream with the headers that it came with, once there are two of them: they must share a
    connection."""

    def __init__(self) -> None:
        from h2.config import H2Configuration
        from h2.connection import H2Connection

        self.connection = H2Connection(H2Configuration(client_side=False))
        self.seen: dict[int, Any] = {}

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.connection.initiate_connection()
        transport.write(self.connection.data_to_send())

    def data_received(self, data: bytes) -> None:
        from h2.events import RequestReceived

        for event in self.connection.receive_data(data):
            if isinstance(event, RequestReceived):
                self.seen[event.stream_id] = dict(event.headers)
        if len(self.seen) == 2:
            for stream, headers in self.seen.items():
                self.connection.send_headers(stream, [(":status", "200")])
                self.connection.send_data(stream, headers[b"traceparent"], end_stream=True)
        self.transport.write(self.connection.data_to_send())


def test_requests_that_share_a_connection_of_http2_are_one_span_each() -> None:
    pytest.importorskip("h2", reason="httpx is installed without http2")

    async def main() -> list[str]:
        server = await asyncio.get_running_loop().create_server(Http2Peer, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with httpx.AsyncClient(http1=False, http2=True, verify=False, timeout=30) as client:
            answers = await asyncio.gather(*(client.get(f"{url}/items/{number}") for number in range(2)))
        server.close()
        return [answer.text for answer in answers]

    with enabled(plugin) as record:
        parents = asyncio.run(main())
    ours = {
        f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-{span.context.trace_flags:02x}"
        for span in record.spans()
    }
    assert ours == set(parents)
    assert [attributes(span)["network.protocol.version"] for span in record.spans()] == ["2", "2"]


def test_one_client_may_be_followed_by_itself_with_functions_of_its_own() -> None:
    def name_it(span: Any, request: RequestInfo) -> None:
        span.update_name(f"{request.method} items")

    own = Recording()
    with running_peer() as peer, httpx.Client() as followed, httpx.Client() as other:
        HTTPXClientInstrumentor.instrument_client(followed, tracer_provider=own.tracer_provider, request_hook=name_it)
        for client in (followed, other):
            assert client.get(f"{peer.url}/items/7").status_code == 200
        HTTPXClientInstrumentor.uninstrument_client(followed)
        assert followed.get(f"{peer.url}/items/7").status_code == 200
    assert own.span().name == "GET items"
