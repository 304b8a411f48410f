"""How the benchmarks run an agent as its documentation wants it, with applications that do not know of it."""

import importlib
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCHMARKS))

from harness.contenders import CONTENDERS, ELASTIC  # noqa: E402
from harness.processes import command_of  # noqa: E402

pytest.importorskip("wrapt", reason="wrapt comes with the agents whose launchers need it")


@pytest.fixture
def lines(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "launchers" / "common"))
    return importlib.import_module("lines")


def test_a_line_runs_for_each_new_object_once_it_is_made(lines, monkeypatch, tmp_path):
    (tmp_path / "bench_framework.py").write_text(
        "class Application:\n    def __init__(self, name):\n        self.name = name\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    seen: list[str] = []
    lines.add("bench_framework:Application", lambda application: seen.append(application.name))
    assert "bench_framework" not in sys.modules
    framework = importlib.import_module("bench_framework")
    framework.Application("a")
    framework.Application(name="b")
    assert seen == ["a", "b"]


def test_the_folders_of_launchers_that_a_contender_names_exist():
    named = [word for one in CONTENDERS for word in (*one.wrapper, *one.environment.values()) if "{launchers}" in word]
    folders = [part for word in named for part in word.removeprefix("PYTHONPATH=").split(":")]
    assert folders
    assert all(Path(folder.format(launchers=BENCHMARKS / "launchers")).is_dir() for folder in folders)


def test_elastic_finds_its_launcher_behind_its_own_command(tmp_path):
    (tmp_path / "elasticapm-run").touch()
    command = command_of(ELASTIC, tmp_path / "python", ["worker.py"])
    assert command[1] == "env"
    assert command[2].startswith(f"PYTHONPATH={BENCHMARKS}/launchers/elastic:")
    assert command[3:] == ["python", "worker.py"]
