"""Plugins start with the import of their library, and a faulty one costs one line."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clew_cli.project import parse

PLUGIN = (
    "class Plugin:\n    versions = '>=1.0'\n    def enable(self): print('enabled', flush=True)\nplugin = Plugin()\n"
)
ENTRY = "[console_scripts]\nx = y:z\n\n[clew_plugin]\n{library} = {module}:plugin\n"
MODULES = "import sys; print(sorted(set(sys.modules)))"


@pytest.fixture
def toy(distribution: Callable[..., Path]) -> Path:
    """A library `toylib` and the plugin that watches it."""
    return distribution(
        "clew-toy", ENTRY.format(library="toylib", module="clew_toy"), clew_toy=PLUGIN, toylib="print('library')"
    )


def test_a_plugin_starts_right_after_the_import_of_its_library(clew: Any, toy: Path) -> None:
    """Not before, and once."""
    code = "print('start', flush=True); import toylib; print('next', flush=True); import toylib"
    process = clew("-c", code, env={"PYTHONPATH": str(toy)})
    assert (process.stdout.split(), process.stderr) == (["start", "library", "enabled", "next"], "")


def test_an_empty_script_imports_neither_a_library_nor_opentelemetry(plain: Any, clew: Any, toy: Path) -> None:
    """What clew adds to sys.modules is its own, all of it light; no thread, no open file."""
    code = (
        "import os, sys; before = sorted(sys.modules); n = len(os.listdir('/dev/fd'));"
        "import threading; print([before, n, threading.active_count()])"
    )
    environment = {"PYTHONPATH": str(toy)}
    without, files, threads = ast.literal_eval(plain(sys.executable, "-c", code, env=environment).stdout)
    with_clew, files_now, threads_now = ast.literal_eval(clew("-c", code, env=environment).stdout)
    added = set(with_clew) - set(without)
    assert {name.partition(".")[0] for name in added} <= {"clew", "clew_cli"}
    assert (files_now, threads_now) == (files, threads)


FAULTS = {
    "it raises at import": "raise RuntimeError('broken\\nplugin')",
    "it leaves at import": "raise SystemExit('broken plugin')",
    "it cannot be enabled": "class P:\n    def enable(self): raise ValueError('broken plugin')\nplugin = P()",
    "it has no plugin": "",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_plugin_costs_one_line_and_the_others_stay(
    clew: Any, toy: Path, distribution: Callable[..., Path], fault: str
) -> None:
    """The line names the distribution; the exit status is the application's."""
    faulty = distribution(
        "clew-bad", ENTRY.format(library="badlib", module="clew_bad"), clew_bad=FAULTS[fault], badlib=""
    )
    environment = {"PYTHONPATH": f"{faulty}:{toy}"}
    process = clew("-c", "import badlib, toylib; raise SystemExit(4)", env=environment)
    assert (process.stdout.split(), process.returncode) == (["library", "enabled"], 4)
    assert process.stderr.count("\n") == 1
    assert process.stderr.startswith("clew: clew-bad is off for badlib: ")


@pytest.mark.parametrize("fault", FAULTS)
def test_in_strict_mode_a_faulty_plugin_ends_the_process_with_status_2(
    clew: Any, distribution: Callable[..., Path], fault: str
) -> None:
    """Before the application's first line where the import fails; a failing enable, at the library's import."""
    faulty = distribution(
        "clew-bad", ENTRY.format(library="badlib", module="clew_bad"), clew_bad=FAULTS[fault], badlib=""
    )
    code = "print('start')\ntry: import badlib\nexcept BaseException: pass\nprint('went on')"
    process = clew("--strict", "-c", code, env={"PYTHONPATH": str(faulty)})
    assert process.returncode == 2
    assert process.stdout == ("start\n" if "enabled" in fault else "")
    assert process.stderr.count("\n") == 1


def test_in_strict_mode_a_library_that_is_missing_is_no_fault(clew: Any, toy: Path) -> None:
    """Only problems of installed plugins count."""
    (toy / "toylib.py").unlink()
    process = clew("--strict", "-c", "print('ran')", env={"PYTHONPATH": str(toy)})
    assert (process.stdout, process.returncode) == ("ran\n", 0)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CLEW_PLUGINS_DISABLED", "other, toylib"),
        ("CLEW_PLUGINS_DISABLED", "clew-toy"),
        ("CLEW_PLUGINS_DISABLED", "*"),
        ("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "toylib"),
    ],
)
def test_a_plugin_can_be_switched_off(clew: Any, plain: Any, toy: Path, variable: str, value: str) -> None:
    """By its library's or its own name; `clew plugins` says by which variable."""
    environment = {"PYTHONPATH": str(toy), variable: value}
    assert clew("-c", "import toylib", env=environment).stdout == "library\n"
    assert listed(plain, environment)["why_off"] == f"switched off by {variable}"


