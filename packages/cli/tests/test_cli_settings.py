"""Options win over the environment, the environment over [tool.clew], that over what clew finds out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from clew_cli.naming import name_service

SHOW = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith(('CLEW_', 'OTEL_'))}))"
TABLE = """
[project]
name = "from-project"

[tool.clew]
service-name = "from-table"
service-version = "1-table"
environment = "env-table"
endpoint = "http://table:4318"
plugins-disabled = ["flask", "requests"]

[tool.clew.env]
OTEL_BSP_MAX_QUEUE_SIZE = 7
CLEW_LOG_FORMAT = "json"
OTEL_RESOURCE_ATTRIBUTES = "service.namespace=table"
"""


def settings(process: Any) -> dict[str, str]:
    assert process.returncode == 0
    found: dict[str, str] = json.loads(process.stdout)
    found.pop("CLEW_RUN")
    return found


def test_the_table_of_the_project_counts_where_nothing_else_is_said(clew: Any, tmp_path: Path) -> None:
    """The nearest pyproject.toml above the current folder."""
    (tmp_path / "pyproject.toml").write_text(TABLE)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert settings(clew("-c", SHOW, cwd=below)) == {
        "OTEL_SERVICE_NAME": "from-table",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://table:4318",
        "OTEL_RESOURCE_ATTRIBUTES": "service.namespace=table,service.version=1-table,"
        "deployment.environment.name=env-table",
        "CLEW_PLUGINS_DISABLED": "flask,requests",
        "OTEL_BSP_MAX_QUEUE_SIZE": "7",
        "CLEW_LOG_FORMAT": "json",
    }


def test_the_environment_wins_over_the_table(clew: Any, tmp_path: Path) -> None:
    """Variable by variable, attribute by attribute."""
    (tmp_path / "pyproject.toml").write_text(TABLE)
    environment = {
        "OTEL_RESOURCE_ATTRIBUTES": "service.name=from-env,deployment.environment.name=env-env",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://env:4318",
        "CLEW_PLUGINS_DISABLED": "",
        "OTEL_BSP_MAX_QUEUE_SIZE": "9",
    }
    found = settings(clew("-c", SHOW, env=environment))
    assert found["OTEL_RESOURCE_ATTRIBUTES"] == (
        "service.name=from-env,deployment.environment.name=env-env,service.namespace=table,service.version=1-table"
    )
    assert "OTEL_SERVICE_NAME" not in found  # it would win over service.name
    assert found["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://env:4318"
    assert found["OTEL_BSP_MAX_QUEUE_SIZE"] == "9"
    assert found["CLEW_PLUGINS_DISABLED"] == "flask,requests"  # an empty variable is one that is not set


def test_options_win_over_everything(clew: Any, tmp_path: Path) -> None:
    """With = or as a word of their own."""
    (tmp_path / "pyproject.toml").write_text(TABLE)
    environment = {
        "OTEL_SERVICE_NAME": "from-env",
        "OTEL_RESOURCE_ATTRIBUTES": "service.version=env,deployment.environment.name=env",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://env:1/v1/traces",
    }
    options = (
        "--service-name",
        "mine",
        "--endpoint=http://mine:4318",
        "--service-version",
        "2",
        "--environment=a b,c=ü",
    )
    found = settings(clew(*options, "--strict", "-c", SHOW, env=environment))
    assert found["OTEL_SERVICE_NAME"] == "mine"
    assert found["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://mine:4318"
    assert "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" not in found
    assert found["OTEL_RESOURCE_ATTRIBUTES"] == (
        "service.version=2,deployment.environment.name=a%20b%2Cc%3D%C3%BC,service.namespace=table"
    )
    assert found["CLEW_STRICT"] == "true"


def test_nothing_is_set_but_a_name_where_nothing_is_said(clew: Any) -> None:
    """Defaults are the pipeline's business."""
    assert settings(clew("-c", SHOW)) == {"OTEL_SERVICE_NAME": "python"}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('[tool.clew]\nservcie-name = "x"', ["unknown key servcie-name in [tool.clew]", "did you mean service-name?"]),
        ("[tool.clew]\nservice-name = 3", ["service-name in [tool.clew] has to be a string"]),
        ("[tool.clew]\nstrict = 'yes'", ["strict in [tool.clew] has to be true or false"]),
        ("[tool.clew]\nplugins-disabled = 'flask'", ["plugins-disabled in [tool.clew] has to be a list of names"]),
        ("[tool.clew.env]\nPATH = 'x'", ["PATH in [tool.clew.env] is neither OTEL_* nor CLEW_*"]),
        ("[tool.clew\nx = ", ["cannot be read"]),
        ("[tool.clew]\nx = '\udcff'", ["cannot be read"]),
    ],
)
def test_a_mistake_in_the_table_is_one_line_that_names_it(
    clew: Any, tmp_path: Path, table: str, words: list[str]
) -> None:
    """The application runs; in strict mode the status is 2 and it does not."""
    file = tmp_path / "pyproject.toml"
    file.write_bytes(table.encode("utf-8", "surrogateescape"))
    process = clew("-c", "print('ran')")
    assert (process.stdout, process.returncode) == ("ran\n", 0)
    assert process.stderr.count("\n") == 1
    for word in [str(file), *words]:
        assert word in process.stderr
    strict = clew("--strict", "-c", "print('ran')")
    assert (strict.stdout, strict.returncode) == ("", 2)


