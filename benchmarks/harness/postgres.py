"""A PostgreSQL server for the rows that query one: the caller's own, or one made for the run and thrown away."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import BenchmarkError

ADVICE = "Put initdb and postgres on PATH, or set BENCH_POSTGRES to the URL of a server."
TABLE = """
import sys, psycopg
with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS stock (item TEXT PRIMARY KEY, quantity INTEGER)")
    connection.execute("INSERT INTO stock SELECT 'item ' || n, n FROM generate_series(0, 99) n ON CONFLICT DO NOTHING")
"""
PATIENCE = 30.0  # seconds until a server that was started must answer


@contextmanager
def server(python: Path) -> Iterator[str]:
    """The server's URL, empty when there is none; its table `stock` is there. `python` has psycopg."""
    if own := os.environ.get("BENCH_POSTGRES"):
        fill(python, own)
        yield own
    elif shutil.which("initdb") and shutil.which("postgres"):
        folder = tempfile.TemporaryDirectory(prefix="bench-postgres-", ignore_cleanup_errors=True)
        with folder as path, started(Path(path)) as url:
            fill(python, url)
            yield url
    else:
        yield ""


@contextmanager
def started(folder: Path) -> Iterator[str]:
    user = unprivileged(folder)
    data = folder / "data"
    initialise = ["initdb", "-D", str(data), "-U", "bench", "-A", "trust", "-N", "--no-locale", "-E", "UTF8"]
    done = subprocess.run(initialise, capture_output=True, text=True, user=user, cwd=folder)
    if done.returncode:
        raise BenchmarkError(f"initdb ended with {done.returncode}: {done.stderr[-500:]}\n{ADVICE}")
    port = free_port()
    command = ["postgres", "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user, cwd=folder)
    try:
        yield f"postgresql://bench@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def unprivileged(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root, so there it runs as nobody, who then owns its folder."""
    if os.geteuid():
        return None
    shutil.chown(folder, "nobody")
    return "nobody"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def fill(python: Path, url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        done = subprocess.run([python, "-c", TABLE, url], capture_output=True, text=True)
        if not done.returncode:
            return
        if time.monotonic() > deadline:
            raise BenchmarkError(f"PostgreSQL does not take the table of the benchmark: {done.stderr[-500:]}\n{ADVICE}")
        time.sleep(0.2)
