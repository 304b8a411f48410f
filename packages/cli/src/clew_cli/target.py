"""Finds the program behind the words of a command, and becomes it."""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class TargetError(Exception):
    """There is nothing to become; `status` is what a shell would exit with."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Target:
    """A program and what it is started with; `words` is the command as it was typed."""

    __slots__ = ("argv", "path", "words")

    def __init__(self, path: str, argv: list[str], words: list[str]) -> None:
        self.path, self.argv, self.words = path, argv, words


def find(words: list[str]) -> Target:
    """The program that a command names; raises TargetError with status 127 or 126."""
    first = words[0]
    if first in ("-m", "-c") or (first.endswith(".py") and os.path.isfile(first)):
        return Target(sys.executable, [sys.executable, *words], words)
    return Target(_search(first), list(words), words)


def become(target: Target, environment: dict[str, str]) -> "NoReturn":
    """Replaces this process; raises TargetError where the system refuses."""
    _restore_signals()
    try:
        try:
            os.execve(target.path, target.argv, environment)
        except OSError as error:
            if error.errno != 8:  # ENOEXEC: no first line that names an interpreter, so it is one for the shell
                raise
            os.execve("/bin/sh", ["sh", target.path, *target.argv[1:]], environment)
    except OSError as error:
        raise TargetError(126, f"{target.words[0]}: {error.strerror}") from error


def _search(name: str) -> str:
    if os.sep in name:
        candidates = [name]
    else:
        # Last our own folder, so that a console script of an environment that is not activated is found, too.
        folders = [*os.environ.get("PATH", os.defpath).split(os.pathsep), os.path.dirname(sys.executable)]
        candidates = [os.path.join(folder, name) for folder in folders]
    files = [path for path in candidates if os.path.isfile(path)]
    for path in files:
        if os.access(path, os.X_OK):
            return path
    if files:
        raise TargetError(126, f"{name}: not executable")
    raise TargetError(127, f"{name}: command not found")


def _restore_signals() -> None:
    # Python ignores these two at its start, and what is ignored stays ignored in the program that comes after exec.
    # The module `signal` would only add its enums, and their import.
    from _signal import SIG_DFL, SIGPIPE, SIGXFSZ, signal  # type: ignore[import-not-found]

    for number in (SIGPIPE, SIGXFSZ):
        signal(number, SIG_DFL)
