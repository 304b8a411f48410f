"""What this repository is made of, read from its files: packages, modules, code lines."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
NOT_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


class Module:
    """One Python file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.source, str(path))

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def code_lines(self) -> set[int]:
        """The numbers of the lines that hold code: no blank line, no comment, no docstring."""
        lines: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.source).readline):
            if token.type not in NOT_CODE:
                lines.update(range(token.start[0], token.end[0] + 1))
        for text in self.docstrings:
            lines.difference_update(range(text.lineno, (text.end_lineno or text.lineno) + 1))
        return lines

    @cached_property
    def docstrings(self) -> list[ast.Constant]:
        """Strings that stand alone."""
        alone = (node.value for node in ast.walk(self.tree) if isinstance(node, ast.Expr))
        return [node for node in alone if isinstance(node, ast.Constant) and isinstance(node.value, str)]

    def imports(self) -> Iterator[str]:
        """Full names of everything that is imported anywhere in the file; relative imports begin with a dot."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


@dataclass(frozen=True)
class Package:
    """One folder of packages/."""

    folder: Path

    @cached_property
    def settings(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / "pyproject.toml").read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def distribution(self) -> str:
        return str(self.settings["project"]["name"])

    @property
    def import_name(self) -> str:
        (found,) = (path.parent.name for path in self.folder.glob("src/*/__init__.py"))
        return found

    @property
    def watches(self) -> dict[str, str]:
        """Library -> plugin, for a package that holds plugins; empty for the others."""
        return dict(self.settings["project"].get("entry-points", {}).get("clew_plugin", {}))

    @cached_property
    def modules(self) -> list[Module]:
        return [Module(path) for path in sorted(self.folder.glob("src/**/*.py"))]

    @cached_property
    def tests(self) -> list[Module]:
        return [Module(path) for path in sorted(self.folder.glob("tests/test_*.py"))]


def packages() -> list[Package]:
    return [Package(path.parent) for path in sorted(ROOT.glob("packages/*/pyproject.toml"))]


def plugins() -> list[Package]:
    return [package for package in packages() if package.watches]


def own_files() -> list[Path]:
    """Every file that is, or could be, committed; empty outside a git checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
