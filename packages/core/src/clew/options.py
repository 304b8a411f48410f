"""The options of one plugin: what a person may set for it alone, in code or by its own environment variables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from logging import getLogger
from typing import TYPE_CHECKING, Any, NamedTuple

from clew import settings
from clew.asking import Ask, Question
from clew.operation import Operation
from clew.variables import VARIABLES

if TYPE_CHECKING:
    from clew.plugin import Plugin

_logger = getLogger("clew")


class Option(NamedTuple):
    """`variables` are its names in the environment; `field` what of the Settings it replaces for the plugin."""

    keyword: str
    variables: tuple[str, ...]
    meaning: str
    parse: Callable[[str], Any]
    field: str = ""


class Chosen(NamedTuple):
    """What is another for one plugin, or for one object of its library, than for all."""

    tracer_provider: Any = None
    meter_provider: Any = None
    #: By field of Settings.
    settings: Mapping[str, Any] = {}
    questions: tuple[Question, ...] = ()


#: Which settings of all may be set for one plugin: the kind of work that they are about, keyword, field.
SETTINGS = (
    ("http.server", "excluded_urls", "excluded_urls"),
    ("http.server", "captured_request_headers", "server_request_headers"),
    ("http.server", "captured_response_headers", "server_response_headers"),
    ("http.server", "sensitive_headers", "sensitive_headers"),
    ("http.server", "trust_incoming", "trusted"),
    ("http.server", "trace_headers", "trace_headers"),
    ("http.client", "excluded_urls", "excluded_urls"),
    ("http.client", "captured_request_headers", "client_request_headers"),
    ("http.client", "captured_response_headers", "client_response_headers"),
    ("http.client", "sensitive_headers", "sensitive_headers"),
    ("http.client", "told_hosts", "told_hosts"),
    ("slow", "slow_statement_ms", "slow_statement"),
    ("commented", "sql_comment", "sql_comment"),
    ("explained", "explain", "explain"),
)
_PROVIDERS = ("tracer_provider", "meter_provider")
#: What other keywords of OpenTelemetry's instrumentors are called here.
_SYNONYMS = {
    "http_capture_headers_server_request": "captured_request_headers",
    "http_capture_headers_server_response": "captured_response_headers",
    "http_capture_headers_sanitize_fields": "sensitive_headers",
    "enable_commenter": "sql_comment",
}


def of(plugin: Plugin) -> dict[str, Option]:
    """Every option of a plugin that has a name in the environment, by keyword."""
    found: dict[str, Option] = {}
    found_kinds = kinds(plugin)
    for kind, keyword, field in SETTINGS:
        if kind in found_kinds:
            row = VARIABLES[field]
            names = [f"CLEW_{word}_{keyword.upper()}" for word in plugin.words]
            if keyword == "excluded_urls":
                names += [f"OTEL_PYTHON_{word}_EXCLUDED_URLS" for word in plugin.words]
            # A second field of the same keyword, where a plugin is for servers and clients.
            fields = f"{found[keyword].field} {field}" if keyword in found else field
            found[keyword] = Option(keyword, tuple(names), row.meaning, row.parse, fields)
    for keyword in asks_of(plugin):
        names = [f"CLEW_{word}_{keyword.upper()}" for word in plugin.words]
        found[keyword] = Option(keyword, tuple(names), "a function of yours, as package.module:function", _function)
    return found


def choose(plugin: Plugin, given: Mapping[str, Any]) -> Chosen:
    """What is set for a plugin: in code, else by the environment. What cannot be used costs one line."""
    known, asks, values = of(plugin), asks_of(plugin), {}
    for keyword, option in known.items():
        for name in option.variables:
            if os.environ.get(name, "").strip():
                values[keyword] = os.environ[name].strip(), name
                break
    _warn_of_unknown_variables(plugin, known)
    for keyword, value in given.items():
        name, value = _ours(keyword, value, known)
        if name in known:
            if value is not None:
                values[name] = value, keyword
        elif keyword not in _PROVIDERS and value is not None:
            _warn_of_keyword(plugin, keyword, [*known, *_PROVIDERS])
    parsed = {key: found for key, value in values.items() if (found := _parsed(known[key], *value)) is not _UNUSABLE}
    fields = {field: parsed[keyword] for keyword in parsed for field in known[keyword].field.split()}
    questions = (
        Question(plugin.name, keyword, parsed[keyword], ask)
        for keyword, group in asks.items()
        if keyword in parsed
        for ask in group
    )
    return Chosen(given.get("tracer_provider"), given.get("meter_provider"), fields, tuple(questions))


def asks_of(plugin: Plugin) -> Mapping[str, tuple[Ask, ...]]:
    """The functions that a plugin asks, by keyword."""
    if not plugin.instrumentor:
        return {}
    found: Mapping[str, tuple[Ask, ...]] = import_module(plugin.instrumentor).asks
    return found


def kinds(plugin: Plugin) -> frozenset[str]:
    """What kinds of work a plugin's hooks are about: they are closures over their operations."""
    return frozenset(kind for hook in plugin.hooks for kind in _kinds(getattr(hook, "__closure__", None) or ()))


