"""What can be set for a run: on the line, in the environment, in [tool.clew]; one table for the three."""

# option and key -> environment variable
VARIABLES = {
    "service-name": "OTEL_SERVICE_NAME",
    "endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT",
    "plugins-disabled": "CLEW_PLUGINS_DISABLED",
    "strict": "CLEW_STRICT",
}
# option and key -> resource attribute, as part of OTEL_RESOURCE_ATTRIBUTES
ATTRIBUTES = {
    "service-version": "service.version",
    "environment": "deployment.environment.name",
}
HELP = {
    "service-name": ("NAME", "name of this service (OTEL_SERVICE_NAME); default: from the project, module or command"),
    "endpoint": ("URL", "where OTLP goes (OTEL_EXPORTER_OTLP_ENDPOINT); default: http://localhost:4318"),
    "service-version": ("VERSION", "version of this service (service.version)"),
    "environment": ("NAME", "where it runs, such as production (deployment.environment.name)"),
    "strict": ("", "exit with status 2 when a plugin fails or a setting has a mistake (CLEW_STRICT)"),
}


class UsageError(Exception):
    """The line cannot be understood; the text says what is wrong with it."""


def split(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    """clew's own options and the command, which begins at the first word that is not one of them.

    Not argparse: its import would cost every start more than all of this, and it interprets what follows.
    """
    options: dict[str, str] = {}
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] not in ("-m", "-c"):
        word = rest.pop(0)
        if word == "--":
            break
        name, value = _read_option(word, rest)
        options[name] = value
    return options, rest


def _read_option(word: str, rest: list[str]) -> tuple[str, str]:
    option, equals, value = word.partition("=")
    name = option[2:] if option.startswith("--") else ""
    if option in ("-h", "--help"):
        return "help", "true"
    if name not in HELP:
        from clew_cli.speech import closest

        raise UsageError(f"unknown option {option}{closest(option, [f'--{known}' for known in HELP])}")
    takes_value = bool(HELP[name][0])
    if equals and not takes_value:
        raise UsageError(f"{option} takes no value")
    if takes_value and not equals:
        if not rest:
            raise UsageError(f"{option} needs a value")
        value = rest.pop(0)
    return name, value if takes_value else "true"


def help_text() -> str:
    """What `clew run --help` prints."""
    from argparse import SUPPRESS, ArgumentParser, RawDescriptionHelpFormatter

    parser = ArgumentParser(
        "clew run",
        usage="clew run [options] COMMAND [ARG...]",
        formatter_class=RawDescriptionHelpFormatter,
        description="Starts a command and follows every Python process below it.\n\nCOMMAND is what you would type "
        "without clew (flask run, gunicorn app:app,\npython -m app), or script.py, -m MODULE, -c CODE. Options of "
        "clew end where\nit begins.",
        epilog="Options win over the environment, the environment over [tool.clew] in the nearest pyproject.toml.",
        argument_default=SUPPRESS,
    )
    for name, (metavar, text) in HELP.items():
        if metavar:
            parser.add_argument(f"--{name}", metavar=metavar, help=text)
        else:
            parser.add_argument(f"--{name}", action="store_true", help=text)
    return parser.format_help()
