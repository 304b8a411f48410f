"""A real memcached: a plain process, or a container where only Docker is there."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from servers.programs import Unavailable, docker_answers, find, free_ports, running

IMAGE = "memcached:1.6-alpine"
MISSING = (
    "memcached is not on PATH, and no Docker engine answers. Install your system's memcached package, or start Docker."
)


def running_memcached() -> AbstractContextManager[int]:
    """The port on 127.0.0.1 of a new, empty memcached while the block runs; raises Unavailable without a way to run
    one."""
    program = find("memcached", ["/usr/bin", "/usr/sbin"])
    if program:
        return _process(program)
    if docker_answers():
        return _container()
    raise Unavailable(MISSING)


@contextmanager
def _process(program: Path) -> Iterator[int]:
    (port,) = free_ports(1)
    as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="clew-memcached-") as folder:
        command: list[str | Path] = [program, "-p", str(port), "-l", "127.0.0.1", "-U", "0", "-m", "16", *as_nobody]
        with running(command, ready=lambda: _answers(port), log=Path(folder) / "log"):
            yield port


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"version\r\n")
            return connection.recv(100).startswith(b"VERSION")
    except OSError:
        return False


@contextmanager
def _container() -> Iterator[int]:
    from testcontainers.memcached import MemcachedContainer

    with MemcachedContainer(IMAGE) as server:
        yield int(server.get_exposed_port(11211))
