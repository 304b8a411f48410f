"""Starts clew in a Python process below `clew run`, then is gone: the application sees what it would see without it.

Any Python may find this file on its PYTHONPATH, so it has to be valid from 2.7 on.
"""
# ruff: noqa: UP031, UP036

import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))


def hide():  # type: () -> None
    """Takes this folder out of sys.path and os.environ; the C environment, which children inherit, keeps it."""
    inherited = os.environ.get("PYTHONPATH")
    real = without_folder(inherited)
    if FOLDER in sys.path:
        place = sys.path.index(FOLDER)
        # A shell script that wrote /its/path:$PYTHONPATH has an empty entry without us, and that means "here".
        here = os.path.abspath("") if real and "" in real.split(os.pathsep) else None
        sys.path[place : place + 1] = [here] if here and here not in sys.path else []
    sys.path_importer_cache.pop(FOLDER, None)
    if real == inherited:
        return
    if real is None:
        del os.environ["PYTHONPATH"]
        os.putenv("PYTHONPATH", FOLDER)
    else:
        os.environ["PYTHONPATH"] = real
        os.putenv("PYTHONPATH", os.pathsep.join([FOLDER, FOLDER, real or FOLDER]))


def without_folder(path):  # type: (str | None) -> str | None
    """The PYTHONPATH as it would be without us, None for one that is not set; undoes clew_cli.children.join."""
    if path is None or path == FOLDER:
        return None
    if FOLDER not in path.split(os.pathsep):
        return path
    twice = FOLDER + os.pathsep + FOLDER + os.pathsep
    for ours in (twice + FOLDER, twice, FOLDER):
        if ours in path:
            return path.replace(ours, "", 1)
    return path


def start():  # type: () -> None
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return
    if sys.version_info < (3, 10):
        tell("it is older than Python 3.10")
        return
    try:
        from clew_cli import bootstrap

        bootstrap.start()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with us, the application starts
        tell("%s: %s" % (type(error).__name__, error))


def tell(reason):  # type: (str) -> None
    """Says once for this process and those below it that it runs without clew."""
    if os.environ.get("CLEW_TOLD"):
        return
    os.environ["CLEW_TOLD"] = "1"
    try:
        sys.stderr.write("clew: %s runs without clew, %s\n" % (sys.executable, reason))
    except Exception:  # noqa: BLE001, S110 - a process without stderr is to be left in peace
        pass


hide()
# The person's own sitecustomize comes now, under its own name. Where there is none, or where it fails, its exception
# is what `site` expects to see, and the import system forgets this module.
_this = sys.modules.pop("sitecustomize")
try:
    import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
finally:
    start()
