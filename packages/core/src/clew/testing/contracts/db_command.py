"""What every plugin must show for a store that takes commands: keys and values, documents, searches."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import set_value
from opentelemetry.trace import SpanKind, StatusCode

import clew
from clew import slow
from clew.instrumentor import ClientInstrumentor, Instrumentor
from clew.plugin import Plugin
from clew.propagation import REQUEST_ID, attach, detach
from clew.testing.contracts.instrumentor import InstrumentorContract
from clew.testing.recording import Recording, enabled

METRIC = "db.client.operation.duration"
SECRET_KEY, SECRET = "customer-hunter2", "hunter3"


class DbCommandContract(InstrumentorContract):
    """Subclass it as TestX, set the attributes, and define `connect`, `put`, `get`, `refused`, perhaps `put_many`.

    Keys are words; what is put is text. A key that was never put gives None.
    """

    plugin: Plugin
    #: The attributes that say which store it is.
    where: dict[str, Any]
    #: What the spans of put and get are called, and what they say beside `where`.
    putting: tuple[str, dict[str, Any]]
    getting: tuple[str, dict[str, Any]]
    #: The same for two puts in one batch, without the size; None where there are no batches.
    batching: tuple[str, dict[str, Any]] | None = None
    #: The attributes of spans that points do not have.
    beside: frozenset[str] = frozenset()
    #: The store's own code of what `refused` runs into; None where it has none.
    code: str | None = None
    #: The places that the plugin patches: (owner, attribute).
    patched: list[tuple[Any, str]]

    def connect(self) -> AbstractContextManager[Any]:
        """A client of the library, closed at the end."""
        raise NotImplementedError

    def put(self, client: Any, key: str, value: str) -> None:
        raise NotImplementedError

    def get(self, client: Any, key: str) -> str | None:
        raise NotImplementedError

    def put_many(self, client: Any, values: dict[str, str]) -> None:
        raise NotImplementedError

    def refused(self, client: Any, value: str) -> Any:
        """A call with this value in it that the store refuses, so that the library raises."""
        raise NotImplementedError

    @pytest.fixture
    def piece(self) -> Callable[[], Any]:
        def run() -> Any:
            with self.connect() as client:
                return self.get(client, "nothing")

        return run

    @pytest.fixture
    def record(self) -> Iterator[Recording]:
        with enabled(self.plugin) as record:
            yield record

    @pytest.fixture
    def client(self, record: Recording) -> Iterator[Any]:
        with self.connect() as client:
            self.get(client, "nothing")  # so that what a library does first is done
            record.clear()
            yield client

    def test_a_command_is_one_client_span_and_one_point(self, record: Recording, client: Any) -> None:
        self.put(client, "sku", "1")
        assert self.get(client, "sku") == "1"
        put, get = record.spans()
        for span, (name, says) in ((put, self.putting), (get, self.getting)):
            assert (span.name, span.kind, span.status.status_code) == (name, SpanKind.CLIENT, StatusCode.UNSET)
            assert dict(span.attributes or {}) == {**self.where, **says}
        points = [(self.point(says), 1) for _, says in (self.putting, self.getting)]
        assert sorted(record.points(METRIC), key=repr) == sorted(points, key=repr)

    def point(self, says: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in {**self.where, **says}.items() if key not in self.beside}

    def test_one_client_may_be_followed_by_itself(self, instrumentor: Instrumentor, own: Recording) -> None:
        if not isinstance(instrumentor, ClientInstrumentor):
            pytest.skip("its instrumentor follows no single client")
        with self.connect() as one, self.connect() as other:
            instrumentor.instrument_client(self.real(one), tracer_provider=own.tracer_provider)
            for client in (one, other):
                self.get(client, "nothing")
            assert [span.name for span in own.spans()] == [self.getting[0]]
            instrumentor.uninstrument_client(self.real(one))
            self.get(one, "nothing")
        assert len(own.spans()) == 1

    def real(self, client: Any) -> Any:
        """The library's own client."""
        return client

    def test_what_was_never_put_is_no_failure(self, record: Recording, client: Any) -> None:
        assert self.get(client, "nothing") is None
        assert record.span().status.status_code is StatusCode.UNSET

    def test_neither_keys_nor_values_leave(self, record: Recording, client: Any) -> None:
        self.put(client, SECRET_KEY, SECRET)
        assert self.get(client, SECRET_KEY) == SECRET
        with pytest.raises(Exception):  # noqa: B017
            self.refused(client, SECRET)
        if self.batching:
            self.put_many(client, {SECRET_KEY: SECRET, f"{SECRET_KEY}-2": SECRET})
        spans = record.spans()
        told = repr([(span.name, span.attributes, span.status.description) for span in spans])
        told += repr([event.attributes for span in spans for event in span.events]) + repr(record.points(METRIC))
        assert [secret for secret in (SECRET_KEY, SECRET) if secret in told] == []

    def test_a_batch_is_one_span_with_its_size(self, record: Recording, client: Any) -> None:
        if self.batching is None:
            pytest.skip("the library has no batches")
        self.put_many(client, {f"sku{number}": str(number) for number in range(5)})
        span, (name, says) = record.span(), self.batching
        assert span.name == name
        assert dict(span.attributes or {}) == {**self.where, **says, "db.operation.batch.size": 5}
        assert record.points(METRIC) == [(self.point(says), 1)]
        assert self.get(client, "sku3") == "3"

    def test_a_failure_is_the_librarys_own_and_is_recorded(self, record: Recording, client: Any) -> None:
        self.plugin.disable()
        with pytest.raises(Exception) as plain:
            self.refused(client, "7")
        self.plugin.enable()
        record.clear()
        with pytest.raises(type(plain.value)) as ours:
            self.refused(client, "7")
        assert str(ours.value) == str(plain.value)
        span, kind = record.spans()[-1], type(plain.value)
        name = f"{kind.__module__}.{kind.__qualname__}" if kind.__module__ != "builtins" else kind.__qualname__
        assert span.status.status_code is StatusCode.ERROR
        assert (span.attributes or {})["error.type"] == name
        assert (span.attributes or {}).get("db.response.status_code") == self.code
        assert [(event.attributes or {})["exception.type"] for event in span.events] == [name]
        point = next(point for point, _ in record.points(METRIC) if "error.type" in point)
        assert (point["error.type"], point.get("db.response.status_code")) == (name, self.code)

    def test_the_span_is_a_child_of_the_current_one_and_has_the_request_id(
        self, record: Recording, client: Any
    ) -> None:
        token = attach(set_value(REQUEST_ID, "order-1"))
        try:
            with trace.get_tracer("test").start_as_current_span("parent") as parent:
                self.get(client, "sku")
        finally:
            detach(token)
        child = record.spans()[0]
        assert child.parent is not None
        assert child.parent.span_id == parent.get_span_context().span_id
        assert (child.attributes or {})["request.id"] == "order-1"

    def test_a_slow_command_names_the_line_it_comes_from_and_is_logged_once(
        self, record: Recording, client: Any, monkeypatch: Any, caplog: Any
    ) -> None:
        slow._hourly.forget()
        monkeypatch.setattr("clew.recorder.clock", lambda: time.perf_counter_ns() + 10**12)
        for _ in range(2):
            self.get(client, "sku")
        for span in record.spans():
            attributes = span.attributes or {}
            assert os.path.basename(str(attributes["code.file.path"])).startswith("test_")
        (line,) = [message for message in caplog.messages if message.startswith(f"clew: {self.getting[0]} took 1000.")]
        assert line.endswith("; request none")

    def test_within_suppress_nothing_is_recorded(self, record: Recording, client: Any) -> None:
        with clew.suppress():
            self.get(client, "sku")
        assert (list(record.spans()), record.points(METRIC)) == ([], [])

    def test_threads_do_not_mix(self, record: Recording, client: Any) -> None:
        failures = []

        def work(number: int) -> None:
            try:
                with trace.get_tracer("test").start_as_current_span(f"thread {number}"), self.connect() as own:
                    self.put(own, f"sku{number}", str(number))
                    assert self.get(own, f"sku{number}") == str(number)
            except BaseException as failure:  # noqa: BLE001
                failures.append(failure)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        self.check_parents(record, 8)

    def check_parents(self, record: Recording, count: int) -> None:
        """Below each span made by hand stand one put and one get."""
        below: dict[int, list[str]] = {
            span.context.span_id: [] for span in record.spans() if span.kind is SpanKind.INTERNAL and span.context
        }
        for span in record.spans():
            if span.kind is SpanKind.CLIENT and span.name in (self.putting[0], self.getting[0]):
                assert span.parent is not None
                below[span.parent.span_id].append(span.name)
        assert list(below.values()) == [[self.putting[0], self.getting[0]]] * count

    def test_a_mistake_of_ours_is_not_the_callers(self, record: Recording, client: Any, monkeypatch: Any) -> None:
        def broken(*args: Any) -> Any:
            raise RuntimeError("a mistake of ours")

        monkeypatch.setattr("clew.conventions.db.remember", broken)
        monkeypatch.setattr("clew.conventions.db_command.REMEMBERED", "_nowhere")
        self.put(client, "sku", "2")
        assert self.get(client, "sku") == "2"
        assert {span.name for span in record.spans()} == {"db.client"}

    def test_a_client_from_before_is_followed(self) -> None:
        self.plugin.disable()
        with self.connect() as client:
            self.get(client, "nothing")
            with enabled(self.plugin) as record:
                self.get(client, "sku")
                assert record.span().name == self.getting[0]
            self.get(client, "sku")  # some libraries follow themselves when we do not
            assert len([span for span in record.spans() if _is_ours(span)]) == 1

    def test_disabling_puts_back_the_very_objects(self) -> None:
        before = [vars(owner)[name] for owner, name in self.patched]
        with enabled(self.plugin):
            # Once, not twice: under two names of a module a class is still one.
            assert [vars(owner)[name].__wrapped__ for owner, name in self.patched] == before
        assert [vars(owner)[name] for owner, name in self.patched] == before


