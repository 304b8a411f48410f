"""What a stranger installs: wheels alone, the same bytes whenever they are built, and nothing heavy with them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from servers.sink import Sink
from servers.workspace import ROOT, packages

pytestmark = pytest.mark.once
APP = """
import threading, flask, requests
from werkzeug.serving import make_server
app = flask.Flask("shop")

@app.get("/items/<int:number>")
def item(number):
    return "ok"

server = make_server("127.0.0.1", 0, app)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(requests.get(f"http://127.0.0.1:{server.port}/items/7").status_code)
server.shutdown()
"""


def uv(*arguments: object, **environ: str) -> str:
    command = [sys.executable, "-m", "uv", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    for folder in (first, second):
        uv("build", "--all-packages", "--out-dir", folder, SOURCE_DATE_EPOCH="1700000000")
    return first, second


def test_two_builds_are_the_same_bytes(built: tuple[Path, Path]) -> None:
    first, second = (
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in one.iterdir()} for one in built
    )
    assert first == second
    kinds = [name for name in first if name.endswith((".whl", ".tar.gz"))]
    assert len(kinds) == 2 * len(list(packages()))


def test_a_wheel_starts_nothing_by_itself(built: tuple[Path, Path]) -> None:
    for wheel in built[0].glob("*.whl"):
        names = zipfile.ZipFile(wheel).namelist()
        assert not [name for name in names if name.endswith(".pth") or name.startswith("sitecustomize")], wheel.name
        assert any(name.endswith("/py.typed") for name in names), wheel.name


def test_an_application_is_followed_with_what_the_wheels_bring(built: tuple[Path, Path], tmp_path: Path) -> None:
    venv, script = tmp_path / "venv", tmp_path / "shop.py"
    script.write_text(APP)
    uv("venv", "-p", sys.executable, venv)
    wheels = [
        path
        for name in ("clew", "clew_flask", "clew_requests", "clew_core", "clew_sdk")
        for path in built[0].glob(f"{name}-*.whl")
    ]
    assert len(wheels) == 5
    uv("pip", "install", "-p", venv, *wheels, "flask", "requests")
    installed = uv("pip", "list", "-p", venv).lower()
    assert "grpcio" not in installed
    assert "protobuf" not in installed
    with Sink() as sink:
        environ = {"PATH": f"{venv}/bin:/usr/bin:/bin", "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url}
        done = subprocess.run(
            [venv / "bin" / "clew", "run", script], env=environ, capture_output=True, text=True, timeout=120
        )
        assert (done.returncode, done.stdout) == (0, "200\n"), done.stderr
        assert sorted(span.name for _, _, span in sink.spans) == ["GET", "GET /items/<int:number>"]
        assert {resource["service.name"] for resource, _, _ in sink.spans} == {"shop"}
