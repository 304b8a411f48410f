"""What a developer or CI runs here: `nox -s NAME`, or `python3 noxfile.py -s NAME` where nothing is installed."""

import os
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
if __name__ == "__main__":
    runpy.run_path(str(ROOT / ".ci" / "private_nox.py"))["run"](sys.argv[1:])

import nox  # noqa: E402 - may be missing where this file is the program
from nox.project import dependency_groups, load_toml  # noqa: E402

PACKAGES = sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml"))
PYTHONS: dict[str, Path] = runpy.run_path(str(ROOT / "tests" / "servers" / "pythons.py"))["found"]()

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["tests", "lint", "types"]
# Version managers leave stand-ins on PATH for Pythons that are switched off: the real ones come first.
os.environ["PATH"] = os.pathsep.join([*dict.fromkeys(str(p.parent) for p in PYTHONS.values()), os.environ["PATH"]])
os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")  # the Pythons of this machine, none from elsewhere
if "PIP_INDEX_URL" in os.environ:  # uv does not read pip's settings
    os.environ.setdefault("UV_DEFAULT_INDEX", os.environ["PIP_INDEX_URL"])


def versions(package: Path, which: str) -> list[str]:
    """The `oldest` or `newest` versions of its library that a package says it is tested with; or the packages of ours
    that its tests want installed `beside` it."""
    tool = load_toml(package / "pyproject.toml").get("tool", {})
    return list(tool.get("clew-versions", {}).get(which, []))


def tools() -> list[str]:
    """What everybody who works here needs: the workspace's group `dev`."""
    return list(dependency_groups(load_toml(ROOT / "pyproject.toml"), "dev"))


FOR_FAULTS = ("gevent", "celery", "pyuwsgi")  # servers and workers that no plugin's tests need
#: A file's tests stay together, as they share servers and patched libraries.
PARALLEL = ("-n", "auto", "--dist", "loadfile")
OLDEST = [nox.param(path, id=path.name) for path in PACKAGES if versions(path, "oldest")]


@nox.session
def demo(session: nox.Session) -> None:
    """Three services, one load, every trace as a tree (`-- --stack`: also in Jaeger and Prometheus)."""
    install(session, *shop())
    run_until_interrupted(session, "python", "examples/demo.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests but the faults, on the Python that runs nox."""
    install(session, *for_tests())
    session.run("pytest", *PARALLEL, "--ignore=tests/faults", *session.posargs)


@nox.session(python=list(PYTHONS))
def matrix(session: nox.Session) -> None:
    """The tests that a Python version can change, on every CPython found here, recorded by our own SDK."""
    install(session, *for_tests())
    over = {"CLEW_TEST_OVER": "clew-sdk"}  # the session `tests` records by the official one
    session.run("pytest", *PARALLEL, "--ignore=tests/faults", "-m", "not once", *session.posargs, env=over)


@nox.session
def faults(session: nox.Session) -> None:
    """What goes wrong around an agent (`-- --under contrib`: around the incumbent; `--write`: keep the results)."""
    install(session, *for_tests(), *FOR_FAULTS)
    under_another = "--under" in session.posargs  # whose failures are the result, not an error
    paths = ["tests/faults"] if under_another else ["tests/faults", "tests/test_uwsgi.py"]
    session.run("pytest", *paths, *session.posargs, success_codes=[0, 1] if under_another else [0])


@nox.session
def host_suites(session: nox.Session) -> None:
    """The libraries' own tests, without clew and with it (`-- NAME ...`; `--write`: keep the results)."""
    session.install(*tools(), "pip")
    session.run("python", "-m", "host_suites", *session.posargs, env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session
def cassandra(session: nox.Session) -> None:
    """The plugin for Cassandra against a real one, which takes half a minute to start."""
    install(session, *for_tests())
    session.run("pytest", "packages/cassandra", *session.posargs, env={"CLEW_TEST_CASSANDRA": "1"})


@nox.session
def soak(session: nox.Session) -> None:
    """Minutes at a high rate while the collector goes through its faults (`-- 600`: the seconds)."""
    install(session, *for_tests(), *FOR_FAULTS)
    session.run("python", "-m", "faults.soak", *session.posargs, env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session
@nox.parametrize("package", OLDEST)
def oldest(session: nox.Session, package: Path) -> None:
    """A plugin's own tests with the oldest library versions that it states."""
    # All packages would take longer to install than the tests run; what tests only import is on the path.
    needs = load_toml(package / "pyproject.toml")["project"]["dependencies"]
    beneath = [need.removeprefix("clew-") for need in needs if need.startswith("clew-")]
    names = dict.fromkeys(["core", "sdk", "cli", "threads", *beneath, *versions(package, "beside"), package.name])
    editable = [argument for name in names for argument in ("-e", f"packages/{name}")]
    session.install(*editable, *tools(), *versions(package, "oldest"))
    sources = os.pathsep.join(str(other / "src") for other in PACKAGES)
    session.run("pytest", str(package), *session.posargs, env={"PYTHONPATH": sources})


@nox.session
def lint(session: nox.Session) -> None:
    """The style that every file keeps."""
    session.install(*tools())
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """mypy --strict over all packages in one run."""
    install(session, *for_tests())
    sources = [str(package / "src") for package in PACKAGES]
    session.run("mypy", *sources, *session.posargs, env={"MYPYPATH": os.pathsep.join(sources)})


@nox.session
def house(session: nox.Session) -> None:
    """The rules of the house alone."""
    install(session, *for_tests())
    session.run("pytest", "tests/test_house.py", *session.posargs)


@nox.session
def semconv(session: nox.Session) -> None:
    """Everything that the shop emits against the semantic conventions."""
    install(session, *for_tests())
    session.run("pytest", "tests/test_end_to_end.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The pages that are generated from the code."""
    install(session, *for_tests())
    session.run("python", "docs/generate.py", *session.posargs)


@nox.session(python=False)
def bench(session: nox.Session) -> None:
    """What a request costs with clew and with the incumbent, in the same run (each in an environment of its own)."""
    session.run(sys.executable, "benchmarks/run.py", *session.posargs)


@nox.session
def instructions(session: nox.Session) -> None:
    """Fails when a request takes more instructions than it may; needs valgrind."""
    install(session, *for_tests())
    session.run("python", "benchmarks/instructions.py", *session.posargs)


@nox.session(python=False)
def stack(session: nox.Session) -> None:
    """Collector, Jaeger and Prometheus on loopback, until Ctrl-C."""
    run_until_interrupted(session, sys.executable, "-m", "servers.stack", env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session
def wheels(session: nox.Session) -> None:
    """Every wheel and source distribution, in dist/."""
    session.install("uv")
    session.run("uv", "build", "--all-packages", "--out-dir", "dist", *session.posargs)


def install(session: nox.Session, *others: str) -> None:
    """All packages at once, editable: they depend on each other, and no index has these versions."""
    editable = [argument for package in PACKAGES for argument in ("-e", str(package))]
    session.install(*editable, *others)


def for_tests() -> list[str]:
    """What the tests need beside the packages: tools, the newest of every library that has a plugin, the shop's."""
    libraries = [need for package in PACKAGES for need in versions(package, "newest")]
    return [*tools(), *libraries, *shop()]


def shop() -> list[str]:
    return ["-r", "examples/shop/requirements.txt"]


def run_until_interrupted(session: nox.Session, *command: str, env: dict[str, str] | None = None) -> None:
    """Leaves a command that stops servers on Ctrl-C the time for it."""
    session.run(*command, env=env, external=True, interrupt_timeout=15, terminate_timeout=5)
