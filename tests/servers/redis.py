"""A real Redis, alone or as a cluster of two: plain processes, or a container where only Docker is there."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from servers.programs import Failed, Unavailable, docker_answers, eventually, find, free_ports, running

IMAGE = "redis:7-alpine"
MISSING = (
    "{} is not on PATH, and no Docker engine answers. "
    "Install your system's redis-server (or valkey-server) package, or start Docker."
)
SLOTS = 16384


def running_redis() -> AbstractContextManager[int]:
    """The port on 127.0.0.1 of a new, empty Redis while the block runs; raises Unavailable without a way to run one."""
    program = _program()
    if program:
        return _process(program)
    if docker_answers():
        return _container()
    raise Unavailable(MISSING.format("redis-server"))


@contextmanager
def running_redis_cluster() -> Iterator[list[int]]:
    """The ports of two Redis servers that share the slots; raises Unavailable without a way to run them."""
    program = _program()
    if not program:
        raise Unavailable(MISSING.format("redis-server"))
    with ExitStack() as stack:
        ports = [stack.enter_context(_process(program, "--cluster-enabled", "yes")) for _ in range(2)]
        half = SLOTS // 2
        for port, first, last in zip(ports, (0, half), (half - 1, SLOTS - 1), strict=True):
            ask(port, f"CLUSTER ADDSLOTSRANGE {first} {last}")
        bus = ask(ports[1], "CLUSTER NODES").partition("@")[2].partition(" ")[0]
        ask(ports[0], f"CLUSTER MEET 127.0.0.1 {ports[1]} {bus}")
        for said in ("cluster_known_nodes:2", "cluster_slots_ok:16384", "cluster_state:ok"):
            if not eventually(lambda said=said: all(said in ask(port, "CLUSTER INFO") for port in ports)):
                raise Failed(f"the Redis cluster never says {said}")
        yield ports


def ask(port: int, command: str) -> str:
    """What the server answers to one line, as it comes over the wire; empty when nobody listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"{command}\r\nQUIT\r\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode(errors="replace")
    except OSError:
        return ""


def _program() -> Path | None:
    return find("redis-server") or find("valkey-server")


@contextmanager
def _process(program: Path, *options: str) -> Iterator[int]:
    folder = Path(tempfile.mkdtemp(prefix="clew-redis-"))
    port, bus = free_ports(2)
    if options:
        options = (*options, "--cluster-port", str(bus))
    try:
        with running(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder, *options],
            ready=lambda: "+PONG" in ask(port, "PING"),
            log=folder / "log",
        ):
            yield port
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _container() -> Iterator[int]:
    from testcontainers.redis import RedisContainer

    with RedisContainer(IMAGE) as server:
        yield int(server.get_exposed_port(6379))
