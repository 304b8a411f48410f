"""clew.enable() does inside a program what `clew run` does around it; a fresh process for each test."""

import subprocess
import sys
from textwrap import dedent


def run(code: str) -> str:
    environ = {"PATH": "/usr/bin:/bin", "OTEL_TRACES_EXPORTER": "none"}
    done = subprocess.run([sys.executable, "-c", dedent(code)], env=environ, text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_clew_imports_nothing_of_opentelemetry() -> None:
    assert run("import sys, clew, clew.imports; print('opentelemetry' in sys.modules)") == "False\n"


def test_libraries_are_followed_when_they_are_imported_before_and_after() -> None:
    assert (
        run(
            """
            import sys, sqlite3
            import clew
            plain = sqlite3.connect
            clew.enable("sqlite3", "logging", "requests")
            assert sqlite3.connect is not plain
            assert "requests" not in sys.modules
            import requests.adapters
            assert hasattr(requests.adapters.HTTPAdapter.send, "__wrapped__")
            clew.disable()
            assert sqlite3.connect is plain
            assert not hasattr(requests.adapters.HTTPAdapter.send, "__wrapped__")
            print("done")
            """
        )
        == "done\n"
    )


def test_a_name_without_a_plugin_is_said_with_what_there_is() -> None:
    told = run(
        """
        import clew
        try:
            clew.enable("nonsense")
        except LookupError as error:
            print(error)
        """
    )
    assert told.startswith("no plugin for nonsense is installed; installed are: ")
    assert "sqlite3" in told
