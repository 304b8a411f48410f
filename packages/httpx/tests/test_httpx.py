"""clew-httpx passes the contract of an HTTP client, with both of its clients."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx

from clew.testing.contracts.http_client import Answer, HttpClientContract, attributes
from clew.testing.contracts.http_client_async import AsyncHttpClientContract
from clew.testing.recording import Recording
from clew_httpx import plugin

PATCHED = [
    (client, method) for client in (httpx.Client, httpx.AsyncClient) for method in ("send", "_send_single_request")
]


def options(timeout: float = 30, proxy: str = "") -> dict[str, Any]:
    named = "proxy" if hasattr(httpx, "Proxy") and "proxy" in httpx.Client.__init__.__kwdefaults__ else "proxies"
    return {"follow_redirects": True, "timeout": timeout, **({named: proxy} if proxy else {})}


class TestHttpx(HttpClientContract):
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
        with httpx.stream("GET", url, timeout=30) as response:
            yield response.iter_raw()

    def test_a_second_request_of_an_authorization_says_so(self, record: Recording, peer: str) -> None:
        class Auth(httpx.Auth):
            def auth_flow(self, request: Any) -> Any:
                response = yield request
                if response.status_code == 401:
                    yield request

        with httpx.Client(auth=Auth()) as client:
            assert client.get(f"{peer}/status/401").status_code == 401
        assert [attributes(span).get("http.request.resend_count") for span in record.spans()] == [None, 1]

    def test_a_token_that_another_client_fetches_is_no_repetition(self, record: Recording, peer: str) -> None:
        class Auth(httpx.Auth):
            def auth_flow(self, request: Any) -> Any:
                with httpx.Client() as other:
                    other.post(f"{peer}/items/1")
                yield request

        with httpx.Client(auth=Auth()) as client:
            assert client.get(f"{peer}/items/2").status_code == 200
        assert [attributes(span).get("http.request.resend_count") for span in record.spans()] == [None, None]


class TestAsyncHttpx(AsyncHttpClientContract):
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
