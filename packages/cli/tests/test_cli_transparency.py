"""The application cannot tell whether clew started it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROBE = """
import json, os, sys
main = sys.modules["__main__"]
print(json.dumps({
    "path": sys.path, "argv": sys.argv, "orig_argv": sys.orig_argv[1:], "flags": repr(sys.flags),
    "executable": sys.executable, "prefix": sys.prefix, "cwd": os.getcwd(),
    "environ": {k: v for k, v in os.environ.items() if not k.startswith(("CLEW_", "OTEL_"))},
    "main": {k: str(getattr(main, k, None)) for k in ("__name__", "__file__", "__package__", "__doc__", "__cached__")},
    "main_spec": getattr(main.__spec__, "name", None), "loader": type(main.__loader__).__name__,
    "caches": [path for path in sys.path_importer_cache if path.endswith("clew_cli/site")],
    "sitecustomize": "sitecustomize" in sys.modules,
}))
"""


def seen(process: subprocess.CompletedProcess[str]) -> Any:
    assert process.stderr == ""
    assert process.returncode == 0
    return json.loads(process.stdout)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    package = tmp_path / "shop"
    package.mkdir()
    for path in (tmp_path / "script.py", tmp_path / "single.py", package / "web.py", package / "__main__.py"):
        path.write_text(PROBE)
    (package / "__init__.py").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    "words", [("script.py",), ("-m", "shop.web"), ("-m", "shop"), ("-c", PROBE)], ids=["script", "-m", "package", "-c"]
)
def test_python_targets_see_what_they_see_without_clew(plain: Any, clew: Any, project: Path, words: Any) -> None:
    """sys.path, sys.argv, os.environ, flags, __main__ and the import caches are equal."""
    words = (*words, "--service-name", "x", "--help", "--", "-m")
    assert seen(clew(*words)) == seen(plain(sys.executable, *words))


def test_a_python_command_sees_what_it_sees_without_clew(plain: Any, clew: Any, project: Path) -> None:
    """`clew run python -u script.py` keeps the interpreter's own options."""
    command = (sys.executable, "-u", "-X", "dev", "script.py", "a b")
    assert seen(clew(*command)) == seen(plain(*command))


@pytest.mark.parametrize("path", ["/a:/b", "", "/a", ":/a", "/a:"])
def test_pythonpath_is_what_the_person_set(plain: Any, clew: Any, project: Path, path: str) -> None:
    """Also when it is empty, or has empty entries."""
    environment = {"PYTHONPATH": path}
    command = (sys.executable, "script.py")
    # clew itself may not need the variable: it is installed in this environment
    assert seen(clew(*command, env=environment)) == seen(plain(*command, env=environment))


@pytest.mark.parametrize("path", [None, "/a", ""])
@pytest.mark.parametrize("line", ["/x:$PYTHONPATH", "$PYTHONPATH:/x", "/x:$PYTHONPATH:/y"])
def test_shell_scripts_may_extend_pythonpath(plain: Any, clew: Any, project: Path, line: str, path: str | None) -> None:
    """What a shell script makes of PYTHONPATH is, for Python, what it would be without clew."""
    command = ("sh", "-c", f'PYTHONPATH="{line}" exec "{sys.executable}" script.py')
    environment = {} if path is None else {"PYTHONPATH": path}
    assert seen(clew(*command, env=environment)) == seen(plain(*command, env=environment))


def test_console_scripts_are_found_on_the_path_and_beside_clew(clew: Any, tmp_path: Path) -> None:
    """An executable on PATH is started; so is one of clew's own environment that is not activated."""
    folder = tmp_path / "bin"
    folder.mkdir()
    tool = folder / "tool"
    tool.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv)\n")
    tool.chmod(0o755)
    found = clew("tool", "--help", env={"PATH": f"{folder}:/usr/bin:/bin"})
    assert found.stdout == f"['{tool}', '--help']\n"
    sibling = clew("clew", "--version", env={"PATH": "/usr/bin:/bin"})
    assert sibling.stdout.startswith("clew ")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("pass", 0),
        ("raise SystemExit(3)", 3),
        ("raise ValueError('x')", 1),
        ("raise SystemExit('text')", 1),
        ("import os; os._exit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    ],
)
def test_the_exit_status_and_the_output_are_those_of_the_command(plain: Any, clew: Any, code: str, status: int) -> None:
    """Clean exits, exceptions, texts and signals."""
    with_clew, without = clew("-c", code), plain(sys.executable, "-c", code)
    assert with_clew.returncode == without.returncode == status
    assert (with_clew.stdout, with_clew.stderr) == (without.stdout, without.stderr)


def test_stdin_and_stdout_are_passed_through(clew: Any) -> None:
    """The command reads and writes the very streams of clew."""
    copied = clew("-c", "import sys; sys.stdout.write(sys.stdin.read().upper())", input="a\nb")
    assert copied.stdout == "A\nB"


