"""A real PostgreSQL in a folder of its own: a plain process, or a container where only Docker is there."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from servers.programs import Failed, Unavailable, docker_answers, find, free_ports, running

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
    as_user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="clew-postgres-"))
    data, log, port = folder / "data", folder.with_suffix(".log"), free_ports(1)[0]
    if as_user:
        shutil.chown(folder, as_user["user"], as_user["group"])
    try:
        _quietly([initdb, "-D", data, "-U", "clew", "--auth=trust", "--no-sync", "--encoding=UTF8"], folder, as_user)
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


def _unprivileged() -> dict[str, Any]:
    """Whom the server runs as: PostgreSQL refuses root, so root hands it to a user that may do nothing else."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise Unavailable("PostgreSQL refuses to run as root, and there is neither a user 'postgres' nor 'nobody'.")


def _quietly(command: list[Any], folder: Path, as_user: dict[str, Any]) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, **as_user)
    if done.returncode != 0:
        raise Failed(f"{command[0]}: {done.stderr}")


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
