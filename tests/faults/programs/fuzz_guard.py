"""Raises in turn at each place of ours in one plugin. `fuzz_guard.py MODULE PLUGIN LIBRARY shorthand|longhand`

The library's own functions are replaced by stand-ins of the same shape, so that every call of them is seen, whatever
the library is. Each hook of the plugin is then enabled alone, with one of its functions made to raise.
"""

import kit  # isort: split

import asyncio
import importlib
import inspect
import io
import logging
import sys

import clew
from clew.guard import LIMIT
from clew.hooks import Action
from clew.operation import Operation
from clew.plugin import PluginError, _enabled

module, attribute, library, hand = sys.argv[1:5]
SITES = tuple(
    name
    for name in Operation._fields
    if name not in ("family", "kind", "metric", "innermost", "edge", "shell", "spell")
)
SAMPLES = {
    "http.client": ("GET", "http://shop.example/items/7", {}),
    "db.client": ("select 1", None, None),
}  # facts that the functions after the reader understand
calls = []


class Mine(Exception):
    """The application's own failure."""


class Ours(Exception):
    """The failure of ours that may never be seen."""


def broken(*args, **kwargs):
    reached.append(1)
    raise Ours("of secrets")


reached = []
MISSING = object()
ANSWER, FAILURE = object(), Mine("mine")


def stand_in(function, way, shell):
    """Has the shape of a function; counts its calls, and returns, or raises, always the same."""

    def outcome():
        calls.append(1)
        if way == "raises":
            raise FAILURE
        return ANSWER

    if shell == "wsgi":

        def application(*args):
            outcome()
            args[-1]("200 OK", [])
            return [b"hello"]

        return application
    if shell == "asgi":

        async def method(self, scope, receive, send):
            outcome()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"hello"})

        async def plain(scope, receive, send):
            await method(None, scope, receive, send)

        return method if getattr(getattr(function, "__code__", None), "co_argcount", 4) == 4 else plain
    if inspect.isasyncgenfunction(function):

        async def asynchronous(*args, **kwargs):
            yield outcome()

        return asynchronous
    if inspect.iscoroutinefunction(function):

        async def coroutine(*args, **kwargs):
            return outcome()

        return coroutine
    if inspect.isgeneratorfunction(function):

        def generator(*args, **kwargs):
            yield outcome()

        return generator

    def watched(*args, **kwargs):
        if args and isinstance(args[0], Something):
            return outcome()
        return function(*args, **kwargs)  # our own lines pass through the logging that we break here

    return watched


async def drained(items):
    return [item async for item in items]


def perform(function, shell):
    """Calls it as the library, or a server, would; what came out, or the exception."""
    try:
        if shell == "wsgi":
            return b"".join(closed(function(*environ())))
        if shell == "asgi":
            return asyncio.run(served(function))
        given = (Something(), lambda: None, Something(), Something())
        result = function(*given)
        if inspect.iscoroutine(result):
            return asyncio.run(awaited(result))
        if inspect.isasyncgen(result):
            return asyncio.run(drained(result))[0]
        return next(iter(result)) if inspect.isgenerator(result) else result
    except Exception as error:
        return error


async def awaited(coroutine):
    return await coroutine


def closed(body):
    try:
        yield from body
    finally:
        if hasattr(body, "close"):
            body.close()


def environ():
    told = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "a", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "QUERY_STRING": "a=b",
    }  # fmt: skip
    return Something(), told, lambda status, headers, error=None: None


async def served(function):
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": "/", "raw_path": b"/",
        "query_string": b"a=b", "headers": [], "scheme": "http", "server": ("a", 80), "client": ("b", 1), "root_path": "",
    }  # fmt: skip
    sent = []

    async def send(message):
        sent.append(message.get("body"))

    four = getattr(getattr(function, "__code__", None), "co_argcount", 4) == 4
    await function(*([Something()] if four else []), scope, None, send)
    return b"".join(filter(None, sent))


class Something:
    """What readers can make nothing of."""


def cells(hook):
    """What a hook was made of, by name."""
    return dict(zip(hook.__code__.co_freevars, hook.__closure__ or (), strict=True))


def broken_versions(hook):
    """(site, what breaks it by the place where it stands) for everything of ours that the hook runs."""
    parts = cells(hook)
    for name, cell in parts.items():
        found = cell.cell_contents
        if isinstance(found, Operation):
            for site in SITES:
                if callable(getattr(found, site)):
                    changed = {site: broken}
                    if site != "read" and found.family in SAMPLES and not found.edge:
                        changed["read"] = lambda *args, sample=SAMPLES[found.family], **kwargs: sample
                    yield site, [(cell, found._replace(**changed))]
        elif isinstance(found, Action):
            yield f"{name}.read", [(cell, found._replace(read=broken))]
            yield f"{name}.tell", [(cell, found._replace(read=lambda *args, **kwargs: Something(), tell=broken))]
        elif name == "read" and callable(found):
            yield name, [(cell, broken)]
        elif name == "tell" and callable(found):  # which is only called with what a reader has found
            yield name, [(cell, broken), (parts["read"], lambda *args, **kwargs: Something())]


def place(target):
    name, _, path = target.partition(":")
    owner = importlib.import_module(name)
    *outer, last = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    return owner, last


