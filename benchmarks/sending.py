"""The worker's side of the contenders: how each sends what it has recorded, and gets a task to record within.

Found by what is imported, so that a process without an agent has nothing of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from typing import Any

Run = Callable[[int, int], None]
PATIENCE = 30.0  # seconds
PART = 100  # operations in one task: an agent keeps no more than 500 to 2000 spans of a trace

PROVIDERS = (
    ("opentelemetry.trace", "get_tracer_provider"),
    ("opentelemetry._logs", "get_logger_provider"),
    ("opentelemetry.metrics", "get_meter_provider"),
)


def settle() -> None:
    """Sends what is recorded so far, every signal once, so that each round pays for its own export."""
    for name, flush in FLUSHES.items():
        if name in sys.modules:
            flush(sys.modules[name])
            return
    flush_opentelemetry()


def in_tasks(run: Run) -> Run:
    """Runs operations that no request surrounds in a task of the agent, if it records nothing outside of one."""
    begin = next((begin for name, begin in TASKS.items() if name in sys.modules), None)
    if begin is None:
        return run

    def run_parts(first: int, count: int) -> None:
        for start in range(first, first + count, PART):
            with begin():
                run(start, min(PART, first + count - start))

    return run_parts


def flush_opentelemetry() -> None:
    for module, getter in PROVIDERS:
        if module in sys.modules:
            flush = getattr(getattr(sys.modules[module], getter)(), "force_flush", None)
            if flush is not None:
                flush()


def flush_clew(module: Any) -> None:
    module.force_flush()  # all signals, as that of each of its providers does


def flush_datadog(module: Any) -> None:
    module.tracer.flush()


def flush_elastic(module: Any) -> None:
    if client := module.get_client():
        client._transport.flush()


def flush_newrelic(module: Any) -> None:
    application = module.agent_instance().application("benchmark")
    if application is not None and application.active:
        application.harvest(flexible=False)
        application.harvest(flexible=True)


def flush_sentry(module: Any) -> None:
    module.flush(PATIENCE)


FLUSHES: dict[str, Callable[[Any], None]] = {
    "clew_sdk": flush_clew,
    "ddtrace.trace": flush_datadog,
    "elasticapm": flush_elastic,
    "newrelic.core.agent": flush_newrelic,
    "sentry_sdk": flush_sentry,
}


@contextmanager
def elastic_task() -> Any:
    import elasticapm

    client = elasticapm.get_client() or elasticapm.Client()  # a framework has made one, a program makes its own
    client.begin_transaction("task")
    try:
        yield
    finally:
        client.end_transaction("part of a round", "success")


def newrelic_task() -> AbstractContextManager[Any]:
    import newrelic.agent

    return newrelic.agent.BackgroundTask(newrelic.agent.application(), "part of a round")


def sentry_task() -> AbstractContextManager[Any]:
    import sentry_sdk

    return sentry_sdk.start_transaction(op="task", name="part of a round")


TASKS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "elasticapm": elastic_task,
    "newrelic.core.agent": newrelic_task,
    "sentry_sdk": sentry_task,
}
