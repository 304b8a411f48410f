"""The jars that a pom.xml names: fetched by Maven once for each version of it, and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from servers.programs import Unavailable, find


def java_and_jars(folder: Path, otherwise: str) -> tuple[Path, Path]:
    """Java, and the folder with what the folder's pom.xml names; raises Unavailable with what else would do."""
    java, maven = find("java"), find("mvn")
    if not java or not maven:
        raise Unavailable(f"There are not both java and mvn on PATH. {otherwise}")
    return java, _jars(maven, folder / "pom.xml", otherwise)


def _jars(maven: Path, pom: Path, otherwise: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / f"clew-{pom.parent.name}"
    folder = cache / hashlib.sha256(pom.read_bytes()).hexdigest()[:16]
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=cache))
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={new}"]
        done = subprocess.run([maven, "-q", "-B", "-f", pom, *goal], capture_output=True, text=True)
        if done.returncode != 0:
            shutil.rmtree(new)
            said = done.stdout.strip()[-300:]
            raise Unavailable(f"mvn cannot get what {pom.parent.name}/{pom.name} names: {said}. {otherwise}")
        try:
            new.rename(folder)
        except OSError:  # somebody else was as quick
            shutil.rmtree(new)
    return folder
