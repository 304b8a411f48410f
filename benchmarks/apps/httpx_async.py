"""One call with the asynchronous client of httpx, over a kept connection, to a server in another process."""

import os

import httpx

client = httpx.AsyncClient(trust_env=False)
upstream = os.environ["BENCH_UPSTREAM"]


async def coroutine(number: int) -> None:
    (await client.get(f"{upstream}/items/{number}")).raise_for_status()
