"""Environment variables that switch something on or off."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from clew_cli.entrypoints import EntryPoint

# Lists of plugins; the second is the incumbent's, so that a library that was switched off for it stays off.
LISTS = ("CLEW_PLUGINS_DISABLED", "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS")


def is_on(variable: str, environment: "Mapping[str, str]") -> bool:
    """Whether a boolean variable is true, in any case; all else is false (specification, environment variables)."""
    return environment.get(variable, "").strip().lower() == "true"


def switched_off_by(plugin: "EntryPoint", environment: "Mapping[str, str]") -> str | None:
    """The variable that names the plugin's library or distribution, or all ("*")."""
    for variable in LISTS:
        names = {name.strip() for name in environment.get(variable, "").split(",")}
        if names & {"*", plugin.name, plugin.distribution}:
            return variable
    return None
