"""Finds the place that a hook means, now or when its module comes, and puts back there what it found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from clew.imports import is_half_imported, when_imported

Undo = Callable[[], None]
Function = Callable[..., Any]
_MISSING = object()


class Switch:
    """Whether a watching function still watches; off when it is undone beneath a later patch of somebody else."""

    __slots__ = ("on",)

    def __init__(self) -> None:
        self.on = True

    def off(self) -> None:
        self.on = False


def replace(
    target: str,
    make: Callable[[Function], Function],
    silence: Callable[[], None],
    failed: Callable[[Exception, str], None],
    optional: bool = False,
) -> Undo:
    """Replaces `target` ("module:Class.method") by what `make` makes of it.

    `silence` is called at the undo when somebody has patched over it: their wrapper stays, ours goes quiet.
    """

    def install(owner: Any, name: str) -> Undo:
        raw = vars(owner).get(name, _MISSING)
        if isinstance(raw, (staticmethod, classmethod)):
            ours: Any = type(raw)(make(raw.__func__))
        else:
            ours = make(getattr(owner, name))
        setattr(owner, name, ours)

        def undo() -> None:
            if vars(owner).get(name) is not ours:
                silence()
            elif raw is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, raw)

        return undo

    return resolve(target, install, failed, optional)


def resolve(
    target: str,
    install: Callable[[Any, str], Undo],
    failed: Callable[[Exception, str], None],
    optional: bool = False,
) -> Undo:
    """Installs now when the module is there, otherwise when it comes; the undo covers both.

    Raises AttributeError when the module has no such name and `optional` is false.
    """
    module_name, _, path = target.partition(":")
    *outer, name = path.split(".")
    undos: list[Undo] = []

    def now(module: Any) -> None:
        owner = module
        try:
            for part in outer:
                owner = getattr(owner, part)
            getattr(owner, name)
        except AttributeError:
            if optional:
                return
            raise AttributeError(f"{module_name} has no {path}") from None
        undos.append(install(owner, name))

    def later(module: Any) -> None:
        try:
            now(module)
        except Exception as error:  # noqa: BLE001
            failed(error, target)

    module = sys.modules.get(module_name)
    if module is not None and not is_half_imported(module_name):
        now(module)
    else:
        undos.append(when_imported(module_name, later))

    return partial(undo_all, undos)


def all_or_none(installs: Iterable[Callable[[], Undo]]) -> Undo:
    """Installs one after the other; when one of them raises, those before it are undone."""
    undos: list[Undo] = []
    try:
        for install in installs:
            undos.append(install())
    except Exception:
        undo_all(undos)
        raise
    return partial(undo_all, undos)


def undo_all(undos: list[Undo]) -> None:
    """Each once, the last one first."""
    while undos:
        undos.pop()()
