"""`python -m clew_cli` is `clew`."""

import sys

from clew_cli import main

sys.exit(main())
