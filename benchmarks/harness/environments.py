"""One virtual environment for each contender, made when it is first needed and whenever what belongs in it changes."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

from harness.contenders import BARE, LIBRARIES, Contender
from harness.errors import BenchmarkError
from harness.processes import HERE

PACKAGES = HERE.parent / "packages"
ENVIRONMENTS = HERE / ".venvs"
NOT_AN_AGENT = {"viewer"}  # receives telemetry; nobody installs it beside an application that is measured
FOR_PARTS = ("gunicorn", "pyperf")  # what parts/ runs in the environments, beside the applications
UNPINNED = ("opentelemetry-", "pip", "setuptools")


def python_of(contender: Contender, base: str = sys.executable) -> Path:
    """The interpreter of the contender's environment, which is made or renewed first if need be."""
    constraints = None if contender is BARE else pinned_libraries(base)
    return environment(contender.name, requirements(contender), base, constraints)


def requirements(contender: Contender) -> list[str]:
    workspace = [argument for folder in agent_packages() for argument in ("-e", str(folder))]
    return [*LIBRARIES, *FOR_PARTS, *contender.requirements, *(workspace if contender.workspace else [])]


def agent_packages() -> list[Path]:
    return [file.parent for file in sorted(PACKAGES.glob("*/pyproject.toml")) if file.parent.name not in NOT_AN_AGENT]


def pinned_libraries(base: str) -> Path:
    """A constraints file with what `bare` has installed, but for OpenTelemetry: FastAPI needs its API, of any version.

    A contender brings the version that its own packages were released with, and those lag behind the newest API.
    """
    pins = ENVIRONMENTS / "libraries.txt"
    python = python_of(BARE, base)
    if not pins.exists() or pins.stat().st_mtime < (python.parent.parent / "made-of.json").stat().st_mtime:
        found = versions(python).items()
        pins.write_text("".join(f"{name}=={version}\n" for name, version in found if not name.startswith(UNPINNED)))
    return pins


def versions(python: Path) -> dict[str, str]:
    script = "import json, importlib.metadata as m; print(json.dumps({d.name: d.version for d in m.distributions()}))"
    done = subprocess.run([python, "-I", "-c", script], capture_output=True, text=True, check=True)
    return dict(sorted(json.loads(done.stdout).items()))


def environment(name: str, wanted: list[str], base: str, constraints: Path | None = None) -> Path:
    folder = ENVIRONMENTS / name
    python = folder / "bin" / "python"
    stamp = folder / "made-of.json"
    made_of = json.dumps([base, "uv" if uv_command() else "pip", wanted, digest(constraints, wanted)])
    if python.exists() and stamp.exists() and stamp.read_text() == made_of:
        return python
    print(f"making the environment of {name} ...", file=sys.stderr)
    make(folder, base)
    install(python, wanted, constraints)
    remove_hooks(folder)
    link_editables(folder)
    stamp.write_text(made_of)
    return python


def digest(constraints: Path | None, wanted: list[str]) -> str:
    """Changes when a pin does, or the metadata (dependencies, entry points) of a package installed from its folder."""
    sums = hashlib.sha256()
    files = [Path(folder) / "pyproject.toml" for folder in wanted if folder.startswith("/")]
    for file in [*files, *([constraints] if constraints else [])]:
        sums.update(file.read_bytes())
    return sums.hexdigest()


def make(folder: Path, base: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    uv = uv_command()
    perform([*uv, "venv", "-q", "-p", base, str(folder)] if uv else [base, "-m", "venv", str(folder)])


def install(python: Path, wanted: list[str], constraints: Path | None) -> None:
    uv = uv_command()
    installer = [*uv, "pip", "install", "-q", "-p", str(python)] if uv else [str(python), "-m", "pip", "install", "-q"]
    perform([*installer, *(["-c", str(constraints)] if constraints else []), *wanted])


def remove_hooks(folder: Path) -> None:
    """Removes what setuptools and namespaces of its old kind would run whenever Python starts.

    The hook of setuptools makes every import that fails dearer; both load modules that a wrapper then has for nothing.
    """
    for pattern in ("distutils-precedence.pth", "*-nspkg.pth"):
        for hook in folder.glob(f"lib/python*/site-packages/{pattern}"):
            hook.unlink()


def link_editables(folder: Path) -> None:
    """Puts links into site-packages where editable installs have put folders on sys.path.

    Each further folder makes an import that fails dearer, and httpcore tries one several times in each request: with
    ten folders more that was 150 us, which nobody pays who installs from wheels.
    """
    for note in folder.glob("lib/python*/site-packages/*.pth"):
        source = Path(note.read_text().strip())
        if source.is_dir():
            for package in source.iterdir():
                if (package / "__init__.py").exists():
                    (note.parent / package.name).symlink_to(package)
            note.unlink()


def uv_command() -> list[str]:
    beside = Path(sys.executable).parent / "uv"
    if importlib.util.find_spec("uv"):
        return [sys.executable, "-m", "uv"]
    found = shutil.which("uv") or (str(beside) if beside.exists() else None)
    return [found] if found else []


def perform(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-15:])
        raise BenchmarkError(
            f"{' '.join(command)}\nended with {done.returncode}:\n{last}\n"
            f"An environment could not be made: is a package index reachable? To start afresh remove {ENVIRONMENTS}."
        )
