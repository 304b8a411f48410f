"""Runs nox, from a private environment in .nox/ when this Python has none; needs the standard library alone."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".nox" / "nox"
OLDEST_NOX = (2025, 2, 9)  # the first with nox.project.dependency_groups
NEEDS = ("nox>={}.{:02}.{:02}".format(*OLDEST_NOX), "uv>=0.6")


def run(arguments: list[str]) -> NoReturn:
    """Becomes `nox ARGUMENTS` with this repository's noxfile."""
    python = Path(sys.executable) if _has_nox() else _private_python()
    os.chdir(ROOT)
    # nox looks for uv on PATH, where a private environment's programs are not.
    os.environ["PATH"] = os.pathsep.join([str(python.parent), os.environ.get("PATH", os.defpath)])
    os.execv(python, [str(python), "-m", "nox", "-f", str(ROOT / "noxfile.py"), *arguments])


def _has_nox() -> bool:
    try:
        found = importlib.metadata.version("nox")
    except importlib.metadata.PackageNotFoundError:
        return False
    return tuple(int(part) for part in found.split(".")[:3] if part.isdigit()) >= OLDEST_NOX


def _private_python() -> Path:
    """The interpreter of .nox/nox, made anew when it is missing, broken, or of another Python version."""
    python = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not _answers(python, f"import sys, nox; assert sys.version_info[:2] == {sys.version_info[:2]}"):
        sys.stderr.write("Making a private environment for nox in .nox/nox (once) ...\n")
        shutil.rmtree(HOME, ignore_errors=True)
        _make_environment(python)
    return python


def _answers(python: Path, program: str) -> bool:
    return python.exists() and subprocess.run([python, "-c", program], capture_output=True).returncode == 0


def _make_environment(python: Path) -> None:
    pip: list[str]
    if _quietly([sys.executable, "-m", "venv", str(HOME)]):
        pip = [str(python), "-m", "pip"]
    elif _quietly([sys.executable, "-m", "venv", "--clear", "--without-pip", str(HOME)]):
        pip = [sys.executable, "-m", "pip", "--python", str(HOME)]
    else:
        sys.exit("noxfile.py: this Python has no venv module: install your system's python3-venv package, or nox.")
    quiet = ["--quiet", "--disable-pip-version-check"]
    if not _answers(Path(sys.executable) if "--python" in pip else python, "import pip"):
        sys.exit("noxfile.py: this Python has neither ensurepip nor pip: install python3-venv or python3-pip, or nox.")
    if subprocess.run([*pip, "install", *quiet, *NEEDS]).returncode != 0:
        shutil.rmtree(HOME, ignore_errors=True)
        sys.exit("noxfile.py: pip could not install nox and uv (its reason is above).")


def _quietly(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0
