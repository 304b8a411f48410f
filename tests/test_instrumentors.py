"""For who comes from OpenTelemetry's own packages: their command finds our plugins, and every option has a name."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from clew import options
from clew.instrumentor import GROUP, Instrumentor
from clew.plugin import Plugin
from clew.testing.recording import configured

OURS = sorted((point for point in entry_points(group=GROUP) if point.value.startswith("clew_")), key=str)
PLUGINS = {point.name: point for point in entry_points(group="clew_plugin") if point.value.startswith("clew_")}
PROGRAM = """
import logging, sys
assert "flask" not in sys.modules
from clew.testing.recording import recording
record = recording()
import flask
app = flask.Flask("shop")
app.get("/items/<sku>")(lambda sku: sku)
assert app.test_client().get("/items/7").text == "7"
print([span.name for span in record.spans()])
print([name for name in ("clew_logging", "clew_flask") if __import__(name).plugin.is_enabled])
"""


@pytest.mark.parametrize("point", OURS, ids=lambda point: point.name)
def test_an_instrumentor_is_what_the_command_of_opentelemetry_expects(point: EntryPoint) -> None:
    kind = point.load()
    assert issubclass(kind, Instrumentor)
    assert issubclass(kind, BaseInstrumentor)
    assert kind() is kind()
    assert not kind().is_instrumented_by_opentelemetry
    assert list(kind().instrumentation_dependencies()) == []
    assert isinstance(kind.plugin, Plugin)


def test_a_plugin_that_names_its_instrumentor_has_registered_it() -> None:
    named = {plugin.instrumentor for plugin in map(loaded, PLUGINS) if plugin.instrumentor}
    assert {point.value.partition(":")[0] for point in OURS} == named


def test_the_command_of_opentelemetry_finds_them_and_never_both_for_one_library(tmp_path: Path) -> None:
    """Its own package for logging is installed here: it cannot be told to stay off, so ours does. (The line that says
    so goes wherever that package sends log lines, if it comes first.)"""
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [str(Path(sys.executable).with_name("opentelemetry-instrument")), sys.executable, "program.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, env=quiet_environment())
    assert done.stdout.splitlines() == ["['GET /items/<sku>']", "['clew_flask']"], done.stderr


def test_every_option_has_a_name_in_the_environment_that_no_other_has() -> None:
    seen: dict[str, tuple[str, str]] = {}
    for name in PLUGINS:
        for option in options.of(loaded(name)).values():
            assert option.variables
            for variable in option.variables:
                assert seen.setdefault(variable, (name, option.keyword)) == (name, option.keyword)
    without = {name for name in PLUGINS if not options.of(loaded(name))}
    assert {name for name in without if options.kinds(loaded(name)) & {"http.server", "http.client", "slow"}} == set()


def test_the_list_of_options_says_what_is_in_force() -> None:
    command = [sys.executable, "-m", "clew_cli", "plugins", "--options", "--json"]
    environment = {**quiet_environment(), "OTEL_PYTHON_FLASK_EXCLUDED_URLS": "/health"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    rows = {(row["plugin"], row["option"]): row for row in json.loads(done.stdout)}
    excluded = rows["clew-flask", "excluded_urls"]
    assert excluded["variables"] == ["CLEW_FLASK_EXCLUDED_URLS", "OTEL_PYTHON_FLASK_EXCLUDED_URLS"]
    assert excluded["value"] == "/health"
    assert rows["clew-psycopg", "slow_statement_ms"]["value"] == "500"
    assert {plugin for plugin, option in rows if option == "explain"} == {
        "clew-psycopg", "clew-psycopg2", "clew-pymysql", "clew-sqlite3"
    }  # fmt: skip
    assert {plugin for plugin, option in rows if option == "request_hook"} >= {"clew-django", "clew-redis"}


def test_a_variable_that_means_nothing_is_told_with_the_nearest(caplog: pytest.LogCaptureFixture) -> None:
    plugin = loaded("flask")
    with configured(CLEW_FLASK_EXCLUDED_URL="/health"), caplog.at_level(logging.WARNING, "clew"):
        plugin.enable()
        plugin.disable()
    assert caplog.messages == ["clew: CLEW_FLASK_EXCLUDED_URL is no setting; the nearest is CLEW_FLASK_EXCLUDED_URLS"]


@pytest.mark.parametrize("text", ["no.such:function", "json", "json:__doc__", "shop hook"])
def test_a_function_that_cannot_be_found_is_told_and_the_plugin_goes_on(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    plugin = loaded("flask")
    with configured(CLEW_FLASK_REQUEST_HOOK=text), caplog.at_level(logging.WARNING, "clew"):
        plugin.enable()
        enabled = plugin.is_enabled
        plugin.disable()
    assert enabled
    (line,) = caplog.messages
    assert line.startswith("clew: CLEW_FLASK_REQUEST_HOOK names ")
    assert line.endswith("; it is ignored")


#: What the packages of OpenTelemetry take (0.64b0), by entry point.
KEYWORDS = {
    "aiohttp-client": "request_hook response_hook url_filter trace_configs",
    "aiohttp-server": "middlewares",
    "django": "request_hook response_hook excluded_urls is_sql_commentor_enabled middleware_position",
    "elasticsearch": "request_hook response_hook",
    "falcon": "request_hook response_hook",
    "fastapi": "server_request_hook client_request_hook client_response_hook excluded_urls exclude_spans"
    " http_capture_headers_server_request http_capture_headers_server_response http_capture_headers_sanitize_fields",
    "flask": "request_hook response_hook excluded_urls enable_commenter commenter_options",
    "httpx": "request_hook response_hook async_request_hook async_response_hook",
    "logging": "set_logging_format logging_format log_level log_hook enable_log_auto_instrumentation"
    " inject_trace_context log_code_attributes log_handler_level",
    "mysql": "enable_commenter commenter_options enable_attribute_commenter",
    "mysqlclient": "enable_commenter commenter_options enable_attribute_commenter",
    "psycopg": "enable_commenter commenter_options enable_attribute_commenter capture_parameters",
    "psycopg2": "enable_commenter commenter_options enable_attribute_commenter capture_parameters",
    "pymongo": "request_hook response_hook failed_hook capture_statement",
    "pymysql": "enable_commenter commenter_options enable_attribute_commenter",
    "redis": "request_hook response_hook",
    "requests": "request_hook response_hook excluded_urls duration_histogram_boundaries",
    "sqlalchemy": "enable_commenter commenter_options enable_attribute_commenter",
    "starlette": "server_request_hook client_request_hook client_response_hook",
    "tornado": "server_request_hook client_request_hook client_response_hook",
    "urllib": "request_hook response_hook excluded_urls captured_request_headers captured_response_headers"
    " sensitive_headers",
    "urllib3": "request_hook response_hook excluded_urls url_filter captured_request_headers"
    " captured_response_headers sensitive_headers",
}


@pytest.mark.parametrize("name", KEYWORDS)
def test_every_keyword_of_theirs_is_known(name: str, caplog: pytest.LogCaptureFixture) -> None:
    (point,) = (point for point in OURS if point.name == name)
    given = dict.fromkeys(KEYWORDS[name].split(), True)
    with caplog.at_level(logging.WARNING, "clew"):
        options.choose(point.load().plugin, {**given, "tracer_provider": None, "meter_provider": None})
    assert [line for line in caplog.messages if "has no option" in line] == []


def loaded(name: str) -> Any:
    return PLUGINS[name].load()


def quiet_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("CLEW_", "OTEL_"))}
