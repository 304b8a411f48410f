"""What the programs share. Imported before anything else, so that its last words come after everybody's."""

import atexit
import json
import os
import sys
import time


def note(**facts):
    """Tells the test something, beside the program's own output, which has to be the same under every agent."""
    line = json.dumps({"pid": os.getpid(), **facts}) + "\n"
    descriptor = os.open(os.environ["FAULTS_NOTES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, line.encode())
    os.close(descriptor)


def account():
    """This process's side of the ledger, where the agent keeps one."""
    sdk = sys.modules.get("clew_sdk")
    if sdk is None:
        return None
    return {
        signal: {"delivered": one.delivered, "dropped": one.dropped, "queued": one.queued}
        for signal, one in sdk.ledger().items()
    }


def close_books():
    found = account()
    if found is not None:
        note(account=found)


atexit.register(close_books)


def tracer():
    from opentelemetry import trace

    return trace.get_tracer("faults")


def work(number, name="work", **attributes):
    """Spans made by hand, as an application makes them."""
    start_span = tracer().start_span
    for _ in range(number):
        start_span(name, attributes=attributes).end()


def flush(milliseconds=10_000):
    """What the application would call; with no agent there is nothing to flush."""
    from opentelemetry import trace

    provider = trace.get_tracer_provider()
    return provider.force_flush(milliseconds) if hasattr(provider, "force_flush") else True


def memory():
    """Resident bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def threads():
    return len(os.listdir("/proc/self/task"))


def descriptors():
    return len(os.listdir("/proc/self/fd"))


class clock:
    """Seconds of a block: `with kit.clock() as took: ...; took.seconds`."""

    def __enter__(self):
        self.began = time.perf_counter()
        return self

    def __exit__(self, *error):
        self.seconds = time.perf_counter() - self.began
