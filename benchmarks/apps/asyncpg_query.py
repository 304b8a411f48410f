"""One query with asyncpg, on a PostgreSQL server on this machine."""

import os

import asyncpg

connections: list[asyncpg.Connection] = []


async def coroutine(number: int) -> None:
    if not connections:
        connections.append(await asyncpg.connect(os.environ["BENCH_POSTGRES"]))
    await connections[0].fetchrow("SELECT quantity FROM stock WHERE item = $1", f"item {number % 100}")
