"""What goes from one process to another, and what must not."""

import os
import subprocess
import sys

import pytest

FORKS = """
import os
from clew.propagation import random_id
reading, writing = os.pipe()
child = os.fork() or os._exit(os.write(writing, random_id().encode()) - 32)
assert os.waitpid(child, 0)[1] == 0
assert os.read(reading, 32).decode() != random_id()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_makes_request_ids_of_its_own() -> None:
    subprocess.run([sys.executable, "-c", FORKS], check=True, timeout=60)
