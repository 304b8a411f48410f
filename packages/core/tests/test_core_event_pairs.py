"""What happens between two events of a library is one call, whatever the library forgets to tell."""

import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry import trace

from clew import EventPair, Plugin, between, patch
from clew.conventions import db_client
from clew.plugin import PluginError
from clew.testing.recording import enabled

Listener = Callable[..., None]


class Job:
    """What a call belongs to."""

    def __init__(self, parts: int = 1) -> None:
        self.left = parts


class Engine:
    """Tells its listeners what it does; its driver is followed too."""

    listeners: list[tuple[str, Listener]] = []

    def tell(self, event: str, *args: Any) -> None:
        for name, listener in list(self.listeners):
            if name == event:
                listener(*args)

    def run(self, job: Job, sql: str, *, forget: bool = False) -> None:
        while job.left:
            job.left -= 1
            self.tell("before", job, sql)
            try:
                self.drive(sql)
            except ValueError as error:
                if not forget:
                    self.tell("failure", job, error)
                raise
        self.conclude(job)

    def conclude(self, job: Job) -> None:
        """Its driver has answered."""

    def drive(self, sql: str) -> None:
        if "nowhere" in sql:
            raise ValueError("no such table")


def listen(target: Any, event: str, listener: Listener) -> None:
    target.listeners.append((event, listener))


def remove(target: Any, event: str, listener: Listener) -> None:
    target.listeners.remove((event, listener))


@pytest.fixture(autouse=True)
def _library() -> Iterator[None]:
    module = types.ModuleType("an_engine")
    module.Engine, module.listen, module.remove = Engine, listen, remove  # type: ignore[attr-defined]
    sys.modules["an_engine"] = module
    yield
    del sys.modules["an_engine"]


def server(connection: Any) -> db_client.Server:
    return db_client.Server("other_sql")


END = "an_engine:Engine.conclude"
pair = EventPair(
    begin=("before",),
    end=END,
    fail="failure",
    subjects={**dict.fromkeys(("before", "failure"), lambda job, *rest: job), END: lambda engine, job: job},
    read_error=lambda job, error: error,
)
calls = db_client.statement(lambda job, sql: db_client.query(sql), server)
driving = db_client.statement(lambda engine, sql: db_client.query(sql), server, innermost=True)
followed = between("an_engine:Engine", "an_engine", pair, calls)
plugin = Plugin("an_engine", hooks=[followed, patch("an_engine:Engine.drive", driving)])


def test_a_call_is_one_span_from_event_to_event_and_its_driver_keeps_quiet() -> None:
    with enabled(plugin) as record:
        Engine().run(Job(), "SELECT a FROM b")
    assert [(span.name, span.instrumentation_scope.name) for span in record.spans()] == [("SELECT b", "clew.an_engine")]


def test_what_begins_again_before_its_end_is_one_call() -> None:
    with enabled(plugin) as record:
        Engine().run(Job(parts=3), "SELECT a FROM b")
        assert len(record.spans()) == 1
        Engine().run(Job(), "SELECT c FROM d")
    assert [span.name for span in record.spans()] == ["SELECT b", "SELECT d"]


def test_a_failure_is_the_calls() -> None:
    with enabled(plugin) as record, pytest.raises(ValueError):
        Engine().run(Job(), "SELECT a FROM nowhere")
    assert (record.span().attributes or {})["error.type"] == "ValueError"
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_call_whose_end_nobody_tells_is_over_when_the_next_begins() -> None:
    with enabled(plugin) as record, trace.get_tracer("test").start_as_current_span("parent") as parent:
        with pytest.raises(ValueError):
            Engine().run(Job(), "SELECT a FROM nowhere", forget=True)
        Engine().run(Job(), "SELECT a FROM b")
        assert trace.get_current_span() is parent
    *found, _ = record.spans()
    assert [span.name for span in found] == ["SELECT nowhere", "SELECT b"]
    assert {span.parent and span.parent.span_id for span in found} == {parent.get_span_context().span_id}


def test_a_mistake_of_ours_is_not_the_librarys() -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("a mistake of ours")

    wrong = pair._replace(subjects=dict.fromkeys(pair.subjects, broken))
    with enabled(Plugin("an_engine", hooks=[between("an_engine:Engine", "an_engine", wrong, calls)])) as record:
        Engine().run(Job(), "SELECT a FROM b")
    assert list(record.spans()) == []


def test_the_undo_takes_every_listener_back() -> None:
    with enabled(plugin):
        assert len(Engine.listeners) == 2
    assert Engine.listeners == []
    assert not hasattr(Engine.conclude, "__wrapped__")


def test_a_library_without_the_function_that_ends_a_call_is_not_followed_in_part() -> None:
    wrong = pair._replace(end="an_engine:Engine.gone", subjects={**pair.subjects, "an_engine:Engine.gone": len})
    with pytest.raises(PluginError, match=r"Engine\.gone"):
        Plugin("an_engine", hooks=[between("an_engine:Engine", "an_engine", wrong, calls)]).enable()
    assert Engine.listeners == []
