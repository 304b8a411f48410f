"""The processes around a measurement: workers that obey commands, and servers that print their port."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.contenders import Contender
from harness.errors import BenchmarkError

HERE = Path(__file__).resolve().parent.parent
DEADLINE = 120.0  # seconds for one answer; a round takes one or two
LAUNCHERS = ("{launchers}", str(HERE / "launchers"))
KEPT = ("HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")


def command_of(contender: Contender, python: Path, arguments: list[str]) -> list[str]:
    """The command line; a wrapper is that of the contender's own environment."""
    if not contender.wrapper:
        return [str(python), *arguments]
    first, *options = contender.wrapper
    wrapper = python.parent / first
    if not wrapper.exists():
        raise BenchmarkError(f"{contender.name} has no command {first!r}: no package in its environment brings it")
    return [str(wrapper), *(option.replace(*LAUNCHERS) for option in options), "python", *arguments]


def environment_of(contender: Contender, python: Path, endpoint: str, mode: str) -> dict[str, str]:
    """Nothing of the caller's variables but a few, so that every run is the same."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    if mode not in contender.modes:
        raise BenchmarkError(f"{contender.title} has no setting for {mode!r}")
    telemetry = {**contender.environment, **contender.modes[mode]}
    own = {name: filled(value, endpoint) for name, value in telemetry.items()}
    return {**kept, "PATH": f"{python.parent}{os.pathsep}{os.defpath}", "PYTHONHASHSEED": "0", **own}


def filled(value: str, endpoint: str) -> str:
    """The value with the address of the sink, or parts of it, in the places that are marked for them."""
    url = urlsplit(endpoint)
    parts = {"endpoint": endpoint, "host": url.hostname, "port": url.port, "sender": url.path.strip("/")}
    for name, part in parts.items():
        value = value.replace(f"{{{name}}}", str(part))
    return value.replace(*LAUNCHERS)


def wait_for(process: subprocess.Popen[Any]) -> None:
    """Until it has ended, or is killed because it takes minutes."""
    try:
        process.wait(DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Worker:
    """A measured process under command."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in stop()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=environment,
            text=True,
            cwd=HERE,
        )
        self.done = 0
        self.answer()

    def run(self, count: int) -> dict[str, Any]:
        return self.obey({"do": "run", "count": count})

    def obey(self, command: Mapping[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({**command, "first": self.done}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self.failure("ended") from None
        self.done += command.get("count", 0)
        return self.answer()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        watchdog = threading.Timer(DEADLINE, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        if not line:
            raise self.failure("gave no answer")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> str:
        """Lets the process end as a program ends, and answers with what it wrote to standard error."""
        if self.process.stdin and not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        wait_for(self.process)
        if self.process.stdout:
            self.process.stdout.close()
        if self.errors.closed:
            return ""
        self.errors.seek(0)
        text = self.errors.read()
        self.errors.close()
        return text

    def failure(self, what: str) -> BenchmarkError:
        errors = self.stop().strip().splitlines()
        command = " ".join(str(part) for part in self.process.args)  # type: ignore[union-attr]
        return BenchmarkError(f"{command}\n{what} (exit status {self.process.returncode}):\n" + "\n".join(errors[-12:]))


class Server:
    """A helper process that prints its port and ends when its standard input does."""

    def __init__(self, script: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE
        )
        assert self.process.stdout is not None
        self.address = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def counts(self, sender: str) -> dict[str, int]:
        """What the sink has received from one sender."""
        with urllib.request.urlopen(f"{self.address}/{sender}", timeout=DEADLINE) as answer:
            counts: dict[str, int] = json.load(answer)
            return counts

    def stop(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(DEADLINE)
