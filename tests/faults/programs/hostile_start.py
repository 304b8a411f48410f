"""Starts under odd options and in odd places; starts children of its own."""

import os
import subprocess
import sys

print(sys.flags.isolated, sys.flags.no_site, sys.flags.ignore_environment, sys.argv[1:], __name__)
print(sorted(name for name in os.environ if name.startswith("PYTHON")))
child = subprocess.run(
    [sys.executable, "-c", "import sys; print(len(sys.path), 'child')"], capture_output=True, text=True
)
print(child.stdout.strip().split()[-1], child.stderr)
