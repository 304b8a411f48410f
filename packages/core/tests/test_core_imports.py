"""when_imported: calls at the right time, leaves no trace, harms nobody."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.resources
import importlib.util
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from clew.imports import half_imported, is_half_imported, when_imported

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes modules into a folder on sys.path; forgets them and all waiters afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before, finders = set(sys.modules), list(sys.meta_path)

    def write_modules(**modules: str) -> None:
        for name, text in modules.items():
            path = tmp_path / (name.replace("__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        importlib.invalidate_caches()

    yield write_modules
    for name in set(sys.modules) - before:
        del sys.modules[name]
    assert sys.meta_path == finders  # nobody waits, so the finder is gone


def test_the_call_comes_right_after_the_import_and_once(write: Write) -> None:
    """With the module, when all of its code has run."""
    write(lib="value = 1")
    calls: list[int] = []
    when_imported("lib", lambda module: calls.append(module.value))
    assert calls == []
    for _ in range(2):
        importlib.import_module("lib")
        assert calls == [1]


def test_a_module_that_is_imported_already_is_called_for_at_once() -> None:
    """Without any change to sys.meta_path."""
    calls: list[ModuleType] = []
    when_imported("json", calls.append)
    assert calls == [sys.modules["json"]]


def test_several_waiters_are_called_in_their_order_and_an_undone_one_is_not(write: Write) -> None:
    """The undo takes exactly its own waiter away, and may come too late or twice."""
    write(lib="")
    calls: list[str] = []
    undos = [when_imported("lib", lambda _, name=name: calls.append(name)) for name in "abc"]  # type: ignore[misc]
    undos[1]()
    importlib.import_module("lib")
    for undo in undos:
        undo()
        undo()
    assert calls == ["a", "c"]


def test_submodules_and_packages_can_be_waited_for(write: Write) -> None:
    """A name with dots is a module like any other."""
    write(pack____init__="", pack__inner="x = 2")
    (Path(sys.path[0]) / "pack").mkdir(exist_ok=True)
    (Path(sys.path[0]) / "pack" / "__init__.py").write_text("")
    calls: list[str] = []
    when_imported("pack.inner", lambda module: calls.append(module.__name__))
    when_imported("pack", lambda module: calls.append(module.__name__))
    importlib.import_module("pack.inner")
    assert calls == ["pack", "pack.inner"]


def test_loader_and_spec_are_untouched_even_while_the_module_runs(write: Write) -> None:
    """Type and attributes are those of an import that nobody waited for."""
    text = "loader, spec = type(__loader__), type(__spec__)\nattributes = sorted(vars(__loader__))"
    write(watched=text, unwatched=text)
    when_imported("watched", lambda _: None)
    watched, unwatched = importlib.import_module("watched"), importlib.import_module("unwatched")
    assert (watched.loader, watched.spec, watched.attributes) == (
        unwatched.loader,
        unwatched.spec,
        unwatched.attributes,
    )
    assert type(watched.__loader__) is importlib.machinery.SourceFileLoader
    assert watched.__spec__ is not None
    assert watched.__spec__.loader is watched.__loader__


def test_resources_are_found_as_ever(write: Write) -> None:
    """importlib.resources asks the loader."""
    folder = Path(sys.path[0]) / "data"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "text.txt").write_text("hello")
    importlib.invalidate_caches()
    when_imported("data", lambda _: None)
    assert importlib.resources.files("data").joinpath("text.txt").read_text() == "hello"


def test_what_a_call_raises_is_reported_and_the_import_goes_on(write: Write) -> None:
    """Once; also when the report raises, too; the others are called."""
    write(lib="value = 1")
    reports: list[str] = []
    calls: list[str] = []

    def fail(module: ModuleType) -> None:
        raise ValueError("mine")

    def report(name: str, error: Exception) -> None:
        reports.append(f"{name}: {error}")
        raise RuntimeError("the report fails, too")

    when_imported("lib", fail, report)
    when_imported("lib", lambda _: calls.append("next"))
    assert importlib.import_module("lib").value == 1
    assert (reports, calls) == (["lib: mine"], ["next"])


def test_without_a_report_function_the_logger_clew_is_told(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    """One warning that names module and exception."""
    write(lib="")
    when_imported("lib", lambda _: 1 / 0)
    importlib.import_module("lib")
    (record,) = caplog.records
    assert (record.name, record.getMessage()) == (
        "clew",
        "after the import of lib: ZeroDivisionError: division by zero",
    )


def test_an_import_that_fails_raises_as_ever_and_the_next_one_counts(write: Write) -> None:
    """The waiter goes on waiting."""
    write(lib="import sys\nif not hasattr(sys, '_ready'): raise KeyError('own')")
    calls: list[ModuleType] = []
    when_imported("lib", calls.append)
    with pytest.raises(KeyError, match="own"):
        importlib.import_module("lib")
    assert calls == []
    sys._ready = True  # type: ignore[attr-defined]
    try:
        module = importlib.import_module("lib")
    finally:
        del sys._ready  # type: ignore[attr-defined]
    assert calls == [module]


def test_a_module_that_does_not_exist_is_not_found_as_ever() -> None:
    """The finder only asks the others."""
    undo = when_imported("no_such_module", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        importlib.import_module("no_such_module")
    undo()


def test_asking_for_a_spec_is_no_import(write: Write) -> None:
    """Programs look for optional libraries with find_spec."""
    write(lib="")
    calls: list[ModuleType] = []
    when_imported("lib", calls.append)
    assert importlib.util.find_spec("lib") is not None
    assert calls == []
    importlib.import_module("lib")
    assert len(calls) == 1


def test_waiting_from_within_the_import_itself_is_served_at_its_end(write: Write) -> None:
    """The import had begun before anybody waited: the finder was not asked, the spec tells the end."""
    write(
        lib="from clew.imports import *; from clew import imports\n"
        "early = imports.is_half_imported('lib')\nimports.when_imported('lib', lambda m: seen.append(m.last))\n"
        "seen = []\nlast = 3"
    )
    module = importlib.import_module("lib")
    assert (module.early, module.seen) == (True, [3])
    assert type(module.__spec__) is ModuleSpec


def test_a_call_may_wait_for_the_same_module(write: Write) -> None:
    """Its import is over for all purposes: the inner call comes at once."""
    write(lib="")
    calls: list[str] = []

    def outer(module: ModuleType) -> None:
        calls.append(f"half: {is_half_imported('lib')}")
        when_imported("lib", lambda _: calls.append("inner"))
        calls.append("outer")

    when_imported("lib", outer)
    importlib.import_module("lib")
    assert calls == ["half: False", "inner", "outer"]


def test_half_imported_names_the_running_imports_outermost_first(write: Write) -> None:
    """And none when all is quiet."""
    write(outer="import inner", inner="from clew.imports import half_imported\nnames = half_imported()")
    importlib.import_module("outer")
    assert [name for name in sys.modules["inner"].names if name in ("outer", "inner")] == ["outer", "inner"]
    assert half_imported() == []


def test_modules_from_a_zip_share_a_loader_and_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """zipimport has one loader object for all modules of an archive."""
    archive = tmp_path / "libs.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zip_one.py", "import zip_two\nvalue = 1")
        file.writestr("zip_two.py", "value = 2")
    monkeypatch.syspath_prepend(str(archive))
    calls: list[int] = []
    for name in ("zip_one", "zip_two"):
        when_imported(name, lambda module: calls.append(module.value))
    module = importlib.import_module("zip_one")
    assert calls == [2, 1]
    assert "exec_module" not in vars(module.__loader__)
    assert type(module.__spec__) is ModuleSpec


def test_lazy_modules_stay_lazy(write: Write) -> None:
    """importlib's LazyLoader runs the module at its first use, and that is when the call comes."""
    write(lib="import sys\nsys._ran = True\nvalue = 1")
    calls: list[str] = []
    when_imported("lib", lambda module: calls.append("called"))
    spec = importlib.util.find_spec("lib")
    assert spec is not None
    assert spec.loader is not None
    loader = spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules["lib"] = module
    loader.exec_module(module)
    assert (calls, hasattr(sys, "_ran")) == ([], False)
    assert module.value == 1
    assert calls == ["called"]
    del sys._ran  # type: ignore[attr-defined]