def test_of_two_installations_the_first_on_the_path_counts(
    clew: Any, toy: Path, distribution: Callable[..., Path], tmp_path: Path
) -> None:
    """As for imports."""
    second = tmp_path / "second"
    (toy / "clew_toy-1.0.dist-info").rename(toy / "clew_toy-0.9.dist-info")
    second.mkdir()
    information = second / "Clew.Toy-2.0.dist-info"
    information.mkdir()
    (information / "entry_points.txt").write_text(ENTRY.format(library="json", module="nothing"))
    process = clew("--strict", "-c", "import json, toylib", env={"PYTHONPATH": f"{toy}:{second}"})
    assert (process.stdout.split(), process.stderr) == (["library", "enabled"], "")


PIPELINE = "[clew_pipeline]\ntoy = clew_pipe:install\n"


def test_the_pipeline_starts_before_the_first_plugin_and_once(
    clew: Any, toy: Path, distribution: Callable[..., Path]
) -> None:
    """It imports OpenTelemetry itself, which is one of the occasions to start it."""
    pipe = distribution(
        "clew-pipe", PIPELINE, clew_pipe="import opentelemetry.trace\ndef install(): print('pipeline', flush=True)"
    )
    environment = {"PYTHONPATH": f"{toy}:{pipe}", "CLEW_PLUGINS_DISABLED": "logging,contextvars"}
    process = clew("-c", "import toylib, opentelemetry.trace", env=environment)
    assert process.stdout.split() == ["library", "pipeline", "enabled"]


def test_the_import_of_opentelemetry_starts_the_pipeline(clew: Any, distribution: Callable[..., Path]) -> None:
    """For applications that make spans by hand; nothing of OpenTelemetry is half imported then."""
    pipe = distribution(
        "clew-pipe",
        PIPELINE,
        clew_pipe="def install():\n    from clew.imports import half_imported\n    print('pipeline', half_imported())",
    )
    code = "from opentelemetry.trace import get_tracer; print('next')"
    process = clew("-c", code, env={"PYTHONPATH": str(pipe)})
    assert process.stdout.splitlines()[-1] == "next"
    assert "pipeline" in process.stdout
    assert "opentelemetry" not in process.stdout


def test_a_plugin_waits_for_a_standard_library_that_is_half_imported(
    clew: Any, distribution: Callable[..., Path]
) -> None:
    """asyncio imports logging: a plugin for logging that needs asyncio must find a whole one."""
    plugin = "from asyncio import iscoroutinefunction\n" + PLUGIN
    eager = distribution("clew-eager", ENTRY.format(library="logging", module="clew_eager"), clew_eager=plugin)
    process = clew("-c", "import asyncio; print('next')", env={"PYTHONPATH": str(eager)})
    assert process.stderr == ""
    assert process.stdout.split()[-2:] == ["enabled", "next"]


def test_two_agents_in_one_process_are_noticed(clew: Any, tmp_path: Path) -> None:
    """The incumbent's own sitecustomize has run; one line says what follows."""
    folder = tmp_path / "agent"
    folder.mkdir()
    name = "opentelemetry.instrumentation.auto_instrumentation"
    (folder / "sitecustomize.py").write_text(f"import sys, types\nsys.modules[{name!r}] = types.ModuleType('agent')\n")
    process = clew("-c", "print('ran')", env={"PYTHONPATH": str(folder)})
    assert process.stdout == "ran\n"
    assert process.stderr.count("opentelemetry-instrument is active in this process, too") == 1


def listed(plain: Any, environment: dict[str, str], name: str = "clew-toy") -> dict[str, Any]:
    process = plain(sys.executable, "-m", "clew_cli", "plugins", "--json", env=environment)
    assert process.returncode == 0
    return next(row for row in json.loads(process.stdout) if row["plugin"] == name)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (("plugins", "--optoins"), "clew plugins: error: unknown option --optoins (did you mean --options?)"),
        (("plugins", "flask"), "clew plugins: error: unknown argument flask"),
        (("doctor", "--jsn"), "clew doctor: error: unknown option --jsn (did you mean --json?)"),
    ],
)
def test_an_unknown_option_is_told_with_the_nearest(plain: Any, line: tuple[str, ...], complaint: str) -> None:
    process = plain(sys.executable, "-m", "clew_cli", *line)
    assert (process.returncode, process.stderr.splitlines()[-1]) == (2, complaint)


