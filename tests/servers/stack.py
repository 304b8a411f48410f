"""Collector, Jaeger and Prometheus with the configuration of docker/, as processes or, failing that, as containers.

The programs come from CLEW_STACK_BIN, else from PATH, else from Docker.
`python -m servers.stack` keeps them until Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from servers.programs import (
    Failed,
    Unavailable,
    answers,
    docker_answers,
    eventually,
    find,
    free_ports,
    is_free,
    running,
)

HERE = Path(__file__).resolve().parent
DOCKER = HERE.parent.parent / "docker"
PROGRAMS = ("jaeger", "prometheus", "otelcol")
USUAL_PORTS = {
    "CLEW_OTLP_GRPC_PORT": 4317,
    "CLEW_OTLP_HTTP_PORT": 4318,
    "CLEW_COLLECTOR_HEALTH_PORT": 13133,
    "CLEW_JAEGER_PORT": 16686,
    "CLEW_JAEGER_GRPC_PORT": 16685,
    "CLEW_JAEGER_OTLP_PORT": 14317,
    "CLEW_JAEGER_HEALTH_PORT": 14133,
    "CLEW_PROMETHEUS_PORT": 9090,
}


@dataclass(frozen=True)
class Stack:
    """Where the backends listen, without a slash at the end, and the file of OTLP/JSON lines that passed."""

    otlp_http: str
    otlp_grpc: str
    jaeger: str
    prometheus: str
    records: Path


@contextmanager
def running_stack(*, usual_ports: bool = False) -> Iterator[Stack]:
    """The three backends while the block runs; raises Unavailable when this machine has no way to run them."""
    missing = [name for name in PROGRAMS if not _program(name)]
    if not missing:
        start = _processes
    elif docker_answers():
        start = _containers
    else:
        raise Unavailable(
            f"{', '.join(missing)} not found in CLEW_STACK_BIN or on PATH, and no Docker engine answers. "
            "Install them, or start Docker, or set CLEW_STACK_BIN to a folder that holds them."
        )
    ports = _usual_or_free() if usual_ports else dict(zip(USUAL_PORTS, free_ports(len(USUAL_PORTS)), strict=True))
    with tempfile.TemporaryDirectory(prefix="clew-stack-") as folder, start(ports, Path(folder)) as stack:
        yield stack


def _program(name: str) -> Path | None:
    return find(name, [os.environ["CLEW_STACK_BIN"]] if os.environ.get("CLEW_STACK_BIN") else [])


def _usual_or_free() -> dict[str, int]:
    return {name: port if is_free(port) else free_ports(1)[0] for name, port in USUAL_PORTS.items()}


@contextmanager
def _processes(ports: dict[str, int], folder: Path) -> Iterator[Stack]:
    stack = _stack(ports, folder)
    env = {**{name: str(port) for name, port in ports.items()}, "CLEW_RECORDS": str(stack.records)}
    flags, readiness = _flags(ports, folder), _readiness(ports)
    with ExitStack() as started:
        for name in PROGRAMS:  # the Collector last: it stops first and hands on what it holds
            started.enter_context(
                running(
                    [str(_program(name)), *flags[name]],
                    env=env,
                    cwd=folder,
                    log=folder / f"{name}.log",
                    ready=partial(answers, readiness[name]),
                    # All is in memory, so nothing is lost; Jaeger would wait 10 s for searches that were answered.
                    patience=2,
                )
            )
        yield stack


def _flags(ports: dict[str, int], folder: Path) -> dict[str, list[str]]:
    return {
        "jaeger": [f"--config={DOCKER / 'jaeger.yaml'}"],
        "prometheus": [
            f"--config.file={DOCKER / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{ports['CLEW_PROMETHEUS_PORT']}",
            "--web.enable-otlp-receiver",
            "--enable-feature=exemplar-storage",
        ],
        "otelcol": [f"--config={DOCKER / 'collector.yaml'}", f"--config={HERE / 'record.yaml'}"],
    }


@contextmanager
def _containers(ports: dict[str, int], folder: Path) -> Iterator[Stack]:
    # `docker compose` itself and not testcontainers: this module runs where nothing is installed.
    stack = _stack(ports, folder)
    stack.records.touch()
    env = {
        **os.environ,
        **{name: str(port) for name, port in ports.items()},
        "CLEW_RECORD_CONFIG": str(HERE / "record.yaml"),
        "CLEW_RECORD_FOLDER": str(folder),
        "CLEW_RECORD_USER": f"{os.getuid()}:{os.getgid()}",
    }
    project = f"clew-{ports['CLEW_OTLP_HTTP_PORT']}"
    files = ["-f", str(DOCKER / "compose.yaml"), "-f", str(HERE / "compose.record.yaml")]
    compose = ["docker", "compose", "-p", project, *files]
    try:
        subprocess.run([*compose, "up", "--detach"], env=env, check=True)
        for name, url in _readiness(ports).items():
            if not eventually(partial(answers, url), 120):
                raise Failed(f"{name} in its container does not answer at {url}")
        yield stack
    finally:
        subprocess.run([*compose, "down", "--volumes"], env=env, check=False)


def _stack(ports: dict[str, int], folder: Path) -> Stack:
    return Stack(
        otlp_http=f"http://127.0.0.1:{ports['CLEW_OTLP_HTTP_PORT']}",
        otlp_grpc=f"http://127.0.0.1:{ports['CLEW_OTLP_GRPC_PORT']}",
        jaeger=f"http://127.0.0.1:{ports['CLEW_JAEGER_PORT']}",
        prometheus=f"http://127.0.0.1:{ports['CLEW_PROMETHEUS_PORT']}",
        records=folder / "records.jsonl",
    )


def _readiness(ports: dict[str, int]) -> dict[str, str]:
    return {
        "jaeger": f"http://127.0.0.1:{ports['CLEW_JAEGER_HEALTH_PORT']}/status",
        "prometheus": f"http://127.0.0.1:{ports['CLEW_PROMETHEUS_PORT']}/-/ready",
        "otelcol": f"http://127.0.0.1:{ports['CLEW_COLLECTOR_HEALTH_PORT']}/",
    }


def main() -> int:
    """Keeps the backends until Ctrl-C or SIGTERM; their addresses stand on the output, one per line."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with running_stack(usual_ports=True) as stack:
            print(f"OTLP        {stack.otlp_http}   (export OTEL_EXPORTER_OTLP_ENDPOINT={stack.otlp_http})")
            print(f"Jaeger      {stack.jaeger}\nPrometheus  {stack.prometheus}\nCtrl-C stops them.", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except (Unavailable, Failed) as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
