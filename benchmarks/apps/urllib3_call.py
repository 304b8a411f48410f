"""One call with urllib3, over a kept connection, to a server in another process."""

import os

import urllib3

manager = urllib3.PoolManager()
upstream = os.environ["BENCH_UPSTREAM"]


def call(number: int) -> None:
    if manager.request("GET", f"{upstream}/items/{number}").status != 200:
        raise RuntimeError("the server did not answer as it should")
