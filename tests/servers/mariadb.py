"""A real MariaDB in a folder of its own: a plain process, or a container where only Docker is there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from servers.programs import Unavailable, docker_answers, find, free_ports, quietly, running, unprivileged

IMAGE = "mariadb:11"
MISSING = (
    "MariaDB's mariadbd and mariadb-install-db are not on PATH, and no Docker engine answers. "
    "Install your system's mariadb-server package, or start Docker."
)
#: One statement a line, as mariadbd reads it.
START = """CREATE DATABASE shop;
CREATE USER clew@'%' IDENTIFIED BY 'clew';
GRANT ALL ON shop.* TO clew@'%';
"""


class MariaDB(NamedTuple):
    """Where it listens, and whom it lets in."""

    host: str
    port: int
    user: str
    password: str
    database: str


def running_mariadb() -> AbstractContextManager[MariaDB]:
    """A new server with an empty database while the block runs; raises Unavailable when there is no way to run one."""
    folders = ["/usr/sbin", "/usr/bin"]
    server, install = find("mariadbd", folders), find("mariadb-install-db", folders)
    if server and install:
        return _process(server, install)
    if docker_answers():
        return _container()
    raise Unavailable(MISSING)


@contextmanager
def _process(server: Path, install: Path) -> Iterator[MariaDB]:
    as_user = unprivileged("mysql")
    # A socket's path may have about 100 characters: not below the tests' own, deep folders.
    folder = Path(tempfile.mkdtemp(prefix="clew-mariadb-"))
    data, log, port = folder / "data", folder.with_suffix(".log"), free_ports(1)[0]
    start = folder / "start.sql"
    start.write_text(START)
    for path in (folder, start):
        if as_user:
            shutil.chown(path, as_user["user"], as_user["group"])
    try:
        quietly(
            [
                install,
                "--no-defaults",
                f"--datadir={data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            folder,
            as_user,
        )
        command = [
            server, "--no-defaults", f"--datadir={data}", f"--socket={folder}/socket", "--bind-address=127.0.0.1", "--skip-name-resolve",
            f"--port={port}", f"--pid-file={folder}/pid", f"--init-file={start}", "--innodb-flush-log-at-trx-commit=0",
        ]  # fmt: skip
        with running(command, ready=lambda: "ready for connections" in log.read_text(), log=log, cwd=folder, **as_user):
            yield MariaDB("127.0.0.1", port, "clew", "clew", "shop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        log.unlink(missing_ok=True)


@contextmanager
def _container() -> Iterator[MariaDB]:
    from testcontainers.mysql import MySqlContainer

    with MySqlContainer(IMAGE, username="clew", password="clew", dbname="shop") as server:
        yield MariaDB(server.get_container_host_ip(), int(server.get_exposed_port(3306)), "clew", "clew", "shop")
