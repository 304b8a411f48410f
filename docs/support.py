"""What is supported, as the packages and their tests say it: docs/support.md."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PACKAGES = Path(__file__).resolve().parent.parent / "packages"
CONTRACTS = PACKAGES / "core" / "src" / "clew" / "testing" / "contracts"
KINDS = {
    "HttpServerContract": "Servers and web frameworks",
    "HttpClientContract": "HTTP clients",
    "DbClientContract": "SQL",
    "DbCommandContract": "Other stores",
    "CarryingContract": "Threads, processes, greenlets",
    "LogContract": "Logs",
}


class Row(NamedTuple):
    """`contracts` are the contract classes that the plugin's tests run, without the word Async before them."""

    package: str
    libraries: str
    oldest: str
    newest: str
    contracts: tuple[str, ...]
    behaviours: int
    lines: int


def page() -> str:
    """One table for each kind of plugin."""
    rows = list(_rows())
    lines = [
        "# What is supported",
        "",
        "This page is generated from the packages and their tests (`nox -s docs`). Each plugin passes the contract of",
        "its kind, on real servers and real sockets, with the oldest and the newest version of its library:",
        "*behaviours* is the number of the contract's tests that it runs. *Lines* are those of the whole plugin.",
    ]  # fmt: skip
    for contract, title in KINDS.items():
        mine = [row for row in rows if row.contracts[:1] == (contract,)]
        lines += [
            "",
            f"## {title}",
            "",
            "| plugin | follows | oldest | newest | behaviours | lines |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| [clew-{row.package}](../packages/{row.package}) | {row.libraries} | {row.oldest} | {row.newest} "
            f"| {row.behaviours} | {row.lines} |"
            for row in mine
        ]  # fmt: skip
    without = [row for row in rows if not row.contracts]
    if without:
        named = ", ".join(f"[clew-{row.package}](../packages/{row.package}) ({row.libraries})" for row in without)
        lines += ["", f"With tests of their own instead of a contract: {named}."]
    return "\n".join([*lines, ""])


def _rows() -> Iterator[Row]:
    contracts = _contracts()
    for file in sorted(PACKAGES.glob("*/pyproject.toml")):
        project = tomllib.loads(file.read_text(encoding="utf-8"))
        plugins: dict[str, Any] = project["project"].get("entry-points", {}).get("clew_plugin", {})
        if not plugins:
            continue
        versions = project.get("tool", {}).get("clew-versions", {})
        oldest = next(iter(versions.get("oldest", ())), "")
        newest = "newest" if versions.get("newest") else "with Python"
        run = list(dict.fromkeys(base for test in file.parent.glob("tests/*.py") for base in _bases(test, contracts)))
        kinds = tuple(sorted({contracts[name].kind for name in run}, key=list(KINDS).index))
        yield Row(
            file.parent.name,
            ", ".join(plugins),
            oldest.partition("==")[2] or newest,
            newest,
            kinds,
            sum(len(contracts[name].tests) for name in run),
            _lines(file.parent),
        )


class Contract(NamedTuple):
    """Its tests, those that it inherits included, and which of `KINDS` it is or stands on."""

    kind: str
    tests: frozenset[str]


def _contracts() -> dict[str, Contract]:
    classes = {node.name: node for file in CONTRACTS.glob("*.py") for node in _classes(file)}

    def contract(name: str) -> Contract:
        node = classes[name]
        beneath = [contract(base) for base in _names(node) if base in classes]
        own = {item.name for item in node.body if isinstance(item, ast.FunctionDef) and item.name.startswith("test_")}
        kind = name.removeprefix("Async")
        if kind not in KINDS:
            kind = next((base.kind for base in beneath if base.kind), "")
        return Contract(kind, frozenset(own).union(*(base.tests for base in beneath)))

    found = {name: contract(name) for name in classes}
    return {name: one for name, one in found.items() if one.kind}


def _bases(test: Path, contracts: dict[str, Contract]) -> Iterator[str]:
    return (base for node in _classes(test) for base in _names(node) if base in contracts)


def _classes(file: Path) -> Iterator[ast.ClassDef]:
    return (node for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef))


def _names(node: ast.ClassDef) -> list[str]:
    return [base.id for base in node.bases if isinstance(base, ast.Name)]


def _lines(package: Path) -> int:
    """Code lines: without blanks, comments and docstrings."""
    number = 0
    for file in (package / "src").rglob("*.py"):
        text = re.sub(r'"""(.|\n)*?"""', "", file.read_text(encoding="utf-8"))
        number += sum(1 for line in text.splitlines() if line.strip() and not line.strip().startswith("#"))
    return number
