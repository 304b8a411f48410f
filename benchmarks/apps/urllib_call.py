"""One call with urllib, which makes a connection for each, to a server in another process."""

import os
import urllib.request

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # looking for proxies costs more than the call
upstream = os.environ["BENCH_UPSTREAM"]


def call(number: int) -> None:
    opener.open(f"{upstream}/items/{number}").read()
