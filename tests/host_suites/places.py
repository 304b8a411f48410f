"""Where a suite runs: the unpacked source distribution, and an environment with its library, its needs, and clew."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from servers.workspace import ROOT

from host_suites.records import Suite

HOME = ROOT / ".cache" / "host-suites"
UV = [sys.executable, "-m", "uv"]
PACKAGES = sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml") if path.parent.name != "viewer")


class Unprepared(RuntimeError):
    """A suite whose source or environment cannot be had; the message says what failed."""


class Place(NamedTuple):
    """The folder that the tests run in, and the Python that runs them."""

    source: Path
    python: Path


def prepare(suite: Suite) -> Place:
    """A fresh copy of the source, and the environment, which is kept until what belongs in it changes."""
    folder = HOME / suite.name
    folder.mkdir(parents=True, exist_ok=True)
    return Place(_source(suite, folder), _environment(suite, folder / "environment"))


def _source(suite: Suite, folder: Path) -> Path:
    source = folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir()
    (source / "pytest.ini").touch()  # a suite without settings of its own does not find those of this repository
    if not suite.distribution:
        return source
    with tarfile.open(_archive(suite, folder)) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(source, filter="data")
        else:
            archive.extractall(source)
    (unpacked,) = (path for path in source.iterdir() if path.is_dir())
    for hidden in suite.hides:
        shutil.rmtree(unpacked / hidden)
    return unpacked


def _archive(suite: Suite, folder: Path) -> Path:
    kept = HOME / "archives" / f"{suite.distribution}-{suite.version}"
    if not list(kept.glob("*.tar.gz")):
        name = suite.distribution.partition("[")[0]
        # Of this one alone: what builds its metadata may be wheels.
        options = ["-q", "--no-deps", f"--no-binary={name}", "-d", str(kept)]
        _perform([sys.executable, "-m", "pip", "download", *options, f"{name}=={suite.version}"])
    return next(kept.glob("*.tar.gz"))


def _environment(suite: Suite, folder: Path) -> Path:
    python, stamp = folder / "bin" / "python", folder / "made-of.json"
    library = [f"{suite.distribution}=={suite.version}"] if suite.distribution else []
    wanted = ["pytest", *library, *suite.requires]
    ours = [str(_wheel(package)) for package in PACKAGES]
    made_of = json.dumps([sys.executable, sys.version, wanted, ours])
    if python.exists() and stamp.exists() and stamp.read_text() == made_of:
        return python
    _perform([*UV, "venv", "-q", "--clear", "--seed", "-p", sys.executable, str(folder)])
    _perform([*UV, "pip", "install", "-q", "-p", str(python), *ours, *wanted])
    stamp.write_text(made_of)
    return python


@cache
def _wheel(package: Path) -> Path:
    """Built anew when a file of the package is another; an editable install of each would be built in each environment."""
    files = [package / "pyproject.toml", *sorted(package.glob("src/**/*.py"))]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = HOME / "wheels" / f"{package.name}-{digest}"
    if not list(folder.glob("*.whl")):
        _perform([*UV, "build", "-q", "--wheel", "--out-dir", str(folder), str(package)])
    return next(folder.glob("*.whl"))


def _perform(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise Unprepared(f"{' '.join(command)}\nended with {done.returncode}:\n{last}")
