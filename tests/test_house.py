"""The rules of the house, computed over packages/* so that a new package is held to them without being named here."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.workspace import ROOT, Module, Package, own_files, packages, plugins

# What a package may import beside itself and the standard library (docs/architecture.md). A plugin may import clew and
# the library that it watches.
ARROWS = {
    "core": {"opentelemetry"},
    "sdk": {"opentelemetry"},
    "cli": {"clew", "clew_sdk", "tomli", "sitecustomize"},  # the last is the user's own
    "viewer": {"opentelemetry.proto", "google.protobuf", "rich"},
}
NOT_THE_API = ("sdk", "exporter", "proto", "instrumentation", "semconv", "distro")
TELEMETRY_WORDS = {"span", "spans", "histogram", "histograms", "meter", "meters", "opentelemetry"}
OPENS = re.compile(r"open|socket\.|_thread\.start|subprocess\.|os\.(system|exec|fork|posix_spawn|spawn)")

every_package = pytest.mark.parametrize("package", packages(), ids=lambda package: package.name)
every_plugin = pytest.mark.parametrize("package", plugins(), ids=lambda package: package.name)


def test_there_are_plugins_to_check() -> None:
    assert {"flask", "requests", "psycopg"} <= {package.name for package in plugins()}


@every_package
def test_a_package_imports_only_what_the_arrows_allow(package: Package) -> None:
    watched = {library.partition(".")[0] for library in package.watches}
    allowed = ARROWS.get(package.name, {"clew", *watched}) | {package.import_name} | sys.stdlib_module_names
    wrong = [
        f"{module}: {name}"
        for module in package.modules
        if not is_for_tests(module)
        for name in module.imports()
        if not name.startswith(".") and not any(f"{name}.".startswith(f"{base}.") for base in allowed)
    ]
    assert not wrong


def test_nothing_imports_a_plugin() -> None:
    """Not even the contracts: whoever is tested brings its plugins."""
    theirs = {package.import_name for package in plugins()}
    wrong = [
        f"{module}: {name}"
        for package in packages()
        for module in package.modules
        for name in module.imports()
        if name.partition(".")[0] in theirs - {package.import_name}
    ]
    assert not wrong


def test_core_speaks_the_opentelemetry_api_only() -> None:
    wrong = [
        f"{module}: {name}"
        for package in packages()
        if package.name == "core"
        for module in package.modules
        if not is_for_tests(module)
        for name in module.imports()
        if name.startswith(tuple(f"opentelemetry.{part}" for part in NOT_THE_API))
    ]
    assert not wrong


@every_plugin
def test_a_plugin_never_spells_a_word_of_telemetry(package: Package) -> None:
    """But in the library's own names: Starlette has a module `starlette.opentelemetry`."""
    libraries = tuple(f"{library.partition('.')[0]}." for library in package.watches)
    spelt = [(module, word) for module in package.modules for word in words(module) if not word.startswith(libraries)]
    wrong = [f"{module}: {word}" for module, word in spelt if TELEMETRY_WORDS & set(parts(word))]
    assert not wrong


@every_plugin
def test_a_plugin_module_has_at_most_80_code_lines(package: Package) -> None:
    too_long = {str(module): len(module.code_lines) for module in package.modules if len(module.code_lines) > 80}
    assert not too_long


@every_package
def test_a_function_has_at_most_30_code_lines(package: Package) -> None:
    """Functions within a function count on their own."""
    too_long = {
        f"{module}: {function.name}": len(own_lines(module, function))
        for module in package.modules
        for _, function in functions(module.tree)
        if len(own_lines(module, function)) > 30
    }
    assert not too_long


@every_package
def test_a_function_has_at_most_5_parameters(package: Package) -> None:
    """But for methods whose signature OpenTelemetry prescribes."""
    too_many = {
        f"{module}: {function.name}": parameters(function)
        for module in package.modules
        for owner, function in functions(module.tree)
        if len(parameters(function)) > 5 and not prescribed(owner, function)
    }
    assert not too_many


@every_plugin
def test_a_plugin_passes_a_contract(package: Package) -> None:
    contracts = {
        name
        for module in package.tests
        for name in module.imports()
        if re.fullmatch(r"clew\.testing\.contracts\.\w+\.\w+Contract", name)
    }
    derived = {
        base.id
        for module in package.tests
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test")
        for base in node.bases
        if isinstance(base, ast.Name)
    }
    assert {name.rpartition(".")[2] for name in contracts} & derived


@every_package
def test_a_package_is_complete(package: Package) -> None:
    project = package.settings["project"]
    sources = package.folder / "src" / package.import_name

    assert project["name"] == {"cli": "clew"}.get(package.name, f"clew-{package.name}")
    assert project["license"] == "Apache-2.0"
    assert project["requires-python"] == ">=3.10"
    assert "version" in project["dynamic"]
    assert (sources / "py.typed").is_file()
    assert len((package.folder / project["readme"]).read_text().split()) > 20
    assert package.tests


