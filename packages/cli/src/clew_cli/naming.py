"""Finds a name for a service that nobody named: the application that the words of a command start."""

import os

# servers, workers and their like: what they start says more than their own name
SERVERS = ("gunicorn", "uvicorn", "hypercorn", "daphne", "granian", "waitress-serve", "celery", "flask", "fastapi")
APP_OPTIONS = ("--app", "-A")
PYTHON_VALUES = ("-W", "-X", "--check-hash-based-pycs")  # options of Python that take the next word


def name_service(words: list[str]) -> str:
    """`shop` for `gunicorn shop.app:app`, `shop.web` for `-m shop.web`, otherwise the script's or command's name."""
    first = words[0]
    if first == "-m" and len(words) > 1:
        return _name_application(words[1], words[2:]) or words[1]
    if first in ("-m", "-c"):
        return "python"
    if first.endswith(".py"):
        return _name_script(first)
    command = os.path.basename(first)
    if command.startswith(("python", "pypy")):
        return _name_python(words[1:]) or command
    return _name_application(command, words[1:]) or command


def _name_python(words: list[str]) -> str:
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] not in ("-m", "-c", "-"):
        if rest.pop(0) in PYTHON_VALUES and rest:
            rest.pop(0)
    if not rest or rest[0] in ("-", "-c"):
        return ""
    return name_service(rest) if rest[0] == "-m" else _name_script(rest[0])


def _name_script(path: str) -> str:
    name = os.path.splitext(os.path.basename(path))[0]
    if name not in ("manage", "__main__"):  # every Django project has the one, every runnable folder the other
        return name
    return os.path.basename(os.path.dirname(os.path.abspath(path))) or name


def _name_application(command: str, words: list[str]) -> str:
    if command not in SERVERS:
        return ""
    chosen = _value_of_option(words) or (os.environ.get("FLASK_APP", "") if command == "flask" else "")
    if chosen:
        return _top(chosen)
    # A word behind an option may be that option's value (`-k gevent`), so the others come first.
    pairs = list(zip(["", *words], words, strict=False))
    free = [word for before, word in pairs if not before.startswith("-") and not word.startswith("-")]
    doubtful = [word for before, word in pairs if before.startswith("-") and not word.startswith("-")]
    for word in free + doubtful:
        if _is_application(word) or word.endswith(".py"):
            return _top(word)
    # `gunicorn shop.wsgi`; the others have subcommands, and nobody calls an application `run`
    return _top(free[0]) if command == "gunicorn" and free and _is_dotted(free[0]) else ""


def _value_of_option(words: list[str]) -> str:
    for place, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option in APP_OPTIONS:
            return value if equals else "".join(words[place + 1 : place + 2])
    return ""


def _is_application(word: str) -> bool:
    """Whether the word reads `module:attribute`, such as shop.app:app or shop:create()."""
    module, colon, attribute = word.partition(":")
    return bool(colon) and module != "unix" and _is_dotted(module) and _is_dotted(attribute.partition("(")[0])


def _is_dotted(word: str) -> bool:
    return all(part.isidentifier() for part in word.split("."))


def _top(application: str) -> str:
    """The outermost package of `shop.app:app`; of a file, its name."""
    module = application.partition(":")[0]
    return _name_script(module) if module.endswith(".py") or os.sep in module else module.partition(".")[0]
