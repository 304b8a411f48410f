"""Keeps the launcher's folder where child processes find it, and out of this process's os.environ.

The rule: the PYTHONPATH of a child has the folder in front if, and only if, its environment has CLEW_RUN.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

MARK = "CLEW_RUN"  # its value is the folder


def follow_children() -> None:
    """Wraps the few functions by which an environment leaves this process."""
    from clew.imports import when_imported  # late: the launcher itself needs only the names of this file

    _wrap_putenv()
    for name in ("execve", "posix_spawn", "posix_spawnp"):  # all other members of the families end in one of these
        original = getattr(os, name, None)
        if original is not None:
            stand_in = _with_environment(original, 2)
            setattr(os, name, stand_in)
            if original in os.supports_fd:
                os.supports_fd.add(stand_in)
    when_imported("subprocess", _wrap_popen)


def join(folder: str, path: "str | None") -> str:
    """The PYTHONPATH that stands for `path` in the environment of a child; undone by site/sitecustomize.py.

    The folder alone stands for a variable that is not set, three times for an empty one, twice and a path for that
    path: so even what a shell script made of it, such as `$PYTHONPATH:/more`, can be undone.
    """
    if path is None:
        return folder
    if path.partition(os.pathsep)[0] == folder:
        return path
    return os.pathsep.join([folder, folder, path or folder])


def _with_environment(original: "Callable[..., Any]", index: int) -> "Callable[..., Any]":
    """A stand-in for a function whose positional argument `index`, or keyword `env`, is an environment."""

    def stand_in(*args: "Any", **kwargs: "Any") -> "Any":
        try:
            if len(args) > index:
                args = (*args[:index], _add_folder(args[index]), *args[index + 1 :])
            elif "env" in kwargs:
                kwargs["env"] = _add_folder(kwargs["env"])
        except Exception:  # noqa: BLE001, S110 - a strange environment is for the original to judge
            pass
        return original(*args, **kwargs)

    _dress(stand_in, original)
    return stand_in


def _add_folder(environment: "Any") -> "Any":
    if not environment or not environment.get(MARK):
        return environment
    return {**environment, "PYTHONPATH": join(environment[MARK], environment.get("PYTHONPATH"))}


def _wrap_popen(subprocess: "ModuleType") -> None:
    # Popen hands every environment to this method, by position; where it is another method some day, we step aside.
    original = subprocess.Popen._execute_child
    names = original.__code__.co_varnames[: original.__code__.co_argcount]
    if "env" in names:
        subprocess.Popen._execute_child = _with_environment(original, names.index("env"))


def _wrap_putenv() -> None:
    """os.environ calls these two by their names in the module os, so what it writes keeps the folder, too."""
    putenv, unsetenv = os.putenv, os.unsetenv

    def put(key: "Any", value: "Any", /) -> None:
        folder = os.environ.get(MARK)
        if folder and os.fsdecode(key) == "PYTHONPATH":
            value = join(folder, os.fsdecode(value))
        putenv(key, value)

    def unset(key: "Any", /) -> None:
        name = os.fsdecode(key)
        folder = os.environ.get(MARK)
        if folder and name == "PYTHONPATH":
            putenv(key, folder)
            return
        unsetenv(key)
        if name == MARK and "PYTHONPATH" in os.environ:
            putenv("PYTHONPATH", os.environ["PYTHONPATH"])
        elif name == MARK:
            unsetenv("PYTHONPATH")

    _dress(put, putenv)
    _dress(unset, unsetenv)
    os.putenv, os.unsetenv = put, unset


def _dress(stand_in: "Any", original: "Any") -> None:
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(stand_in, name, getattr(original, name, None))
    stand_in.__wrapped__ = original
