"""Judges an environment: which settings are unusable, which names are misspelt."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Read by the launcher itself; the last two are its own marks.
OURS = ("CLEW_PLUGINS_DISABLED", "CLEW_STRICT", "CLEW_RUN", "CLEW_TOLD")


def faults(environment: "Mapping[str, str]") -> list[str]:
    """A line for every unusable value and every misspelt name."""
    from clew import settings as core
    from clew_sdk import settings as sdk

    return [*core.faults(environment), *sdk.faults(environment), *unknown(environment)]


def unknown(environment: "Mapping[str, str]") -> list[str]:
    """A line for every CLEW_ variable that is nearly one of ours; any other is somebody else's business."""
    given = [name for name in environment if name.startswith("CLEW_") and name not in OURS]
    if not given:
        return []
    from clew.variables import VARIABLES
    from clew_cli.speech import closest
    from clew_sdk.variables import VARIABLES as PIPELINE

    known = [*OURS[:2], *(row.name for row in VARIABLES.values()), *PIPELINE]
    hints = {name: closest(name, known, 0.8) for name in given if name not in known}
    return [f"{name} is no setting{hint}" for name, hint in hints.items() if hint]
