"""Every Python process below the command is followed, and none that was given another environment."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHILD = (
    "import json, os, sys; print(json.dumps(['clew_cli.bootstrap' in sys.modules, os.environ.get('PYTHONPATH'),"
    " [p for p in sys.path if p.endswith('clew_cli/site')]]))"
)
SEEN_BY = {
    "inherited": "subprocess.run(child)",
    "copied, as the reloaders do": "subprocess.run(child, env=os.environ.copy())",
    "copied, by keyword of call": "subprocess.call(args=child, env={**os.environ, 'MORE': '1'})",
    "os.system": "os.system(shlex.join(child))",
    "os.execv": "os.execv(child[0], child)",
    "os.execve, as gunicorn does": "os.execvpe(child[0], child, os.environ.copy())",
    "os.spawnve": "os.spawnve(os.P_WAIT, child[0], child, dict(os.environ))",
    "os.posix_spawn": "os.waitpid(os.posix_spawn(child[0], child, os.environ), 0)",
    "asyncio": "asyncio.run(wait(child))",
    "fork": "os.waitpid(os.fork() or os.execv(child[0], child), 0)",
    "the grandchild": "subprocess.run([child[0], '-c', 'import subprocess; subprocess.run(%r)' % child])",
    "a shell's child": "subprocess.run(['sh', '-c', shlex.join(child)], env=os.environ.copy())",
}
START = f"""
import asyncio, os, shlex, subprocess, sys
child = [sys.executable, "-c", {CHILD!r}]
async def wait(child):
    process = await asyncio.create_subprocess_exec(*child, env=dict(os.environ))
    await process.wait()
"""


@pytest.mark.parametrize("path", [None, "/a:/b", ""])
@pytest.mark.parametrize("how", SEEN_BY)
def test_children_are_followed(clew: Any, how: str, path: str | None) -> None:
    """However they are started; each sees the PYTHONPATH that the person set."""
    environment = {} if path is None else {"PYTHONPATH": path}
    process = clew("-c", START + SEEN_BY[how], env=environment)
    assert process.stderr == ""
    assert json.loads(process.stdout) == [True, path, []]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ("os.environ['PYTHONPATH'] = '/set'", "/set"),
        ("os.environ.pop('PYTHONPATH')", None),
        ("os.putenv('PYTHONPATH', '/set')", "/set"),
    ],
)
def test_children_are_followed_after_a_change_of_pythonpath(clew: Any, change: str, path: str) -> None:
    """The child sees the change, and clew is there all the same."""
    process = clew("-c", f"{START}{change}\nsubprocess.run(child)", env={"PYTHONPATH": "/a"})
    assert json.loads(process.stdout) == [True, path, []]


@pytest.mark.parametrize(
    "start",
    [
        "subprocess.run(child, env={})",
        "subprocess.run(child, env={'PYTHONPATH': '/a'})",
        "os.execve(child[0], child, {})",
        "os.environ.clear(); subprocess.run(child)",
        "os.environ.pop('CLEW_RUN'); subprocess.run(child)",
    ],
)
def test_an_environment_without_our_mark_stays_as_it_is(clew: Any, start: str) -> None:
    """Nobody gets an environment that the caller did not give."""
    process = clew("-c", START + start)
    followed, path, folders = json.loads(process.stdout)
    assert (followed, folders) == (False, [])
    assert path == ("/a" if "/a" in start else None)


def test_an_empty_environment_reaches_the_child_empty(clew: Any) -> None:
    """Not one variable is added."""
    process = clew("-c", "import subprocess; subprocess.run(['/usr/bin/env'], env={})")
    assert process.stdout == ""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_multiprocessing_children_are_followed(clew: Any, tmp_path: Path, method: str) -> None:
    """They are started by the interpreter's own fork_exec, with the C environment."""
    (tmp_path / "job.py").write_text(
        "import multiprocessing, sys\n"
        "def work(): print('clew_cli.bootstrap' in sys.modules, flush=True)\n"
        "if __name__ == '__main__':\n"
        f"    process = multiprocessing.get_context({method!r}).Process(target=work)\n"
        "    process.start(); process.join(); sys.exit(process.exitcode)\n"
    )
    process = clew("job.py")
    assert (process.stdout, process.returncode) == ("True\n", 0)


def test_a_python_without_clew_says_so_once_and_runs(clew: Any, tmp_path: Path) -> None:
    """Another environment's interpreter: one line for it and all processes below it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "other"], check=True)
    other = tmp_path / "other" / "bin" / "python"
    code = (
        "import subprocess, sys; print('ran'); sys.stdout.flush(); subprocess.run([sys.executable, '-c', 'print(1)'])"
    )
    process = clew(other, "-c", code)
    assert (process.stdout, process.returncode) == ("ran\n1\n", 0)
    assert len(process.stderr.splitlines()) == 1
    assert f"{other} runs without clew" in process.stderr


def test_below_a_python_without_clew_a_python_with_clew_is_followed(clew: Any, tmp_path: Path) -> None:
    """Tools such as process managers live in environments of their own."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "other"], check=True)
    other = tmp_path / "other" / "bin" / "python"
    process = clew(other, "-c", f"import subprocess; subprocess.run({[sys.executable, '-c', CHILD]!r})")
    assert json.loads(process.stdout) == [True, None, []]


@pytest.mark.parametrize("name", ["python2.7", "python3.6", "python3.8", "python3.9"])
def test_a_python_that_is_too_old_is_left_alone(clew: Any, plain: Any, name: str) -> None:
    """The file that starts clew is valid in every Python that may meet it."""
    if not shutil.which(name) or plain(name, "-c", "pass").returncode:
        pytest.skip(f"there is no {name}")
    code = "import os, sys; print(os.environ.get('PYTHONPATH'), len(sys.path))"
    with_clew, without = clew(name, "-c", code), plain(name, "-c", code)
    assert (with_clew.stdout, with_clew.returncode) == (without.stdout, 0)
    assert with_clew.stderr.count("\n") == 1
