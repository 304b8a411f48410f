"""Three services, one load, every trace as a tree, and at the end the thread of one failing request.

On a terminal customers keep coming until Ctrl-C. Without one there is one round, and the exit status says
whether every request could be followed. `--stack` sends the same to a Collector, Jaeger and Prometheus.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

from rich.rule import Rule
from running import jaeger
from running.checks import problems
from running.load import DECLINED, ROUND, Answer, send
from running.services import StartError, running_shop

from clew_viewer.command import terminal
from clew_viewer.receiver import Receiver
from clew_viewer.traces import Trace, Traces
from clew_viewer.tree import tree_printer

PATIENCE_SECONDS = 30.0
LAST_SECONDS = 3.0
PAUSE_SECONDS = 0.8
POLL_SECONDS = 0.1
KEPT_TRACES = 100

console = terminal()
draw = tree_printer(console)


class Backend(NamedTuple):
    """Where the services send, and how what they sent is found again; without a Jaeger the demo receives it itself."""

    endpoint: str
    jaeger: str
    fetch: Callable[[list[Answer]], None]


class Seen:
    """The answers to the load, and the traces in the state in which they were shown last."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.traces: dict[str, Trace] = {}

    def trace_of(self, answer: Answer) -> Trace | None:
        return next((trace for trace in self.traces.values() if trace.has_request_id(answer.request_id)), None)


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if arguments not in ([], ["--stack"]):
        print("usage: demo.py [--stack]", file=sys.stderr)
        return 2
    traces, seen = Traces(), Seen()
    try:
        with backend(traces, with_stack=bool(arguments)) as place:
            return follow(traces, seen, place)
    except KeyboardInterrupt:
        return 130
    except (StartError, RuntimeError) as reason:
        print(reason, file=sys.stderr)
        return 1


@contextmanager
def backend(traces: Traces, with_stack: bool) -> Iterator[Backend]:
    """The stack that is named in the environment, the one that is started here, or this process."""
    endpoint, ui = os.environ.get("CLEW_DEMO_OTLP_ENDPOINT"), os.environ.get("CLEW_DEMO_JAEGER_UI")
    if endpoint and ui:
        yield in_jaeger(endpoint, ui, traces)
    elif with_stack:
        sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
        from servers.stack import running_stack

        console.print("starting the Collector, Jaeger and Prometheus", style="dim")
        with running_stack() as stack:
            yield in_jaeger(stack.otlp_http, stack.jaeger, traces)
    else:
        receiver = Receiver(lambda batch: traces.add(batch, time.monotonic()), port=0, refused=complain)
        try:
            yield Backend(receiver.endpoint, "", lambda answers: None)
        finally:
            receiver.close()


def in_jaeger(endpoint: str, ui: str, traces: Traces) -> Backend:
    return Backend(endpoint, ui, lambda answers: jaeger.fetch(ui, [a.request_id for a in answers], traces))


def follow(traces: Traces, seen: Seen, place: Backend) -> int:
    """Runs the shop and its customers; returns the exit status."""
    forever, wrong = sys.stdout.isatty(), []
    console.print("starting shop-front, shop-stock and shop-payment, each under clew run", style="dim")
    with running_shop(place.endpoint) as port:
        console.print(f"the shop is open at http://127.0.0.1:{port}", style="dim")
        if forever:
            console.print("Ctrl-C closes it and follows one failing request", style="dim")
        console.print()
        if forever:
            serve_until_interrupted(port, traces, seen, place)
        else:
            seen.answers = [send(visit, port) for visit in ROUND]
            wrong = wait_until_right(traces, seen, place)
    show_thread(seen, place)
    for problem in wrong:
        console.print(f"not as it should be: {problem}", style="red", markup=False)
    if not forever and not wrong:
        console.print(f"{len(seen.answers)} requests, each followed through all services that it reached")
    return 1 if wrong else 0


def serve_until_interrupted(port: int, traces: Traces, seen: Seen, place: Backend) -> None:
    try:
        for visit in cycle(ROUND):
            seen.answers = [*seen.answers[-2 * len(ROUND) :], send(visit, port)]
            show_new(traces, seen, place)
            time.sleep(PAUSE_SECONDS)
    except KeyboardInterrupt:
        console.print("closing the shop", style="dim")
    with suppress(KeyboardInterrupt):
        until = time.monotonic() + LAST_SECONDS
        while time.monotonic() < until and followed(seen) is None:
            show_new(traces, seen, place)
            time.sleep(POLL_SECONDS)


def wait_until_right(traces: Traces, seen: Seen, place: Backend) -> list[str]:
    """Waits for all traces of the answered requests; returns what is still wrong with them after that."""
    until, logs = time.monotonic() + PATIENCE_SECONDS, not place.jaeger
    while True:
        show_new(traces, seen, place)
        wrong = [problem for answer in seen.answers for problem in problems(answer, seen.trace_of(answer), logs)]
        if not wrong or time.monotonic() > until:
            return wrong
        time.sleep(POLL_SECONDS)


def show_new(traces: Traces, seen: Seen, place: Backend) -> None:
    place.fetch([answer for answer in seen.answers if seen.trace_of(answer) is None])
    for trace in traces.due(time.monotonic()):
        seen.traces.pop(trace.trace_id, None)
        seen.traces[trace.trace_id] = trace
        draw(trace)
    while len(seen.traces) > KEPT_TRACES:
        del seen.traces[next(iter(seen.traces))]


def followed(seen: Seen) -> Answer | None:
    """The failing request to end with: the last one whose trace is here."""
    return next((a for a in reversed(seen.answers) if a.visit == DECLINED and seen.trace_of(a)), None)


def show_thread(seen: Seen, place: Backend) -> None:
    """The point of it all: from the one ID that a customer can quote to everything that happened."""
    answer = followed(seen)
    if answer is None:
        return
    console.print(Rule("one failing request", style="dim"))
    console.print(f"A customer {answer.visit.about}. The answer was {answer.status}, and it carried one ID:")
    console.print(f"\n    X-Request-ID: {answer.request_id}\n", style="bold", markup=False)
    console.print("By that ID its whole thread is found, through all three services, with what each of them logged:\n")
    trace = seen.trace_of(answer)
    if trace:
        draw(trace)
    if place.jaeger:
        console.print(f"In Jaeger: {jaeger.search_address(place.jaeger, answer.request_id)}", soft_wrap=True)
        console.print("(its log lines went to the Collector, which has no store for them here)", style="dim")
    else:
        address = jaeger.search_address("http://localhost:16686", answer.request_id)
        console.print("The same goes to Jaeger when one is there: docker compose -f docker/compose.yaml up, then")
        console.print("    OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 clew run flask --app shop.front run")
        console.print(f"    {address}", soft_wrap=True)
        console.print("or all of it at once: nox -s demo -- --stack")
    console.print()


def complain(status: int, sentence: str) -> None:
    print(f"the demo's receiver refused a request ({status}): {sentence}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
