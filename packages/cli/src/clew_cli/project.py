"""Reads the nearest pyproject.toml: the table [tool.clew], and the project's name."""

import os
import sys

from clew_cli.options import ATTRIBUTES, VARIABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LISTS = ("plugins-disabled",)
SWITCHES = ("strict",)


class Table:
    """What [tool.clew] says: its keys, the variables of [tool.clew.env], and a line for every mistake."""

    __slots__ = ("keys", "mistakes", "variables")

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.mistakes: list[str] = []


class Project:
    """A pyproject.toml, read once."""

    __slots__ = ("_content", "folder", "path")

    def __init__(self, path: str, content: bytes) -> None:
        self.path, self.folder, self._content = path, os.path.dirname(path), content

    def read_table(self) -> Table:
        """The table [tool.clew]; a TOML parser is imported only for a file that has one."""
        table = Table()
        if b"[tool.clew" not in self._content:
            return table
        try:
            content = parse(self._content)["tool"]["clew"]
            if not isinstance(content, dict):
                raise ValueError("tool.clew is not a table")
            _sort(content, table, self.path)
        except (ImportError, KeyError, ValueError) as error:
            table.mistakes.append(f"{self.path} cannot be read, [tool.clew] does not count: {error}")
        return table

    def name_for(self, words: list[str]) -> str:
        """The project's name, unless the command is a script that lies outside of the project."""
        script = os.path.abspath(words[0])
        if words[0].endswith(".py") and not script.startswith(os.path.join(self.folder, "")):
            return ""
        return _scan_name(self._content.decode("utf-8", "replace"))


def nearest_project() -> Project | None:
    """The first pyproject.toml in the current folder or above it."""
    try:
        folder = os.getcwd()
    except OSError:  # it was removed, and programs start there all the same
        return None
    while True:
        path = os.path.join(folder, "pyproject.toml")
        try:
            with open(path, "rb") as file:
                return Project(path, file.read())
        except OSError:
            pass
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def parse(content: bytes) -> "dict[str, Any]":
    """Raises ValueError for broken TOML or text that is not UTF-8."""
    name = "tomllib" if sys.version_info >= (3, 11) else "tomli"
    parsed: dict[str, Any] = __import__(name).loads(content.decode("utf-8"))
    return parsed


def _sort(content: "dict[str, Any]", table: Table, path: str) -> None:
    for key, value in content.items():
        text = _read_value(key, value)
        if key == "env" and isinstance(value, dict):
            _sort_variables(value, table, path)
        elif key not in VARIABLES and key not in ATTRIBUTES:
            table.mistakes.append(_unknown(key, ["env", *VARIABLES, *ATTRIBUTES], "tool.clew", path))
        elif text is None:
            wanted = "a list of names" if key in LISTS else "true or false" if key in SWITCHES else "a string"
            table.mistakes.append(f"{path}: {key} in [tool.clew] has to be {wanted}")
        elif not (key in SWITCHES and text == "false"):
            table.keys[key] = text


def _read_value(key: str, value: object) -> str | None:
    if key in LISTS:
        ok = isinstance(value, list) and all(isinstance(name, str) for name in value)
        return ",".join(value) if ok and isinstance(value, list) else None
    if key in SWITCHES:
        return str(value).lower() if isinstance(value, bool) else None
    return value if isinstance(value, str) else None


def _sort_variables(content: "dict[str, Any]", table: Table, path: str) -> None:
    for name, value in content.items():
        if not name.startswith(("OTEL_", "CLEW_")):
            table.mistakes.append(f"{path}: {name} in [tool.clew.env] is neither OTEL_* nor CLEW_*")
        elif isinstance(value, bool):
            table.variables[name] = str(value).lower()
        elif isinstance(value, (str, int, float)):
            table.variables[name] = str(value)
        else:
            table.mistakes.append(f"{path}: {name} in [tool.clew.env] has to be a string, a number, true or false")


def _unknown(key: str, known: list[str], table: str, path: str) -> str:
    from clew_cli.speech import closest

    return f"{path}: unknown key {key} in [{table}]{closest(key, known)}"


def _scan_name(text: str) -> str:
    """`name` of [project] or [tool.poetry], without a TOML parser: its import costs as much as all the rest."""
    table = ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            table = line.partition("#")[0].strip()
        elif table in ("[project]", "[tool.poetry]") and line.partition("=")[0].strip() == "name":
            value = line.partition("=")[2].strip()
            return value[1:].partition(value[0])[0] if value[:1] in ("'", '"') else ""
    return ""