@every_package
def test_a_package_puts_no_upper_bound_on_what_it_needs(package: Package) -> None:
    """Upper bounds make two packages impossible to install together long before they are known to clash."""
    needs = package.settings["project"].get("dependencies", [])
    bounded = [need for need in needs if re.search(r"<|==|~=", need.partition(";")[0])]
    assert not bounded


@every_package
def test_every_exported_name_exists_and_every_module_can_be_imported_by_its_name(package: Package) -> None:
    missing = []
    for module in package.modules:
        if not any(isinstance(node, ast.Assign) and names(node) == ["__all__"] for node in module.tree.body):
            continue
        dotted = ".".join(module.path.relative_to(package.folder / "src").with_suffix("").parts)
        loaded = importlib.import_module(dotted.removesuffix(".__init__"))
        missing += [f"{dotted}.{name}" for name in loaded.__all__ if not hasattr(loaded, name)]
    assert not missing


@every_package
def test_importing_a_package_opens_no_socket_file_or_thread_and_no_watched_library(package: Package) -> None:
    """Its exported names too: a package may be lazy about them. What OpenTelemetry's own import reads is not ours."""
    watched = sorted({name.partition(".")[0] for name in package.watches} - set(sys.stdlib_module_names))
    program = Path(__file__).parent / "servers" / "import_quietly.py"
    done = subprocess.run(
        [sys.executable, str(program), package.import_name],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert [event for event in seen["events"] if OPENS.match(event)] == []
    assert seen["threads"] == 1
    assert [name for name in watched if name in seen["modules"]] == []


@pytest.mark.parametrize("package", ["clew", "clew_cli", "clew_sdk"])
def test_the_packages_of_a_running_application_import_no_stock_sdk_until_it_is_asked_for(package: str) -> None:
    program = f"import sys, {package}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert package in loaded
    assert [name for name in loaded if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "wrapt"))] == []


def test_the_command_has_an_extra_for_each_plugin_and_one_for_all() -> None:
    (command,) = (package for package in packages() if package.name == "cli")
    extras = command.settings["project"]["optional-dependencies"]
    others = {
        package.name: package.distribution for package in packages() if package.name not in ("core", "sdk", "cli")
    }

    assert set(extras) == {*others, "all"}
    assert {name: name for name, needs in extras.items() if name != "all" and others[name] not in needs} == {}
    (everything,) = extras["all"]
    assert sorted(everything.removeprefix("clew[").removesuffix("]").split(",")) == sorted(others)


def test_no_file_names_a_registry_or_a_path_of_somebodys_machine() -> None:
    told = re.compile(
        r"""/root/ | /home/[a-z] | /Users/[A-Z] | [ "'=]/work/ | [ "'=]/tmp/[a-z]
        | (?:pypi|pythonhosted|npmjs)\.(?:org|com) | proxy\.golang | artifactory""",
        re.VERBOSE,
    )
    wrong = []
    for path in own_files():
        if path != Path(__file__):
            lines = enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
            wrong += [f"{path.relative_to(ROOT)}:{number}: {line}" for number, line in lines if told.search(line)]
    assert not wrong


def is_for_tests(module: Module) -> bool:
    """clew.testing needs more than a running application has."""
    return "/clew/testing/" in module.path.as_posix()


def words(module: Module) -> Iterator[str]:
    """Every identifier and string of the code; docstrings and comments are prose."""
    prose = {id(text) for text in module.docstrings}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (f"{alias.name} {alias.asname}" for alias in node.names)
            yield getattr(node, "module", None) or ""
        else:
            fields = (getattr(node, name, None) for name in ("id", "attr", "arg", "name"))
            yield from (text for text in fields if isinstance(text, str))


def parts(word: str) -> list[str]:
    """last_span_ids, LastSpanIds and "last-span-ids" as [last, span, ids]."""
    return [part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", word)]


def functions(tree: ast.AST, owner: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function, with the name of the class that it is a method of."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield owner, node
        yield from functions(node, node.name if isinstance(node, ast.ClassDef) else "")


def own_lines(module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[int]:
    inner = {line for _, nested in functions(function) for line in span_of(nested)}
    return {line for line in span_of(function) if line in module.code_lines} - inner


def span_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = function.args
    every = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return [name for name in every if name not in ("self", "cls")]


def prescribed(owner: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Does OpenTelemetry have a class of this name with this method and these parameters?"""
    for home in ("trace", "metrics", "_logs", "sdk.trace", "sdk.metrics", "sdk._logs"):
        theirs = getattr(getattr(importlib.import_module(f"opentelemetry.{home}"), owner, None), function.name, None)
        if theirs is not None and set(parameters(function)) <= set(inspect.signature(theirs).parameters):
            return True
    return False


def names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]
