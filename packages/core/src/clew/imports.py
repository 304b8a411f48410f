"""Calls a function right after the import of a module that this process may never import."""

# Every Python process under `clew run` executes this file: it may import only what the interpreter itself has loaded.
import _frozen_importlib
import sys
from _frozen_importlib import ModuleSpec
from _thread import get_ident
from time import sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

_waiters: "list[_Waiter]" = []
_names: set[str] = set()  # every name that was ever waited for: one look-up answers for all other imports
_asking: set[tuple[int, str]] = set()  # (thread, module) whose spec this finder is asking the other finders for
_executed: set[str] = set()  # modules that have run to their end, while their waiters are being called


def when_imported(
    name: str, call: "Callable[[ModuleType], object]", report: "Callable[[str, Exception], object] | None" = None
) -> "Callable[[], None]":
    """Calls `call(module)` after the import of `name`, at once if that is over; returns the undo.

    What `call` raises goes to `report(name, error)`, by default to the logger "clew", and never into the import.
    """
    waiter = _Waiter(name, call, report or _log)
    _names.add(name)
    _waiters.append(waiter)
    _settle()
    _let_others_find(name)
    module = sys.modules.get(name)
    if module is not None and not _wait_for_end(name, module):
        _serve(waiter, module)

    def undo() -> None:
        _withdraw(waiter)

    return undo


def is_half_imported(name: str) -> bool:
    """Whether the import of the module has begun and its code has not run to its end.

    False already while the functions that wait for it are called, where `__spec__._initializing` is still true.
    """
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return getattr(spec, "_initializing", False) is True and name not in _executed


def half_imported() -> list[str]:
    """The modules whose import has begun and not ended, the outermost first."""
    return [name for name in list(sys.modules) if is_half_imported(name)]


class _Waiter:
    __slots__ = ("call", "name", "report")

    def __init__(
        self, name: str, call: "Callable[[ModuleType], object]", report: "Callable[[str, Exception], object]"
    ) -> None:
        self.name, self.call, self.report = name, call, report


class _Finder:
    """Stands first in sys.meta_path while somebody waits; finds nothing by itself."""

    def find_spec(
        self, fullname: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> ModuleSpec | None:
        if fullname not in _names or not any(waiter.name == fullname for waiter in _waiters):
            return None
        question = (get_ident(), fullname)
        if question in _asking:  # one of the others asks all finders in its turn, as we do
            return None
        _asking.add(question)
        try:
            spec = _ask_the_others(fullname, path, target)
        finally:
            _asking.discard(question)
        if spec is not None:
            _follow(spec)
        return spec


class _WatchedSpec(ModuleSpec):
    """The spec of a module in the middle of its import; becomes a plain ModuleSpec at the end of it."""

    def __setattr__(self, attribute: str, value: object) -> None:
        super().__setattr__(attribute, value)
        if attribute == "_initializing" and not value:  # the last thing that the import system does, also on failure
            self.__class__ = ModuleSpec  # type: ignore[assignment]
            _announce(self.name)


_finder = _Finder()
_module_locks: "dict[str, Callable[[], object]]" = getattr(_frozen_importlib, "_module_locks", {})


def _ask_the_others(fullname: str, path: "Sequence[str] | None", target: "ModuleType | None") -> ModuleSpec | None:
    for finder in list(sys.meta_path):
        if finder is _finder:
            continue
        find_spec = getattr(finder, "find_spec", None)
        if (
            find_spec is None
        ):  # Python 3.10 and 3.11 still serve such finders: the import system knows how, we step aside
            return None
        spec: ModuleSpec | None = find_spec(fullname, path, target)
        if spec is not None:
            return spec
    return None


def _follow(spec: ModuleSpec) -> None:
    loader = spec.loader
    own = getattr(loader, "__dict__", {})
    # A loader without this module's name is shared by many (zipimport, built-ins), then the spec is the place to watch.
    if loader is None or isinstance(loader, type) or own.get("name") != spec.name or not hasattr(loader, "exec_module"):
        _watch(spec)
        return
    before = own.get("exec_module")

    def exec_module(module: "ModuleType") -> None:
        if before is None:  # before the module's first line runs, its loader is what it always was
            own.pop("exec_module", None)
        else:
            own["exec_module"] = before
        loader.exec_module(module)
        _announce(spec.name)

    own["exec_module"] = exec_module


def _watch(spec: ModuleSpec) -> None:
    if type(spec) is ModuleSpec:
        spec.__class__ = _WatchedSpec


def _let_others_find(name: str) -> None:
    """Waits while another thread is between asking the finders, perhaps before ours was there, and sys.modules.

    That takes microseconds, as no code of the module runs; if it ever takes longer, nobody waits for it here.
    """
    for _ in range(1000):
        reference = _module_locks.get(name)
        owner = getattr(reference and reference(), "owner", None)
        if owner in (None, get_ident()) or name in sys.modules:
            return
        sleep(0.0001)


def _wait_for_end(name: str, module: "ModuleType") -> bool:
    """Makes sure that the end of a running import will be announced; False if it is over."""
    if not is_half_imported(name) or module.__spec__ is None:
        return False
    _watch(module.__spec__)
    if is_half_imported(name):
        return True
    if type(module.__spec__) is _WatchedSpec:  # another thread has finished it in between
        module.__spec__.__class__ = ModuleSpec  # type: ignore[assignment]
    return False


def _announce(name: str) -> None:
    module = sys.modules.get(name)
    if module is None:  # the import failed; the next one may not
        return
    _executed.add(name)
    try:
        for waiter in [waiter for waiter in _waiters if waiter.name == name]:
            _serve(waiter, module)
    finally:
        _executed.discard(name)


def _serve(waiter: _Waiter, module: "ModuleType") -> None:
    if not _withdraw(waiter):
        return
    try:
        waiter.call(module)
    except Exception as error:  # noqa: BLE001 - the application's import goes on whatever happens here
        _tell(waiter, error)


def _tell(waiter: _Waiter, error: Exception) -> None:
    try:
        waiter.report(waiter.name, error)
    except Exception:  # noqa: BLE001, S110 - nobody is left to be told
        pass


def _log(name: str, error: Exception) -> None:
    import logging

    logging.getLogger("clew").warning("after the import of %s: %s: %s", name, type(error).__name__, error)


def _withdraw(waiter: _Waiter) -> bool:
    """Takes the waiter off the list; True for the one caller that did it, so that each is called at most once."""
    try:
        _waiters.remove(waiter)
    except ValueError:
        return False
    _settle()
    return True


def _settle() -> None:
    """Puts the finder where it belongs; without a lock, so it looks again until both sides agree."""
    while bool(_waiters) != (_finder in sys.meta_path):
        if _waiters:
            sys.meta_path.insert(0, _finder)
        else:
            try:
                sys.meta_path.remove(_finder)
            except ValueError:  # another thread was quicker
                pass
