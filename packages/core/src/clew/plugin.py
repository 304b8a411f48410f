"""Plugin: what a package of clew exports."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from clew.guard import Guard
from clew.hooks import Hook, Undo
from clew.telemetry import Telemetry


class PluginError(Exception):
    """A plugin that cannot be enabled; the message is one line and says why."""


@dataclass(frozen=True, eq=False)
class Plugin:
    """Where to look in one library. `name` is the library's import name, `versions` the range that is supported."""

    name: str
    versions: str = ""
    hooks: Iterable[Hook] = ()

    def enable(self) -> None:
        """Installs every hook, or none: raises PluginError when the library is not what the plugin expects.

        Enabling twice changes nothing.
        """
        if self in _enabled:
            return
        too_old = _too_old(self.name, self.versions)
        if too_old:
            raise PluginError(f"{self.name} {too_old} is older than {self.versions}")
        telemetry = Telemetry(self.name, Guard(self.name, self.disable))
        undos = _enabled[self] = []
        try:
            for hook in self.hooks:
                undos.append(hook(telemetry))
        except Exception as error:
            self.disable()
            raise PluginError(f"{self.name} is not followed: {error}") from error

    def disable(self) -> None:
        """Puts back the very objects that were there before."""
        undos = _enabled.pop(self, [])
        while undos:
            undos.pop()()


_enabled: dict[Plugin, list[Undo]] = {}


def _too_old(name: str, versions: str) -> str:
    """The library's version when it says one itself (asking the metadata costs 25 ms) and it is below the range."""
    version = vars(sys.modules.get(name, sys)).get("__version__") if name in sys.modules else None
    if not isinstance(version, str) or not versions.startswith(">="):
        return ""
    return version if _numbers(version) < _numbers(versions[2:]) else ""


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: 1.9.3rc1 -> 1, 9, 3."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