def test_the_list_of_plugins_says_what_is_watched_and_why_one_is_off(
    plain: Any, toy: Path, distribution: Callable[..., Path]
) -> None:
    """On; library not installed; too old; cannot be imported."""
    environment = {"PYTHONPATH": str(toy)}
    (toy / "toylib-1.4.dist-info").mkdir()
    (toy / "toylib-1.4.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: toylib\nVersion: 1.4\n")
    assert listed(plain, environment) == {
        "plugin": "clew-toy",
        "version": "1.0",
        "watches": "toylib",
        "versions": ">=1.0",
        "installed": "1.4",
        "on": True,
        "why_off": "",
    }
    (toy / "clew_toy.py").write_text(PLUGIN.replace("1.0", "1.10"))
    assert listed(plain, environment)["why_off"] == "toylib 1.4 is older than >=1.10"
    (toy / "clew_toy.py").write_text("raise ValueError('broken')")
    assert listed(plain, environment)["why_off"] == "it cannot be imported, ValueError: broken"
    (toy / "toylib.py").unlink()
    assert listed(plain, environment)["why_off"] == "toylib is not installed"


def test_the_list_reads_the_table_of_the_project(plain: Any, toy: Path, tmp_path: Path) -> None:
    """What `clew run` would do here is what the list shows."""
    (tmp_path / "pyproject.toml").write_text('[tool.clew]\nplugins-disabled = ["toylib"]\n')
    row = listed(plain, {"PYTHONPATH": str(toy)})
    assert row["why_off"] == "switched off by CLEW_PLUGINS_DISABLED"


def test_subcommands_of_other_distributions_are_found(plain: Any, distribution: Callable[..., Path]) -> None:
    """Entry point group clew_command: the function gets the words after its name, its result is the status."""
    tool = distribution(
        "clew-tool",
        "[clew_command]\ngreet = clew_tool:main\n",
        clew_tool="def main(argv):\n    print(argv)\n    return 7",
    )
    process = plain(sys.executable, "-m", "clew_cli", "greet", "--a", "b", env={"PYTHONPATH": str(tool)})
    assert (process.stdout, process.returncode) == ("['--a', 'b']\n", 7)
    unknown = plain(sys.executable, "-m", "clew_cli", "gret", env={"PYTHONPATH": str(tool)})
    assert (unknown.stderr, unknown.returncode) == (
        "clew: there is no subcommand gret (did you mean greet?), see clew --help\n",
        2,
    )


INSTRUMENTOR = "class Instrumentor:\n    def instrument(self): print('theirs', flush=True)\n"


@pytest.mark.parametrize("both", [False, True])
def test_a_library_without_a_plugin_is_followed_by_the_incumbents_instrumentor(
    clew: Any, toy: Path, distribution: Callable[..., Path], both: bool
) -> None:
    """Never both for one library; and not where it is switched off."""
    library = "toylib" if both else "otherlib"
    theirs = distribution(
        "contrib-toy",
        f"[opentelemetry_instrumentor]\n{library} = contrib_toy:Instrumentor\n",
        contrib_toy=INSTRUMENTOR,
        otherlib="print('other')",
    )
    environment = {"PYTHONPATH": f"{theirs}:{toy}"}
    code = "import toylib, otherlib"
    expected = ["library", "enabled", "other"]
    process = clew("-c", code, env=environment)
    assert (process.stdout.split(), process.stderr) == (expected if both else [*expected, "theirs"], "")
    off = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": library, "CLEW_PLUGINS_DISABLED": "toylib"}
    assert clew("-c", code, env={**environment, **off}).stdout.split() == ["library", "other"]


def test_every_plugin_package_is_an_extra_and_part_of_all() -> None:
    """pip install clew[flask], clew[all]."""
    packages = Path(__file__).parents[2]
    with_plugin = {
        path.parent.name
        for path in packages.glob("*/pyproject.toml")
        if "entry-points.clew_plugin]" in path.read_text()
    }
    project = parse((packages / "cli" / "pyproject.toml").read_bytes())["project"]
    extras = project["optional-dependencies"]
    assert {name for name in extras if f"clew-{name}" in extras[name]} == {*with_plugin, "viewer"}
    (everything,) = extras["all"]
    assert set(re.findall(r"[\w-]+", everything.partition("[")[2])) == {*with_plugin, "viewer"}
    assert project["scripts"] == {"clew": "clew_cli:main"}
