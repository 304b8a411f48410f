"""What is spawned runs in the context of who spawned it, in greenlets, pools of them, and pools of threads."""

import subprocess
import sys
from typing import Any

import gevent
import gevent.pool
import gevent.threadpool

from clew.testing.contracts.carrying import CarryingContract
from clew_gevent import plugin

PATCHED = [
    (gevent, "spawn"),
    (gevent, "spawn_later"),
    (gevent.pool.Group, "spawn"),
    (gevent.threadpool.ThreadPool, "spawn"),
    *((gevent.pool.GroupMappingMixin, name) for name in ("apply_async", "map", "map_async", "imap", "imap_unordered")),
]


class TestSpawn(CarryingContract):
    plugin = plugin
    patched = PATCHED

    def run(self, function: Any, *args: Any) -> Any:
        return gevent.spawn(function, *args).get()


class TestSpawnLater(CarryingContract):
    plugin = plugin
    patched = PATCHED

    def run(self, function: Any, *args: Any) -> Any:
        return gevent.spawn_later(0, function, *args).get()


class TestPool(CarryingContract):
    plugin = plugin
    patched = PATCHED

    def run(self, function: Any, *args: Any) -> Any:
        return gevent.pool.Pool(1).spawn(function, *args).get()


class TestMap(CarryingContract):
    plugin = plugin
    patched = PATCHED

    def run(self, function: Any, *args: Any) -> Any:
        return gevent.pool.Pool(1).map(lambda _: function(*args), [None])[0]


class TestApplyAsync(CarryingContract):
    plugin = plugin
    patched = PATCHED

    def run(self, function: Any, *args: Any) -> Any:
        return gevent.pool.Group().apply_async(function, args).get()


class TestThreads(CarryingContract):
    plugin = plugin
    patched = PATCHED

    def run(self, function: Any, *args: Any) -> Any:
        return gevent.get_hub().threadpool.spawn(function, *args).get()


PATCHED = """
import gevent.monkey
gevent.monkey.patch_all()
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points
import clew, gevent
from clew.propagation import REQUEST_ID, attach
from opentelemetry.context import set_value
for point in entry_points(group="clew_plugin"):
    if point.name in ("contextvars", "gevent"):
        point.load().enable()
seen = []
def see():
    seen.append(clew.current_request_id())
attach(set_value(REQUEST_ID, "order-1"))
thread = threading.Thread(target=see)
thread.start()
thread.join()
ThreadPoolExecutor(1).submit(see).result()
gevent.spawn(see).get()
print(*seen)
"""


def test_where_all_is_patched_threads_are_greenlets_that_keep_it_too() -> None:
    done = subprocess.run([sys.executable, "-c", PATCHED], capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["order-1"] * 3, "")
