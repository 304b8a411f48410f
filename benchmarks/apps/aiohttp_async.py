"""One call with aiohttp, over a kept connection, to a server in another process."""

import asyncio
import os

import aiohttp
import drivers

upstream = os.environ["BENCH_UPSTREAM"]
sessions: list[aiohttp.ClientSession] = []


async def coroutine(number: int) -> None:
    session = sessions[0] if sessions else open_session()
    async with session.get(f"{upstream}/items/{number}") as response:
        await response.read()
        response.raise_for_status()


def open_session() -> aiohttp.ClientSession:
    """Made and closed where an event loop runs: aiohttp wants it so."""
    session, loop = aiohttp.ClientSession(), asyncio.get_running_loop()
    sessions.append(session)
    drivers.endings.append(lambda: loop.run_until_complete(session.close()))
    return session
