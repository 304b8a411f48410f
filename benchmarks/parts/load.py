"""What a service answers under load: gunicorn, wrk, and the collector on one machine."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import IO, NamedTuple

from harness.contenders import Contender
from harness.errors import BenchmarkError
from harness.measuring import Bench
from harness.processes import DEADLINE, HERE, command_of, environment_of, wait_for
from harness.report import table
from harness.resting import rest

ADVICE = "wrk is missing: apt-get install wrk, or https://github.com/wg/wrk"
APPLICATION = "apps.flask_query:wsgi"
SPANS = 2  # of one request
GUNICORN = ("-m", "gunicorn", "--workers", "2", "--worker-class", "gthread", "--threads", "4", "--log-level", "error")
CONNECTIONS = 8
ROUNDS = {"quick": (3, 4), "full": (6, 15)}  # rounds, and seconds of each
WARM_UP = 2  # seconds

SECTION = """## Under load

{table}

Flask with one query per request: gunicorn, 2 workers of 4 threads, asked by wrk over {connections} connections, with
the process that receives the telemetry on the same machine. The servers take turns, each when the one before has
nothing left to send; medians over the rounds. *Lost*: of the spans that the answered requests must have; the server is
stopped by SIGTERM, as a deployment does. wrk leaves the last requests on its connections unread, so that a few more
spans than expected may arrive.
"""

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


class Answered(NamedTuple):
    """What wrk has measured; latencies in milliseconds, `failed` the answers other than 2xx and 3xx and the errors of
    sockets."""

    requests: int
    rate: float
    p50: float
    p99: float
    failed: int


@dataclass
class Service:
    """One contender's gunicorn, and what wrk has measured of it."""

    address: str
    process: subprocess.Popen[str]
    errors: IO[str]
    requests: int = 0  # answered, with those before the first round
    rounds: list[Answered] = field(default_factory=list)
    spans: int = 0


def measure(contenders: Sequence[Contender], bench: Bench, effort: str) -> dict[str, Service]:
    if shutil.which("wrk") is None:
        raise BenchmarkError(ADVICE)
    rounds, seconds = ROUNDS[effort]
    services: dict[str, Service] = {}
    with ExitStack() as stack:
        for contender in contenders:
            service = services[contender.name] = serve(contender, bench, stack)
            urllib.request.urlopen(service.address, timeout=DEADLINE).close()
            service.requests = 1 + ask(service, WARM_UP).requests
        for number in range(rounds):
            shift = number % len(services)
            for service in [*services.values()][shift:] + [*services.values()][:shift]:
                rest()  # some go on sending for seconds
                service.rounds.append(ask(service, seconds))
                service.requests += service.rounds[-1].requests
    for name, service in services.items():
        service.spans = bench.sink.counts(f"load.{name}")["spans"]
    return services


def serve(contender: Contender, bench: Bench, stack: ExitStack) -> Service:
    """gunicorn on a socket that is ours: what is asked before it has started waits."""
    listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=256))
    errors = stack.enter_context(tempfile.TemporaryFile("w+"))  # noqa: SIM115 - the stack closes it
    python = bench.pythons[contender.name]
    arguments = [*GUNICORN, "--bind", f"fd://{listening.fileno()}", APPLICATION]
    process = subprocess.Popen(
        command_of(contender, python, arguments),
        env=environment_of(contender, python, f"{bench.sink.address}/load.{contender.name}", "on"),
        cwd=HERE,
        pass_fds=[listening.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=errors,
        stderr=errors,
        text=True,
    )
    stack.callback(stop, process)
    return Service(f"http://127.0.0.1:{listening.getsockname()[1]}/hello/7", process, errors)


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    wait_for(process)


def ask(service: Service, seconds: int) -> Answered:
    command = ["wrk", "--latency", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", service.address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + DEADLINE)
    if done.returncode or service.process.poll() is not None:
        service.errors.seek(0)
        raise BenchmarkError(f"{' '.join(command)}\n{done.stdout}{done.stderr}{service.errors.read()[-1500:]}")
    return parse(done.stdout)


def parse(text: str) -> Answered:
    """Reads what `wrk --latency` prints."""
    percentiles = dict(re.findall(r"^ +(50|99)% +(\S+) *$", text, re.MULTILINE))
    requests = re.search(r"(\d+) requests in ", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    if requests is None or rate is None or len(percentiles) != 2:
        raise BenchmarkError(f"this is not what wrk --latency prints:\n{text}")
    refused = re.findall(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.findall(r"(?:connect|read|write|timeout) (\d+)", text)
    p50, p99 = (milliseconds(percentiles[name]) for name in ("50", "99"))
    return Answered(int(requests[1]), float(rate[1]), p50, p99, sum(map(int, refused + broken)))


def milliseconds(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    if found is None:
        raise BenchmarkError(f"wrk has measured {text!r}, which is no time")
    return float(found[1]) * UNITS[found[2]]


def section(found: Mapping[str, Service]) -> str:
    bare = rate(found["bare"])
    lines = [[name, *cells(service, bare, name != "bare")] for name, service in found.items()]
    heads = ["contender", "requests/s", "of bare", "p50 ms", "p99 ms", "failed", "requests", "spans", "lost"]
    return SECTION.format(table=table(heads, lines), connections=CONNECTIONS)


def cells(service: Service, bare: float, followed: bool) -> list[str]:
    expected = SPANS * service.requests
    spans = [str(service.spans), str(max(expected - service.spans, 0))] if followed else ["", ""]
    return [
        f"{rate(service):.0f}",
        f"{rate(service) / bare:.2f}",
        f"{median(answered.p50 for answered in service.rounds):.1f}",
        f"{median(answered.p99 for answered in service.rounds):.1f}",
        str(sum(answered.failed for answered in service.rounds)),
        str(service.requests),
        *spans,
    ]


def rate(service: Service) -> float:
    return median(answered.rate for answered in service.rounds)