def test_sigpipe_ends_the_command_as_without_clew(plain: Any, clew: Any) -> None:
    """Python ignores SIGPIPE, and what is ignored stays ignored after exec: clew has to undo it."""
    command = ("sh", "-c", "kill -s PIPE $$; echo survived")
    with_clew, without = clew(*command), plain(*command)
    assert (with_clew.stdout, with_clew.returncode) == (without.stdout, without.returncode) == ("", -signal.SIGPIPE)


def test_ctrl_c_reaches_the_command(clew: Any, tmp_path: Path) -> None:
    """The command has clew's process ID, handles SIGINT itself, and its exit status is seen."""
    code = (
        "import time\n"
        "try: print('ready', flush=True); time.sleep(60)\n"
        "except KeyboardInterrupt: print('interrupted'); raise SystemExit(5)"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "clew_cli", "run", "-c", code], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (rest, process.returncode) == ("interrupted\n", 5)


@pytest.mark.parametrize("text", ["print('theirs')", "raise ValueError('theirs')", "import nothing_of_this_name", None])
def test_the_persons_own_sitecustomize_runs_once(plain: Any, clew: Any, tmp_path: Path, text: str | None) -> None:
    """It runs under its name; one that raises is reported as Python does it; none is fine."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    if text is not None:
        (folder / "sitecustomize.py").write_text(text)
    command = (
        sys.executable,
        "-c",
        "import sys; m = sys.modules.get('sitecustomize'); print(getattr(m, '__file__', m))",
    )
    environment = {"PYTHONPATH": str(folder)}
    with_clew, without = clew(*command, env=environment), plain(*command, env=environment)
    # the launcher is a Python program, too, and its own start runs the file a first time
    launcher = plain(sys.executable, "-c", "pass", env=environment)
    assert with_clew.stdout == launcher.stdout + without.stdout
    assert with_clew.stderr == launcher.stderr + without.stderr


@pytest.mark.parametrize("command", ["no-such-command", "./no/such/path", "missing.py"])
def test_an_unknown_command_is_one_line_and_127(clew: Any, command: str) -> None:
    """As in a shell."""
    process = clew(command, "--flag")
    assert process.returncode == 127
    assert process.stderr == f"clew: {command}: command not found\n"


def test_a_file_that_is_not_executable_is_one_line_and_126(clew: Any, tmp_path: Path) -> None:
    """As in a shell."""
    (tmp_path / "data.txt").write_text("")
    process = clew("./data.txt")
    assert process.returncode == 126
    assert process.stderr == "clew: ./data.txt: not executable\n"


def test_a_script_without_interpreter_line_is_run_by_the_shell(clew: Any, tmp_path: Path) -> None:
    """As every shell does it."""
    script = tmp_path / "start"
    script.write_text('echo "from the shell: $1"\n')
    script.chmod(0o755)
    assert clew("./start", "x").stdout == "from the shell: x\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "clew: there is no command to run"),
        (("--service-nam", "x", "true"), "clew: unknown option --service-nam (did you mean --service-name?)"),
        (("--endpoint",), "clew: --endpoint needs a value"),
        (("--strict=yes", "true"), "clew: --strict takes no value"),
    ],
)
def test_a_wrong_line_is_explained_with_status_2(clew: Any, words: tuple[str, ...], line: str) -> None:
    """Usage and one line that says what is wrong."""
    process = clew(*words)
    assert process.returncode == 2
    assert process.stderr.splitlines() == ["usage: clew run [options] COMMAND [ARG...]", line]


def test_isolated_interpreters_are_not_followed_and_not_disturbed(plain: Any, clew: Any, project: Path) -> None:
    """-I asks Python to ignore the environment, and that includes clew."""
    command = (sys.executable, "-I", "script.py")
    with_clew, without = seen(clew(*command)), seen(plain(*command))
    del with_clew["environ"], without["environ"]
    assert with_clew == without


def test_clew_in_clew_is_clew(plain: Any, clew: Any, project: Path) -> None:
    """Recursion changes nothing."""
    command = (sys.executable, "script.py")
    assert seen(clew(sys.executable, "-m", "clew_cli", "run", *command)) == seen(plain(*command))


def test_no_home_and_a_read_only_folder_are_fine(clew: Any, tmp_path: Path) -> None:
    """Nothing is written, nothing is looked up in the home folder."""
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    process = clew("-c", "print('ran')", cwd=folder, env={"HOME": "/nonexistent"})
    assert (process.stdout, process.stderr) == ("ran\n", "")
    assert list(folder.iterdir()) == []


def test_a_folder_that_was_removed_is_fine(clew: Any) -> None:
    """A command that needs no current folder starts in one that is gone."""
    code = f'd=$(mktemp -d); cd "$d"; rmdir "$d"; exec "{sys.executable}" -m clew_cli run echo ran'
    process = clew("sh", "-c", code)
    assert (process.stdout, process.returncode) == ("ran\n", 0)
