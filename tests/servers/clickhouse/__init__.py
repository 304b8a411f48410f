"""ClickHouse: a real server for its own protocol, and its engine behind HTTP for clients that want a recent one.

Debian has a server of 2018, which clients of the protocol still speak to. Newer ones are in no package registry, but
their engine is: chDB, fetched by uv once for each version and kept in its cache.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from servers.programs import (
    READY_SECONDS,
    Unavailable,
    accepts,
    answers,
    docker_answers,
    eventually,
    find,
    free_ports,
    running,
)

HERE = Path(__file__).parent
IMAGE = "clickhouse/clickhouse-server:25.8"
MISSING = (
    "clickhouse-server is not on PATH, and no Docker engine answers. "
    "Install your system's clickhouse-server package, or start Docker."
)


def running_clickhouse() -> AbstractContextManager[int]:
    """The port of the protocol on 127.0.0.1 of a new, empty server while the block runs."""
    program = find("clickhouse-server", ["/usr/sbin", "/usr/bin"])
    if program:
        return _process(program)
    if docker_answers():
        return _container(9000)
    raise Unavailable(MISSING)


def running_clickhouse_over_http() -> AbstractContextManager[int]:
    """The port of HTTP on 127.0.0.1 of a new, empty server while the block runs."""
    if docker_answers():
        return _container(8123)
    return _engine()


@contextmanager
def _process(program: Path) -> Iterator[int]:
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="clew-clickhouse-") as name:
        folder, config = Path(name), (HERE / "config.xml").read_text()
        (folder / "config.xml").write_text(config.replace("FOLDER", name).replace("PORT", str(port)))
        command = [program, f"--config-file={folder / 'config.xml'}"]
        with running(command, ready=lambda: accepts(port), log=folder / "log", cwd=name):
            yield port


@contextmanager
def _engine() -> Iterator[int]:
    uv, script = find("uv", [Path(sys.executable).parent]), HERE / "engine.py"
    if uv is None:
        raise Unavailable("No Docker engine answers, and uv is not installed: pip install uv")
    options = ["--quiet", "--no-python-downloads", "--script", script]
    fetched = subprocess.run([uv, "sync", *options], capture_output=True, text=True)
    if fetched.returncode != 0:
        raise Unavailable(f"uv cannot get what {script.name} names: {fetched.stderr.strip()[-300:]}. Or start Docker.")
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="clew-clickhouse-") as name:
        command = [uv, "run", *options, str(port)]
        with running(command, ready=lambda: answers(f"http://127.0.0.1:{port}/ping"), log=Path(name) / "log"):
            yield port


@contextmanager
def _container(port: int) -> Iterator[int]:
    from testcontainers.core.container import DockerContainer

    server = DockerContainer(IMAGE).with_env("CLICKHOUSE_SKIP_USER_SETUP", "1").with_exposed_ports(port, 8123)
    with server:
        address = f"http://127.0.0.1:{server.get_exposed_port(8123)}/ping"
        eventually(lambda: answers(address), READY_SECONDS)
        yield int(server.get_exposed_port(port))
