"""clew-httpx passes the contract of an HTTP client, with both of its clients."""

import asyncio

import httpx

from clew.testing.contracts.http_client import HttpClientContract
from clew_httpx import plugin


class TestHttpx(HttpClientContract):
    plugin = plugin
    patched = [(httpx.Client, "_send_single_request"), (httpx.AsyncClient, "_send_single_request")]

    def call(self, method: str, url: str, **headers: str) -> tuple[int, bytes]:
        response = httpx.request(method, url, headers=headers, follow_redirects=True, timeout=30)
        return response.status_code, response.content


class TestAsyncHttpx(TestHttpx):
    def call(self, method: str, url: str, **headers: str) -> tuple[int, bytes]:
        async def call() -> httpx.Response:
            async with httpx.AsyncClient(follow_redirects=True, timeout=30) as client:
                return await client.request(method, url, headers=headers)

        response = asyncio.run(call())
        return response.status_code, response.content
