"""One call with httpx, over a kept connection, to a server in another process."""

import os

import httpx

client = httpx.Client(trust_env=False)
upstream = os.environ["BENCH_UPSTREAM"]


def call(number: int) -> None:
    client.get(f"{upstream}/items/{number}").raise_for_status()
