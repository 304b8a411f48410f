"""What may be set for each plugin alone: `clew plugins --options`."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from clew.options import Option, of
from clew.variables import VARIABLES
from clew_cli.entrypoints import EntryPoint
from clew_cli.speech import say

TITLES = ("PLUGIN", "OPTION", "VARIABLES", "VALUE", "MEANING")


class OptionRow(NamedTuple):
    """One option of one plugin; `value` is what is in force, by whichever name."""

    plugin: str
    option: str
    variables: tuple[str, ...]
    value: str
    meaning: str

    def cells(self) -> tuple[str, ...]:
        return self.plugin, self.option, " ".join(self.variables), self.value or "-", self.meaning


def options_of(entry: EntryPoint, environment: Mapping[str, str]) -> Iterator[OptionRow]:
    """The options of a plugin, as they are in an environment."""
    try:
        plugin: Any = entry.load()
        known = of(plugin)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the plugin is foreign code
        say(f"{entry.distribution} cannot be imported, {type(error).__name__}: {error}")
        return
    for option in known.values():
        value = _in_force(option, environment)
        yield OptionRow(entry.distribution, option.keyword, option.variables, value, option.meaning)


def _in_force(option: Option, environment: Mapping[str, str]) -> str:
    """The plugin's own value, else the one for all."""
    general = [VARIABLES[field] for field in option.field.split()[:1]]
    names = [*option.variables, *(row.name for row in general)]
    given = next((value for name in names if (value := environment.get(name, "").strip())), "")
    return given or "".join(row.default for row in general)