def _kinds(part: Any) -> Iterator[str]:
    if isinstance(part, Operation):
        yield part.family
        if part.slow:
            yield "slow"
        yield from part.offers
    elif isinstance(part, (tuple, Mapping)):
        for inner in part.values() if isinstance(part, Mapping) else part:
            yield from _kinds(inner)
    elif hasattr(part, "cell_contents"):
        yield from _kinds(part.cell_contents)


def _function(text: str) -> Callable[..., Any]:
    """What a dotted path names: package.module:function, or with a dot before the function."""
    module, _, name = text.partition(":") if ":" in text else text.rpartition(".")
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError):
        raise ValueError("names no function that can be imported") from None
    if not callable(found):
        raise ValueError("names something that cannot be called")
    return found  # type: ignore[no-any-return]


def _ours(keyword: str, value: Any, known: Mapping[str, Option]) -> tuple[str, Any]:
    """Keyword and value by the names that clew has for them."""
    ours = _SYNONYMS.get(keyword, keyword)
    if keyword == "enable_commenter" and ours in known:
        return ours, None if value is None else ("request" if value else "off")
    return (ours, value) if ours in known else (keyword, value)


def _parsed(option: Option, value: Any, said: str) -> Any:
    """The value as the settings have it; _UNUSABLE when it makes no sense."""
    if callable(value):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        value = ",".join(map(str, value))
    try:
        return option.parse(str(value).lower() if isinstance(value, bool) else str(value))
    except ValueError as fault:
        _logger.warning("clew: %s %s; it is ignored", said, fault)
        return _UNUSABLE


def _warn_of_keyword(plugin: Plugin, keyword: str, known: list[str]) -> None:
    why = getattr(import_module(plugin.instrumentor), "WITHOUT_EFFECT", {}) if plugin.instrumentor else {}
    reason = {**WITHOUT_EFFECT, **why}.get(keyword)
    if reason is not None:
        _logger.info("clew: %s: %s has no effect: %s", plugin.name, keyword, reason)
    else:
        _logger.warning("clew: %s has no option %s%s", plugin.name, keyword, _nearest(keyword, known))


def _warn_of_unknown_variables(plugin: Plugin, known: Mapping[str, Option]) -> None:
    names = {name for option in known.values() for name in option.variables}
    every = {*names, *(row.name for row in VARIABLES.values())}
    for name in settings.for_plugins():
        if name.startswith(tuple(f"CLEW_{word}_" for word in plugin.words)) and name not in every:
            _logger.warning("clew: %s is no setting%s", name, _nearest(name, sorted(names)))


def _nearest(name: str, known: list[str]) -> str:
    found = get_close_matches(name, known, 1, 0.5)
    return f"; the nearest is {found[0]}" if found else ""


_UNUSABLE: Any = object()
_COMMENT = "what a comment has is the same for all: CLEW_SQL_COMMENT"
#: Keywords of OpenTelemetry's instrumentors that there is nothing to do for.
WITHOUT_EFFECT = {
    "skip_dep_check": "a library is looked at when it is imported",
    "raise_exception_on_conflict": "a library is looked at when it is imported",
    "commenter_options": _COMMENT,
    "enable_commenter": _COMMENT,
    "enable_attribute_commenter": _COMMENT,
    "is_sql_commentor_enabled": _COMMENT,
    "capture_parameters": "parameters are never recorded",
    "capture_statement": "a command's documents are never recorded",
    "middleware_position": "it needs no middleware",
    "exclude_spans": "messages of ASGI have none",
    "duration_histogram_boundaries": "they are those of the conventions",
}
