"""`clew view`: receives OTLP on loopback and prints each finished trace."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice

from rich.console import Console

from clew_viewer.lines import print_line
from clew_viewer.receiver import Receiver
from clew_viewer.text import clean, plural
from clew_viewer.traces import Trace, Traces
from clew_viewer.tree import tree_printer

DEFAULT_PORT = 4318
_POLL_SECONDS = 0.1
_PLAIN_WIDTH = 120


def main(argv: list[str]) -> int:
    """Runs until Ctrl-C, or until --once is satisfied; returns the exit status."""
    options = _parser().parse_args(argv)
    if os.environ.get("CLEW_RUN"):
        return _complain("clew view does not run under clew run: start it by itself, in its own terminal")
    traces = Traces()
    try:
        receiver = Receiver(lambda batch: traces.add(batch, time.monotonic()), options.port, _complain_once())
    except OSError as error:
        return _complain(_why_not(error, options.port))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    show = _printer(options.json)
    try:
        _note(_greeting(receiver))
        for trace in islice(_wanted(traces, options.request_id), options.once):
            show(trace)
    except KeyboardInterrupt:
        _note("")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains once more at exit
    finally:
        receiver.close()
    _note(_summary(traces))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clew view", description="Receives OTLP over HTTP on this machine and prints each finished trace."
    )
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help="where to listen (default: %(default)s)")
    parser.add_argument("--request-id", metavar="ID", help="print only the traces of this request")
    parser.add_argument("--json", action="store_true", help="print one JSON line for each trace")
    parser.add_argument("--once", metavar="N", type=int, nargs="?", const=1, help="stop after N traces (1)")
    return parser


def _port(text: str) -> int:
    if text.isdecimal() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError("a port is a number from 0 to 65535; 0 takes a free one")


def _wanted(traces: Traces, request_id: str | None) -> Iterator[Trace]:
    evicted = 0
    while True:
        for trace in traces.due(time.monotonic()):
            if request_id is None or trace.has_request_id(request_id):
                yield trace
        if traces.counts.evicted > evicted:
            _note(f"memory is full: {plural(traces.counts.evicted - evicted, 'oldest trace')} dropped")
            evicted = traces.counts.evicted
        time.sleep(_POLL_SECONDS)


def _printer(as_json: bool) -> Callable[[Trace], None]:
    if as_json:
        return lambda trace: print_line(trace, sys.stdout)
    return tree_printer(terminal())


def terminal() -> Console:
    """Standard output: colours and the terminal's width, or plain text of a fixed one."""
    plain = not sys.stdout.isatty()
    return Console(width=_PLAIN_WIDTH if plain and "COLUMNS" not in os.environ else None, highlight=False, emoji=False)


def _complain_once() -> Callable[[int, str], None]:
    """A function that says why requests are refused, each reason once."""
    said: set[str] = set()

    def refused(status: int, sentence: str) -> None:
        if sentence not in said and len(said) < 100:
            said.add(sentence)
            _note(f"refused a request ({status}): {clean(sentence)}")

    return refused


def _why_not(error: OSError, port: int) -> str:
    if error.errno != errno.EADDRINUSE:
        return f"clew view cannot listen on port {port}: {error.strerror}"
    other = port + 1 if port < 65535 else port - 1
    return (
        f"port {port} is taken: use clew view --port {other} and start what you watch with "
        f"OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:{other}"
    )


def _greeting(receiver: Receiver) -> str:
    setting = "" if receiver.port == DEFAULT_PORT else f"OTEL_EXPORTER_OTLP_ENDPOINT={receiver.endpoint} "
    return f"clew view listens on {receiver.endpoint}, Ctrl-C stops it. Now: {setting}clew run python app.py"


def _summary(traces: Traces) -> str:
    counts = traces.counts
    return (
        f"received {plural(counts.spans, 'span')}, {plural(counts.logs, 'log line')} "
        f"({counts.orphans} outside of a trace) and {plural(counts.points, 'metric point')}"
    )


def _complain(sentence: str) -> int:
    _note(sentence)
    return 1


def _note(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
