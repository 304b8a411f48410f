"""A real PostgreSQL in a folder of its own: a plain process, or a container where only Docker is there."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from servers.programs import Unavailable, docker_answers, find, free_ports, quietly, running, unprivileged

IMAGE = "postgres:17-alpine"
MISSING = (
    "PostgreSQL's initdb and postgres are neither on PATH nor under /usr/lib/postgresql, and no Docker engine answers. "
    "Install your system's postgresql package, or start Docker."
)


def running_postgres() -> AbstractContextManager[str]:
    """The URL of a new, empty database while the block runs; raises Unavailable when there is no way to run one."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    initdb, postgres = find("initdb", folders), find("postgres", folders)
    if initdb and postgres:
        return _process(initdb, postgres)
    if docker_answers():
        return _container()
    raise Unavailable(MISSING)


@contextmanager
def _process(initdb: Path, postgres: Path) -> Iterator[str]:
    as_user = unprivileged("postgres")
    folder = Path(tempfile.mkdtemp(prefix="clew-postgres-"))
    data, log, port = folder / "data", folder.with_suffix(".log"), free_ports(1)[0]
    if as_user:
        shutil.chown(folder, as_user["user"], as_user["group"])
    try:
        quietly([initdb, "-D", data, "-U", "clew", "--auth=trust", "--no-sync", "--encoding=UTF8"], folder, as_user)
        with running(
            [postgres, "-D", data, f"-p{port}", "-h127.0.0.1", f"-k{folder}", "-cfsync=off"],
            ready=lambda: _accepts(port) and "ready to accept" in log.read_text(errors="replace"),
            log=log,
            cwd=folder,
            **as_user,
        ):
            yield f"postgresql://clew@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        log.unlink(missing_ok=True)


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def _container() -> Iterator[str]:
    from testcontainers.postgres import PostgresContainer

    with PostgresContainer(IMAGE, username="clew", password="clew", dbname="postgres", driver=None) as server:
        yield server.get_connection_url()
