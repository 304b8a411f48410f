"""Finds the CPythons of this machine that clew supports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST, NEWEST = 10, 14
IDENTIFY = "import sys; print(sys.implementation.name, *sys.version_info[:2], sys.version_info.releaselevel)"


def found() -> dict[str, Path]:
    """The newest usable interpreter of each supported version: {"3.10": Path(".../python3.10"), ...}."""
    pythons = {}
    for minor in range(OLDEST, NEWEST + 1):
        for candidate in _candidates(minor):
            if _is_cpython(candidate, minor):
                pythons[f"3.{minor}"] = candidate
                break
    return pythons


def _candidates(minor: int) -> list[Path]:
    candidates = [Path(sys.executable)]
    if on_path := shutil.which(f"python3.{minor}"):
        candidates.append(Path(on_path))
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for folder in (pyenv / "versions", Path(sys.base_prefix).parent):  # the second holds even where HOME is a new one
        versions = sorted(folder.glob(f"3.{minor}.*"), key=_patch_level, reverse=True)
        candidates += [version / "bin" / f"python3.{minor}" for version in versions]
    return candidates


def _patch_level(version: Path) -> int:
    patch = version.name.split(".")[2]
    return int(patch) if patch.isdigit() else -1


def _is_cpython(python: Path, minor: int) -> bool:
    # pyenv's shims are on PATH also for versions that nobody switched on: only asking the program tells.
    if not python.is_file():
        return False
    answer = subprocess.run([python, "-c", IDENTIFY], capture_output=True, text=True)
    return answer.stdout.split() == ["cpython", "3", str(minor), "final"]


if __name__ == "__main__":
    for version, python in found().items():
        print(version, python)
