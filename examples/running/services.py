"""Starts the shop's three services, each under `clew run`, and leaves none behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

EXAMPLES = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
STOP_SECONDS = 10.0


class StartError(Exception):
    """A service did not start; says why, with the end of what it printed."""


class Service(NamedTuple):
    name: str
    port: int
    command: tuple[str, ...]


@contextmanager
def running_shop(endpoint: str) -> Iterator[int]:
    """The port of the shop's front, while all three services run and send what they record to an OTLP endpoint."""
    stock, payment, front = _free_ports(3)
    services = [
        Service("shop-stock", stock, ("uvicorn", "shop.stock:app", "--port", str(stock))),
        Service("shop-payment", payment, ("uvicorn", "shop.payment:app", "--port", str(payment))),
        Service("shop-front", front, ("flask", "--app", "shop.front", "run", "--port", str(front))),
    ]
    with tempfile.TemporaryDirectory(prefix="clew-demo-") as folder, ExitStack() as running:
        environment = {
            **_clean_environment(),
            "STOCK_DB": os.environ.get("STOCK_DB", str(Path(folder, "shop.sqlite3"))),
            "STOCK_URL": f"http://127.0.0.1:{stock}",
            "PAYMENT_URL": f"http://127.0.0.1:{payment}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "300",  # milliseconds: a person is watching
            "OTEL_BLRP_SCHEDULE_DELAY": "300",
        }
        subprocess.run([sys.executable, "-m", "shop.database"], cwd=EXAMPLES, env=environment, check=True)
        started = [running.enter_context(_running(service, environment, Path(folder))) for service in services]
        for service, process in zip(services, started, strict=True):
            _wait_for(service, process, Path(folder))
        yield front


def _clean_environment() -> dict[str, str]:
    """The environment without settings that would send the telemetry elsewhere, or the calls through a proxy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "CLEW_"))}
    scripts = str(Path(sys.executable).parent)
    return {**kept, "PATH": os.pathsep.join((scripts, kept.get("PATH", ""))), "NO_PROXY": "127.0.0.1,localhost"}


@contextmanager
def _running(service: Service, environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [str(Path(sys.executable).parent / "clew"), "run", "--service-name", service.name, *service.command]
    with _log(service, folder).open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=EXAMPLES,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the terminal's Ctrl-C is for the demo, which stops its services in order
        )
    try:
        yield process
    finally:
        with _undisturbed():
            _stop(process)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not leave a service behind."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Asks the service to end, which sends what it still holds; what is left of its group afterwards is killed."""
    _signal(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


def _wait_for(service: Service, process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", service.port), timeout=1):
            return
        time.sleep(0.05)
    said = _log(service, folder).read_text(errors="replace").splitlines()[-20:]
    raise StartError("\n".join((f"{service.name} did not start. The last that it said:", *said)))


def _log(service: Service, folder: Path) -> Path:
    return folder / f"{service.name}.log"


def _free_ports(count: int) -> list[int]:
    with ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in sockets]
