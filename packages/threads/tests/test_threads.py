"""Work runs in the context of who asked for it, in every kind of thread and pool, and a reused one keeps nothing."""

import asyncio
import multiprocessing
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.pool import Pool, ThreadPool
from typing import Any

import pytest

import clew
from clew.testing.contracts.carrying import CarryingContract
from clew.testing.recording import enabled
from clew_threads import plugin

PATCHED = [
    (ThreadPoolExecutor, "submit"),
    (ProcessPoolExecutor, "submit"),
    (threading.Thread, "start"),
    (Pool, "apply_async"),
    (Pool, "_map_async"),
    (Pool, "imap"),
    (Pool, "imap_unordered"),
]


class TestSubmit(CarryingContract):
    plugin = plugin
    patched = PATCHED

    def make_pool(self) -> Executor:
        return ThreadPoolExecutor(1)

    @pytest.fixture(autouse=True)
    def _pool(self) -> Iterator[None]:
        with self.make_pool() as self.pool:
            yield

    def run(self, function: Any, *args: Any) -> Any:
        return self.pool.submit(function, *args).result()


class TestMap(TestSubmit):
    def run(self, function: Any, *args: Any) -> Any:
        return next(self.pool.map(lambda _: function(*args), [None]))


class TestEventLoop(TestSubmit):
    def run(self, function: Any, *args: Any) -> Any:
        async def main() -> Any:
            return await asyncio.get_running_loop().run_in_executor(self.pool, function, *args)

        return asyncio.run(main())


class TestToThread(CarryingContract):
    plugin = plugin
    patched = PATCHED

    def run(self, function: Any, *args: Any) -> Any:
        return asyncio.run(asyncio.to_thread(function, *args))


class TestAnyio(CarryingContract):
    plugin = plugin
    patched = PATCHED

    def run(self, function: Any, *args: Any) -> Any:
        anyio = pytest.importorskip("anyio")
        return anyio.run(lambda: anyio.to_thread.run_sync(function, *args))


class TestProcesses(TestSubmit):
    """The only worker is made, where possible by a fork, when the first asks: what that one is in must not stay."""

    method = "fork" if sys.platform == "linux" else "spawn"

    def make_pool(self) -> Executor:
        return ProcessPoolExecutor(1, multiprocessing.get_context(self.method))


class TestSpawnedProcesses(TestProcesses):
    method = "spawn"


class TestPoolOfThreads(CarryingContract):
    plugin = plugin
    patched = PATCHED

    def make_pool(self) -> Pool:
        return ThreadPool(1)

    @pytest.fixture(autouse=True)
    def _pool(self) -> Iterator[None]:
        with self.make_pool() as self.pool:
            yield

    def run(self, function: Any, *args: Any) -> Any:
        return self.pool.apply(function, args)


class TestPoolOfProcesses(TestPoolOfThreads):
    def make_pool(self) -> Pool:
        return multiprocessing.get_context("spawn").Pool(1)


class TestMapOfPoolOfThreads(TestPoolOfThreads):
    def run(self, function: Any, *args: Any) -> Any:
        return self.pool.map(lambda _: function(*args), [None])[0]


class TestIteratedMapOfPoolOfThreads(TestPoolOfThreads):
    def run(self, function: Any, *args: Any) -> Any:
        return next(self.pool.imap(lambda _: function(*args), [None]))


class Task(threading.Thread):
    """A thread with a `run` of its own."""

    def __init__(self, function: Any, *args: Any) -> None:
        super().__init__()
        self.call = function, args
        self.answer: Future[Any] = Future()

    def run(self) -> None:
        function, args = self.call
        try:
            self.answer.set_result(function(*args))
        except Exception as error:
            self.answer.set_exception(error)


class TestSubclassOfThread(CarryingContract):
    plugin = plugin
    patched = PATCHED

    def run(self, function: Any, *args: Any) -> Any:
        task = Task(function, *args)
        task.start()
        task.join()
        assert "run" not in vars(task)
        return task.answer.result()


class TestThread(CarryingContract):
    plugin = plugin
    patched = PATCHED

    def make_thread(self, target: Any) -> threading.Thread:
        return threading.Thread(target=target)

    def run(self, function: Any, *args: Any) -> Any:
        task = Task(function, *args)
        thread = self.make_thread(task.run)
        thread.start()
        thread.join()
        return task.answer.result()


class TestTimer(TestThread):
    def make_thread(self, target: Any) -> threading.Thread:
        return threading.Timer(0, target)


def test_a_wrong_call_is_refused_as_ever() -> None:
    with enabled(plugin), ThreadPoolExecutor(1) as pool:
        assert pool.submit(dict, a=1).result() == {"a": 1}
        with pytest.raises(TypeError):
            pool.submit()  # type: ignore[call-arg]
    assert clew.current_request_id() == ""


def test_a_thread_is_started_once_as_ever() -> None:
    with enabled(plugin):
        thread = threading.Thread(target=int)
        thread.start()
        with pytest.raises(RuntimeError):
            thread.start()
        thread.join()
