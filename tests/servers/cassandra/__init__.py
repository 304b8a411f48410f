"""A real Cassandra, from the jars that Maven brings: half a minute to start, so only where it is asked for."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from servers.maven import java_and_jars
from servers.programs import accepts, free_ports, running

HERE = Path(__file__).parent
ASKED = "CLEW_TEST_CASSANDRA"
OTHERWISE = "Install Java 17 and Maven."


def running_cassandra() -> AbstractContextManager[int]:
    """The port on 127.0.0.1 of a new, empty node while the block runs."""
    if not os.environ.get(ASKED):
        pytest.skip(f"Cassandra takes half a minute to start: nox -s cassandra, or set {ASKED}=1")
    return _process(*java_and_jars(HERE, OTHERWISE))


@contextmanager
def _process(java: Path, jars: Path) -> Iterator[int]:
    port, peers, control = free_ports(3)
    with tempfile.TemporaryDirectory(prefix="clew-cassandra-") as name:
        folder, text = Path(name), (HERE / "cassandra.yaml").read_text()
        for word, value in {"FOLDER": name, "PORT": port, "PEERS": peers}.items():
            text = text.replace(word, str(value))
        (folder / "cassandra.yaml").write_text(text)
        settings = {
            "cassandra.config": (folder / "cassandra.yaml").as_uri(),
            "cassandra.storagedir": name,
            "cassandra.jmx.local.port": control,
            "cassandra.ring_delay_ms": 100,
            "cassandra.skip_wait_for_gossip_to_settle": 0,
        }
        options = ["-Xmx512m", "-XX:+UseSerialGC", *(f"-D{key}={value}" for key, value in settings.items())]
        command: list[str | Path] = [java, f"@{HERE / 'java.options'}", *options, "-cp", f"{jars}/*"]
        command.append("org.apache.cassandra.service.CassandraDaemon")
        with running(command, ready=lambda: accepts(port), log=folder / "log"):
            yield port
