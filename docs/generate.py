"""Writes the pages that say what the code says: `nox -s docs`. tests/test_docs.py fails when one is behind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support

from clew.options import SETTINGS as FOR_ONE
from clew.variables import VARIABLES as CORE
from clew_cli.options import HELP
from clew_cli.options import VARIABLES as OPTIONS
from clew_sdk.variables import SIGNALS
from clew_sdk.variables import VARIABLES as PIPELINE

_OTLP = "OTEL_EXPORTER_OTLP_"
HERE = Path(__file__).resolve().parent


def settings() -> str:
    """Every environment variable, with its default and meaning."""
    launcher = [
        ("CLEW_PLUGINS_DISABLED", "", "plugins that stay off, by library or package, with commas; `*` for all"),
        ("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "", "the same, by its name of the incumbent"),
        ("CLEW_STRICT", "false", HELP["strict"][1].partition(" (")[0]),
    ]
    plain = {name: row for name, row in PIPELINE.items() if name not in _for_one_signal()}
    return "\n".join([
        "# Settings",
        "",
        "This page is generated from the tables that clew reads (`nox -s docs`).",
        "",
        "Options of `clew run` win over environment variables, and these over `[tool.clew]` and `[tool.clew.env]` in",
        "the nearest pyproject.toml. Lists have commas. A value that makes no sense costs one line on stderr, and",
        "the default is taken; with `--strict` the command is not started (exit status 2).",
        "",
        "## Launcher",
        "",
        *_table(launcher),
        "",
        "Options: " + ", ".join(f"`--{name}` (`{OPTIONS[name]}`)" for name in HELP if name in OPTIONS) + ".",
        "",
        "## Plugins",
        "",
        *_table((row.name, row.default, row.meaning) for row in CORE.values()),
        "",
        "## One plugin alone",
        "",
        "`clew plugins --options` lists what each plugin has of these, and what is in force; in code they are keywords",
        "of `plugin.enable()`, of `plugin.follow(application)` and of the instrumentors ([migrate.md](migrate.md)).",
        "",
        *_table(for_one_plugin()),
        "",
        "## Pipeline",
        "",
        *_table((name, _shown(row.default), row.meaning) for name, row in sorted(plain.items())),
        "",
        f"What begins with `{_OTLP}` also exists for one signal alone, such as `{_OTLP}TRACES_TIMEOUT`.",
        "",
    ])  # fmt: skip


def for_one_plugin() -> list[tuple[str, str, str]]:
    """What may be set for a plugin beside what is set for all."""
    keywords = dict.fromkeys(keyword for _, keyword, _ in FOR_ONE)
    rows = [(f"CLEW_PLUGIN_{keyword.upper()}", "", f"`{keyword}`: {_meaning_of(keyword)}") for keyword in keywords]
    return [
        *rows,
        (
            "CLEW_PLUGIN_REQUEST_HOOK",
            "",
            "functions of yours, as `package.module:function`, as migrate.md names them",
        ),
        ("OTEL_PYTHON_PLUGIN_EXCLUDED_URLS", "", "the same as `excluded_urls`, by OpenTelemetry's name"),
    ]


def _meaning_of(keyword: str) -> str:
    """As the setting for all has it; of requests in general, where there is one for those that come and that go."""
    if keyword.startswith("captured_"):
        return f"names (regular expressions) of headers of {keyword.split('_')[1]}s that are shown"
    return next(CORE[field].meaning for _, known, field in FOR_ONE if known == keyword)


def extras() -> str:
    """The command's pyproject.toml with an extra for each package that has none yet, and all of them in `all`."""
    path = HERE / COMMAND
    head, begin, rest = path.read_text(encoding="utf-8").partition("[project.optional-dependencies]\n")
    table, end, tail = rest.partition("\n\n")
    lines = dict(line.split(" = ", 1) for line in table.splitlines() if not line.startswith("all = "))
    others = {folder.name for folder in path.parent.parent.iterdir() if (folder / "pyproject.toml").exists()}
    for name in others - {"cli", "core", "sdk"}:
        lines.setdefault(name, f'["clew-{name}"]')
    every = [f"{name} = {needs}" for name, needs in sorted(lines.items())]
    return "".join([head, begin, "\n".join([*every, f'all = ["clew[{",".join(sorted(lines))}]"]']), end, tail])


COMMAND = "../packages/cli/pyproject.toml"
PAGES: dict[str, Callable[[], str]] = {"settings.md": settings, "support.md": support.page, COMMAND: extras}


def _for_one_signal() -> set[str]:
    general = [name for name in PIPELINE if name.startswith(_OTLP)]
    return {f"{_OTLP}{signal}_{name.removeprefix(_OTLP)}" for signal in SIGNALS for name in general}


def _table(rows: Iterable[tuple[str, str, str]]) -> list[str]:
    lines = [f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |" for name, default, meaning in rows]
    return ["| variable | default | meaning |", "|---|---|---|", *lines]


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ",".join(default)
    return f"{default:g}" if isinstance(default, float) else str(default or "")


if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