NONSENSE = {
    "OTEL_BSP_SCHEDULE_DELAY": "soon",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://x",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization: hunter2",
    "OTEL_TRACES_SAMPLER": "sometimes",
    "CLEW_LOG_FORMAT": "xml",
    "CLEW_TRUST_INCOMING": "hunter2",
    "CLEW_REQUEST_ID_HAEDER": "X-Id",
}


def test_nonsense_in_the_environment_is_one_line_for_each_variable_and_the_application_runs(clew: Any) -> None:
    code = "import clew_sdk; clew_sdk.install(); from clew import settings; settings.current(); print('ran')"
    process = clew("-c", code, env=NONSENSE)
    assert (process.stdout, process.returncode) == ("ran\n", 0)
    for name in NONSENSE:
        assert process.stderr.count(f"clew: {name} ") == 1
    assert "(did you mean CLEW_REQUEST_ID_HEADER?)" in process.stderr
    assert process.stderr.count("\n") == len(NONSENSE)
    assert "hunter2" not in process.stderr


def test_in_strict_mode_nonsense_refuses_to_start(clew: Any) -> None:
    process = clew("--strict", "-c", "print('ran')", env=NONSENSE)
    assert (process.stdout, process.returncode) == ("", 2)
    for name in NONSENSE:
        assert process.stderr.count(f"clew: {name} ") == 1
    assert process.stderr.count("\n") == len(NONSENSE)
    assert "hunter2" not in process.stderr


@pytest.mark.parametrize("where", ["environment", "table"])
def test_the_switch_for_everything_leaves_nothing_set(clew: Any, tmp_path: Path, where: str) -> None:
    """OTEL_SDK_DISABLED: no variable, no folder, no module of clew."""
    environment = {"OTEL_SDK_DISABLED": "True"} if where == "environment" else {}
    (tmp_path / "pyproject.toml").write_text(TABLE + ('OTEL_SDK_DISABLED = "true"\n' if where == "table" else ""))
    code = (
        "import json, os, sys; print(json.dumps([{k: v for k, v in os.environ.items() if k[:5] in ('CLEW_', 'OTEL_')},"
        " [m for m in sys.modules if m.startswith('clew')], os.environ.get('PYTHONPATH'), len(sys.meta_path)]))"
    )
    process = clew("--service-name", "x", "-c", code, env=environment)
    assert json.loads(process.stdout) == [environment, [], None, len(sys_meta_path_of_a_bare_python())]


def sys_meta_path_of_a_bare_python() -> list[str]:
    import subprocess

    code = "import sys; print('\\n'.join(map(str, sys.meta_path)))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_child_may_switch_everything_off_for_itself(clew: Any) -> None:
    """The variable counts in each process."""
    child = "import sys; print([m for m in sys.modules if m.startswith('clew')])"
    code = f"""import os, subprocess, sys
subprocess.run([sys.executable, '-c', {child!r}], env={{**os.environ, 'OTEL_SDK_DISABLED': 'true'}})"""
    assert clew("-c", code).stdout == "[]\n"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("gunicorn shop.app:app", "shop"),
        ("gunicorn -b 0.0.0.0:80 -k gevent shop:create()", "shop"),
        ("gunicorn -w 4 shop.wsgi", "shop"),
        ("/venv/bin/uvicorn --reload front:app --port 80", "front"),
        ("python -m uvicorn --host 0.0.0.0 front:app", "front"),
        ("flask --app x run --port 5000", "x"),
        ("flask --app=x.web:create run", "x"),
        ("flask run", "flask"),
        ("celery -A jobs.app worker", "jobs"),
        ("fastapi run stock.py", "stock"),
        ("-m shop.web", "shop.web"),
        ("-m gunicorn shop.app:app", "shop"),
        ("-c pass", "python"),
        ("script.py --app x:y", "script"),
        ("/somewhere/mysite/manage.py runserver", "mysite"),
        ("python3.11 -X dev -u folder/script.py", "script"),
        ("python -m shop.web", "shop.web"),
        ("python", "python"),
        ("ls -l a:b", "ls"),
    ],
)
def test_a_service_that_nobody_named_gets_the_name_of_its_application(words: str, name: str) -> None:
    """Never unknown_service."""
    assert name_service(words.split(" ")) == name


@pytest.mark.parametrize("table", ["project", "tool.poetry"])
def test_inside_a_project_the_service_has_the_name_of_the_project(clew: Any, tmp_path: Path, table: str) -> None:
    """Unless the command is a script that lies somewhere else."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(f'[build-system]\nname = "no"\n[{table}] # x\nname = "the-shop" # y\n')
    (project / "inside.py").write_text(SHOW)
    (tmp_path / "outside.py").write_text(SHOW)
    assert settings(clew("inside.py", cwd=project))["OTEL_SERVICE_NAME"] == "the-shop"
    assert settings(clew("-c", SHOW, cwd=project))["OTEL_SERVICE_NAME"] == "the-shop"
    assert settings(clew("../outside.py", cwd=project))["OTEL_SERVICE_NAME"] == "outside"
