"""`python -m clew_viewer`: the viewer alone, in any environment."""

import sys

from clew_viewer.command import main

sys.exit(main(sys.argv[1:]))
