"""A server of MongoDB's protocol: somebody else's in Java, which Maven brings, or a real one where Docker answers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from servers.maven import java_and_jars
from servers.programs import accepts, docker_answers, free_ports, running

IMAGE = "mongo:8"
HERE = Path(__file__).parent / "mongo"
OTHERWISE = "Start Docker, or install Java and Maven."


def running_mongodb() -> AbstractContextManager[int]:
    """The port on 127.0.0.1 of a new, empty server while the block runs; raises Unavailable without a way to run
    one."""
    return _container() if docker_answers() else running_in_java()


def running_in_java() -> AbstractContextManager[int]:
    """The same by Java and Maven, also where Docker answers."""
    return _process(*java_and_jars(HERE, OTHERWISE))


@contextmanager
def _process(java: Path, jars: Path) -> Iterator[int]:
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="clew-mongo-") as folder:
        command: list[str | Path] = [java, "-Xmx256m", "-cp", f"{jars}/*", HERE / "Mongo.java", str(port)]
        with running(command, ready=lambda: accepts(port), log=Path(folder) / "log"):
            yield port


@contextmanager
def _container() -> Iterator[int]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.waiting_utils import wait_for_logs

    with DockerContainer(IMAGE).with_exposed_ports(27017) as server:
        wait_for_logs(server, "Waiting for connections", timeout=60)
        yield int(server.get_exposed_port(27017))
