"""Reads the entry points of clew's groups off the disk; importlib.metadata costs more than all the rest."""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MARKS = (b"[clew_", b"[opentelemetry_instrumentor")  # files without a group that is asked for are not parsed


class EntryPoint:
    """One line `name = module:attribute` of a group, and the distribution that it came with."""

    __slots__ = ("distribution", "group", "name", "value")

    def __init__(self, group: str, name: str, value: str, distribution: str) -> None:
        self.group, self.name, self.value, self.distribution = group, name, value, distribution

    def load(self) -> object:
        """Imports and returns what the line names; raises what that raises."""
        module, _, attributes = self.value.partition(":")
        __import__(module)
        found: object = sys.modules[module]
        for attribute in attributes.split(".") if attributes else ():
            found = getattr(found, attribute)
        return found


def read_entry_points(*groups: str) -> list[EntryPoint]:
    """All entry points of the groups; of two installations of a distribution, the first on sys.path counts."""
    found: dict[str, list[EntryPoint]] = {}
    for folder in sys.path:
        for name in _metadata_folders(folder):
            distribution = name.rpartition(".")[0].partition("-")[0].lower().replace("_", "-").replace(".", "-")
            if distribution in found:
                continue
            text = _read(f"{folder or '.'}/{name}/entry_points.txt")
            found[distribution] = list(_parse(text, distribution)) if text else []
    return [entry for entries in found.values() for entry in entries if entry.group in groups]


def _metadata_folders(folder: str) -> "Iterable[str]":
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return ()
    return [name for name in names if name.endswith((".dist-info", ".egg-info"))]


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return ""
    return content.decode("utf-8", "replace") if any(mark in content for mark in _MARKS) else ""


def _parse(text: str, distribution: str) -> "Iterator[EntryPoint]":
    group = ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield EntryPoint(group, name.strip(), value.partition("[")[0].strip(), distribution)
