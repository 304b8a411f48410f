"""Starts other people's servers as plain processes on free loopback ports, and stops each by its pid."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

READY_SECONDS = 60.0
STOP_SECONDS = 15.0


class Unavailable(RuntimeError):
    """A server that cannot run on this machine; the message says what is missing and how to get it."""


class Failed(RuntimeError):
    """A server that was found but did not come up; the message ends with what it said."""


def find(name: str, folders: Sequence[str | Path] = ()) -> Path | None:
    """A program from one of the folders, else from PATH."""
    path = os.pathsep.join([*(str(folder) for folder in folders), os.environ.get("PATH", os.defpath)])
    found = shutil.which(name, path=path)
    return Path(found) if found else None


def docker_answers() -> bool:
    """Is there an engine behind the docker command? (The command alone is often installed without one.)"""
    if shutil.which("docker") is None:
        return False
    try:
        return subprocess.run(["docker", "version"], capture_output=True, timeout=20).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on; all are held at once, so no two are equal."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def is_free(port: int) -> bool:
    """Can this port of 127.0.0.1 be listened on now?"""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def accepts(port: int) -> bool:
    """Does somebody listen on this port of 127.0.0.1?"""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    ready: Callable[[], bool],
    log: Path,
    env: Mapping[str, str] | None = None,
    patience: float = STOP_SECONDS,
    **popen: Any,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process while the block runs, entered when `ready` says yes; raises Failed when it ends or stays silent."""
    with log.open("wb") as output:
        environment = {**os.environ, **(env or {})}
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, **popen)
    try:
        _wait_until_ready(process, ready, log)
        yield process
    finally:
        stop(process, patience)


def _wait_until_ready(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            state = "ended" if process.poll() is not None else f"is not ready after {READY_SECONDS:.0f} s"
            raise Failed(f"{process.args!r} {state}:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.05)


def unprivileged(*names: str) -> dict[str, Any]:
    """Arguments of Popen for a server that refuses root: root hands it to a user that may do nothing else."""
    if os.geteuid() != 0:
        return {}
    for name in (*names, "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise Unavailable(f"The server refuses to run as root, and there is none of the users {', '.join(names)}, nobody.")


def quietly(command: Sequence[str | Path], folder: Path, as_user: Mapping[str, Any]) -> None:
    """Runs a command to its end; raises Failed with what it said."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, **as_user)
    if done.returncode != 0:
        raise Failed(f"{command[0]}: {done.stdout}{done.stderr}")


def stop(process: subprocess.Popen[bytes], patience: float = STOP_SECONDS) -> None:
    """Asks one process to end, and insists when it does not."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    """Does a GET of this address give a 2xx?"""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(200 <= answer.status < 300)
    except (urllib.error.URLError, OSError):
        return False


def eventually(probe: Callable[[], Any], seconds: float = 30.0) -> Any:
    """The probe's first true answer; its last answer when none came in time, for the caller to assert on."""
    deadline = time.monotonic() + seconds
    while not (answer := probe()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer
