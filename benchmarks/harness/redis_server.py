"""A Redis server for the rows that call one: the caller's own, or one made for the run and thrown away."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import BenchmarkError
from harness.postgres import PATIENCE, free_port

ADVICE = "Put redis-server on PATH, or set BENCH_REDIS to the URL of a server."


@contextmanager
def server() -> Iterator[str]:
    """The server's URL, empty when there is none."""
    if own := os.environ.get("BENCH_REDIS"):
        yield own
    elif shutil.which("redis-server"):
        with tempfile.TemporaryDirectory(prefix="bench-redis-") as folder:
            port = free_port()
            command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                wait_for(port)
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                process.terminate()
                process.wait(PATIENCE)
    else:
        yield ""


def wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise BenchmarkError(f"redis-server does not listen: {error}\n{ADVICE}") from error
            time.sleep(0.1)