class Around(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, inner: Any) -> None:
        super().__init__(name, path)
        self.inner = inner

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["chained"] = True
        self.inner.exec_module(module)


class Chained:
    """A finder of another agent: it, too, asks all finders, and puts a loader of its own around what they find."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if finder is not self else None
            if spec is not None and name == "lib":
                spec.loader = Around(name, str(spec.origin), spec.loader)
                return spec
        return None


@pytest.mark.parametrize("first", [True, False], ids=["their finder first", "our finder first"])
def test_finders_that_ask_each_other_come_to_an_end(write: Write, first: bool) -> None:
    """Both get their way."""
    write(lib="")
    theirs, calls = Chained(), []
    if not first:
        sys.meta_path.insert(0, theirs)
    undo = when_imported("lib", calls.append)
    if first:
        sys.meta_path.insert(0, theirs)
    try:
        module = importlib.import_module("lib")
    finally:
        sys.meta_path.remove(theirs)
        undo()
    assert (calls, module.chained) == ([module], True)


def test_many_threads_import_and_wait_and_each_waiter_is_called_once(write: Write) -> None:
    """Whoever comes first."""
    names = [f"lib{number}" for number in range(20)]
    write(**dict.fromkeys(names, "import time; time.sleep(0.001)"))
    calls: list[tuple[str, int]] = []
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        barrier.wait(30)
        for name in names:
            if number % 2:
                importlib.import_module(name)
            when_imported(name, lambda module: calls.append((module.__name__, number)))
            importlib.import_module(name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(calls) == sorted((name, number) for name in names for number in range(8))


def test_other_threads_see_the_module_only_after_the_call(write: Write) -> None:
    """No thread can use a library between its import and its patching."""
    write(lib="import time; time.sleep(0.05)\npatched = False")
    when_imported("lib", lambda module: setattr(module, "patched", True))
    seen: list[bool] = []
    threads = [threading.Thread(target=lambda: seen.append(importlib.import_module("lib").patched)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen == [True] * 8


def test_its_own_import_brings_in_nothing_else() -> None:
    """Every Python process below `clew run` pays for it."""
    code = "import sys; before = set(sys.modules); import clew.imports; print(sorted(set(sys.modules) - before))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == "['clew', 'clew.imports']\n"
