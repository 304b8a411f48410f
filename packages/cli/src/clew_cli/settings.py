"""Settles one environment from the options, the environment and [tool.clew], in this order of precedence."""

from clew_cli.naming import name_service
from clew_cli.options import ATTRIBUTES, VARIABLES
from clew_cli.project import Table, nearest_project

RESOURCE = "OTEL_RESOURCE_ATTRIBUTES"
NAME = "OTEL_SERVICE_NAME"
# These win over the one for all signals (specification, OTLP exporter), so the option for all signals removes them.
SIGNAL_ENDPOINTS = [f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT" for signal in ("TRACES", "METRICS", "LOGS")]


def settle(given: dict[str, str], environment: dict[str, str], words: list[str]) -> tuple[dict[str, str], list[str]]:
    """The environment for the command `words`, and a line for every mistake in the project's table."""
    settled = dict(environment)
    project = nearest_project()
    table = project.read_table() if project else Table()
    inherited = _read_attributes(settled)
    attributes = dict(inherited)
    _put_options(given, settled, attributes)
    _put_table(table, settled, attributes)
    if attributes != inherited:
        settled[RESOURCE] = ",".join(f"{name}={value}" for name, value in attributes.items())
    if not settled.get(NAME) and not attributes.get("service.name"):
        settled[NAME] = (project.name_for(words) if project else "") or name_service(words)
    return settled, table.mistakes


def _put_options(given: dict[str, str], settled: dict[str, str], attributes: dict[str, str]) -> None:
    for name, value in given.items():
        if name in VARIABLES:
            settled[VARIABLES[name]] = value
        else:
            attributes[ATTRIBUTES[name]] = _quote(value)
    if "endpoint" in given:
        for variable in SIGNAL_ENDPOINTS:
            settled.pop(variable, None)


def _put_table(table: Table, settled: dict[str, str], attributes: dict[str, str]) -> None:
    """Fills what is still open; an empty variable counts as not set (specification, environment variables)."""
    variables = {**table.variables, **{VARIABLES[key]: table.keys[key] for key in VARIABLES if key in table.keys}}
    below = {
        **_read_attributes(variables),
        **{ATTRIBUTES[key]: _quote(table.keys[key]) for key in ATTRIBUTES if key in table.keys},
    }
    variables.pop(RESOURCE, None)
    if attributes.get("service.name"):  # set above, by its other name
        variables.pop(NAME, None)
    for name, value in variables.items():
        if not settled.get(name):
            settled[name] = value
    for name, value in below.items():
        attributes.setdefault(name, value)


def _read_attributes(variables: dict[str, str]) -> dict[str, str]:
    """The pairs of OTEL_RESOURCE_ATTRIBUTES; the values stay percent-encoded."""
    pairs = (pair.partition("=") for pair in variables.get(RESOURCE, "").split(","))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


def _quote(value: str) -> str:
    """Percent-encodes what has a meaning in OTEL_RESOURCE_ATTRIBUTES, and all that is not ASCII."""
    plain = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:+@"
    encoded = value.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in encoded)
