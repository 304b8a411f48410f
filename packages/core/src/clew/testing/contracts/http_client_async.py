"""What a plugin for an HTTP client that is a coroutine must show beside the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from clew.propagation import get_current
from clew.testing.contracts.http_client import METRIC, Answer, HttpClientContract, attributes, children
from clew.testing.peer import Peer
from clew.testing.recording import Recording


class AsyncHttpClientContract(HttpClientContract):
    """Subclass it as TestX, set `plugin` and `patched`, and define `client`, `send` and `chunks`."""

    #: How many tasks are cancelled at once.
    many = 1000

    def client(self, **options: Any) -> AbstractAsyncContextManager[Any]:
        """A client with a pool of its own; the options are those of `session`."""
        raise NotImplementedError

    async def send(self, client: Any, method: str, url: str, headers: dict[str, str]) -> Answer:
        """One request, redirects followed."""
        raise NotImplementedError

    def chunks(self, client: Any, url: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The chunks of an answer whose head has come."""
        raise NotImplementedError

    @contextmanager
    def session(self, **options: Any) -> Iterator[Callable[..., Answer]]:
        with _running() as run:
            client = self.client(**options)
            opened = run(client.__aenter__())

            def call(method: str, url: str, headers: dict[str, str]) -> Answer:
                answer: Answer = run(self.send(opened, method, url, headers))
                return answer

            try:
                yield call
            finally:
                run(client.__aexit__(None, None, None))

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        with _running() as run:
            client = self.client()
            answer = self.chunks(run(client.__aenter__()), url)
            chunks = run(answer.__aenter__())
            try:
                yield _iterated(chunks, run)
            finally:
                run(answer.__aexit__(None, None, None))
                run(client.__aexit__(None, None, None))

    def test_tasks_do_not_mix(self, record: Recording, server: Peer) -> None:
        async def work(client: Any, number: int, turn: asyncio.Semaphore) -> None:
            with trace.get_tracer("test").start_as_current_span(f"task {number}"):
                before = get_current()
                async with turn:  # as many at once as a thread of the peer each can bear
                    await self.send(client, "GET", f"{server.url}/items/{number}", {})
                assert get_current() is before

        async def main() -> None:
            async with self.client() as client:
                turn = asyncio.Semaphore(20)
                await asyncio.gather(*(work(client, number, turn) for number in range(100)))

        asyncio.run(main())
        assert children(record) == {f"/items/{number}": f"task {number}" for number in range(100)}
        assert [count for _, count in record.points(METRIC)] == [100]

    def test_a_task_that_is_cancelled_is_so_and_its_span_ends(self, record: Recording, server: Peer) -> None:
        async def main() -> None:
            async with self.client() as client:
                task = asyncio.ensure_future(self.send(client, "GET", f"{server.url}/hang", {}))
                await asyncio.to_thread(server.hanging.get)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

        asyncio.run(main())
        span = record.span()
        assert span.status.status_code is StatusCode.ERROR
        assert "http.response.status_code" not in attributes(span)
        assert record.points(METRIC)[0][0]["error.type"] == attributes(span)["error.type"]

    def test_as_many_spans_end_as_tasks_are_cancelled(self, record: Recording, server: Peer) -> None:
        async def main() -> None:
            async with self.client() as client:
                tasks = [
                    asyncio.ensure_future(self.send(client, "GET", f"{server.url}/hang", {})) for _ in range(self.many)
                ]
                await asyncio.to_thread(server.hanging.get)
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
                assert {type(end) for end in ended} == {asyncio.CancelledError}

        asyncio.run(main())
        assert len(record.spans()) == self.many
        assert sum(count for _, count in record.points(METRIC)) == self.many

    def test_a_deadline_of_asyncio_passes_through(self, record: Recording, server: Peer) -> None:
        async def main() -> None:
            async with self.client() as client:
                await asyncio.wait_for(self.send(client, "GET", f"{server.url}/hang", {}), 0.1)

        with pytest.raises(asyncio.TimeoutError):
            asyncio.run(main())
        assert record.span().status.status_code is StatusCode.ERROR


@contextmanager
def _running() -> Iterator[Callable[..., Any]]:
    """An event loop of one's own, as a function that runs a coroutine to its end."""
    loop = asyncio.new_event_loop()
    try:
        yield loop.run_until_complete
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def _iterated(chunks: AsyncIterator[bytes], run: Callable[..., Any]) -> Iterator[bytes]:
    while True:
        try:
            yield run(chunks.__anext__())
        except StopAsyncIteration:
            return
