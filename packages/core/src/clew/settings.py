"""Settings of clew-core and the plugins, read from the environment once, when the first plugin is enabled."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from logging import getLogger
from typing import Any, NamedTuple

from clew.variables import VARIABLES


class Settings(NamedTuple):
    """What a person may set; every field has its row in `variables`."""

    request_id_header: str
    known_methods: frozenset[str]
    own_hosts: tuple[str, ...]
    told_hosts: tuple[str, ...]
    trusted: tuple[str, ...] | None
    secret_names: tuple[str, ...]
    log_format: str
    excluded_urls: tuple[str, ...]
    otel_excluded_urls: tuple[str, ...]
    trace_headers: bool
    measure_cost: bool
    db_transactions: bool
    slow_statement: float
    sql_comment: str
    explain: str
    server_request_headers: tuple[str, ...]
    server_response_headers: tuple[str, ...]
    client_request_headers: tuple[str, ...]
    client_response_headers: tuple[str, ...]
    sensitive_headers: tuple[str, ...]

    @property
    def wants_headers(self) -> bool:
        """Whether any headers are to be shown."""
        return bool(
            self.server_request_headers or self.server_response_headers
            or self.client_request_headers or self.client_response_headers
        )  # fmt: skip


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Reads the settings; a value that makes no sense costs one line, and the default is taken."""
    environ = os.environ if environ is None else environ
    return Settings(**{field: _value(field, environ) for field in Settings._fields})


@cache
def current() -> Settings:
    """The settings of this process; the same object for every plugin."""
    return from_environment()


#: Of variables that may be about one plugin.
PREFIXES = ("CLEW_", "OTEL_PYTHON_")


@cache
def for_plugins() -> tuple[str, ...]:
    """The names of variables that may be about one plugin."""
    return tuple(name for name in os.environ if name.startswith(PREFIXES))


def forget() -> None:
    """Lets the environment be read again."""
    current.cache_clear()
    for_plugins.cache_clear()


def faults(environ: Mapping[str, str]) -> list[str]:
    """A line for every variable whose value is unusable."""
    found = []
    for name, _, parse, _ in VARIABLES.values():
        given = environ.get(name, "").strip()
        try:
            if given:
                parse(given)
        except ValueError as fault:
            found.append(f"{name} {fault}")
    return found


def _value(field: str, environ: Mapping[str, str]) -> Any:
    name, default, parse, _ = VARIABLES[field]
    given = environ.get(name, "").strip()
    try:
        return parse(given or default)
    except ValueError as fault:
        instead = f"{default} is used instead" if default else "it is ignored"
        getLogger("clew").warning("clew: %s %s; %s", name, fault, instead)
        return parse(default)
