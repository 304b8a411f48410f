"""One call with requests, over a kept connection, to a server in another process."""

import os

import requests

session = requests.Session()
session.trust_env = False  # looking for proxies costs more than the call
upstream = os.environ["BENCH_UPSTREAM"]


def call(number: int) -> None:
    session.get(f"{upstream}/items/{number}").raise_for_status()
