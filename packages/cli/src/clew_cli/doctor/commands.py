"""What a command line says of trouble to come: interpreters that ignore us, servers that forbid threads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from clew_cli.doctor.findings import BAD, GOOD, NOTE, Finding


def command(words: list[str], environment: Mapping[str, str]) -> Iterable[Finding]:
    """Findings about the command that would be started, and about the variables that its server reads."""
    program = os.path.basename(words[0]) if words else ""
    if words:
        yield Finding("command", program, GOOD, " ".join(words))
    if program.startswith("python"):
        yield from _python(words[1:])
    if program == "uwsgi" or any(name.startswith("UWSGI_") for name in environment):
        yield from _uwsgi(words, environment)
    arguments = [*words, *environment.get("GUNICORN_CMD_ARGS", "").split()]
    if "gunicorn" in arguments or program == "gunicorn":
        yield from _gunicorn(arguments)


def _python(arguments: list[str]) -> Iterable[Finding]:
    for word in arguments:
        if not word.startswith("-") or word in ("-m", "-c"):
            return
        ignoring = set(word) & set("IES") if not word.startswith("--") else set()
        if ignoring:
            text = "makes Python ignore PYTHONPATH or its site packages: clew is not in that process"
            yield Finding("command", word, BAD, text, "leave it out, or call clew.enable() in the program")


def _uwsgi(words: list[str], environment: Mapping[str, str]) -> Iterable[Finding]:
    given = {word.partition("=")[0] for word in words}
    if not given & {"--enable-threads", "--threads"} and "UWSGI_ENABLE_THREADS" not in environment:
        text = "uwsgi runs no threads of Python without it: records are sent only when a process ends"
        yield Finding("command", "--enable-threads", BAD, text, "add --enable-threads, or enable-threads = true")
    if "--lazy-apps" not in given and "UWSGI_LAZY_APPS" not in environment:
        text = "uwsgi forks after loading the application without it; each worker has a sender of its own"
        yield Finding("command", "--lazy-apps", NOTE, text)


def _gunicorn(arguments: list[str]) -> Iterable[Finding]:
    if "--preload" in arguments or "--preload-app" in arguments:
        text = "the application is loaded before the fork; what it records there is sent by the master"
        yield Finding("command", "--preload", NOTE, text)
    if "gevent" in arguments or "eventlet" in arguments:
        text = "clew's sender is a real thread on real sockets and goes on while greenlets wait"
        yield Finding("command", "greenlets", NOTE, text)