def _is_ours(span: Any) -> bool:
    return bool(span.instrumentation_scope.name.startswith("clew."))


class Loop:
    """A client and the event loop that it lives in, for callers without one."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.client: Any = None

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)


class AsyncDbCommandContract(DbCommandContract):
    """The same for a library of coroutines: define `open`, and the others as coroutine functions `a_put` and so on."""

    def open(self) -> AbstractAsyncContextManager[Any]:
        raise NotImplementedError

    async def a_put(self, client: Any, key: str, value: str) -> None:
        raise NotImplementedError

    async def a_get(self, client: Any, key: str) -> str | None:
        raise NotImplementedError

    async def a_put_many(self, client: Any, values: dict[str, str]) -> None:
        raise NotImplementedError

    async def a_refused(self, client: Any, value: str) -> None:
        raise NotImplementedError

    async def a_slow(self, client: Any, began: asyncio.Event) -> None:
        """A call that does not end before it is cancelled, and `began` set right before it."""
        raise NotImplementedError

    @contextmanager
    def connect(self) -> Iterator[Loop]:
        held = Loop()
        opened = self.open()
        try:
            held.client = held.run(opened.__aenter__())
            yield held
            held.run(opened.__aexit__(None, None, None))
            held.run(held.loop.shutdown_asyncgens())
        finally:
            held.loop.close()

    def real(self, client: Loop) -> Any:
        return client.client

    def put(self, client: Loop, key: str, value: str) -> None:
        client.run(self.a_put(client.client, key, value))

    def get(self, client: Loop, key: str) -> str | None:
        found: str | None = client.run(self.a_get(client.client, key))
        return found

    def put_many(self, client: Loop, values: dict[str, str]) -> None:
        client.run(self.a_put_many(client.client, values))

    def refused(self, client: Loop, value: str) -> Any:
        client.run(self.a_refused(client.client, value))

    def test_tasks_on_one_client_do_not_mix(self, record: Recording, client: Loop) -> None:
        async def work(number: int) -> None:
            with trace.get_tracer("test").start_as_current_span(f"task {number}"):
                await self.a_put(client.client, f"sku{number}", str(number))
                assert await self.a_get(client.client, f"sku{number}") == str(number)

        async def main() -> None:
            await asyncio.gather(*(work(number) for number in range(50)))

        client.run(main())
        self.check_parents(record, 50)

    def test_a_cancelled_call_ends_its_span_and_leaves_nothing_behind(self, record: Recording, client: Loop) -> None:
        async def main() -> Any:
            began = asyncio.Event()
            task = asyncio.ensure_future(self.a_slow(client.client, began))
            await began.wait()
            for _ in range(
                10
            ):  # turns of the loop, in which the command goes out (redis-py swallows what comes before)
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return trace.get_current_span()

        assert client.run(main()) is trace.INVALID_SPAN
        assert (record.span().attributes or {})["error.type"] == "asyncio.exceptions.CancelledError"
