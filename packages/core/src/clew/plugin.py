"""Plugin: what a package of clew exports."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from clew import settings
from clew.guard import Guard
from clew.hooks import Hook, Undo
from clew.places import undo_all
from clew.telemetry import Telemetry

if TYPE_CHECKING:
    from clew.choosing import Choice
    from clew.options import Chosen


class PluginError(Exception):
    """A plugin that cannot be enabled; the message is one line and says why."""


@dataclass(frozen=True, eq=False)
class Plugin:
    """Where to look in one library. `name` is the library's import name, `versions` the range that is supported."""

    name: str
    versions: str = ""
    hooks: Iterable[Hook] = ()
    #: The module with its instrumentor for who comes from OpenTelemetry's own, and with what functions it asks.
    instrumentor: str = ""
    #: From the arguments of a watched function to the object that may have options of its own.
    owner: Callable[..., Any] = lambda *args: args[0] if args else None

    def enable(self, **options: Any) -> None:
        """Installs every hook, or none: raises PluginError when the library is not what the plugin expects.

        Enabling twice changes nothing, unless there are options the second time. `options` are those of
        `clew plugins --options`, and `tracer_provider` and `meter_provider`.
        """
        enabled = _enabled.get(self)
        if enabled is None:
            self._install(self._choose(options), None)
        elif options or not self.is_enabled:
            if enabled.choice is not None:
                enabled.choice.general = True
            self._again(self._choose(options), enabled.choice)

    def follow(self, subject: Any, **options: Any) -> None:
        """Follows one object, with options of its own, whether the plugin is enabled for all or not."""
        self._choice().put(subject, self.watching(options, lambda: self.leave(subject)))

    def watching(self, options: Mapping[str, Any], switch_off: Callable[[], None]) -> Telemetry:
        """What hooks need to watch one object with options of its own; `switch_off` is called when it keeps failing."""
        return Telemetry(self.name, Guard(self.name, switch_off), self._choose(options))

    def leave(self, subject: Any) -> None:
        """Undoes `follow`. An object that is followed because the plugin is enabled for all is left alone from now."""
        enabled = _enabled.get(self)
        if enabled is None:
            return
        choice = self._choice()
        if choice.general and subject not in choice:
            choice.put(subject, None)
            return
        choice.take(subject)
        if not choice.general and not len(choice):
            self.disable()

    def disable(self) -> None:
        """Puts back the very objects that were there before."""
        enabled = _enabled.pop(self, None)
        if enabled is not None:
            if enabled.choice is not None:
                enabled.choice.clear()
            undo_all(enabled.undos)

    @property
    def words(self) -> tuple[str, ...]:
        """What stands for it in names of variables: its package's name, its library's."""
        package = self.instrumentor.partition(".")[0].removeprefix("clew_")
        return tuple(dict.fromkeys(re.sub(r"\W", "_", name).upper() for name in (package, self.name) if name))

    @property
    def is_enabled(self) -> bool:
        """Whether it follows everything, not chosen objects alone."""
        enabled = _enabled.get(self)
        return enabled is not None and (enabled.choice is None or enabled.choice.general)

    def _choose(self, options: Mapping[str, Any]) -> Chosen | None:
        if not options and not any(self._is_about(name) for name in settings.for_plugins()):
            return None
        from clew.options import choose

        return choose(self, options)

    def _is_about(self, variable: str) -> bool:
        return variable.startswith(tuple(f"{prefix}{word}_" for word in self.words for prefix in settings.PREFIXES))

    def _choice(self) -> Choice:
        """Which objects are followed, from now on each by itself."""
        from clew.choosing import Choice

        enabled = _enabled.get(self)
        if enabled is not None and enabled.choice is not None:
            return enabled.choice
        choice = Choice(self.name, self.owner, enabled is not None)
        if enabled is None:
            self._install(None, choice)
        else:
            self._again(enabled.chosen, choice)
        return choice

    def _again(self, chosen: Chosen | None, choice: Choice | None) -> None:
        undo_all(_enabled.pop(self).undos)
        self._install(chosen, choice)

    def _install(self, chosen: Chosen | None, choice: Choice | None) -> None:
        too_old = _too_old(self.name, self.versions)
        if too_old:
            raise PluginError(f"{self.name} {too_old} is older than {self.versions}")
        telemetry = Telemetry(self.name, Guard(self.name, self.disable), chosen, choice)
        undos: list[Undo] = []
        _enabled[self] = _Enabled(undos, chosen, choice)
        try:
            for hook in (*(telemetry.adapted.hooks() if telemetry.adapted else ()), *self.hooks):
                undos.append(hook(telemetry))
        except Exception as error:
            self.disable()
            raise PluginError(f"{self.name} is not followed: {error}") from error


class _Enabled(NamedTuple):
    undos: list[Undo]
    chosen: Chosen | None
    choice: Choice | None


_enabled: dict[Plugin, _Enabled] = {}


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
