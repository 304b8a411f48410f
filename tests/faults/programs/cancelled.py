"""1,000 tasks that are cancelled in the middle of requests, outgoing and incoming."""

import kit  # isort: split

import asyncio

import httpx
from fastapi import FastAPI

api = FastAPI()


@api.get("/")
async def wait():
    await asyncio.sleep(60)


async def scope_of(number):
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": "/", "raw_path": b"/",
        "query_string": b"", "headers": [], "scheme": "http", "server": ("a", 80), "client": ("b", 1), "root_path": "",
    }  # fmt: skip

    async def receive():
        await asyncio.sleep(60)

    async def send(message):
        pass

    await api(scope, receive, send)


async def main():
    kept = []
    server = await asyncio.start_server(lambda reader, writer: kept.append(writer), "127.0.0.1", 0, backlog=1000)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    limits = httpx.Limits(max_connections=500)
    async with httpx.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:
        tasks = [asyncio.ensure_future(client.get(url)) for _ in range(500)]
        tasks += [asyncio.ensure_future(scope_of(number)) for number in range(500)]
        await asyncio.sleep(1.5)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    server.close()
    print({type(result).__name__ for result in results}, len(results))


asyncio.run(main())
kit.work(1)