class Lines(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


class Patched:
    """A function of the library, with a stand-in in its place."""

    def __init__(self, hook, way):
        parts = cells(hook)
        self.owner, self.name = place(parts["target"].cell_contents)
        self.raw = vars(self.owner).get(self.name, MISSING)
        self.shell = shell_of(hook)
        fake = stand_in(getattr(self.owner, self.name), way, self.shell)
        setattr(
            self.owner, self.name, type(self.raw)(fake) if isinstance(self.raw, (staticmethod, classmethod)) else fake
        )
        self.installed = vars(self.owner)[self.name]

    def call(self):
        return perform(getattr(self.owner, self.name), self.shell)

    def untouched(self):
        return vars(self.owner).get(self.name) is self.installed

    def remove(self):
        if self.raw is MISSING:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self.raw)


class Door:
    """An attribute, or an argument, in which a server has an application."""

    def __init__(self, hook, way):
        parts = cells(hook)
        target, self.argument = parts["target"].cell_contents, parts["argument"].cell_contents
        if self.argument is not None:
            self.kind, self.name = place(target)
        else:
            owner, _, self.name = target.rpartition(".")
            within, last = place(owner)
            self.kind = getattr(within, last)
        self.shell, self.raw = shell_of(hook), vars(self.kind).get(self.name, MISSING)
        application = stand_in(None if self.shell else awaited, way, self.shell)
        self.application = application if self.shell != "asgi" else lambda *args: application(None, *args)
        if self.argument is not None:
            setattr(self.kind, self.name, lambda *args: args[self.argument])
        self.installed = vars(self.kind).get(self.name, MISSING)

    def call(self):
        if self.argument is not None:
            given = [Something() for _ in range(self.argument)]
            opened = getattr(self.kind, self.name)(*given, self.application)
        else:
            holder = object.__new__(self.kind)
            if self.raw is MISSING:
                holder.__dict__[self.name] = self.application
            else:
                self.raw.__set__(holder, self.application)
            opened = getattr(holder, self.name, self.application)
        given = {"wsgi": 2, "asgi": 3}.get(self.shell, 1)
        return perform(lambda *args: opened(*args[-given:]), self.shell)

    def untouched(self):
        return vars(self.kind).get(self.name, MISSING) is self.installed

    def remove(self):
        if self.argument is not None:
            setattr(self.kind, self.name, self.raw)


def shell_of(hook):
    operation = next((c.cell_contents for c in cells(hook).values() if isinstance(c.cell_contents, Operation)), None)
    shell = getattr(getattr(operation, "shell", None), "__name__", "")
    return "wsgi" if "wsgi" in shell else "asgi" if "asgi" in shell else ""


def checked(hook, site, changes, way):
    """Enables the hook alone, broken at the site, and calls the library some times."""
    here = (Door if hook.__qualname__.startswith("door.") else Patched)(hook, way)
    before = [(cell, cell.cell_contents) for cell, _ in changes]
    for cell, replacement in changes:
        cell.cell_contents = replacement
    said = Lines()
    logging.getLogger("clew").addHandler(said)
    plugin = clew.Plugin(library, hooks=[hook])
    reached.clear()
    faults = []
    expected = FAILURE if way == "raises" else b"hello" if here.shell else ANSWER
    try:
        try:
            plugin.enable()
        except PluginError:  # it runs when the plugin is enabled: then that does not come to be, and nothing is touched
            reached.clear()
        for _ in range(LIMIT + 2):
            calls.clear()
            result = here.call()
            if len(calls) != 1:
                faults.append(f"called {len(calls)} times")
            if result is not expected and result != expected:
                faults.append(f"gave {result!r}")
            kit.account()  # writes out what was noted
        off, off_lines = plugin not in _enabled, sum("is switched off" in line for line in said.lines)
        if reached and not (off and off_lines == 1 and here.untouched()):
            faults.append(f"reached {len(reached)} times: off {off}, said {off_lines} times")
        if any("secrets" in line for line in said.lines):
            faults.append("told the message of an exception")
    finally:
        plugin.disable()
        for cell, contents in before:
            cell.cell_contents = contents
        logging.getLogger("clew").removeHandler(said)
        here.remove()
    kit.note(case=[cells(hook)["target"].cell_contents, site, way, len(reached), faults])


if hand == "shorthand":
    import clew_sdk

    clew_sdk.install()
else:
    from opentelemetry import metrics, trace
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider

    trace.set_tracer_provider(TracerProvider())
    metrics.set_meter_provider(MeterProvider())
importlib.import_module(library)
found = getattr(importlib.import_module(module), attribute)
skipped, ours = [], 0
for hook in found.hooks:
    parts = cells(hook)
    broken_ones = list(broken_versions(hook))
    if "target" not in parts or hook.__qualname__.startswith(("derive.", "handed.", "listen.")):
        skipped.append(hook.__qualname__)
        continue
    operation = next((cell.cell_contents for cell in parts.values() if isinstance(cell.cell_contents, Operation)), None)
    if getattr(operation, "shell", None) is not None and not shell_of(hook):
        skipped.append(parts["target"].cell_contents)  # such as a context manager: no stand-in has its shape
        continue
    ours += bool(broken_ones)
    try:
        target = parts["target"].cell_contents
        held = hook.__qualname__.startswith("door.") and parts["argument"].cell_contents is None
        owner, name = place(target.rpartition(".")[0] if held else target)
        if not held and inspect.isclass(
            getattr(owner, name)
        ):  # something happens to its objects: no call to stand in for
            skipped.append(target)
            ours -= bool(broken_ones)
            continue
    except (ImportError, AttributeError):  # optional, or of another version
        skipped.append(parts["target"].cell_contents)
        continue
    for site, changes in broken_ones:
        for way in ("returns", "raises"):
            checked(hook, site, changes, way)
kit.note(skipped=skipped, ours=ours)
