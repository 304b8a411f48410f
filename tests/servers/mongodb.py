"""A server of MongoDB's protocol: somebody else's in Java, which Maven brings, or a real one where Docker answers."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from servers.programs import Unavailable, docker_answers, find, free_ports, running

IMAGE = "mongo:8"
HERE = Path(__file__).parent / "mongo"
MISSING = (
    "No Docker engine answers, and there are not both java and mvn on PATH (or mvn cannot get what {} names: {}). "
    "Start Docker, or install Java and Maven."
)


def running_mongodb() -> AbstractContextManager[int]:
    """The port on 127.0.0.1 of a new, empty server while the block runs; raises Unavailable without a way to run
    one."""
    if docker_answers():
        return _container()
    java, maven = find("java"), find("mvn")
    if not java or not maven:
        raise Unavailable(MISSING.format("pom.xml", "they are not there"))
    return _process(java, _jars(maven))


@contextmanager
def _process(java: Path, jars: Path) -> Iterator[int]:
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="clew-mongo-") as folder:
        command: list[str | Path] = [java, "-Xmx256m", "-cp", f"{jars}/*", HERE / "Mongo.java", str(port)]
        with running(command, ready=lambda: _accepts(port), log=Path(folder) / "log"):
            yield port


def _jars(maven: Path) -> Path:
    """The folder with what pom.xml names; filled once per version of it."""
    pom = HERE / "pom.xml"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clew-mongo"
    folder = cache / hashlib.sha256(pom.read_bytes()).hexdigest()[:16]
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=cache))
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={new}"]
        done = subprocess.run([maven, "-q", "-B", "-f", pom, *goal], capture_output=True, text=True)
        if done.returncode != 0:
            shutil.rmtree(new)
            raise Unavailable(MISSING.format(pom.name, done.stdout.strip()[-300:]))
        try:
            new.rename(folder)
        except OSError:  # somebody else was as quick
            shutil.rmtree(new)
    return folder


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def _container() -> Iterator[int]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.waiting_utils import wait_for_logs

    with DockerContainer(IMAGE).with_exposed_ports(27017) as server:
        wait_for_logs(server, "Waiting for connections", timeout=60)
        yield int(server.get_exposed_port(27017))
